"""Takes training pictures out of real clips and of scenes it renders: each with what differs from the background and where things are."""

from __future__ import annotations

import argparse
import json
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt

from bench.scenes.files import CLASSES as NUMBERS
from bench.scenes.kinds import KINDS
from bench.scenes.render import render_scene
from bench.seeing.scenes import seeds_of
from bench.train_sorter.sources import REAL, Source, from_coco
from core.media import Frame
from core.place import Box
from ingest.decode.looks import DecodePlan, looks
from models.detect.centres import CLASSES, Floats, evidence
from models.detect.motion import MotionDetector
from models.detect.onnx import OnnxDetector

SURE = 0.3
"""A thing of which at least this share shows teaches; one of which less shows is left out of the judgement."""
GONE = 0.08
"""One of which less than this shows is not in the picture."""
QUALITY = 95
"""JPEG quality at which the pictures are kept."""
SAME = {"van": "car", "bus": "truck", "motorcycle": "bicycle", "cart": "forklift", "box": "pallet"}
"""Labels of scenes that are one class here."""
IGNORED = -1
EVERY = 3
"""A shot is taken of every so many looks."""
MOST = 100
"""Of a real clip no more shots teach than so many, spread evenly: they are alike."""
FPS = 4
"""Pictures a second at which scenes are drawn: a third of them teach, and drawing takes most of the time."""


@dataclass(slots=True, kw_only=True)
class Shot:
    """One picture: JPEG of it, what differs (`models.detect.centres.evidence`), and boxes as rows of x1, y1, x2, y2, class, in
    picture pixels; the class is IGNORED where it cannot be told what is there.
    """

    clip: str
    at: float
    picture: bytes
    differs: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]


def of_scene(video: Path, every: int) -> Iterator[Shot]:
    """Shots of a rendered scene, by its exact truth."""
    rate = float(json.loads(video.with_suffix(".truth.json").read_text())["fps"])
    rows = mot(video.with_suffix(".gt.txt"), rendered=True)
    for frame, differs, _ in _watched(video, every):
        known = rows.get(round(frame.at / 1e6 * rate) + 1, [])
        yield _shot(video.stem, frame, differs, [(n, b.scaled(1 / frame.scale)) for n, b in known])


def of_clip(source: Source, eyes: Sequence[OnnxDetector], every: int) -> Iterator[Shot]:
    """Shots of a real clip, by its MOT truth where it has one, else by what two detectors agree on."""
    rows = mot(source.truth, rendered=False) if source.truth else {}
    for frame, differs, regions in _watched(source.path, every):
        if source.only_other:
            known: list[tuple[int, Box]] = []
        elif source.truth:
            found = rows.get(round(frame.at / 1e6 * source.fps) + 1, [])
            known = [(n, b.scaled(1 / frame.scale)) for n, b in found]
        else:
            known = _seen(source, frame, eyes)
            if not source.others:
                known += [(IGNORED, b) for b in _unexplained(regions, known)]
        yield _shot(source.name, frame, differs, known)


def _watched(video: Path, every: int) -> Iterator[tuple[Frame, Floats, list[Box]]]:
    """Every so many looks, with what differs in it and the regions that do, by a motion detector that saw all of them."""
    motion, number = MotionDetector(), 0
    waiting: list[Frame] = []
    for look in looks(str(video), DecodePlan(looks_per_s=8.0)):
        if look.cut:
            motion.reset()
        if look.frame is None:
            continue
        waiting.append(look.frame)
        if not motion.ready and len(waiting) < 16:
            continue  # the first pictures together teach the background, as they do in the product
        motion.prepare(waiting)
        for frame in waiting:
            (regions,) = motion.detect([frame])
            number += 1
            if number % every == 0 and motion.strength is not None:
                yield frame, motion.strength, [d.box.scaled(1 / frame.scale) for d in regions]
        waiting = []


def _shot(clip: str, frame: Frame, strength: Floats, known: Sequence[tuple[int, Box]]) -> Shot:
    coded = cv2.imencode(".jpg", frame.picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    rows = [(b.x1, b.y1, b.x2, b.y2, number) for number, b in known]
    return Shot(
        clip=clip, at=frame.at / 1e6, picture=coded, differs=evidence(strength),
        boxes=np.array(rows, np.float32).reshape(-1, 5),
    )  # fmt: skip


def mot(path: Path, *, rendered: bool) -> dict[int, list[tuple[int, Box]]]:
    """Frame by frame what a truth file says."""
    names = {number: SAME.get(label, label) for label, number in NUMBERS.items()}
    rows: dict[int, list[tuple[int, Box]]] = {}
    for line in path.read_text().splitlines():
        frame, _, x, y, w, h, _, kind, seen = (float(v) for v in line.split(","))
        if seen < GONE:
            continue
        label = names.get(int(kind), "") if rendered else "car"
        number = CLASSES.index(label) if label in CLASSES and seen >= SURE else IGNORED
        rows.setdefault(int(frame), []).append((number, Box(x, y, x + w, y + h)))
    return rows


def _seen(source: Source, frame: Frame, eyes: Sequence[OnnxDetector]) -> list[tuple[int, Box]]:
    """What both detectors agree on or the first alone is sure of; what is doubtful is ignored."""
    found = [eye.detect([frame])[0] for eye in eyes]
    out: list[tuple[int, Box]] = []
    for one in found[0]:
        same = [o for o in found[1] if o.box.iou(one.box) > 0.5 and o.label == one.label]
        label = from_coco(one.label)
        label = "car" if label == "truck" and source.vans else SAME.get(label, label)
        agreed = one.score + (max(o.score for o in same) if same else 0) > (0.85 if same else 0.62)
        teaches = label in CLASSES and agreed and one.score > 0.35 and (label != "ball" or source.balls)
        out.append((CLASSES.index(label) if teaches else IGNORED, one.box.scaled(1 / frame.scale)))
    first = [box for _, box in out]
    rest = [o.box.scaled(1 / frame.scale) for o in found[1]]
    return out + [(IGNORED, box) for box in rest if all(box.iou(b) < 0.5 for b in first)]


def _unexplained(regions: Sequence[Box], known: Sequence[tuple[int, Box]]) -> list[Box]:
    return [r for r in regions if all(r.overlap(b) < 0.3 * min(r.area, b.area) for _, b in known)]


def read(place: Path) -> list[Shot]:
    """The shots of one clip."""
    return [Shot(**row) for row in pickle.loads(place.read_bytes())]


def rendered(kind: str, seed: int) -> list[Shot]:
    """Shots of a scene that is rendered for them and not kept."""
    cv2.setNumThreads(1)
    with TemporaryDirectory() as folder:
        files = render_scene(replace(KINDS[kind](seed), fps=FPS), Path(folder), f"{kind}_{seed}")
        return list(of_scene(files.video, EVERY))


def keep(folder: Path, name: str, shots: Sequence[Shot]) -> str:
    """Writes the shots of one clip and says in a line what was written."""
    part = folder / f"{name}.part"
    part.write_bytes(pickle.dumps([asdict(s) for s in shots]))
    part.rename(folder / f"{name}.pkl")
    return f"{name}: {len(shots)} shots, {sum(len(s.boxes) for s in shots)} things"


def spread(shots: Sequence[Shot]) -> list[Shot]:
    """`MOST` of them, the first and the last among them."""
    places = np.unique(np.linspace(0, len(shots) - 1, min(MOST, len(shots))).astype(int))
    return [shots[place] for place in places]


def collect_clips(clips: Path, weights: Path, folder: Path) -> None:
    """Writes the shots of every real clip that the folder does not hold yet."""
    eyes = [
        OnnxDetector(weights / "yolox_nano_416.onnx", threshold=0.12),
        OnnxDetector(weights / "nanodet_m_416.onnx", threshold=0.25),
    ]
    for row in REAL:
        if not (folder / f"{row.name}.pkl").exists():
            print(keep(folder, row.name, spread(list(of_clip(row.at(clips), eyes, EVERY)))), flush=True)


def collect_scenes(seeds: Sequence[int], folder: Path, workers: int) -> None:
    """Renders the scenes of every kind that the folder does not hold yet, so many at a time, and writes their shots."""
    plays = [(kind, seed) for seed in seeds for kind in sorted(KINDS)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        coming = [
            pool.submit(_render, folder, kind, seed)
            for kind, seed in plays
            if not (folder / f"{kind}_{seed}.pkl").exists()
        ]
        for done in as_completed(coming):
            print(done.result(), flush=True)


def _render(folder: Path, kind: str, seed: int) -> str:
    return keep(folder, f"{kind}_{seed}", rendered(kind, seed))


def main() -> None:
    """Collects from real clips, from rendered scenes or from both, and writes one pickle a clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, help="folder of real clips")
    parser.add_argument("--weights", type=Path, help="folder of detector weights: they say what clips show")
    parser.add_argument("--seeds", help="scenes of every kind to be rendered, as 1000-1087")
    parser.add_argument("--workers", type=int, default=2, help="scenes rendered at a time")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder; a clip already there is left as it is"
    )
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.clips:
        collect_clips(chosen.clips, chosen.weights, chosen.out)
    if chosen.seeds:
        collect_scenes(seeds_of(chosen.seeds), chosen.out, chosen.workers)


if __name__ == "__main__":
    main()
