"""`python -m bench seeing`: every figure of seeing in one run, each beside what was asked of it.

Real clips, their questions and weights are looked for in SIGHTLINE_TEST_DATA (default `../shared`); without them the
rendered scenes and the speed of the default are left. One set of settings for all clips and scenes.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.seeing import mistakes, questions, scenes, speed, tracking
from core.memory import ALARMS, WAKES_FROM
from evaluate.events import HOUR, EventScore, by_domain
from evaluate.show import event_figures, number

say = Console()
DOMAINS = ("warehouse", "traffic", "sports")
ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Sheet:
    """The figures as they come: what was asked, what was reached, and everything else for the JSON file."""

    short: bool
    data: Path | None
    keep: Path
    processes: int
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> Path | None:
        """The folder with detector weights, if it is here."""
        folder = self.data / "models" if self.data else None
        return folder if folder and folder.is_dir() else None

    def note(self, what: str, wanted: str, reached: str) -> None:
        """One figure."""
        self.asked.append((what, wanted, reached))
        say.print(f"  {what}: wanted {wanted}, reached {reached}", highlight=False)

    def write(self, to: Path) -> None:
        """All of it so far as JSON."""
        figures = {"asked": self.asked, **self.figures}
        to.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def of_questions(sheet: Sheet) -> None:
    """Accuracy by domain and type, with weights and without, and where the answers point."""
    if sheet.data is None:
        say.print("no test data: no questions about real clips")
        return
    only = "traffic/" if sheet.short else ""
    ways = {"with weights": sheet.weights, "without weights": None}
    got = {}
    for way, weights in ways.items():
        if way == "without weights" or weights is not None:
            got[way] = questions.examine(
                sheet.data, sheet.keep / way.replace(" ", "_"), weights=weights, only=only
            )
    tables = {way: one.table() for way, one in got.items()}
    _questions_table(tables)
    for way, one in got.items():
        sheet.figures[f"questions {way}"] = {
            "rows": tables[way], "cited": one.cited, "citing": one.citing, "realtime": one.realtime
        }  # fmt: skip
        sheet.note(
            f"accuracy {way}", "≥ 0.58" if way == "with weights" else "≥ 0.47", f"{one.accuracy():.3f}"
        )
        sheet.note(
            f"citations overlapping the evidence {way}", "≥ 0.90", f"{one.cited / max(one.citing, 1):.3f}"
        )
    if (seen := got.get("with weights")) is not None:
        for kind in ("count", "direction"):
            sheet.note(f"{kind} questions with weights", "≥ 0.65", f"{seen.accuracy(_of_type(kind)):.3f}")


def _of_type(kind: str) -> Callable[[questions.Asked], bool]:
    return lambda one: one.type == kind


def _questions_table(tables: dict[str, list[tuple[str, int, int]]]) -> None:
    shown = Table("questions", *tables, "chance", box=None)
    for rows in zip(*tables.values(), strict=True):
        cells = [f"{right}/{asked} · {right / asked:.1%}" for _, right, asked in rows]
        shown.add_row(rows[0][0], *cells, f"{questions.CHANCE:.0%}")
    say.print(shown)


def of_tracking(sheet: Sheet) -> None:
    """HOTA beside plain ByteTrack on the clips that have tracks as truth."""
    clips = sorted((sheet.data / "data" / "clips").rglob("*.gt.txt")) if sheet.data else []
    videos = [
        next(
            p
            for p in truth.parent.glob(f"{truth.name.removesuffix('.gt.txt')}.*")
            if p.suffix in (".mp4", ".avi")
        )
        for truth in clips
    ]
    if not videos:
        say.print("no clips with tracks as truth: no tracking figures")
        return
    ways = {"with weights": str(sheet.weights)} if sheet.weights else {}
    for way, models in {**ways, "without weights": ""}.items():
        found = tracking.measure(videos, models)
        tracking.show(way, found)
        sheet.figures[f"tracking {way}"] = tracking.figures(found)
        ours, peer, times = tracking.ratio(found)
        wanted = "≥ 1.0 ×" if way == "with weights" else "reported"
        sheet.note(
            f"HOTA over ByteTrack's {way}",
            wanted,
            f"{ours:.3f} / {peer:.3f} = {times:.2f} ×",
        )


def of_scenes(sheet: Sheet) -> None:
    """Events of rendered scenes against their exact truth, with the default detector: no weights."""
    seeds = range(1, 2 if sheet.short else 21)
    seconds = 25.0 if sheet.short else None
    plays = [
        scenes.Play(domain=domain, kind=domain, seed=seed, seconds=seconds)
        for domain in DOMAINS
        for seed in seeds
    ]
    played = scenes.play_all(plays, processes=sheet.processes, tell=say.print)
    comparisons, waking = scenes.judge(played), by_domain(scenes.judge(played, least=WAKES_FROM))
    for domain, one in by_domain(comparisons).items():
        scenes.show(f"{domain}: {one.streams} scenes", one)
        sheet.figures[f"scenes {domain}"] = event_figures(one)
        total = one.total
        sheet.note(f"{domain}: event F1", "≥ 0.85", number(total.f1, 2))
        _note_alarms(sheet, domain, one, waking[domain])
        sheet.note(f"{domain}: median seconds to detect", "≤ 1.5", number(total.delay_s, 2))
    lines = list(scenes.mistakes(comparisons))
    (sheet.keep / "scene_mistakes.txt").write_text("\n".join(lines) + "\n")


def _note_alarms(sheet: Sheet, domain: str, told: EventScore, waking: EventScore) -> None:
    """False alarms among those that wake somebody, and, so that nobody is misled, what that costs and what else is told."""
    every, woken = (
        [counts for kind, counts in score.kinds.items() if kind in ALARMS] for score in (told, waking)
    )
    hours = max(told.duration, 1) / HOUR
    sheet.note(
        f"{domain}: false alarms a stream-hour, of confidence {WAKES_FROM:g} or more",
        "≤ 1",
        f"{sum(c.unfounded for c in woken) / hours:.1f}",
    )
    sheet.note(
        f"{domain}: … of any confidence",
        "reported",
        f"{sum(c.unfounded for c in every) / hours:.1f} "
        f"({sum(c.false for c in every) / hours:.1f} with true ones told again)",
    )
    right, found = sum(c.right for c in woken), sum(c.right for c in every)
    there = found + sum(c.missed for c in every)
    sheet.note(
        f"{domain}: true alarms of that confidence, of those found · of all there were",
        "≥ 0.8 · reported",
        f"{right} of {found} · of {there}",
    )


def of_speed(sheet: Sheet) -> None:
    """What a 720p stream costs, with YOLOX-nano and without weights."""
    rows = speed.measure(models=sheet.weights, length=20.0 if sheet.short else 60.0)
    speed.show(rows)
    for row in rows:
        wanted = row.detector == "yolox_nano"
        sheet.note(
            f"one 720p stream at 5 looks a second, {row.detector}",
            "≤ 40 % of a core" if wanted else "reported",
            f"{row.core:.0%}",
        )
        sheet.note(
            f"a 720p file at that, {row.detector}",
            "≥ 4 × real time" if wanted else "reported",
            f"{row.realtime:.1f} ×",
        )
    sheet.figures["speed"] = [{"detector": r.detector, "core": r.core, "realtime": r.realtime} for r in rows]


PARTS: dict[str, Callable[[Sheet], None]] = {
    "questions": of_questions,
    "tracking": of_tracking,
    "scenes": of_scenes,
    "speed": of_speed,
}


def main(arguments: list[str]) -> int:
    """Measures what is named (default: all), prints it, and with --json writes it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench seeing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument(
        "--short", action="store_true", help="a few clips, one scene of each kind, seconds of each"
    )
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--keep", type=Path, help="keep memories and lists of mistakes in this folder")
    parser.add_argument("--pictures", type=Path, help="draw the ten worst answers into this folder")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.parts) - set(PARTS))
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}: there is {', '.join(PARTS)}")
    data = (ROOT / os.environ.get("SIGHTLINE_TEST_DATA", "../shared")).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        keep = chosen.keep or Path(scratch)
        keep.mkdir(parents=True, exist_ok=True)
        sheet = Sheet(
            short=chosen.short,
            data=data if (data / "data").is_dir() else None,
            keep=keep,
            processes=chosen.processes,
        )
        for name in chosen.parts or PARTS:
            PARTS[name](sheet)
            if chosen.json:  # after each part: an hour of figures should not hang on the last of them
                sheet.write(chosen.json)
        if chosen.pictures and sheet.data is not None:
            _show_mistakes(sheet, chosen.pictures)
    table = Table("figure", "wanted", "reached", box=None)
    for row in sheet.asked:
        table.add_row(*row)
    say.print(table)
    return 0


def _show_mistakes(sheet: Sheet, folder: Path) -> None:
    """Draws the wrong answers that were surest, of the memory made with weights where there is one."""
    homes = [home for way in ("with_weights", "without_weights") if (home := sheet.keep / way).is_dir()]
    if not homes:
        return
    assert sheet.data is not None
    found = mistakes.worst(sheet.data, homes[0])
    for one, picture in zip(found, mistakes.draw(homes[0], found, folder), strict=True):
        say.print(f"{picture.name}: {mistakes.words(one)}\n", highlight=False, markup=False)


if __name__ == "__main__":
    raise SystemExit(main([]))
