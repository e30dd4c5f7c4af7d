"""How busy a model server is kept: chunks told through the product's own way, while a video is being watched.

A stub server in a process of its own answers after a fixed second and has 32 slots. By Little's law no client can have
more than slots ÷ latency replies a second; a naive client that asks one after another gets one. Beside the chunks that
are timed, a video is watched in the same process, over and over, its captions going to the same server.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from api.wiring.house import build
from bench.scenes import render
from bench.vlm.server import Call, stub
from core import ids
from core.clock import SECOND, Span
from core.media import Chunk, Frame
from core.memory import Observation
from core.ports import Ask, House, Reply
from core.settings import Settings
from ingest.captions.teller import Teller
from ingest.pipeline import watch
from ingest.register import register
from models.jpegs import Jpegs
from models.vlm_openai import OpenAiVlm

LATENCY_S = 1.0
SLOTS = 32
PICTURES = 8
SIZE = (270, 480)
FLAGGED_EVERY = 10
"""One chunk in so many is shown to the dearer model as well: the same pictures."""
SAID = json.dumps({"summary": "Nothing of note.", "facts": [], "look_closer": False})
LOAD = ids.stream_id("load")


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What was measured: replies a second against the ideal and the naive, what was encoded, whether prefixes agreed,
    and how the watching beside it went.
    """

    calls: int
    seconds: float
    achieved: float
    ideal: float
    naive: float
    in_flight: float
    shown: int
    encoded: int
    prefixes: int
    same_prefix: float
    watched_s: float
    watching_s: float

    @property
    def share(self) -> float:
        """Achieved ÷ ideal."""
        return self.achieved / self.ideal


class _Shown:
    """A model that remembers which pictures it was shown."""

    sees = True

    def __init__(self, model: OpenAiVlm) -> None:
        self.model, self.name, self.at_once = model, model.name, model.at_once
        self.pictures: dict[int, Any] = {}

    def ask(self, asks: Any, /) -> list[Reply]:
        for ask in asks:
            self.pictures |= {id(picture): picture for picture in ask.pictures}
        return self.model.ask(asks)


def measure(chunks: int, folder: Path) -> Throughput:
    """Tells so many chunks while a dock is watched beside."""
    video = render("dock", 3, folder, seconds=40).video
    jpegs = Jpegs()
    with stub(LATENCY_S, SLOTS, SAID, FLAGGED_EVERY) as server:
        naive = _naive(server.url("naive"))
        cheap = OpenAiVlm(server.url("cheap", at_once=SLOTS), jpegs=jpegs)
        dear = OpenAiVlm(server.url("dear", at_once=SLOTS), jpegs=jpegs)
        shown, shown_dear = _Shown(cheap), _Shown(dear)
        settings = Settings(home=folder / "load")
        house = replace(build(settings), vlm=shown, deep=shown_dear)
        beside = _Beside(video, folder, cheap)
        _tell(house, settings, chunks)
        beside.stop()
        calls = [call for call in server.ask() if call.model in ("cheap", "dear")]
        for model in (cheap, dear):
            model.close()
    return _figures(calls, naive, jpegs, [shown, shown_dear], beside)


def _naive(url: str, count: int = 4) -> float:
    """Replies a second of a client that asks one thing after another."""
    model = OpenAiVlm(url, jpegs=Jpegs())
    began = time.monotonic()
    for _ in range(count):
        model.ask([Ask(prompt="What happens?", pictures=(_picture(0),))])
    took = time.monotonic() - began
    model.close()
    return count / took


def _picture(seed: int) -> Any:
    """A picture with detail in it, so that encoding it costs what a camera's does."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (SIZE[0] // 8 + 1, SIZE[1] // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, 0).repeat(8, 1)[: SIZE[0], : SIZE[1]])


def _tell(house: House, settings: Settings, chunks: int) -> None:
    """Gives chunks in as fast as they are taken, and takes what is told. Each chunk has pictures of its own."""
    teller = Teller(LOAD, house, settings)
    camera = [_picture(seed) for seed in range(4 * PICTURES)]
    due, told = 0, 0
    while told < chunks:
        while due < chunks and due - told < 2 * SLOTS:
            teller.put(*_chunk(due, camera))
            due += 1
        told += sum(1 for _ in teller.ready())
        time.sleep(0.01)
    teller.close()


def _chunk(number: int, camera: list[Any]) -> tuple[Observation, list[Frame]]:
    start = number * 10 * SECOND
    span = Span(start, start + 10 * SECOND)
    chunk = Chunk(id=ids.chunk_id(LOAD, start, 10 * SECOND, "bench"), stream_id=LOAD, index=number, span=span)
    frames = [Frame(at=start + n * SECOND, picture=_picture(number * PICTURES + n)) for n in range(PICTURES)]
    return Observation(chunk=chunk), frames


class _Beside:
    """A video watched again and again, each time in a house of its own, its captions going to the same server."""

    def __init__(self, video: Path, folder: Path, model: OpenAiVlm) -> None:
        self._video, self._folder, self._model = video, folder, model
        self._over = threading.Event()
        self.watched_s = 0.0
        self.spent_s = 0.0
        self._thread = threading.Thread(target=self._work, name="beside", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        number = 0
        while not self._over.is_set():
            with tempfile.TemporaryDirectory(dir=self._folder) as home:
                settings = Settings(home=Path(home))
                house = replace(build(settings), vlm=_Other(self._model))
                began = time.monotonic()
                stream = register(str(self._video), name=f"v{number}", house=house, settings=settings)
                seen = watch(stream, house, settings)
                self.spent_s += time.monotonic() - began
                self.watched_s += (seen.looked + seen.gated) / SECOND
                house.store.close()  # type: ignore[attr-defined]
                house.ledger.close()  # type: ignore[attr-defined]
            number += 1

    def stop(self) -> None:
        """Lets the round that is going on end."""
        self._over.set()
        self._thread.join()


class _Other:
    """The same server for the watched video, told apart by its prompts' stream."""

    sees, at_once = True, SLOTS

    def __init__(self, model: OpenAiVlm) -> None:
        self._model, self.name = model, "beside:1"

    def ask(self, asks: Any, /) -> list[Reply]:
        return self._model.ask([replace(ask, prompt=f"(beside) {ask.prompt}") for ask in asks])


def _figures(
    calls: list[Call],
    naive: float,
    jpegs: Jpegs,
    shown: list[_Shown],
    beside: _Beside,
) -> Throughput:
    """The rate while there was always something waiting: until the last chunk's call came.

    The first calls fill the slots at once and say nothing of the rate: it is that of the calls after them. A client that
    keeps all slots full has slots ÷ latency, and none can have more.
    """
    mine = [call for call in calls if not call.prompt.startswith("(beside)")]
    began = min(call.came for call in mine)
    ended = max(call.came for call in mine if call.model == "cheap")
    served = [call for call in calls if began <= call.came <= ended]
    busy = sum(min(call.answered, ended) - call.came for call in served)
    seconds = ended - began
    prefixes = [call.prefix for call in calls if call.model == "cheap"]
    most = max(set(prefixes), key=prefixes.count)
    pictures: set[int] = set().union(*(each.pictures for each in shown))
    beside_shown = sum(call.pictures for call in calls if call.prompt.startswith("(beside)"))
    return Throughput(
        calls=len(served),
        seconds=seconds,
        achieved=(len(served) - SLOTS) / seconds,
        ideal=SLOTS / LATENCY_S,
        naive=naive,
        in_flight=busy / seconds,
        shown=len(pictures) + beside_shown,
        encoded=jpegs.made,
        prefixes=len(set(prefixes)),
        same_prefix=prefixes.count(most) / len(prefixes),
        watched_s=beside.watched_s,
        watching_s=beside.spent_s,
    )
