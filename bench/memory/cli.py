"""What a memory costs and how fast it answers when a hundred cameras have been watched for a month.

`python -m bench memory [--events 1000000] [--short] [--store URL] [--only rates,ask,…] [--json FILE]`. A life of so many
events is written through the store's public `write`; a store that holds part of it is filled up, so a long run may be
cut off and begun again. Parts: `rates` (writing beside a peer), `ask` (how long questions take, how many of the nearest
are found, how much memory that needs), `disk` (what an hour of real video takes; clips under SIGHTLINE_TEST_DATA). With
--faults the writer is killed, and nothing else is measured.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import os
import random
import resource
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from bench.figures import Figure, show
from bench.memory import ask, disk, faults
from bench.memory.life import Life

BACKENDS = {"sqlite": "bench.memory.sqlite", **dict.fromkeys(("neo4j", "bolt"), "bench.memory.neo4j")}
"""Scheme of a store's URL → the module with its half: `open_store`, `sound`, `rates`, `filled`, `size`, `exact`, `peers`, `SELECTIVE_MS`."""

RECALL, MEMORY_GB = 0.95, 1.0
_SHORT = 20_000


def backend(url: str) -> ModuleType:
    """The half of the bench for the store at a URL."""
    return importlib.import_module(BACKENDS[url.split(":", 1)[0]])


def questions(url: str, life: Life, each: int) -> list[Figure]:
    """How long questions take, how many of the nearest are found, and how much memory the asking process needed."""
    of = backend(url)
    store = of.open_store(url)
    figures = list(ask.measure(store, life, each=each, single_ms=of.SELECTIVE_MS))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    for name in ("likeness, everything", "likeness, one stream of them", "likeness, a rare kind"):
        (kind,) = (k for k in ask.kinds(life) if k.name == name)
        draw = random.Random(f"recall {name}")
        asked = [kind.ask(draw) for _ in range(20)]
        nearest = dict(zip(map(id, asked), of.exact(url)(asked), strict=True))
        reached = ask.recall(store, life, asked, lambda query, known=nearest: known[id(query)])
        figures.append(Figure(name=f"recall@10 · {name}", value=reached, least=RECALL))
    figures += of.peers(url)
    figures.append(Figure(name="peak memory of the process that asks", value=peak, unit="GB", most=MEMORY_GB))
    store.close()
    return figures


def apart(url: str, life: Life, each: int) -> list[Figure]:
    """The same in a process of its own, so that its memory is the store's and not the bench's."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(questions, url, life, each).result()


def run(url: str, life: Life, parts: set[str], *, short: bool) -> Iterator[Figure]:
    """The figures of these parts."""
    of = backend(url)
    window = min(2000 if short else 4000, life.observations // 2)
    if "rates" in parts:
        yield from of.rates(url, life, window)
    if "disk" in parts:
        folder = Path(os.environ.get("SIGHTLINE_TEST_DATA", "../shared"))
        yield from disk.figures(disk.clips(folder, short))
    if "ask" in parts:
        of.filled(url, life)
        yield of.size(url, life)
        yield from apart(url, life, 20 if short else 100)


def main(arguments: list[str]) -> int:
    """Measures and prints; with --json also writes the figures. Exit status 1 where one is missed (not with --short)."""
    parser = argparse.ArgumentParser(prog="python -m bench memory", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--short", action="store_true", help=f"{_SHORT:,} events, fewer questions")
    parser.add_argument(
        "--store", help="where to, sqlite:///path; a fresh file in a temporary folder if not given"
    )
    parser.add_argument("--only", default="rates,ask", help="the parts to run, by commas")
    parser.add_argument(
        "--faults",
        type=int,
        nargs="?",
        const=100,
        metavar="POINTS",
        help="kill the writer at so many random points (100) and nothing else",
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args(arguments)
    life = Life(events=_SHORT if chosen.short else chosen.events, streams=chosen.streams, days=chosen.days)
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.store or f"sqlite:///{folder}/memory.db"
        if chosen.faults:
            of = backend(url)
            figures = list(faults.figures(faults.campaign(url, of.open_store, of.sound, chosen.faults)))
        else:
            figures = list(run(url, life, set(chosen.only.split(",")), short=chosen.short))
    show(figures)
    if chosen.json:
        rows = [{**asdict(figure), "met": figure.met} for figure in figures]
        told = {
            "cores": os.cpu_count(),
            "events": life.events,
            "streams": life.streams,
            "days": life.days,
            "figures": rows,
        }
        chosen.json.write_text(json.dumps(told, indent=1) + "\n")
    return 0 if chosen.short else int(any(figure.met is False for figure in figures))
