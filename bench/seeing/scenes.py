"""Rendered scenes through the whole product, scored against their exact truth, several at a time.

`python -m bench.seeing.scenes --kind dock --seeds 1-20 [--seconds 30] [--processes 2] [--json FILE] [--mistakes]
[--exact | --noise]` prints F1 and the rest per kind of event. Only the kinds that occur in the truth of the scenes played together are scored.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from api.apart import apart
from bench.scenes import render
from bench.seeing.exact import ExactDetector, Noise
from core.clock import clock_text
from core.memory import ALARMS
from core.ports import Detector
from evaluate.events import Comparison, EventScore, Mark, by_domain, compare, mark_of, score
from evaluate.show import EVENT_TITLES, event_figures, event_rows, number
from evaluate.truth import EventTruth, read_events

Eyes = Literal["detector", "exact", "noise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One scene to be played: what is scored together has one domain. `seconds` cuts it short; `eyes` says what it is
    seen with: the detector in force, or the truth's boxes, `exact` or with `noise`.
    """

    domain: str
    kind: str
    seed: int
    seconds: float | None = None
    eyes: Eyes = "detector"

    @property
    def name(self) -> str:
        """The name of its files."""
        return f"{self.kind}_{self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A scene that was watched: what truly happened, and what the product remembers."""

    play: Play
    truth: EventTruth
    found: tuple[Mark, ...]


def play(what: Play, folder: Path | None = None) -> Played:
    """Renders the scene (into `folder`, where it stays and is taken from next time) and watches it afresh."""
    with tempfile.TemporaryDirectory(prefix="sightline-scene-") as scratch:
        place = folder or Path(scratch)
        video = place / f"{what.name}.mp4"
        if not video.is_file():
            video = render(what.kind, what.seed, place, seconds=what.seconds).video
        with apart(detector=_eyes(what, video)) as here:
            found = tuple(mark_of(event) for event in here.events(here.watch(video)))
        return Played(play=what, truth=read_events(video.with_suffix(".truth.json")), found=found)


def _eyes(what: Play, video: Path) -> Callable[[], Detector] | None:
    """A maker of detectors that read the truth, or None for the detector in force."""
    if what.eyes == "detector":
        return None
    return partial(ExactDetector, video, Noise() if what.eyes == "noise" else None)


def play_all(
    plays: Iterable[Play],
    *,
    processes: int = 2,
    folder: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Played]:
    """Plays the scenes, `processes` at a time, each in a process of its own; `tell` is given a line about each."""
    waiting, out = list(plays), []
    with ExitStack() as stack:
        each: Iterator[Played] = map(play, waiting, [folder] * len(waiting))
        if processes > 1:
            pool = stack.enter_context(ProcessPoolExecutor(processes, mp_context=get_context("spawn")))
            each = pool.map(play, waiting, [folder] * len(waiting))
        for played in each:
            out.append(played)
            if tell is not None:
                tell(f"{played.play.name}: F1 {number(score(judge([played])).total.f1, 2)}")
    return out


def judge(played: Sequence[Played], *, least: float = 0.0) -> list[Comparison]:
    """Compares each scene with its truth, over the kinds labelled anywhere in its domain; of alarms only those at least so
    sure.
    """
    labelled: dict[str, set[str]] = {}
    for each in played:
        kinds = {mark.kind for mark in each.truth.marks} if each.truth.kinds is None else each.truth.kinds
        labelled.setdefault(each.play.domain, set()).update(kinds)
    return [
        compare(
            each.truth.marks,
            [mark for mark in each.found if mark.kind not in ALARMS or mark.confidence >= least],
            kinds=labelled[each.play.domain] if each.truth.kinds is None else each.truth.kinds,
            duration=each.truth.duration,
            name=each.play.name,
            domain=each.play.domain,
        )
        for each in played
    ]


def mistakes(comparisons: Iterable[Comparison]) -> Iterable[str]:
    """A line for everything missed and every false alarm."""
    for each in comparisons:
        wrong = [("missed", mark) for mark in each.missed] + [("false", mark) for mark in each.false]
        for what, mark in sorted(wrong, key=lambda w: w[1].span):
            when = f"{clock_text(mark.span.start)}–{clock_text(mark.span.end)}"
            yield f"{each.name:16} {what:7} {mark.kind:15} {when:18} {mark.zone or ''}"


def show(title: str, of: EventScore) -> None:
    """Prints the table."""
    table = Table(*EVENT_TITLES, title=title, title_justify="left", box=None)
    for row in event_rows(of):
        table.add_row(*row)
    Console().print(table)


def seeds_of(text: str) -> list[int]:
    """`1-5,9` → 1, 2, 3, 4, 5, 9."""
    out: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        out += range(int(first), int(last or first) + 1)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays, scores and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", action="append", required=True, help="kind of scene; may be given again")
    parser.add_argument("--seeds", type=seeds_of, default=[1, 2], help="such as 1-20")
    parser.add_argument("--seconds", type=float, help="cut the scenes short")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--folder", type=Path, help="keep the rendered scenes here")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--mistakes", action="store_true", help="also list what was missed and falsely told")
    eyes = parser.add_mutually_exclusive_group()
    for name, words in (
        ("exact", "the truth's boxes"),
        ("noise", "the truth's boxes, jittered and now and then missed"),
    ):
        eyes.add_argument(f"--{name}", dest="eyes", action="store_const", const=name, default="detector",
                          help=f"see with {words} in place of the detector's")  # fmt: skip
    chosen = parser.parse_args(arguments)
    plays = [
        Play(domain=kind, kind=kind, seed=seed, seconds=chosen.seconds, eyes=chosen.eyes)
        for kind in chosen.kind
        for seed in chosen.seeds
    ]
    comparisons = judge(play_all(plays, processes=chosen.processes, folder=chosen.folder))
    scores = by_domain(comparisons)
    for domain, each in scores.items():
        show(f"{domain}: {each.streams} scenes", each)
    if chosen.mistakes:
        print("\n".join(mistakes(comparisons)))
    if chosen.json:
        figures = {domain: event_figures(each) for domain, each in scores.items()}
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
