"""Trains the sorter, scores it on clips it has not seen, and writes its weights and `scores.md`."""

from __future__ import annotations

import argparse
import pickle
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.scenes.kinds import KINDS
from bench.train_sorter.collect import Sample
from bench.train_sorter.network import Bytes, Floats, Network, Recipe, logits, train, write
from bench.train_sorter.report import table
from bench.train_sorter.vary import region
from models.detect.sorter import Region, seen, shape

FOLDS = 3
PRECISION = 0.8
"""What a name must keep, over clips it has not seen, to be said; the threshold of each class follows from it."""
LEAST, SUREST = 0.4, 0.9
"""Bounds of that threshold."""
ROWS = 40_000
"""Varied copies made of all samples together; rare classes get more each."""
MOST = 150
"""Samples kept of one clip, class and way of finding: the next look shows the same again."""
RENDERED = 0.5
"""How much a rendered scene counts beside a real clip."""
OTHER_GROUND = 0.4
"""How many of the varied copies are set before the ground of another clip."""
NAME = "sorter/3"


def main() -> None:
    """Trains and reports; with `--held-out`, also writes each fold's sorter, which has not seen the clips named so."""
    chosen = _arguments()
    classes = tuple(chosen.classes.split(","))
    samples = [s for path in chosen.samples for s in pickle.loads(path.read_bytes())]
    dice = np.random.default_rng(5)
    samples = _thinned([_renamed(s, classes) for s in samples], dice)
    began = time.monotonic()
    y = np.array([classes.index(s.label) for s in samples])
    clips = np.array([s.clip for s in samples])
    x, told = _as_seen([region(s, None) for s in samples])
    more, more_told, of = _varied(samples, y, dice)
    weight = _weights(y, clips, np.array([s.kind for s in samples]), len(classes))[of]
    weight /= np.bincount(of, minlength=len(samples))[of]
    print(f"{len(samples)} samples, {len(more)} varied, {time.monotonic() - began:.0f} s", flush=True)
    recipe = Recipe(steps=chosen.steps)
    fold = _folds(y, clips)
    scores = np.zeros((len(samples), len(classes)), np.float32)
    nets: list[Network] = []
    for number in range(FOLDS):
        mine = fold[of] != number
        nets.append(train(more[mine], more_told[mine], y[of][mine], weight[mine], len(classes), recipe))
        held = fold == number
        scores[held] = logits(nets[-1], x[held], told[held])
        print(f"fold {number}: {time.monotonic() - began:.0f} s", flush=True)
    judged = np.array([s.kind == "motion" for s in samples])
    fair = _fair(clips[judged])
    heat = _heat(scores[judged], y[judged], fair)
    p = _soft(scores, heat)
    least = _thresholds(p[judged], y[judged], fair, classes)
    text = table(classes, y[judged], p[judged], least, clips[judged], heat)
    print(text)
    chosen.scores.write_text(text)
    if chosen.held_out:
        for number, net in enumerate(nets):
            write(chosen.held_out / f"fold{number}.onnx", [net], heat, classes, least, f"{NAME}-fold{number}")
            names = sorted(set(clips[fold == number].tolist()))
            (chosen.held_out / f"fold{number}.txt").write_text("\n".join(names) + "\n")
    if chosen.out:
        last = replace(recipe, steps=round(recipe.steps * 3 / 2))
        net = train(more, more_told, y[of], weight, len(classes), last)
        write(chosen.out, [net], heat, classes, least, NAME)
        print(f"{time.monotonic() - began:.0f} s, {chosen.out.stat().st_size / 1e3:.0f} kB")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--out", type=Path, help="the sorter that ships; without it only the folds are trained"
    )
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument(
        "--held-out", type=Path, help="folder for the folds' sorters and the clips they never saw"
    )
    parser.add_argument("--classes", default="person,car,truck,bicycle,forklift,pallet,ball,other")
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    return parser.parse_args()


def _thinned(samples: list[Sample], dice: np.random.Generator) -> list[Sample]:
    """At most `MOST` of a clip's samples of one class and kind, drawn over its whole length."""
    groups: dict[tuple[str, str, str], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.clip, sample.label, sample.kind].append(sample)
    out: list[Sample] = []
    for group in groups.values():
        rows = dice.permutation(len(group))[:MOST]
        out += [group[i] for i in sorted(rows)]
    return out


def _renamed(sample: Sample, classes: tuple[str, ...]) -> Sample:
    """The sample under the nearest class there is: a truck is a car where trucks are not told apart."""
    near = {
        "bus": "truck",
        "motorcycle": "bicycle",
        "truck": "car",
        "van": "car",
        "cart": "forklift",
        "box": "pallet",
    }
    while sample.label not in classes:
        sample.label = near.get(sample.label, "other")
    return sample


def _as_seen(regions: list[Region]) -> tuple[Bytes, Floats]:
    return np.stack([seen(r) for r in regions]), np.stack([shape(r) for r in regions])


def _varied(
    samples: list[Sample], y: npt.NDArray[np.int64], dice: np.random.Generator
) -> tuple[Bytes, Floats, npt.NDArray[np.int64]]:
    """Pixels and shape of the varied copies, and which sample each is of."""
    count = Counter(y.tolist())
    grounds = [s for s in samples if s.kind == "ground"]
    share = np.array([count[int(v)] ** -0.5 for v in y])
    copies = np.clip(np.round(ROWS * share / share.sum()), 1, 25).astype(int)
    x, told, of = [], [], []
    for i, sample in enumerate(samples):
        for _ in range(copies[i]):
            ground = None
            if grounds and sample.label != "other" and dice.random() < OTHER_GROUND:
                ground = grounds[int(dice.integers(len(grounds)))].patch
            one = region(sample, dice, ground)
            x.append(seen(one))
            told.append(shape(one))
            of.append(i)
    return np.stack(x), np.stack(told), np.array(of)


def _weights(
    y: npt.NDArray[np.int64], clips: npt.NDArray[np.str_], kinds: npt.NDArray[np.str_], classes: int
) -> Floats:
    """Every clip of a class counts by the square root of its samples, rendered ones by less, every class nearly alike;
    motion counts double.
    """
    out = np.where(kinds == "motion", 1.0, 0.5)
    drawn = np.array([clip.rpartition("_")[0] in KINDS for clip in clips])
    for kind in range(classes):
        for clip in set(clips[y == kind]):
            mine = (y == kind) & (clips == clip)
            out[mine] *= np.sqrt(min(mine.sum(), 150)) / out[mine].sum()
    out[drawn] *= RENDERED
    for kind in range(classes):
        total = out[y == kind].sum()
        if total:
            out[y == kind] *= total**0.45 / total
    return np.asarray(out, np.float32)


def _folds(y: npt.NDArray[np.int64], clips: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Whole clips dealt out so that each class is spread over the folds."""
    names = Counter(clips.tolist())
    rare = Counter(y.tolist())
    held: dict[int, Counter[int]] = defaultdict(Counter)
    given: dict[str, int] = {}
    for clip, _ in sorted(names.items(), key=lambda row: (-row[1], row[0])):
        mine = Counter(y[clips == clip].tolist())
        main = min(mine, key=lambda kind: rare[kind] / mine[kind] ** 1.5)
        fold = min(range(FOLDS), key=lambda f: (held[f][main], sum(held[f].values())))
        held[fold].update({main: mine[main]})
        given[clip] = fold
    return np.array([given[c] for c in clips])


def _fair(clips: npt.NDArray[np.str_]) -> Floats:
    """So that long clips do not drown short ones: a clip counts by the square root of its samples."""
    count = Counter(clips.tolist())
    return np.array([1 / np.sqrt(count[c]) for c in clips], np.float32)


def _soft(scores: Floats, heat: float) -> Floats:
    value = scores / np.float32(heat)
    value = np.exp(value - value.max(axis=1, keepdims=True))
    out: Floats = value / value.sum(axis=1, keepdims=True)
    return out


def _heat(scores: Floats, y: npt.NDArray[np.int64], fair: Floats) -> float:
    """The temperature at which unseen clips are least surprising (Guo et al., "On Calibration …", 2017)."""

    def surprise(heat: float) -> float:
        p = _soft(scores, heat)[np.arange(len(y)), y]
        return float(-(fair * np.log(np.maximum(p, 1e-6))).sum())

    return min((float(h) for h in np.arange(0.7, 4.01, 0.1)), key=surprise)


def _thresholds(p: Floats, y: npt.NDArray[np.int64], fair: Floats, classes: tuple[str, ...]) -> Floats:
    best = p.argmax(axis=1)
    out = []
    for kind in range(len(classes)):
        for least in np.arange(LEAST, SUREST, 0.01):
            said = (best == kind) & (p[:, kind] >= least)
            total = fair[said].sum()
            if total and fair[said & (y == kind)].sum() / total >= PRECISION:
                break
        out.append(float(least))
    return np.array(out, np.float32)


if __name__ == "__main__":
    main()
