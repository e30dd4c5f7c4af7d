"""The numbered steps by which a database file comes to the form this version of Sightline reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from core.errors import StoreUnavailable
from graph.sqlite import texts as sqlite_texts
from graph.sqlite import vectors as sqlite_vectors

_HERE = Path(__file__).parent


Step = str | Callable[[apsw.Connection], None]
"""Statements, or what makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a file of ours is: its name for people, the SQLite application id that marks it, and its steps.

    Step n (from 1) takes a file of version n - 1 to version n, in a transaction of its own; steps are only ever added.
    """

    name: str
    mark: int
    steps: Sequence[Step]

    @property
    def version(self) -> int:
        """The version this code reads and writes."""
        return len(self.steps)


def _step(file: str) -> str:
    return (_HERE / file).read_text(encoding="utf-8")


NOTICED = "ALTER TABLE events ADD COLUMN noticed_us INTEGER"
"""When an event was recognised; unknown of those written before."""


def _keep_texts(db: apsw.Connection) -> None:
    db.execute(_step("schema_4_texts.sql"))
    sqlite_texts.bring_up(db)


MEMORY = Form(
    name="memory",
    mark=0x53474C4D,
    steps=(
        _step("schema.sql"),
        NOTICED,
        _step("schema_3_links_vectors.sql"),
        _keep_texts,
        sqlite_vectors.bring_up,
        _step("schema_6_label_lists.sql"),
    ),
)
LEDGER = Form(name="ledger", mark=0x53474C4C, steps=(_step("ledger.sql"),))


def migrate(db: apsw.Connection, form: Form, path: Path) -> None:
    """Brings the file to the form's version; raises `StoreUnavailable` for a file that is newer or not ours."""
    while (version := _version(db, form, path)) < form.version:
        db.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken the step while this one waited for the lock.
            if _version(db, form, path) == version:
                step = form.steps[version]
                if isinstance(step, str):
                    db.execute(step)
                else:
                    step(db)
                db.execute(f"PRAGMA user_version = {version + 1}")
                db.execute(f"PRAGMA application_id = {form.mark}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _version(db: apsw.Connection, form: Form, path: Path) -> int:
    version, mark = int(db.pragma("user_version")), int(db.pragma("application_id"))
    empty = not db.execute("SELECT count(*) FROM sqlite_schema").get
    if mark != form.mark and not (empty and mark == 0):
        raise StoreUnavailable(
            f"{path} is a database, but not a {form.name} of Sightline",
            next_step=f"set another file, or move this one away: mv {path} {path}.other",
        )
    if version > form.version:
        raise StoreUnavailable(
            f"the {form.name} at {path} was written by a newer Sightline (version {version}; this one reads {form.version})",
            next_step="upgrade: `uv tool upgrade sightline`, or `pip install --upgrade sightline`",
        )
    return version


def version_of(path: Path) -> int:
    """The version a file has; 0 for one that is not there, or empty."""
    if not path.is_file():
        return 0
    db = apsw.Connection(
        f"{path.absolute().as_uri()}?mode=ro", apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    try:
        return int(db.pragma("user_version"))
    except apsw.Error as error:
        raise StoreUnavailable(
            f"{path} cannot be read: {error}", next_step="put back a copy, or move it away"
        ) from error
    finally:
        db.close()
