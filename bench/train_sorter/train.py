"""Trains the sorter, scores it on clips it has not seen, and writes its weights and `scores.md`."""

from __future__ import annotations

import argparse
import pickle
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.train_sorter.collect import Sample
from bench.train_sorter.network import Floats, Recipe, logits, probabilities, train
from bench.train_sorter.report import table
from bench.train_sorter.vary import region
from models.sorter import features

FOLDS = 5
PRECISION = 0.92
"""What a name must keep, over clips it has not seen, to be said; the threshold of each class follows from it."""
LEAST, SUREST = 0.55, 0.9
"""Bounds of that threshold."""
COPIES, WANTED = 3, 2500
"""Varied copies made of a sample; more for rare classes, up to so many rows."""
MOST = 120
"""Samples kept of one clip, class and way of finding: the next look shows the same again."""


def main() -> None:
    """Trains and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--classes", default="person,car,forklift,pallet,other")
    parser.add_argument("--without", default="", help="leave out clips whose names begin so, comma-separated")
    chosen = parser.parse_args()
    classes = tuple(chosen.classes.split(","))
    samples = [s for path in chosen.samples for s in pickle.loads(path.read_bytes())]
    without = tuple(n for n in chosen.without.split(",") if n)
    samples = [_renamed(s, classes) for s in samples if not (without and s.clip.startswith(without))]
    dice = np.random.default_rng(5)
    samples = _thinned(samples, dice)
    began = time.monotonic()
    y = np.array([classes.index(s.label) for s in samples])
    clips = np.array([s.clip for s in samples])
    exact = np.stack([features(region(s, None)) for s in samples])
    x, of = _varied(samples, y, dice)
    mean, spread = x.mean(axis=0), x.std(axis=0) + 0.02
    weight = _weights(y, clips, np.array([s.kind for s in samples]), len(classes))[of]
    weight /= np.bincount(of, minlength=len(samples))[of]
    print(f"{len(samples)} samples, {len(x)} varied, {time.monotonic() - began:.0f} s", flush=True)
    recipe = Recipe()
    fold = _folds(y, clips)
    scores = np.zeros((recipe.networks, len(samples), len(classes)), np.float32)
    for number in range(FOLDS):
        seen = fold[of] != number
        nets = train((x[seen] - mean) / spread, y[of][seen], weight[seen], len(classes), recipe)
        held = fold == number
        scores[:, held] = logits(nets, (exact[held] - mean) / spread)
        print(f"fold {number}: {time.monotonic() - began:.0f} s", flush=True)
    judged = np.array([s.kind == "motion" for s in samples])
    fair = _fair(clips[judged])
    heat = _heat(scores[:, judged], y[judged], fair)
    table_ = _soft(scores, heat)
    least = _thresholds(table_[judged], y[judged], fair, classes)
    text = table(classes, y[judged], table_[judged], least, clips[judged], heat)
    print(text)
    chosen.scores.write_text(text)
    nets = train((x - mean) / spread, y[of], weight, len(classes), recipe)
    _write(chosen.out, classes, mean, spread, nets, heat, least)
    assert np.allclose(probabilities(nets, (exact[:4] - mean) / spread, heat).sum(axis=1), 1, atol=1e-3)
    print(f"{time.monotonic() - began:.0f} s, {chosen.out.stat().st_size / 1e3:.0f} kB")


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
    near = {"bus": "truck", "motorcycle": "bicycle", "truck": "car"}
    while sample.label not in classes:
        sample.label = near.get(sample.label, "other")
    return sample


def _varied(
    samples: list[Sample], y: npt.NDArray[np.int64], dice: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    count = Counter(y.tolist())
    rows, of = [], []
    for i, sample in enumerate(samples):
        copies = min(20, max(COPIES, WANTED // count[int(y[i])]))
        for _ in range(copies):
            rows.append(features(region(sample, dice)))
            of.append(i)
    return np.stack(rows), np.array(of)


def _weights(
    y: npt.NDArray[np.int64], clips: npt.NDArray[np.str_], kinds: npt.NDArray[np.str_], classes: int
) -> Floats:
    """Every clip of a class counts by the square root of its samples, every class nearly alike; motion counts double."""
    out = np.where(kinds == "motion", 1.0, 0.5)
    for kind in range(classes):
        for clip in set(clips[y == kind]):
            mine = (y == kind) & (clips == clip)
            out[mine] *= np.sqrt(min(mine.sum(), 150)) / out[mine].sum()
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
    value = np.exp(value - value.max(axis=2, keepdims=True))
    out: Floats = (value / value.sum(axis=2, keepdims=True)).mean(axis=0)
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


def _write(
    path: Path,
    classes: tuple[str, ...],
    mean: Floats,
    spread: Floats,
    nets: list[list[Floats]],
    heat: float,
    least: Floats,
) -> None:
    """Writes the weights as half floats; the features' spread and the temperature are folded into them."""
    kept = {
        f"{letter}{i}": part for i, layer in enumerate(nets) for letter, part in zip("wb", layer, strict=True)
    }
    last = len(nets) - 1
    kept["w0"] = kept["w0"] / spread[None, :, None]
    for letter in "wb":
        kept[f"{letter}{last}"] = kept[f"{letter}{last}"] / np.float32(heat)
    half = {name: part.astype(np.float16) for name, part in kept.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path, name=np.array("sorter/1"), classes=np.array(classes), mean=mean, least=least, **half
    )


if __name__ == "__main__":
    main()
