"""What is small in a 4K picture: how much of it is found with tiles, and how much without."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from bench.scenes import render
from core.clock import SECOND, Micros
from core.place import Box
from core.ports import Detector
from ingest.decode.looks import DecodePlan, looks

SIZE = (3840, 2160)
SCENE = (480, 270)
"""The scene is rendered at twice this size and shrunk: its people are 40 to 70 pixels tall in the large picture."""
PLACES = ((420, 300), (2750, 1500))
FOUND = 0.4
"""Overlap (IoU) with a true box from which on it counts as found."""
SETTLING: Micros = 3 * SECOND
"""Looks before this are not scored: what stands there has to be learned first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How many of the true boxes were found, of how many detections, in how many seconds of processor time."""

    true: int
    found: int
    detections: int
    right: int
    seconds: float

    @property
    def recall(self) -> float:
        """Share of the true boxes that were found."""
        return self.found / max(1, self.true)

    @property
    def precision(self) -> float:
        """Share of the detections that are true."""
        return self.right / max(1, self.detections)


Truth = dict[int, list[Box]]
"""True boxes by frame number, from 0."""


def compose(folder: Path, *, seed: int = 7, seconds: float = 15.0) -> tuple[Path, Truth, float]:
    """Renders a loading dock and puts it, small, into two places of a large still picture. Returns the video, the true
    boxes of each frame, and the rate.
    """
    scene = render("dock", seed, folder, seconds=seconds)
    by = SCENE[0] / 960
    truth: Truth = {}
    with scene.gt.open() as rows:
        for frame, _, x, y, w, h, *_ in csv.reader(rows):
            box = Box(float(x), float(y), float(x) + float(w), float(y) + float(h)).scaled(by)
            truth.setdefault(int(frame) - 1, []).extend(box.moved(*place) for place in PLACES)
    canvas = _wall()
    target = folder / "large.mp4"
    with av.open(str(scene.video)) as small, av.open(str(target), "w") as out:
        rate = small.streams.video[0].average_rate or Fraction(12)
        stream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for frame in small.decode(video=0):
            shrunk = cv2.resize(frame.to_ndarray(format="rgb24"), SCENE, interpolation=cv2.INTER_AREA)
            for x, y in PLACES:
                canvas[y : y + SCENE[1], x : x + SCENE[0]] = shrunk
            out.mux(stream.encode(av.VideoFrame.from_ndarray(canvas, format="rgb24")))
        out.mux(stream.encode(None))
    return target, truth, float(rate)


def _wall() -> np.ndarray:
    """A large wall with soft texture."""
    coarse = np.random.default_rng(3).integers(90, 150, (68, 120, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def see(video: Path, truth: Truth, rate: float, detector: Detector, *, tile_above: int) -> Seen:
    """Looks through the video and compares what the detector finds with the truth."""
    plan = DecodePlan(tile_above=tile_above)
    true = found = detections = right = 0
    spent, waiting = 0.0, []
    for look in looks(str(video), plan):
        if look.frame is None:
            continue
        waiting.append(look.frame)
        if look.at < 2 * SECOND:
            continue  # the first seconds at once, as the pipeline gives them
        began = time.process_time()
        seen = detector.detect(waiting)
        spent += time.process_time() - began
        for frame, mine in zip(waiting, seen, strict=True):
            if frame.at < SETTLING:
                continue
            boxes = truth.get(round(frame.at * rate / SECOND), [])
            true += len(boxes)
            found += sum(_hit(box, [d.box for d in mine]) for box in boxes)
            detections += len(mine)
            right += sum(_hit(d.box, boxes) for d in mine)
        waiting = []
    return Seen(true=true, found=found, detections=detections, right=right, seconds=spent)


def _hit(box: Box, others: Sequence[Box]) -> bool:
    return any(box.iou(other) >= FOUND for other in others)
