"""`sightline watch FOLDER --follow`: whatever arrives in a folder is watched, until the command is stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event

from api.cli.io import note, report
from api.following import Live, begin
from api.submit import free_name, name_from
from api.wire.stream import WatchedOut
from core.errors import SightlineError
from core.media import StreamState
from core.ports import House
from core.settings import Settings
from ingest.folder import Arrivals
from ingest.register import same_content
from ingest.source import digest

TURN_S = 1.0


def follow_folder(
    folder: Path,
    *,
    zones: Path | None,
    house: House,
    settings: Settings,
    told: Callable[[WatchedOut], None],
) -> None:
    """Watches every video in the folder and every one that comes, one after the other, until interrupted.

    What was watched before under any name is passed over; what cannot be watched is said, and the rest goes on.
    """
    arrivals = Arrivals(folder)
    asked = Event()

    def stop(*_: object) -> None:
        asked.set()  # where Python may not raise an interrupt (in a destructor), it would be lost
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    note(f"following {folder}; Ctrl-C stops")
    try:
        while not asked.is_set():
            for path in arrivals.complete(house.clock.now()):
                try:
                    _watch(path, zones=zones, house=house, settings=settings, told=told)
                except SightlineError as error:
                    report(error)
            house.clock.sleep(TURN_S)
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, before)
    note("stopped; what was written stays")


def _watch(
    path: Path, *, zones: Path | None, house: House, settings: Settings, told: Callable[[WatchedOut], None]
) -> None:
    there = same_content(house.ledger, digest(path))
    if there is not None and there.state is StreamState.WATCHED:
        note(f"{path.name}: known already, as {there.name}")
        return
    name = there.name if there else free_name(house.ledger, name_from(path.name))
    told(begin(str(path), name=name, zones=zones, house=house, settings=settings, live=Live())())
