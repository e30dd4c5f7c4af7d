"""The writer that is killed: `python -m bench.memory.writer URL FIRST`.

It writes the story's observations from that number on, and says each one's number when `write` has returned.
"""

from __future__ import annotations

import sys
import time

from bench.memory.cli import backend
from bench.memory.faults import LIFE, story

_PATIENCE_S = 120.0


def main(arguments: list[str]) -> int:
    """Writes until it is killed."""
    url, first = arguments[0], int(arguments[1])
    store, began = backend(url).open_store(url), time.monotonic()
    for number in range(first, LIFE.observations):
        store.write(story(number))
        print(number, flush=True)
        if time.monotonic() - began > _PATIENCE_S:  # whoever was to kill it is gone
            break
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
