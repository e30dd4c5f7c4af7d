"""The scores of a trained sorter as a Markdown page."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def table(
    classes: tuple[str, ...],
    y: npt.NDArray[np.int64],
    p: Floats,
    least: Floats,
    clips: npt.NDArray[np.str_],
    heat: float,
) -> str:
    """Per class precision and recall as said (above its threshold), the confusion, and the accuracy clip by clip."""
    best = p.argmax(axis=1)
    said = np.where(p[np.arange(len(p)), best] >= least[best], best, len(classes) - 1)
    lines = [
        "# Scores on clips left out",
        "",
        "Moving regions only. `least` is the probability from which on a name is said; `fair` weighs a clip by the",
        f"square root of its regions. Temperature {heat:.1f}; accuracy without thresholds {np.mean(best == y):.3f}.",
        "",
        "| class | regions | clips | least | precision | fair precision | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    count = Counter(clips.tolist())
    fair = np.array([1 / np.sqrt(count[c]) for c in clips])
    for i, name in enumerate(classes):
        mine, called = y == i, said == i
        right = mine & called
        lines.append(
            f"| {name} | {mine.sum()} | {len(set(clips[mine]))} | {least[i]:.2f} | {_part(right.sum(), called.sum())} | "
            f"{_part(fair[right].sum(), fair[called].sum())} | {_part(right.sum(), mine.sum())} |"
        )
    lines += ["", "Rows are true, columns said (`other` is said as `thing`).", "", "| | " + " | ".join(classes) + " |",
              "|---|" + "---|" * len(classes)]  # fmt: skip
    for i, name in enumerate(classes):
        lines.append(
            f"| {name} | "
            + " | ".join(str(int(((y == i) & (said == j)).sum())) for j in range(len(classes)))
            + " |"
        )
    lines += ["", "| clip | regions | right | thing instead | wrong name |", "|---|---|---|---|---|"]
    for clip in sorted(count):
        mine = clips == clip
        right = (said == y) & mine
        shy = (said == len(classes) - 1) & ~right & mine
        lines.append(
            f"| {clip} | {mine.sum()} | {right.sum()} | {shy.sum()} | {(mine & ~right & ~shy).sum()} |"
        )
    return "\n".join(lines) + "\n"


def _part(of: float, all_: float) -> str:
    return f"{of / all_:.2f}" if all_ else "–"
