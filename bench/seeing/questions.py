"""Multiple-choice questions about real clips, asked through the command line alone by the scoring script of the test data."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHANCE = 0.25
"""Four choices each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question and what became of it: which choice was right, which was given, and the answer's status."""

    clip: str
    question: str
    type: str
    want: int
    got: int | None
    status: str | None

    @property
    def right(self) -> bool:
        """Whether the right choice was given."""
        return self.got == self.want

    @property
    def domain(self) -> str:
        """The clip's folder."""
        return self.clip.split("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One run over all clips: every question, and of the answers that cite how many cite where the evidence is.

    `realtime` is seconds of video watched per second, start-up included.
    """

    asked: tuple[Asked, ...]
    cited: int
    citing: int
    realtime: float

    def accuracy(self, of: Callable[[Asked], bool] = lambda _: True) -> float:
        """The share of right answers among the questions meant; NaN where there are none."""
        meant = [one.right for one in self.asked if of(one)]
        return sum(meant) / len(meant) if meant else float("nan")

    def table(self) -> list[tuple[str, int, int]]:
        """(what, right, asked) for all questions, each domain and each type."""
        names = [("all", self.asked)]
        for what in ("domain", "type"):
            values = sorted({getattr(one, what) for one in self.asked})
            names += [(f"{what} {v}", tuple(o for o in self.asked if getattr(o, what) == v)) for v in values]
        return [(name, sum(one.right for one in asked), len(asked)) for name, asked in names]


def examine(data: Path, home: Path, *, weights: Path | None = None, only: str = "") -> Examined:
    """Watches every clip of the test data folder (those whose name holds `only`) into `home` and asks its questions.

    Raises CalledProcessError when the scoring script fails.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")}
    if weights is not None:
        environment["SIGHTLINE_MODELS"] = str(weights)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.jsonl"
        command = [
            sys.executable, str(data / "eval" / "score_qa.py"), str(data / "data" / "ground_truth.jsonl"),
            str(data / "data" / "clips"), "--home", str(home), "--out", str(out), "--only", only,
            "--sightline", f"{sys.executable} -m api.cli",
        ]  # fmt: skip
        done = subprocess.run(
            command,
            env=environment,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    cited = re.search(r"citation overlaps evidence\s+(\d+)/(\d+)", done.stdout)
    speed = re.search(r"([\d.]+) x real time", done.stdout)
    return Examined(
        asked=tuple(
            Asked(**{name: row[name] for name in ("clip", "question", "type", "want", "got", "status")})
            for row in rows
        ),
        cited=int(cited[1]) if cited else 0,
        citing=int(cited[2]) if cited else 0,
        realtime=float(speed[1]) if speed else float("nan"),
    )
