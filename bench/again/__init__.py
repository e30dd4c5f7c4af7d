"""The same people and trucks before several cameras, one after another: is each known again, and nobody taken for another?"""

from bench.again.figures import main

__all__ = ["main"]
