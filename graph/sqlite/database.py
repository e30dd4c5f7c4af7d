"""One SQLite file shared by threads and processes: opening, transactions, and SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from core.errors import StoreUnavailable
from graph.media import private_folder
from graph.sqlite.migrations import Form, migrate

BUSY_MS = 30_000
"""How long a writer waits for another before it gives up, in milliseconds."""

_IDLE = 8
_PRAGMAS = (
    "foreign_keys = ON",
    "journal_size_limit = 67108864",
    "cache_size = -32768",
    # 32 MB of writing between two checkpoints: pages written often, as those of indexes are, go to the file once.
    "wal_autocheckpoint = 8000",
)


class Database:
    """A pool of connections to one file in WAL mode: many readers beside one writer, from any thread and process.

    A committed transaction survives the death of the process at any moment: its pages are with the operating system
    before COMMIT returns, and the next opening replays them. With `synchronous=NORMAL` a loss of power may take the
    last few commits (never the file's integrity); `durable` asks for FULL, which keeps them too.
    """

    def __init__(self, path: str | Path, form: Form, *, durable: bool = False) -> None:
        self.path = Path(path).absolute()
        self._form = form
        self._durable = durable
        self._lock = threading.Lock()
        self._idle: list[apsw.Connection] = []
        self._closed = False
        with self._reported():
            self._make_private()
            with self._opening() as db:
                migrate(db, form, self.path)
                self._idle.append(db)

    def _make_private(self) -> None:
        """Creates the file for its owner alone: it may hold passwords. SQLite gives its side files the same mode."""
        private_folder(self.path.parent)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if self.path.is_file() and self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)

    @contextmanager
    def _opening(self) -> Iterator[apsw.Connection]:
        """A fresh connection, closed if it cannot be made ready."""
        db = apsw.Connection(str(self.path), apsw.SQLITE_OPEN_READWRITE)
        try:
            db.set_busy_timeout(BUSY_MS)
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            _use_wal(db)
            db.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            # Some of these answer with a row, and wait until it is fetched: each is a statement of its own.
            for pragma in _PRAGMAS:
                db.execute(f"PRAGMA {pragma}").fetchall()
            yield db
        except BaseException:
            db.close()
            raise

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """One unmoving view of the file, whatever is written meanwhile."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """All of what is done inside, or, where it raises, none of it."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[apsw.Connection]:
        with self._reported():
            db = self._take()
            try:
                db.execute(begin)
                yield db
                db.execute("COMMIT")
            except BaseException:
                # What failed once (a full disk, a damaged page) is not handed to the next caller.
                with contextlib.suppress(apsw.Error):
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                db.close()
                raise
            self._give_back(db)

    def shrink(self) -> None:
        """Hands pages that hold nothing back to the file system."""
        with self._reported():
            db = self._take()
            db.execute("PRAGMA incremental_vacuum").fetchall()
            self._give_back(db)

    def _take(self) -> apsw.Connection:
        with self._lock:
            if self._closed:
                raise StoreUnavailable(
                    f"the {self._form.name} at {self.path} was closed", next_step="open it again"
                )
            if self._idle:
                return self._idle.pop()
        with self._opening() as db:
            return db

    def _give_back(self, db: apsw.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _IDLE:
                self._idle.append(db)
                return
        db.close()

    def close(self) -> None:
        """Closes what is idle; what is in use closes as it ends. Closing twice is closing once."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turns SQLite's and the file system's errors into `StoreUnavailable` with the way out."""
        try:
            yield
        except (apsw.Error, OSError) as error:
            cause, next_step = _explained(error, self.path)
            raise StoreUnavailable(
                f"the {self._form.name} at {self.path} {cause}", next_step=next_step
            ) from error


def _use_wal(db: apsw.Connection) -> None:
    # Changing the journal mode takes a lock for which SQLite does not call its busy handler.
    for _ in range(BUSY_MS // 50):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except apsw.BusyError:
            time.sleep(0.05)
    db.execute("PRAGMA journal_mode = WAL")


def _explained(error: Exception, path: Path) -> tuple[str, str]:
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        away = f"put back a copy, or move it away and watch the streams again: mv {path} {path}.damaged"
        return ("is damaged" if isinstance(error, apsw.CorruptError) else "is not a database"), away
    if isinstance(error, apsw.FullError) or (isinstance(error, OSError) and error.errno == 28):
        return "cannot grow: the disk is full", f"make room on the disk of {path.parent}, then try again"
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return "is held by another writer", "try again; if it stays so, end the program that holds it"
    if isinstance(
        error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.CantOpenError | apsw.AuthError | OSError
    ):
        return (
            f"cannot be opened for writing ({error})",
            f"check that {path} is a file, and that it and its folder may be written to (SIGHTLINE_HOME, SIGHTLINE_STORE)",
        )
    return f"failed: {error}", f"check the disk, and the file with: sqlite3 {path} 'PRAGMA integrity_check'"
