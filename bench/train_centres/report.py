"""How well single things are found in rendered scenes that taught nothing: recall, false boxes and names, per class."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.train_centres.collect import IGNORED, mot
from core.media import Frame
from core.place import Box
from core.ports import Detector
from core.sight import THING, Detection
from ingest.decode.looks import DecodePlan, looks
from models.detect.centres import CLASSES, Centres
from models.detect.sorted import SortedDetector

FOUND = 0.5
"""Overlap (IoU) from which on a box shows the thing."""


def examine(video: Path, eye: Detector, counts: Counter[tuple[str, str]]) -> None:
    """Adds what was found, missed, misnamed and false in one scene."""
    rate = float(json.loads(video.with_suffix(".truth.json").read_text())["fps"])
    rows = mot(video.with_suffix(".gt.txt"), rendered=True)
    waiting: list[Frame] = []
    began = False
    for look in looks(str(video), DecodePlan(looks_per_s=8.0)):
        if look.frame is None:
            continue
        waiting.append(look.frame)
        if not began and len(waiting) < 16:
            continue  # the first pictures together teach the background, as they do in the product
        began = True
        for frame, found in zip(waiting, eye.detect(waiting), strict=True):
            _compare(rows.get(round(frame.at / 1e6 * rate) + 1, []), found, counts)
        waiting = []


def _compare(
    known: list[tuple[int, Box]], found: Sequence[Detection], counts: Counter[tuple[str, str]]
) -> None:
    pairs = [(b.iou(d.box), i, j) for i, (_, b) in enumerate(known) for j, d in enumerate(found)]
    told: dict[int, int] = {}
    for overlap, i, j in sorted(pairs, reverse=True):
        if overlap >= FOUND and i not in told and j not in told.values():
            told[i] = j
    for i, (number, _) in enumerate(known):
        if number == IGNORED:
            continue
        label = CLASSES[number]
        if i in told:
            counts[label, "found"] += 1
            counts[label, "named"] += found[told[i]].label == label
        else:
            counts[label, "missed"] += 1
    doubtful = [box for number, box in known if number == IGNORED]
    for j, one in enumerate(found):
        if j not in told.values() and all(one.box.overlap(b) < 0.3 * one.box.area for b in doubtful):
            counts[one.label, "false"] += 1
    counts["", "looks"] += 1


def show(total: Counter[tuple[str, str]]) -> None:
    """Prints a line a class."""
    print("| class | things seen | recall | rightly named | false boxes a look |\n|---|---|---|---|---|")
    for label in (*CLASSES, THING):
        found, missed, false = (total[label, key] for key in ("found", "missed", "false"))
        if found + missed + false:
            right = total[label, "named"] / max(found, 1)
            recall = found / max(found + missed, 1)
            wrong = false / total["", "looks"]
            print(f"| {label} | {found + missed} | {recall:.3f} | {right:.3f} | {wrong:.3f} |")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", nargs="+", type=Path, help="rendered scenes with their truth beside them")
    parser.add_argument("--model", type=Path, help="instead of the one that ships")
    chosen = parser.parse_args()
    total: Counter[tuple[str, str]] = Counter()
    centres = Centres(chosen.model.read_bytes()) if chosen.model else None
    for video in chosen.videos:
        examine(video, SortedDetector(centres=centres), total)
    show(total)


if __name__ == "__main__":
    main()
