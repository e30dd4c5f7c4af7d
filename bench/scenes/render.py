"""Renders a scene: the still background once, then figures, shadows, the clock and a little noise per frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from bench.scenes.files import write_mot, write_rules, write_truth, write_zones
from bench.scenes.kinds import KINDS
from bench.scenes.scene import Scene
from bench.scenes.shapes import Pixels, Sprite, paint, paint_glows, paint_shadow, seen_by
from bench.scenes.truth import Cast, Stays, casts, happenings
from bench.scenes.weather import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneFiles:
    """A rendered scene on disk: the video, its truth, tracks in MOT format, zones and rules."""

    video: Path
    truth: Path
    gt: Path
    zones: Path
    rules: Path


def render(
    kind: str = "dock", seed: int = 7, folder: Path | str = ".", *, seconds: float | None = None
) -> SceneFiles:
    """Renders the scene of that kind and seed into the folder and returns where everything lies.

    The same kind and seed give the same truth, byte for byte, and the same pictures. `seconds` cuts the video short
    (the truth is then of the cut scene). Raises ValueError for a kind there is none of.
    """
    if kind not in KINDS:
        raise ValueError(f"no scene of the kind {kind!r}: there is {', '.join(sorted(KINDS))}")
    scene = KINDS[kind](seed)
    if seconds is not None:
        scene = _cut(scene, seconds)
    return render_scene(scene, Path(folder), f"{kind}_{seed}")


def render_scene(scene: Scene, folder: Path, name: str, *, began: datetime | None = None) -> SceneFiles:
    """Renders a scene into files of that name; `began` is when the video says it was recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    files = SceneFiles(
        video=folder / f"{name}.mp4",
        truth=folder / f"{name}.truth.json",
        gt=folder / f"{name}.gt.txt",
        zones=folder / f"{name}.zones.yaml",
        rules=folder / f"{name}.rules.yaml",
    )
    kept = Stays(scene)
    _encode(files.video, scene, pictures(scene, kept), began)
    visits = kept.all()
    write_truth(files.truth, scene, visits, happenings(scene, visits))
    write_mot(files.gt, visits)
    write_zones(files.zones, scene.layout)
    write_rules(files.rules, scene)
    return files


def _cut(scene: Scene, seconds: float) -> Scene:
    return replace(scene, duration=min(scene.duration, seconds))


def pictures(scene: Scene, kept: Stays) -> Iterator[Pixels]:
    """Every picture of the scene, RGB; the visits are noted on the way."""
    weather, grain, screens = Weather(scene), _grain(scene), _screens(scene)
    still = _still(scene, weather, screens)
    for frame, present in enumerate(casts(scene)):
        kept.note(frame, present)
        picture = still.copy()
        _paint_all(picture, present, screens, scene, glows=weather.plain)
        if not weather.plain:
            picture = weather.over(picture, [cast.sprite for cast in present], frame)
        if scene.overlay is not None:
            scene.overlay(scene, picture, frame / scene.fps)
        if scene.title:
            _clock(picture, scene, frame / scene.fps)
        yield _noisy(picture, grain, frame)


def _screens(scene: Scene) -> list[tuple[float, Sprite]]:
    """The occluders, the farthest first."""
    seen_in = scene.conditions
    found = [(o.y, seen_by(scene.camera, o.figure, seen_in.sun)) for o in seen_in.occluders]
    return sorted(found, key=lambda one: -one[0])


def _still(scene: Scene, weather: Weather, screens: list[tuple[float, Sprite]]) -> Pixels:
    still = scene.stage(scene)
    for _, sprite in screens:
        paint_shadow(still, sprite, strength=scene.conditions.shadow)
        paint(still, sprite)
    return weather.wet(still)


def _paint_all(
    picture: Pixels, present: list[Cast], screens: list[tuple[float, Sprite]], scene: Scene, *, glows: bool
) -> None:
    """Shadows first, then figures and occluders, the farthest first."""
    for cast in present:
        paint_shadow(picture, cast.sprite, strength=scene.conditions.shadow)
    waiting = list(screens)
    for cast in present:
        while waiting and waiting[0][0] >= cast.pose.y:
            paint(picture, waiting.pop(0)[1])
        paint(picture, cast.sprite)
        if glows:
            paint_glows(picture, cast.sprite)
    for _, sprite in waiting if present else []:
        paint(picture, sprite)


def _grain(scene: Scene) -> Pixels:
    """A sheet of noise around 128, larger than the picture, from which each frame takes another part."""
    rng, noise = np.random.default_rng(scene.seed + 1), scene.conditions.grain
    size = (scene.camera.height_px + 128, scene.camera.width + 128, 1)
    grey = rng.normal(128, noise, size) + rng.normal(0, noise * 0.4, (*size[:2], 3))
    return np.clip(np.round(grey), 0, 255).astype(np.uint8)


def _noisy(picture: Pixels, grain: Pixels, frame: int) -> Pixels:
    height, width = picture.shape[:2]
    x, y = (frame * 53) % 128, (frame * 31) % 128
    return cv2.addWeighted(picture, 1.0, grain[y : y + height, x : x + width], 1.0, -128)


def _clock(picture: Pixels, scene: Scene, at: float) -> None:
    """Burns the camera's name and clock in, as recorders do."""
    now = scene.conditions.begins + timedelta(seconds=int(at))
    words = f"{scene.title}   {now:%Y-%m-%d %H:%M:%S}"
    for shift, rgb in ((1, (0, 0, 0)), (0, (244, 244, 240))):
        spot = (14 + shift, 24 + shift)
        cv2.putText(picture, words, spot, cv2.FONT_HERSHEY_SIMPLEX, 0.55, rgb, 1, cv2.LINE_AA)


def _encode(path: Path, scene: Scene, frames: Iterator[Pixels], began: datetime | None) -> None:
    """Writes H.264 with exact timestamps, the same bytes every time.

    x264's output depends on the number of threads, and with B-frames or macroblock trees it was seen to differ
    between runs: so two threads, and neither of those.
    """
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        if began is not None:
            out.metadata["creation_time"] = began.isoformat()
        stream = out.add_stream("libx264", rate=scene.fps)
        stream.width, stream.height = scene.camera.width, scene.camera.height_px
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, scene.fps)
        stream.options = {
            "preset": "veryfast",
            "crf": "21",
            "g": str(scene.fps * 4),
            "threads": "2",
            "bf": "0",
            "mbtree": "0",
        }
        for number, picture in enumerate(frames):
            planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, scene.fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
