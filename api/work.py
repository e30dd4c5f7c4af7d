"""What a worker process of `sightline worker` does: builds the house, runs jobs from the queue, ends when it is to."""

from __future__ import annotations

import os
import signal
import sys
import threading

from api.cli.io import exit_status, logging_to_stderr, report
from core.errors import SightlineError

STOP_S = 3.0
DEAF = os.EX_TEMPFAIL


def main() -> None:
    """Works under the id that is the first argument, until standard input ends or SIGTERM comes."""
    try:
        with logging_to_stderr():
            _work(sys.argv[1])
    except SightlineError as error:
        report(error)
        sys.exit(exit_status(error))


def _work(id: str) -> None:
    from api.wiring.hands import worker
    from api.wiring.house import build
    from core.settings import read_settings
    from jobs.outbox import OutboxLoop

    settings = read_settings()
    house = build(settings)
    outbox = OutboxLoop(house.ledger, house.notifier, house.clock)
    # What waits is untouched and what is delivered is written down: a deaf worker has nothing to tidy.
    hands = worker(house, settings, id=id, wake=outbox.wake, on_deaf=lambda: os._exit(DEAF))
    told_to_end = threading.Event()

    def end() -> None:
        told_to_end.wait()
        hands.stop(patience_s=STOP_S)

    threading.Thread(target=end, name="end", daemon=True).start()
    threading.Thread(target=_wait_for_parent, args=(told_to_end,), name="parent", daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.set())
    try:
        hands.run()
    finally:
        outbox.close()


def _wait_for_parent(gone: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    gone.set()
