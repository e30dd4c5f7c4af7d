"""What is kept, and where: memory, ledger and media; and bringing them to the schema of this version."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from api.wiring.choose import choose
from api.wish import scheme
from core.errors import Invalid, StoreUnavailable
from core.ports import Analyst, Ledger, MediaStore, Memory
from core.settings import Settings
from graph.neo4j.address import SCHEMES as NEO4J
from graph.neo4j.address import Address


def open_store(settings: Settings) -> Memory:
    """The memory at SIGHTLINE_STORE."""

    def sqlite() -> Memory:
        from graph.sqlite.store import SqliteStore

        return SqliteStore(_sqlite_path(settings.store_url))

    def neo4j() -> Memory:
        _need_neo4j()
        from graph.neo4j.store import Neo4jStore

        return Neo4jStore.of(settings.store_url)

    makers = {"sqlite": sqlite, **dict.fromkeys(NEO4J, neo4j)}
    return choose("SIGHTLINE_STORE", settings.store_url, makers)


def open_ledger(settings: Settings) -> Ledger:
    """The ledger in SIGHTLINE_HOME."""
    from graph.ledger import SqliteLedger

    return SqliteLedger(settings.home / "ledger.db")


def open_media(settings: Settings) -> MediaStore:
    """Where pictures and clips are kept, at SIGHTLINE_MEDIA."""

    def folder() -> MediaStore:
        from graph.media import FolderMedia

        return FolderMedia(settings.media_url)

    return choose("SIGHTLINE_MEDIA", settings.media_url, {"": folder, "file": folder, "s3": folder})


def analyst(settings: Settings, store: Memory) -> Analyst | None:
    """Who asks the memory in its own language, where it has one."""
    if scheme(settings.store_url) not in NEO4J:
        return None
    from graph.neo4j.analyst import Neo4jAnalyst
    from graph.neo4j.store import Neo4jStore

    return Neo4jAnalyst(store.database) if isinstance(store, Neo4jStore) else None


def shown_store(settings: Settings) -> str:
    """The memory's URL as it may be shown: without user and password, whatever is wrong with it."""
    if scheme(settings.store_url) == "sqlite":
        return settings.store_url
    try:
        return Address.of(settings.store_url).shown
    except Invalid:
        return f"{scheme(settings.store_url)}://…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A store that was brought to this version's schema: from which version (0: there was none) to which; and the
    embedders whose vectors have become so many that they were given an index.
    """

    what: str
    where: str
    before: int
    after: int
    indexed: tuple[str, ...] = ()


def migrate(settings: Settings) -> list[Migrated]:
    """Brings memory and ledger to the schema of this version, and says what that took. Raises `StoreUnavailable` for
    one that is newer or not ours.
    """
    from graph.ledger import SqliteLedger
    from graph.sqlite.migrations import version_of

    make_private(settings.home)

    def sqlite() -> Migrated:
        path = _sqlite_path(settings.store_url)
        before = version_of(path)
        open_store(settings)
        return Migrated(what="memory", where=settings.store_url, before=before, after=version_of(path))

    def neo4j() -> Migrated:
        _need_neo4j()
        from graph.neo4j import migrations as neo4j_migrations
        from graph.neo4j import models as neo4j_models
        from graph.neo4j.database import Neo4jDatabase
        from graph.neo4j.rows import Names

        database = Neo4jDatabase(Address.of(settings.store_url))
        try:
            before, after = neo4j_migrations.migrate(database)
            indexed = neo4j_models.index(database, Names(database.address.memory))
        finally:
            database.close()
        return Migrated(
            what="memory", where=shown_store(settings), before=before, after=after, indexed=tuple(indexed)
        )

    memory = choose("SIGHTLINE_STORE", settings.store_url, {"sqlite": sqlite, **dict.fromkeys(NEO4J, neo4j)})
    ledger = settings.home / "ledger.db"
    before = version_of(ledger)
    SqliteLedger(ledger).close()
    return [memory, Migrated(what="ledger", where=str(ledger), before=before, after=version_of(ledger))]


def make_private(home: Path) -> None:
    """Makes the data folder, for its owner alone; raises `Invalid` where that cannot be."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Invalid(
            f"the data folder {home} cannot be made: {error.strerror}",
            next_step="set SIGHTLINE_HOME to a folder that can be written",
        ) from error


def _sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    path = url.removeprefix("sqlite:///")
    if path in ("", url):
        raise Invalid(f"SIGHTLINE_STORE {url!r} names no file", next_step="write sqlite:///path/to/memory.db")
    return Path(path)


def _need_neo4j() -> None:
    if find_spec("neo4j") is None:
        raise StoreUnavailable(
            "a memory in Neo4j needs its driver, which is not installed",
            next_step="install it: `uv tool install 'sightline[neo4j]'`, or `pip install 'sightline[neo4j]'`",
        )
