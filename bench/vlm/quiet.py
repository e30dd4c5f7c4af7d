"""Eight hours of a dock where little happens: how many calls it takes, and whether what happened was shown.

The video is rendered by the project's own engine: one camera and one floor, people and a forklift now and then, and
in between the still dock with the camera's noise at one picture in four seconds, as recorders that save room write it. It is
decoded, gated, looked at and told by the product as it is; the server's words do not matter here and are a stub's.

A true event counts as recalled where a call shows a picture taken while it lasts (give or take a second). Captioning
every ten seconds, the fixed way, takes one call for each ten seconds, and recalls everything.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from api.wiring.house import build
from bench.scenes.camera import Camera
from bench.scenes.dock import loading_dock
from bench.scenes.render import _grain, _noisy, pictures
from bench.scenes.scene import Scene
from bench.scenes.truth import Stays, happenings
from bench.vlm.server import stub
from core.media import StreamState
from core.place import EMPTY_LAYOUT
from core.settings import Settings
from ingest.pipeline import watch
from ingest.register import register
from models.vlm_openai import OpenAiVlm

FPS = 12
QUIET_SHEETS = 48
NEAR_S = 1.0
PER_HOUR = 1.5
"""Times an hour at which something happens."""
QUIET_STEP = 4
"""Seconds from one picture to the next while nothing happens."""
CAMERA = Camera(width=480, height_px=270, height=4.6, pitch=17.0, focal=400.0)
FLOOR = 1
SAID = json.dumps({"summary": "A dock.", "facts": [], "look_closer": False})
_CLOCK = re.compile(r"\d+ at ((?:\d+:)*\d+:\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What was measured over so many hours."""

    hours: float
    episodes: int
    events: int
    recalled: int
    calls: int
    fixed_calls: int
    skipped: int
    gated: int
    watch_s: float
    missed: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the true events of which a picture was shown."""
        return self.recalled / self.events

    @property
    def share(self) -> float:
        """Calls against those of captioning every ten seconds."""
        return self.calls / self.fixed_calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A true event on the clock of the whole recording."""

    kind: str
    start_s: float
    end_s: float


def episode(seed: int) -> Scene:
    """A minute and a quarter at the dock by that seed, on the one floor and before the one camera."""
    scene = loading_dock(seed)
    return replace(scene, seed=FLOOR, camera=CAMERA, layout=EMPTY_LAYOUT, title="", rules=())


def starts(hours: float, seed: int = 11) -> list[int]:
    """The seconds at which something begins, spread at random but apart."""
    dice, out = random.Random(seed), []
    for part in range(round(hours * PER_HOUR)):
        length = round(3600 / PER_HOUR)
        out.append(part * length + dice.randrange(60, length - 200))
    return out


def record(path: Path, hours: float, distinct: int) -> list[Occurrence]:
    """Writes the recording and returns what truly happens in it; episodes come again after `distinct` of them."""
    begins = starts(hours)
    truth: list[Occurrence] = []
    still = _still()
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = CAMERA.width, CAMERA.height_px, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        stream.options = {"preset": "ultrafast", "crf": "23", "g": "48", "bf": "0"}

        def write(planes: Any, second: float) -> None:
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = round(second * FPS), Fraction(1, FPS)
            out.mux(stream.encode(frame))

        second = 0
        kept: dict[int, tuple[list[Any], list[Any], float]] = {}
        for number, begin in enumerate(begins):
            for at in range(second, begin, QUIET_STEP):
                write(still[at // QUIET_STEP % QUIET_SHEETS], at)
            which = number % distinct
            if which not in kept:
                kept[which] = _played(which + 1)
            planes, happened, length = kept[which]
            for n, plane in enumerate(planes):
                write(plane, begin + n / FPS)
            truth += [
                Occurrence(kind=h.kind, start_s=begin + h.start, end_s=begin + h.end)
                for h in happened
                if not h.optional
            ]
            second = begin + int(length)
            if number >= len(begins) - distinct:
                kept.pop(which, None)  # it does not come again
        for at in range(second, round(hours * 3600), QUIET_STEP):
            write(still[at // QUIET_STEP % QUIET_SHEETS], at)
        out.mux(stream.encode())
    return truth


def _still() -> list[Any]:
    """The dock with nobody in it, under so many sheets of noise, as planes."""
    scene = episode(1)
    picture, grain = scene.stage(scene), _grain(scene)
    return [_planes(_noisy(picture, grain, n)) for n in range(QUIET_SHEETS)]


def _planes(picture: Any) -> Any:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420))


def _played(seed: int) -> tuple[list[Any], list[Any], float]:
    """An episode's pictures as planes, what happens in it, and its seconds."""
    scene = episode(seed)
    stays = Stays(scene)
    planes = [_planes(picture) for picture in pictures(scene, stays)]
    return planes, list(happenings(scene, stays.all())), scene.duration


def shown_moments(prompts: list[str]) -> Iterator[float]:
    """The seconds of the pictures that prompts name."""
    for prompt in prompts:
        for clock in _CLOCK.findall(prompt):
            seconds = 0.0
            for part in clock.split(":"):
                seconds = seconds * 60 + float(part)
            yield seconds


def measure(hours: float, folder: Path, distinct: int = 8) -> Quiet:
    """Records and watches so many hours."""
    video = folder / "quiet.mp4"
    truth = record(video, hours, distinct)
    settings = Settings(home=folder / "quiet", max_hours=48)
    with stub(0.0, 8, SAID) as server:
        model = OpenAiVlm(server.url("stub", at_once=8))
        house = replace(build(settings), vlm=model)
        stream = register(str(video), name="quiet", house=house, settings=settings)
        seen = watch(stream, house, settings)
        model.close()
        calls = server.ask()
    if seen.stream.state is not StreamState.WATCHED or seen.problem:
        raise RuntimeError(f"the recording was not watched to its end: {seen.problem}")
    moments = sorted(shown_moments([call.prompt for call in calls]))
    missed = [event for event in truth if not _is_shown(event, moments)]
    return Quiet(
        hours=hours,
        episodes=len(starts(hours)),
        events=len(truth),
        recalled=len(truth) - len(missed),
        calls=len(calls),
        fixed_calls=round(hours * 360),
        skipped=seen.captions.get("skipped", 0),
        gated=seen.captions.get("ok", 0) - len(calls),
        watch_s=seen.seconds,
        missed=tuple(f"{event.kind} at {event.start_s:.1f} s" for event in missed[:20]),
    )


def _is_shown(event: Occurrence, moments: list[float]) -> bool:
    low = int(np.searchsorted(moments, event.start_s - NEAR_S))
    return low < len(moments) and moments[low] <= event.end_s + NEAR_S
