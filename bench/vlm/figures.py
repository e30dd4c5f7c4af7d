"""`python -m bench vlm [--short] [--json FILE] [--only throughput|quiet|misbehaviour] [--hours H]`: the figures about models."""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.vlm import misbehaviour, quiet, throughput


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: what, how much, the bar, and whether it was met."""

    what: str
    value: str
    bar: str
    met: bool


def _throughput(short: bool, hours: float, folder: Path) -> tuple[list[Figure], dict[str, Any]]:
    found = throughput.measure(8 * throughput.SLOTS if short else 24 * throughput.SLOTS, folder)
    twice = found.encoded - found.shown
    beside = f"beside: {found.watched_s:.0f} s of video watched in {found.watching_s:.0f} s"
    return [
        Figure(
            what=f"replies a second, {found.calls} calls, 1.0 s latency, 32 slots, {beside}",
            value=f"{found.achieved:.1f} of {found.ideal:.0f} = {found.share:.3f}",
            bar="≥ 0.90",
            met=found.share >= 0.90,
        ),
        Figure(what="the same by a naive client", value=f"{found.naive:.2f}", bar="", met=True),
        Figure(
            what="in flight on average (Little: rate × latency)",
            value=f"{found.in_flight:.1f}",
            bar="",
            met=True,
        ),
        Figure(
            what=f"pictures encoded twice, of {found.shown}",
            value=str(max(0, twice)),
            bar="0",
            met=twice <= 0,
        ),
        Figure(
            what="calls with the same prefix",
            value=f"{found.same_prefix:.1%}",
            bar="100 %",
            met=found.same_prefix == 1.0,
        ),
    ], {**asdict(found), "share": found.share}


def _quiet(short: bool, hours: float, folder: Path) -> tuple[list[Figure], dict[str, Any]]:
    found = quiet.measure(hours, folder)
    about = f"{found.hours:g} h, {found.episodes} times something happens, watched in {found.watch_s:.0f} s"
    return [
        Figure(
            what=f"calls against one every 10 s ({about})",
            value=f"{found.calls} of {found.fixed_calls} = {found.share:.3f}",
            bar="≤ 0.15",
            met=found.share <= 0.15,
        ),
        Figure(
            what=f"recall of {found.events} true events",
            value=f"{found.recall:.4f}",
            bar="≥ 0.98",
            met=found.recall >= 0.98,
        ),
    ], {**asdict(found), "share": found.share, "recall": found.recall}


def _misbehaviour(short: bool, hours: float, folder: Path) -> tuple[list[Figure], dict[str, Any]]:
    logging.disable(logging.WARNING)  # a thousand warnings are what is asked for here
    try:
        found = misbehaviour.run(100 if short else 1000)
    finally:
        logging.disable(logging.NOTSET)
    share = found.surfaced / found.bad
    return [
        Figure(
            what=f"bad replies told as such, of {found.bad} in {found.replies}",
            value=f"{share:.1%}",
            bar="100 %",
            met=share == 1.0,
        ),
        Figure(what="false successes", value=str(found.false_successes), bar="0", met=not found.false_successes),
        Figure(what="alerts from stray words", value=str(found.false_alerts), bar="0", met=not found.false_alerts),
        Figure(what="tools called by text in pictures", value=str(found.tools_called), bar="0", met=not found.tools_called),
        Figure(what="good replies not taken", value=str(found.lost_good), bar="0", met=not found.lost_good),
    ], asdict(found)  # fmt: skip


PARTS: dict[str, Callable[[bool, float, Path], tuple[list[Figure], dict[str, Any]]]] = {
    "throughput": _throughput,
    "quiet": _quiet,
    "misbehaviour": _misbehaviour,
}


def main(arguments: list[str]) -> int:
    """Measures, prints the table and writes the JSON; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench vlm", description=__doc__)
    parser.add_argument("--short", action="store_true", help="an hour, a hundred replies, fewer calls")
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="only this part")
    parser.add_argument("--hours", type=float, help="length of the quiet recording; default: 8, short: 1")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    chosen = parser.parse_args(arguments)
    hours = chosen.hours or (1.0 if chosen.short else 8.0)
    table, written, met = Table("what", "measured", "bar", "met"), {}, True
    for name in chosen.only or PARTS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="sightline-vlm-") as folder:
            figures, raw = PARTS[name](chosen.short, hours, Path(folder))
        load = [round(each, 2) for each in os.getloadavg()]
        written[name] = {**raw, "took_s": round(time.monotonic() - began, 1), "load": load}
        for figure in figures:
            met &= figure.met
            table.add_row(figure.what, figure.value, figure.bar, "yes" if figure.met else "no")
    Console(width=150).print(table)
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(written, indent=1, default=str) + "\n")
    return 0 if met else 1
