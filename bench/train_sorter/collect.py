"""Cuts training samples out of real and rendered clips: moving regions and detectors' boxes, each with a label.

A sample is a region with as much again around it, so that training may shift, grow and cut its box.
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.train_sorter.sources import REAL, Source, from_coco
from core.media import Frame, Picture
from core.place import Box
from ingest.decode.looks import DecodePlan, looks
from models.detect.motion import MotionDetector
from models.detect.onnx import OnnxDetector
from models.detect.sorter import LEAST_SIDE, Mask

AROUND = 0.5
"""How much of its width and height is kept beyond each side of a region."""
MOST_SIDE = 112
"""Samples are shrunk to this many pixels each way."""
EVERY = 2
"""Samples are taken of every second look, for neighbours show the same; of every one where a clip has truth of its own
or nothing to be told apart.
"""
GROUNDS = 2
"""Crops of empty ground taken of such a look, in sizes of what was found in the clip."""
TWO_WHEELERS = frozenset({"bicycle", "motorcycle"})


@dataclass(slots=True, kw_only=True)
class Sample:
    """One region: `patch` and `mask` of the box with its surroundings, where the box lies in the picture, its label."""

    clip: str
    at: float
    label: str
    kind: str
    patch: Picture
    mask: Mask | None
    box: tuple[float, float, float, float]
    picture: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is in one picture: boxes known by label (picture pixels), and boxes of what might be something."""

    sure: list[tuple[str, Box]]
    doubtful: list[Box]


def collect(source: Source, motion: MotionDetector, eyes: Sequence[OnnxDetector]) -> Iterator[Sample]:
    """All samples of one clip."""
    rows = _mot(source.truth) if source.truth else {}
    dice = np.random.default_rng(zlib.crc32(source.name.encode()))
    sizes: list[tuple[float, float]] = []
    every = (
        1 if source.only_other or (source.truth and not source.rendered) else 2 if source.rendered else EVERY
    )
    for number, look in enumerate(looks(str(source.path), DecodePlan(looks_per_s=8.0))):
        if look.cut:
            motion.reset()
        if look.frame is None:
            continue
        (moving,) = motion.detect([look.frame])
        if number < 6 or number % every:
            continue
        truth = _truth(source, look.frame, rows, eyes)
        boxes = [d.box.scaled(1 / look.frame.scale) for d in moving]
        yield from _samples(source, look.frame, motion.mask, boxes, truth)
        sizes = [*sizes, *((b.width, b.height) for b in [*boxes, *(b for _, b in truth.sure)])][-400:]
        if (source.others or source.only_other) and sizes:
            yield from _grounds(
                source, look.frame, sizes, [*boxes, *truth.doubtful, *(b for _, b in truth.sure)], dice
            )


def _grounds(
    source: Source,
    frame: Frame,
    sizes: list[tuple[float, float]],
    taken: list[Box],
    dice: np.random.Generator,
) -> Iterator[Sample]:
    """Crops in which nothing was found by anyone."""
    for _ in range(GROUNDS):
        width, height = sizes[int(dice.integers(len(sizes)))]
        if min(width, height) < LEAST_SIDE or width >= frame.width or height >= frame.height:
            continue
        x, y = dice.uniform(0, frame.width - width), dice.uniform(0, frame.height - height)
        box = Box(x, y, x + width, y + height)
        if all(other.overlap(box) < 0.02 * box.area for other in taken):
            yield _sample(source, frame, None, box, "other", "ground")


def _samples(
    source: Source, frame: Frame, mask: Mask | None, moving: list[Box], truth: Truth
) -> Iterator[Sample]:
    for box in moving:
        label = _label(source, box, truth)
        if label and min(box.width, box.height) >= LEAST_SIDE:
            yield _sample(source, frame, mask, box, label, "motion")
    for label, box in truth.sure:
        if min(box.width, box.height) >= LEAST_SIDE + 2 and not source.only_other:
            moves = mask is not None and _share(mask, box, frame) > 0.25
            yield _sample(source, frame, mask if moves else None, box, label, "moved" if moves else "still")


def _label(source: Source, box: Box, truth: Truth) -> str:
    """The label of a moving region, or nothing where it cannot be told."""
    if source.only_other:
        return "other"
    touching = [(label, known) for label, known in truth.sure if known.overlap(box) > 0.05 * box.area]
    names = {label for label, _ in touching}
    for label, known in touching:
        shared = known.overlap(box)
        alone = shared / box.area > 0.7 and shared / known.area > 0.3
        if (known.iou(box) > 0.45 or alone) and all(
            other is known or other.overlap(box) < 0.3 * shared or name == label for name, other in touching
        ):
            return label
    ridden = [known for label, known in touching if label in TWO_WHEELERS]
    if names - TWO_WHEELERS <= {"person"} and any(
        k.overlap(box) > 0.7 * k.area > 0.2 * box.area for k in ridden
    ):
        return "bicycle"  # with who rides it
    if len(names) == 1:
        (label,) = names
        inside = [known for _, known in touching if known.overlap(box) > 0.7 * known.area]
        if len(inside) >= 2 and sum(known.area for known in inside) > 0.5 * box.area:
            return label  # two of a kind side by side
    if touching and all(known.overlap(box) < 0.15 * known.area for _, known in touching):
        return "other" if source.others and box.area < 0.15 * max(k.area for _, k in touching) else ""
    near = [*truth.doubtful, *(known for _, known in touching)]
    if source.others and all(known.overlap(box) < 0.08 * box.area for known in near):
        return "other"
    return ""


def _truth(
    source: Source, frame: Frame, rows: dict[int, list[tuple[str, Box]]], eyes: Sequence[OnnxDetector]
) -> Truth:
    if source.only_other:
        return Truth(sure=[], doubtful=[])
    if source.truth:
        number = round(frame.at / 1e6 * source.fps) + 1
        known = [(name, box.scaled(1 / frame.scale)) for name, box in rows.get(number, [])]
        return Truth(sure=[row for row in known if row[0]], doubtful=[box for name, box in known if not name])
    found = [eye.detect([frame])[0] for eye in eyes]
    sure, doubtful = [], []
    for detection in found[0]:
        box = detection.box.scaled(1 / frame.scale)
        same = [o for o in found[1] if o.box.iou(detection.box) > 0.5 and o.label == detection.label]
        label = from_coco(detection.label)
        label = "car" if label == "truck" and source.vans else label
        agreed = detection.score + (max(o.score for o in same) if same else 0) > (0.85 if same else 0.62)
        if label == "ball" and not source.balls:  # hard hats and lamps are round as well
            doubtful.append(box)
        elif agreed and detection.score > (0.5 if label == "other" else 0.35):
            sure.append((label, box))
        else:
            doubtful.append(box)
    doubtful += [o.box.scaled(1 / frame.scale) for o in found[1]]
    return Truth(sure=sure, doubtful=doubtful)


def _mot(path: Path) -> dict[int, list[tuple[str, Box]]]:
    """Frame by frame what a truth file says; a thing that is mostly hidden has no label."""
    from bench.scenes.files import CLASSES

    names = {number: label for label, number in CLASSES.items()}
    rendered = path.with_name(path.name.replace(".gt.txt", ".truth.json")).exists()
    rows: dict[int, list[tuple[str, Box]]] = {}
    for line in path.read_text().splitlines():
        frame, _, x, y, w, h, _, kind, seen = (float(v) for v in line.split(","))
        label = names.get(int(kind), "") if rendered else "car"
        rows.setdefault(int(frame), []).append((label if seen >= 0.4 else "", Box(x, y, x + w, y + h)))
    return rows


def _rate(video: Path) -> float:
    return float(json.loads(video.with_suffix(".truth.json").read_text())["fps"])


def _share(mask: Mask, box: Box, frame: Frame) -> float:
    across, down = mask.shape[1] / frame.width, mask.shape[0] / frame.height
    part = mask[int(box.y1 * down) : int(box.y2 * down) + 1, int(box.x1 * across) : int(box.x2 * across) + 1]
    return float((part > 0).mean()) if part.size else 0.0


def _sample(source: Source, frame: Frame, mask: Mask | None, box: Box, label: str, kind: str) -> Sample:
    small = None
    if mask is not None:
        across, down = mask.shape[1] / frame.width, mask.shape[0] / frame.height
        small = _wide(mask, Box(box.x1 * across, box.y1 * down, box.x2 * across, box.y2 * down), "edge")
    return Sample(
        clip=source.name, at=frame.at / 1e6, label=label, kind=kind,
        patch=_wide(frame.picture, box, "edge"), mask=small,
        box=(box.x1, box.y1, box.x2, box.y2), picture=(frame.width, frame.height),
    )  # fmt: skip


def _wide(plane: np.ndarray, box: Box, mode: str) -> np.ndarray:
    """Twice the box each way, its rim repeated beyond the picture, shrunk to MOST_SIDE where larger."""
    dx, dy = box.width * AROUND, box.height * AROUND
    left, top, right, bottom = box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy
    width, height = (min(MOST_SIDE, max(8, round(v))) for v in (right - left, bottom - top))
    sx, sy = (right - left) / width, (bottom - top) / height
    if max(sx, sy) > 1.5:
        plane = cv2.blur(plane, (max(1, round(sx)), max(1, round(sy))))
    matrix = np.array([[sx, 0, left + sx / 2 - 0.5], [0, sy, top + sy / 2 - 0.5]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def main() -> None:
    """Collects from all clips and writes one pickle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, help="folder of real clips")
    parser.add_argument("--weights", type=Path, required=True, help="folder of detector weights")
    parser.add_argument("--scenes", type=Path, help="folder of rendered scenes")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    eyes = [
        OnnxDetector(chosen.weights / "yolox_nano_416.onnx", threshold=0.12),
        OnnxDetector(chosen.weights / "nanodet_m_416.onnx", threshold=0.25),
    ]
    sources = [row.at(chosen.clips) for row in REAL] if chosen.clips else []
    videos = sorted(chosen.scenes.glob("*.mp4")) if chosen.scenes else []
    sources += [
        Source(v.stem, path=v, truth=v.with_suffix(".gt.txt"), fps=_rate(v), others=True, rendered=True)
        for v in videos
    ]
    samples: list[Sample] = []
    for source in sources:
        began = time.monotonic()
        mine = list(collect(source, MotionDetector(), eyes))
        samples += mine
        print(
            source.name,
            dict(Counter((s.label, s.kind) for s in mine)),
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )
    chosen.out.write_bytes(pickle.dumps(samples))


if __name__ == "__main__":
    main()
