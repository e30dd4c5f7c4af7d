"""What a memory costs and how fast it answers at a million events: `python -m bench memory`."""

from __future__ import annotations

from bench.memory.cli import main

__all__ = ["main"]
