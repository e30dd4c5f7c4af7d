"""`python -m bench scenes --seed 7 --out DIR`: renders one scene with its truth."""

from __future__ import annotations

import argparse
import time
from dataclasses import fields
from pathlib import Path

from bench.scenes.kinds import KINDS
from bench.scenes.render import render


def main(arguments: list[str]) -> int:
    """Renders and prints where everything lies."""
    parser = argparse.ArgumentParser(prog="python -m bench scenes", description=__doc__)
    parser.add_argument("--kind", default="dock", choices=sorted(KINDS))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("scenes"))
    parser.add_argument("--seconds", type=float, help="cut the scene short")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    files = render(chosen.kind, chosen.seed, chosen.out, seconds=chosen.seconds)
    for part in fields(files):
        print(f"{part.name:6} {getattr(files, part.name)}")
    print(f"rendered in {time.monotonic() - began:.1f} s")
    return 0
