"""Builds the house from the settings: the only module that names a concrete back-end.

Each choice is a table keyed by URL scheme; the import stands inside the function, so that an extra that is not
installed costs nothing. A wish that cannot be met is an error, never a silent fall-back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from core.clock import WallClock
from core.errors import Invalid
from core.ports import Detector, Executor, GraphStore, House, Ledger, MediaStore, Tracker, Vlm
from core.settings import Settings

T = TypeVar("T")


def scheme(url: str) -> str:
    """What stands before the first ':'; a plain path has the scheme ''."""
    head, found, _ = url.partition(":")
    return head if found and len(head) > 1 else ""


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
    from ingest.reopen import Reopener
    from models.embed_words import WordEmbedder

    _make_private(settings.home)
    clock = WallClock()
    ledger = _ledger(settings)
    media = _media(settings)
    return House(
        store=_store(settings),
        ledger=ledger,
        media=media,
        vlm=_vlm(settings),
        embedder=WordEmbedder(),
        notifier=WebhookNotifier(allow_private=settings.allow_private_webhooks),
        frames=Reopener(ledger, media, settings),
        clock=clock,
        detector=_detectors(settings),
        tracker=_tracker,
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

    def inline() -> Executor:
        from jobs.handlers import handlers
        from jobs.inline import InlineExecutor

        return InlineExecutor(house.ledger, handlers(house, settings, wake=wake), house.clock)

    return choose("SIGHTLINE_QUEUE", settings.queue, {"inline": inline})


def _make_private(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Invalid(
            f"the data folder {home} cannot be made: {error.strerror}",
            next_step="set SIGHTLINE_HOME to a folder that can be written",
        ) from error


def _store(settings: Settings) -> GraphStore:
    def sqlite() -> GraphStore:
        from graph.sqlite_store import SqliteStore

        return SqliteStore(_sqlite_path(settings.store_url))

    return choose("SIGHTLINE_STORE", settings.store_url, {"sqlite": sqlite})


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


def _vlm(settings: Settings) -> Vlm:
    def describer() -> Vlm:
        from models.describe import Describer

        return Describer()

    def server() -> Vlm:
        from models.vlm_openai import OpenAiVlm

        return OpenAiVlm(settings.vlm, key=settings.vlm_key)

    return choose(
        "SIGHTLINE_VLM",
        settings.vlm,
        {"describe": describer, "openai+http": server, "openai+https": server},
    )


def _detectors(settings: Settings) -> Callable[[], Detector]:
    """A maker of detectors: motion and the package's own sorter, or with weights in SIGHTLINE_MODELS what they name."""
    from models.detect_motion import MotionDetector
    from models.weights import find

    weights = find("yolox_nano", settings.model_folders)
    if weights is None:
        from models.detect_sorted import SortedDetector

        return SortedDetector

    def both() -> Detector:
        from models.detect_combined import CombinedDetector
        from models.detect_onnx import OnnxDetector

        return CombinedDetector(OnnxDetector(weights), MotionDetector())

    return both


def _tracker(looks_per_s: float) -> Tracker:
    from models.track import OcSortTracker

    return OcSortTracker(looks_per_s)


def _reports(settings: Settings) -> tuple[str, ...]:
    from models.weights import find

    if settings.model_folders and find("yolox_nano", settings.model_folders) is None:
        return (
            "SIGHTLINE_MODELS is set, but no known weights are in it: things are found by motion and sorted coarsely",
        )
    return ()
