"""`python -m bench faults [PART …] [--short] [--json FILE]`: each part does what goes wrong and checks what comes of it."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from bench.faults.part import Part, show, write

PARTS: dict[str, str] = {"cameras": "bench.faults.cameras", "media": "bench.faults.media"}
"""Name of a part → its module, with `measure(short) -> Part`."""


def main(arguments: list[str]) -> int:
    """Runs the parts, prints them, and returns 1 where a bound was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench faults", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--short", action="store_true", help="a few of each kind")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}")
    done: dict[str, Part] = {}
    for name in chosen.parts or PARTS:
        done[name] = importlib.import_module(PARTS[name]).measure(short=chosen.short)
        show(done[name])
    if chosen.json:
        write(done, chosen.json)
    return int(any(part.missed for part in done.values()))
