"""What is configured, what is missing, and what that costs: looked at, not guessed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Literal

from api.wiring.hands import executor, shown_queue
from api.wiring.house import build
from api.wiring.language import language_model
from api.wiring.memory import shown_store
from api.wiring.sight import awaited
from core.errors import SightlineError, StoreUnavailable, Unavailable
from core.media import Stream
from core.memory import Query, Want
from core.ports import Ask, House
from core.settings import SECRET, Settings
from core.work import ApiKey
from ingest.source import is_remote, shown_source

FREE_GB = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: how it is, what a lack of it costs, and the way out."""

    what: str
    state: Literal["ok", "missing", "broken"]
    how: str
    costs: str = ""
    next_step: str = ""

    @property
    def broken(self) -> bool:
        """Whether something asked for does not work."""
        return self.state == "broken"

    def as_json(self) -> dict[str, str]:
        """The finding as JSON."""
        return asdict(self)


def listed(settings: Settings) -> list[dict[str, str]]:
    """Every setting: its variable, what it is now, and what it means. Of keys only whether they are set; URLs without
    credentials.
    """
    rows = []
    for name, field in Settings.model_fields.items():
        value = str(getattr(settings, name))
        if name in SECRET:
            value = "set" if value else ""
        elif name == "store":
            value = shown_store(settings) if value else ""
        elif name == "queue":
            value = shown_queue(settings)
        elif is_remote(value):
            value = _shown(value)
        rows.append({"name": f"SIGHTLINE_{name.upper()}", "value": value, "means": field.description or ""})
    return rows


def _shown(url: str) -> str:
    """A URL without credentials. What has an @ behind its host was cut in the midst of a password: nothing of it."""
    shown = shown_source(url)
    return f"{url.partition('://')[0]}://…" if "@" in shown else shown


def examine(settings: Settings) -> list[Finding]:
    """Everything, in the order in which it is needed."""
    found = [_program(), _home(settings)]
    try:
        house = build(settings)
    except SightlineError as error:
        what = "memory" if isinstance(error, StoreUnavailable) else "settings"
        return [*found, _broken(what, error, "nothing works without it")]
    found += [
        _memory(house, settings),
        _media(house, settings),
        _eyes(house, settings),
        *_finder(house),
        _reader(house),
        _captions(house, settings),
        *_deep(house),
    ]
    found += [_language(settings), _queue(house, settings), _keys(house)]
    found += [Finding(what="note", state="missing", how=each) for each in house.reports]
    return found


def _broken(what: str, error: SightlineError, costs: str) -> Finding:
    return Finding(what=what, state="broken", how=error.message, costs=costs, next_step=error.next_step)


def _try(what: str, costs: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except SightlineError as error:
        return _broken(what, error, costs)


def _program() -> Finding:
    import sys

    python = ".".join(str(part) for part in sys.version_info[:3])
    decoder = f"PyAV {version('av')} decodes; no ffmpeg program is needed"
    return Finding(
        what="program", state="ok", how=f"Sightline {version('sightline')} on Python {python}; {decoder}"
    )


def _home(settings: Settings) -> Finding:
    folder = next((p for p in (settings.home, *settings.home.parents) if p.exists()), None)
    free = shutil.disk_usage(folder).free / 1e9 if folder else 0.0
    if free < FREE_GB:
        return Finding(
            what="data folder",
            state="missing",
            how=f"{settings.home}: {free:.1f} GB free",
            costs="uploads and clips will soon not fit",
            next_step="make room, or set SIGHTLINE_HOME to a larger disk",
        )
    return Finding(
        what="data folder", state="ok", how=f"{settings.home}: {free:.0f} GB free (SIGHTLINE_HOME)"
    )


def _memory(house: House, settings: Settings) -> Finding:
    def look() -> Finding:
        house.store.find(Query(want=Want.CHUNKS, limit=1))
        streams = len(house.ledger.find(Stream))
        return Finding(
            what="memory",
            state="ok",
            how=f"{shown_store(settings)} answers; {streams} streams in it (SIGHTLINE_STORE)",
        )

    return _try("memory", "nothing can be remembered or asked", look)


def _media(house: House, settings: Settings) -> Finding:
    def look() -> Finding:
        house.media.keys("doctor/")
        return Finding(what="media", state="ok", how=f"{settings.media_url} (SIGHTLINE_MEDIA)")

    return _try("media", "uploads, clips and reports cannot be kept", look)


SORTED_KINDS = 12
"""The package's own sorter tells fewer kinds than this apart, every detector with weights more."""


def _eyes(house: House, settings: Settings) -> Finding:
    def look() -> Finding:
        weights = awaited(settings)
        if weights:
            return Finding(
                what="detector",
                state="missing",
                how=f"{weights} is not here yet",
                costs="the first watch fetches it",
                next_step="or put the file into a folder named by SIGHTLINE_MODELS",
            )
        eyes = house.detector()
        named = sorted(eyes.vocabulary)
        if len(named) > SORTED_KINDS:
            return Finding(
                what="detector", state="ok", how=f"{eyes.name}: knows {len(named)} kinds of things"
            )
        return Finding(
            what="detector",
            state="missing",
            how=f"{eyes.name}: names {', '.join(named)} by how they move",
            costs="things are found by motion: what never moved is not seen, and few things are named",
            next_step="set SIGHTLINE_DETECTOR=onnx:yolox_nano (4 MB, fetched once), or put yolox_nano_416.onnx into a folder and set SIGHTLINE_MODELS to it",
        )

    return _try("detector", "nothing can be seen", look)


def _finder(house: House) -> list[Finding]:
    """What finds by words, if anything was asked to."""
    make = house.finder
    if make is None:
        return []

    def look() -> Finding:
        words = ", ".join(house.wanted) or "nothing by itself, only what `sightline find` is asked"
        return Finding(what="finder", state="ok", how=f"{make().name} looks at event frames for {words}")

    return [_try("finder", "nothing can be found by words", look)]


def _reader(house: House) -> Finding:
    """What reads text: an extra, so that it is missing and not broken where it was not installed."""
    try:
        name = house.reader().name
    except Unavailable as error:
        costs = "signs, scoreboards, plates and numbers on shirts are not read"
        return Finding(
            what="text", state="missing", how=error.message, costs=costs, next_step=error.next_step
        )
    return Finding(what="text", state="ok", how=f"{name} reads text in pictures")


def _captions(house: House, settings: Settings) -> Finding:
    if settings.vlm.startswith("describe:"):
        return Finding(
            what="captions",
            state="missing",
            how=f"{house.vlm.name}: written from tracks and events, no model looks at pictures",
            costs="what only a vision-language model can name is not in the captions",
            next_step="set SIGHTLINE_VLM=openai+http://host:port/v1?model=NAME",
        )

    def look() -> Finding:
        (reply,) = house.vlm.ask([Ask(prompt="Say ok.", max_tokens=8)])
        how = f"{house.vlm.name} answers" + (f", oddly: {reply.problem}" if reply.problem else "")
        return Finding(what="captions", state="ok", how=how)

    return _try("captions", "chunks are kept without a caption until it answers", look)


def _deep(house: House) -> list[Finding]:
    """The dearer model, where one is set."""
    deep = house.deep
    if deep is None:
        return []

    def look() -> Finding:
        deep.ask([Ask(prompt="Say ok.", max_tokens=8)])
        return Finding(what="closer looks", state="ok", how=f"{deep.name} answers")

    return [_try("closer looks", "what the first model flags is not looked at again", look)]


def _language(settings: Settings) -> Finding:
    if not settings.llm:
        return Finding(
            what="questions",
            state="missing",
            how="the grammar reads them",
            costs="questions in unusual words may be called unsupported",
            next_step="set SIGHTLINE_LLM=openai+http://host:port/v1?model=NAME",
        )

    def look() -> Finding:
        model = language_model(settings)
        if model is not None:
            model.ask([Ask(prompt="Say ok.", max_tokens=8)])
        return Finding(what="questions", state="ok", how=f"{shown_source(settings.llm)} answers")

    return _try("questions", "the grammar reads questions until it answers", look)


def _queue(house: House, settings: Settings) -> Finding:
    """Whether jobs can be handed over, and whether anybody lives to do them."""

    def look() -> Finding:
        hands = executor(house, settings)
        standing = hands.standing()
        hands.close()
        if standing.problem:
            raise Unavailable(standing.problem, next_step="start Redis, or check SIGHTLINE_QUEUE")
        if standing.queue == "inline:":
            return Finding(what="work", state="ok", how="done where it is asked for (SIGHTLINE_QUEUE)")
        how = f"{standing.queue} answers (SIGHTLINE_QUEUE); workers: {standing.workers}, waiting: {standing.waiting}, running: {standing.running}"
        if standing.workers:
            return Finding(what="work", state="ok", how=how)
        return Finding(
            what="work",
            state="missing",
            how=how,
            costs="jobs wait until a worker lives",
            next_step="sightline worker, with the same settings",
        )

    return _try("work", "jobs cannot be done", look)


def _keys(house: House) -> Finding:
    keys = [key for key in house.ledger.find(ApiKey) if not key.id.startswith("ses_")]
    if keys:
        return Finding(what="API keys", state="ok", how=f"{len(keys)} in use")
    return Finding(
        what="API keys", state="missing", how="none yet", costs="nobody can log in to the page or use the API",
        next_step="sightline serve prints one, or: sightline keys create NAME",
    )  # fmt: skip
