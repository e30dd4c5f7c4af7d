"""How fast and how rightly sources are read, beside the best peers: `python -m bench sources`."""

from bench.sources.cli import main

__all__ = ["main"]
