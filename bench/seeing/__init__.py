"""How well and how fast Sightline sees: questions about real clips, tracks and events against truth, speed."""

from __future__ import annotations


def main(arguments: list[str]) -> int:
    """`python -m bench seeing`: see `bench/seeing/figures.py`."""
    from bench.seeing.figures import main as figures

    return figures(arguments)
