"""Builds the house from the settings: the only module that names a concrete back-end.

Each choice is a table keyed by URL scheme; the import stands inside the function, so that an extra that is not
installed costs nothing. A wish that cannot be met is an error, never a silent fall-back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from api.exampled import Exampled
from api.wish import VLM_OPTIONS, Wish, scheme
from core.clock import WallClock
from core.errors import Invalid, StoreUnavailable
from core.ports import (
    Analyst,
    Detector,
    Embedder,
    Executor,
    Finder,
    House,
    Ledger,
    MediaStore,
    Memory,
    TextReader,
    Tracker,
    Vlm,
)
from core.settings import Settings
from graph.examples import Shelf
from graph.neo4j.address import SCHEMES as NEO4J
from graph.neo4j.address import Address
from graph.spending import Metered

if TYPE_CHECKING:
    from jobs.worker import CeleryWorker
    from models.detect.naming import NamingDetector

log = logging.getLogger(__name__)

T = TypeVar("T")


def choose(name: str, url: str, makers: Mapping[str, Callable[[], T]]) -> T:
    """Calls the maker for the URL's scheme; raises `Invalid` naming the known ones."""
    maker = makers.get(scheme(url))
    if maker is None:
        known = ", ".join(f"{key}:" if key else "a folder" for key in sorted(makers))
        raise Invalid(f"{name} cannot be {scheme(url)}:", next_step=f"it can be {known}")
    return maker()


def build(settings: Settings) -> House:
    """The house as the settings ask for it. Raises `Invalid` for a wish nobody knows, `Unavailable` for one that
    cannot be met now.
    """
    from alerts.webhook import WebhookNotifier
    from ingest.decode.choice import check_decoder
    from ingest.reopen import Reopener

    check_decoder(settings.decoder)
    _make_private(settings.home)
    clock = WallClock()
    finder, wanted = _finder(settings)
    ledger = _ledger(settings)
    media = _media(settings)
    store = _store(settings)

    def metered(model: Vlm) -> Vlm:
        if not model.sees:
            return model
        counted = Metered(model, ledger, clock)
        return Exampled(counted, Shelf(ledger, media), settings.examples) if settings.examples else counted

    return House(
        store=store,
        analyst=_analyst(settings, store),
        ledger=ledger,
        media=media,
        vlm=metered(_vlm("SIGHTLINE_VLM", settings.vlm, settings.vlm_key)),
        deep=metered(_vlm("SIGHTLINE_VLM_DEEP", settings.vlm_deep, settings.vlm_deep_key))
        if settings.vlm_deep
        else None,
        embedder=_embedder(settings, settings.embedder),
        embedder_of=cache(lambda setting: _embedder(settings, setting)()),
        notifier=WebhookNotifier(allow_private=settings.allow_private_webhooks),
        frames=Reopener(ledger, media, settings),
        clock=clock,
        detector=_tiled(_detectors(settings)),
        tracker=_tracker,
        reader=_reader(settings),
        finder=finder,
        wanted=wanted,
        reports=_reports(settings),
    )


def language_model(settings: Settings) -> Vlm | None:
    """The server that helps with answering, if one is set."""
    if not settings.llm:
        return None

    def server() -> Vlm:
        from models.vlm_openai import OpenAiVlm

        return OpenAiVlm(settings.llm, key=settings.llm_key)

    return choose("SIGHTLINE_LLM", settings.llm, {"openai+http": server, "openai+https": server})


def nobody() -> None:
    """Nobody waits to be woken."""


def executor(house: House, settings: Settings, *, wake: Callable[[], None] = nobody) -> Executor:
    """Who does the jobs; `wake` is called whenever one put something into the outbox."""
    lease = timedelta(seconds=settings.lease_s)

    def inline() -> Executor:
        from jobs.handlers import handlers
        from jobs.inline import InlineExecutor

        return InlineExecutor(house.ledger, handlers(house, settings, wake=wake), house.clock, lease=lease)

    def redis() -> Executor:
        from jobs.celery_executor import CeleryExecutor

        return CeleryExecutor(settings.queue, house.ledger, house.clock, lease=lease)

    return choose("SIGHTLINE_QUEUE", settings.queue, {"inline": inline, "redis": redis})


def worker(
    house: House, settings: Settings, *, id: str, wake: Callable[[], None], on_deaf: Callable[[], None]
) -> CeleryWorker:
    """The hands of one worker process, named by its id. `on_deaf` is called when it no longer hears the queue."""

    def redis() -> CeleryWorker:
        from jobs.handlers import handlers
        from jobs.worker import CeleryWorker

        return CeleryWorker(
            settings.queue,
            house.ledger,
            handlers(house, settings, wake=wake),
            house.clock,
            id=id,
            on_deaf=on_deaf,
            lease=timedelta(seconds=settings.lease_s),
        )

    return choose("SIGHTLINE_QUEUE", settings.queue, {"redis": redis})


def _make_private(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Invalid(
            f"the data folder {home} cannot be made: {error.strerror}",
            next_step="set SIGHTLINE_HOME to a folder that can be written",
        ) from error


def _analyst(settings: Settings, store: Memory) -> Analyst | None:
    """Who asks the memory in its own language, where it has one."""
    if scheme(settings.store_url) not in NEO4J:
        return None
    from graph.neo4j.analyst import Neo4jAnalyst
    from graph.neo4j.store import Neo4jStore

    return Neo4jAnalyst(store.database) if isinstance(store, Neo4jStore) else None


def _store(settings: Settings) -> Memory:
    def sqlite() -> Memory:
        from graph.sqlite.store import SqliteStore

        return SqliteStore(_sqlite_path(settings.store_url))

    def neo4j() -> Memory:
        _need_neo4j()
        from graph.neo4j.store import Neo4jStore

        return Neo4jStore.of(settings.store_url)

    makers = {"sqlite": sqlite, **dict.fromkeys(NEO4J, neo4j)}
    return choose("SIGHTLINE_STORE", settings.store_url, makers)


def _need_neo4j() -> None:
    if find_spec("neo4j") is None:
        raise StoreUnavailable(
            "a memory in Neo4j needs its driver, which is not installed",
            next_step="install it: `uv tool install 'sightline[neo4j]'`, or `pip install 'sightline[neo4j]'`",
        )


def shown_store(settings: Settings) -> str:
    """The memory's URL as it may be shown: without user and password, whatever is wrong with it."""
    if scheme(settings.store_url) == "sqlite":
        return settings.store_url
    try:
        return Address.of(settings.store_url).shown
    except Invalid:
        return f"{scheme(settings.store_url)}://…"


def shown_queue(settings: Settings) -> str:
    """The queue's URL as it may be shown: without user and password, whatever is wrong with it."""
    from jobs.celery_executor import shown

    if settings.queue == "inline:":
        return settings.queue
    try:
        return shown(settings.queue)
    except Invalid:
        return f"{scheme(settings.queue)}://…"


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

    _make_private(settings.home)

    def sqlite() -> Migrated:
        path = _sqlite_path(settings.store_url)
        before = version_of(path)
        _store(settings)
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


def _sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    path = url.removeprefix("sqlite:///")
    if path in ("", url):
        raise Invalid(f"SIGHTLINE_STORE {url!r} names no file", next_step="write sqlite:///path/to/memory.db")
    return Path(path)


def _ledger(settings: Settings) -> Ledger:
    from graph.ledger import SqliteLedger

    return SqliteLedger(settings.home / "ledger.db")


def _media(settings: Settings) -> MediaStore:
    def folder() -> MediaStore:
        from graph.media import FolderMedia

        return FolderMedia(settings.media_url)

    return choose("SIGHTLINE_MEDIA", settings.media_url, {"": folder, "file": folder, "s3": folder})


def _vlm(name: str, url: str, key: str) -> Vlm:
    def describer() -> Vlm:
        from models.describe import Describer

        return Describer()

    def server() -> Vlm:
        from models.vlm_openai import OpenAiVlm

        return OpenAiVlm(url, key=key)

    def local() -> Vlm:
        from models.vlm_local import LocalVlm
        from models.vlm_local_model import LocalWish

        wish = Wish.of(url, name=name, known_options=VLM_OPTIONS)
        what = {key: wish.options[key] for key in ("revision", "adapter", "precision") if key in wish.options}
        threads, batch = (int(wish.options.get(key, usual)) for key, usual in (("threads", 0), ("batch", 4)))
        timeout_s = float(wish.options.get("timeout_s", 300))
        return LocalVlm(
            LocalWish(where=wish.where, threads=threads, **what), batch=batch, timeout_s=timeout_s
        )

    servers = dict.fromkeys(("openai+http", "openai+https"), server)
    return choose(name, url, {"describe": describer, "transformers": local, **servers})


def _embedder(settings: Settings, setting: str) -> Callable[[], Embedder]:
    """What turns texts into vectors, made when it is first wanted: a model takes seconds to load."""

    def words() -> Embedder:
        from models.embed_words import WordEmbedder

        return WordEmbedder()

    def server() -> Embedder:
        from models.embed_openai import OpenAiEmbedder

        return OpenAiEmbedder(setting, key=settings.embedder_key)

    def local() -> Embedder:
        from models.embed_local import local_embedder

        return local_embedder(setting.removeprefix("transformers:"))

    return cache(
        choose(
            "SIGHTLINE_EMBEDDER",
            setting,
            {
                "words": lambda: words,
                "openai+http": lambda: server,
                "openai+https": lambda: server,
                "transformers": lambda: local,
            },
        )
    )


def _detectors(settings: Settings) -> Callable[[], Detector]:
    """A maker of detectors, as SIGHTLINE_DETECTOR asks; without it motion and the package's own sorter, or what the
    weights in SIGHTLINE_MODELS name.
    """
    wish = Wish.of(settings.detector)
    if settings.detector and not wish.scheme:
        raise Invalid(
            f"SIGHTLINE_DETECTOR={settings.detector} does not say what kind of detector that is",
            next_step=f"as onnx:{settings.detector}, or motion:",
        )

    def motion() -> Detector:
        from models.detect.motion import MotionDetector

        return MotionDetector()

    def sorted_() -> Detector:
        from models.detect.sorted import SortedDetector

        return SortedDetector()

    def nothing() -> Detector:
        from models.detect.nothing import NoDetector

        return NoDetector()

    def onnx() -> Callable[[], Detector]:
        return lambda: _with_motion(_onnx(wish, settings), wish)

    def transformers() -> Callable[[], Detector]:
        from models.detect.transformers import TransformersDetector

        options = {key: float(value) for key, value in wish.options.items() if key == "threshold"}
        where, revision = wish.where, wish.options.get("revision", "")
        return lambda: _with_motion(TransformersDetector(where, revision=revision, **options), wish)

    def automatic() -> Callable[[], Detector]:
        from models.weights import find

        there = find("yolox_nano", settings.model_folders) is not None
        return (lambda: _with_motion(_onnx(Wish.of("onnx:yolox_nano"), settings), wish)) if there else sorted_

    return choose(
        "SIGHTLINE_DETECTOR",
        settings.detector,
        {
            "": automatic,
            "motion": lambda: motion,
            "none": lambda: nothing,
            "sorted": lambda: sorted_,
            "onnx": onnx,
            "transformers": transformers,
            "open": automatic,  # the model that finds by words looks at event frames alone
        },
    )


def _tiled(make: Callable[[], Detector]) -> Callable[[], Detector]:
    """The same, but able to look into the tiles of large pictures."""

    def tiled() -> Detector:
        from models.detect.tiled import TiledDetector

        return TiledDetector(make())

    return tiled


def _with_motion(naming: NamingDetector, wish: Wish) -> Detector:
    """The naming detector together with motion, which finds what it cannot name; alone with `?motion=no`."""
    from models.detect.combined import CombinedDetector
    from models.detect.motion import MotionDetector

    return naming if wish.options.get("motion") == "no" else CombinedDetector(naming, MotionDetector())


def _onnx(wish: Wish, settings: Settings) -> NamingDetector:
    """The table's weights of that name, fetched if they are not here yet, or the file that was named."""
    from models.detect.onnx import OnnxDetector
    from models.weights import own

    options = wish.options
    row, path = None, _table_weights(wish, settings)
    if path is None:
        path = Path(wish.where).expanduser()
        classes = Path(options["classes"]).expanduser() if "classes" in options else None
        row = own(path, family=options.get("family", ""), classes=classes)
    threshold = float(options.get("threshold", 0.35))
    return OnnxDetector(path, row, threshold=threshold, threads=int(options.get("threads", 1)))


def _table_weights(wish: Wish, settings: Settings) -> Path | None:
    """The file of the table's weights a wish names, or None where it names a file of its own."""
    from models.weights import TABLE, fetch, find, known

    if wish.where not in {row.name for row in TABLE}:
        if "/" in wish.where or wish.where.endswith(".onnx"):
            return None
        known(wish.where)  # says which there are
    there = find(wish.where, (*settings.model_folders, settings.weights_cache))
    return there or fetch(known(wish.where), settings.weights_cache, progress=_told(wish.where))


def _told(name: str) -> Callable[[int, int], None]:
    """Says how far a download is, a line for every tenth."""
    said = -1

    def progress(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // total if total else 0
        if tenth > said:
            said = tenth
            log.warning("fetching the weights %s: %.1f of %.1f MB", name, done / 1e6, total / 1e6)

    return progress


def awaited(settings: Settings) -> str:
    """The weights that SIGHTLINE_DETECTOR names and the first watch will fetch, with their size in words; '' for none."""
    from models.weights import TABLE, find

    wish = Wish.of(settings.detector)
    row = next((row for row in TABLE if (wish.scheme, wish.where) == ("onnx", row.name)), None)
    if row is None or find(row.name, (*settings.model_folders, settings.weights_cache)) is not None:
        return ""
    return f"{row.name} ({row.size / 1e6:.0f} MB, {row.licence}, from {row.url or row.source})"


def _finder(settings: Settings) -> tuple[Callable[[], Finder] | None, tuple[str, ...]]:
    """What finds by words, and the words it looks for at every event: of SIGHTLINE_DETECTOR=open:…"""
    wish = Wish.of(settings.detector)
    if wish.scheme != "open":
        return None, ()

    @cache
    def finder() -> Finder:
        from models.detect.find_open import OpenFinder

        options = {key: float(value) for key, value in wish.options.items() if key == "threshold"}
        return OpenFinder(wish.where, revision=wish.options.get("revision", ""), **options)

    words = tuple(word.strip() for word in wish.options.get("find", "").split(",") if word.strip())
    return finder, words


def _tracker(looks_per_s: float) -> Tracker:
    from models.track import OcSortTracker

    return OcSortTracker(looks_per_s)


def _reader(settings: Settings) -> Callable[[], TextReader]:
    """The reader of text, loaded when it is first wanted: most streams hold no text anybody asks for."""

    @cache
    def rapid() -> TextReader:
        from models.read_rapid import RapidReader

        return RapidReader()

    return choose("SIGHTLINE_READER", settings.reader, {"rapidocr": lambda: rapid})


def _reports(settings: Settings) -> tuple[str, ...]:
    from models.weights import find

    if (
        not settings.detector
        and settings.model_folders
        and find("yolox_nano", settings.model_folders) is None
    ):
        return (
            "SIGHTLINE_MODELS is set, but no known weights are in it: things are found by motion and sorted coarsely",
        )
    return ()
