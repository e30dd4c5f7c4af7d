"""How well things are followed: the product's tracks beside those of plain ByteTrack, same detections, same looks.

`python -m bench.seeing.tracking VIDEO … [--models FOLDER] [--json FILE]`, each video with its `NAME.gt.txt` beside it.
Each is watched once with the weights in FOLDER and once without any. The peer is `trackers.ByteTrackTracker()` with its
default settings, given in the same run every detection of every look that the product's own tracker was given, with
the look's time. Truth holds every frame and looks are fewer, so both contestants' boxes go straight from look to look
(`evaluate/mot.py: between`), and every frame is scored.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import supervision as sv
from rich.console import Console
from rich.table import Table
from trackers import ByteTrackTracker

from api.apart import Apart, apart
from api.formats import mot_rows
from core.clock import Micros, seconds
from core.place import Box
from core.ports import Tracker
from core.sight import Detection, Sighting, TrackPoint
from evaluate.mot import MotRow, between, read_mot
from evaluate.show import TRACK_TITLES, track_figures, track_row
from evaluate.tracks import TrackScore, score_tracks, together
from ingest.numbering import moments

LOOKS: dict[Micros, tuple[Detection, ...]] = {}
"""What the tracker was given, by the look's moment."""


@dataclass(slots=True)
class Overheard:
    """A tracker whose input is noted in `LOOKS` on the way."""

    inner: Tracker

    def update(self, detections: Sequence[Detection], at: Micros, /) -> list[Sighting]:
        """What the inner tracker says."""
        LOOKS[at] = tuple(detections)
        return self.inner.update(detections, at)


def byte_track(
    looks: Mapping[Micros, Sequence[Detection]], tracker: ByteTrackTracker
) -> dict[int, list[TrackPoint]]:
    """The points of each track the peer makes of the detections."""
    out: dict[int, list[TrackPoint]] = {}
    for at, detections in sorted(looks.items()):
        corners = [(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for d in detections]
        given = sv.Detections(
            xyxy=np.array(corners, float).reshape(-1, 4),
            confidence=np.array([d.score for d in detections], float),
            class_id=np.zeros(len(detections), int),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            followed = tracker.update(given, timestamp=seconds(at))
        numbers = () if followed.tracker_id is None else followed.tracker_id
        for corner, score, number in zip(followed.xyxy, followed.confidence, numbers, strict=True):
            if number >= 0:
                point = TrackPoint(at, Box(*(float(v) for v in corner)), float(score))
                out.setdefault(int(number), []).append(point)
    return out


def on_frames(tracks: Mapping[int, Sequence[TrackPoint]], pictures: Sequence[Micros]) -> Iterable[MotRow]:
    """The rows of all tracks, one per frame."""
    for number, points in tracks.items():
        for index, point in between(points, pictures):
            yield MotRow(frame=index + 1, number=number + 1, box=point.box, score=point.score)


def contest(video: Path, here: Apart) -> dict[str, TrackScore]:
    """Watches the video and scores each contestant's tracks."""
    LOOKS.clear()
    stream = here.watch(video)
    pictures = moments(str(video))
    truth = video.with_suffix(".gt.txt")
    true = read_mot(truth.read_text(), truth.name)
    own = mot_rows(here.tracks(stream), here.entities(stream), pictures)
    peers = {
        "ByteTrack": ByteTrackTracker(),
        "ByteTrack, low bar": ByteTrackTracker(track_activation_threshold=0.3, high_conf_det_threshold=0.3),
    }
    scores = {"Sightline": score_tracks(true, own, name=video.stem)}
    for name, peer in peers.items():
        rows = on_frames(byte_track(LOOKS, peer), pictures)
        scores[name] = score_tracks(true, rows, name=video.stem)
    return scores


def measure(videos: Sequence[Path], models: str) -> dict[str, list[TrackScore]]:
    """Each contestant's scores on the videos, and on all of them together, with the weights in `models` ("" = none)."""
    out: dict[str, list[TrackScore]] = {}
    for video in videos:
        with apart(models=models) as plain:
            here = replace(plain, house=replace(plain.house, tracker=_overhearing(plain)))
            for name, score in contest(video, here).items():
                out.setdefault(name, []).append(score)
    return {name: [*scores, together(scores)] for name, scores in out.items()}


def _overhearing(plain: Apart) -> Callable[[float], Tracker]:
    make = plain.house.tracker
    return lambda looks_per_s: Overheard(make(looks_per_s))


def show(way: str, found: Mapping[str, Sequence[TrackScore]]) -> None:
    """Prints the table of one way of looking."""
    table = Table(*TRACK_TITLES, title=way, title_justify="left", box=None)
    for name, scores in found.items():
        for score in scores:
            table.add_row(*track_row(f"{name}: {score.name}", score))
    Console().print(table)


def figures(found: Mapping[str, Sequence[TrackScore]]) -> dict[str, list[dict[str, Any]]]:
    """The scores as JSON has them."""
    return {name: [track_figures(score) for score in scores] for name, scores in found.items()}


def ratio(found: Mapping[str, Sequence[TrackScore]]) -> tuple[float, float, float]:
    """The product's HOTA over all videos, ByteTrack's, and how many times the latter the former is."""
    ours, peer = found["Sightline"][-1].hota, found["ByteTrack"][-1].hota
    return ours, peer, ours / max(peer, 1e-9)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("videos", nargs="+", type=Path)
    parser.add_argument("--models", default=os.environ.get("SIGHTLINE_MODELS", ""))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args(arguments)
    ways = {"with weights": chosen.models} if chosen.models else {}
    told = {}
    for way, models in {**ways, "without weights": ""}.items():
        found = measure(chosen.videos, models)
        show(way, found)
        told[way] = figures(found)
        print(f"{way}: HOTA × that of ByteTrack: {ratio(found)[2]:.2f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
