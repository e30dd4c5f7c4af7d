"""`python -m bench NAME [--short]`: runs a benchmark, or `scenes` to render one; `all` runs every benchmark."""

from __future__ import annotations

import argparse
import importlib
import sys

BENCHMARKS: dict[str, str] = {
    "again": "who is known again before several cameras: precision and recall of pairs",
    "faults": "cameras that go and come, videos that are damaged, and what is lost by it",
    "memory": "what a memory of a million events costs, how fast it answers, and that it survives its writer",
    "seeing": "questions about real clips, tracks and events against truth, what a stream costs",
    "vlm": "how busy a model server is kept, what it is asked, and that nothing it says is taken for more than it is",
    "sources": "what reading a source costs beside ffmpeg and the best readers, and whether every picture is the right one",
    "speed": "whole watch of a clip beside plain decoding of the same file",
}
"""Name of a module here with `main(arguments) -> int` → what it measures."""

TOOLS: dict[str, tuple[str, str]] = {
    "scenes": ("scenes.cli", "render a scene with its truth: scenes --seed 7 --out DIR"),
    "train_vlm": (
        "train_vlm",
        "train the tiny vision-language model that tests ask (needs `make setup-local`)",
    ),
}
"""Name → the module with `main(arguments) -> int`, and what it does; not run by `all`."""


def main(arguments: list[str]) -> int:
    """Runs what is named first and returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, epilog=_listing(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("name", choices=["all", *TOOLS, *BENCHMARKS])
    chosen, rest = parser.parse_known_args(arguments[:1])[0], arguments[1:]
    if chosen.name in TOOLS:
        return int(importlib.import_module(f"bench.{TOOLS[chosen.name][0]}").main(rest))
    names = list(BENCHMARKS) if chosen.name == "all" else [chosen.name]
    return max(int(importlib.import_module(f"bench.{name}").main(rest)) for name in names)


def _listing() -> str:
    rows = {**BENCHMARKS, **{name: what for name, (_, what) in TOOLS.items()}}
    return "\n".join(f"  {name:10} {what}" for name, what in rows.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
