"""What goes wrong with sources, done on purpose: cameras that go and come, files that are damaged."""

from bench.faults.cli import main

__all__ = ["main"]
