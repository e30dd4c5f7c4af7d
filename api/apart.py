"""Watching apart from what is remembered: in a fresh data folder that goes when the score is known."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from api.watching import watch_one
from api.wiring.house import build
from core.errors import NotFound
from core.media import Stream
from core.memory import Entity, Event, Query, Want
from core.ports import Detector, House
from core.settings import Settings, read_settings
from core.sight import Track
from ingest.source import digest

ZONES = (".zones.yaml", ".zones.yml", ".zones.json")
"""How the file beside a video that says what is drawn on it may end, after the video's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A house whose memory holds nothing but what is watched in it, and the settings it was built from."""

    house: House
    settings: Settings

    def watch(self, video: Path, zones: Path | None = None) -> Stream:
        """Watches the video to its end, with the zones file given or the one beside it."""
        zones = zones or zones_beside(video)
        seen = watch_one(
            str(video), name=self._name(video), zones=zones, house=self.house, settings=self.settings
        )
        stream = self.house.ledger.get(Stream, seen.id)
        if stream is None:
            raise NotFound("the stream was forgotten while it was watched")
        return stream

    def _name(self, video: Path) -> str:
        """The file's name; with its folder's where another file has that name already."""
        taken = [
            row for row in self.house.ledger.find(Stream, name=video.stem) if row.digest != digest(video)
        ]
        return f"{video.resolve().parent.name}-{video.stem}" if taken else video.stem

    def events(self, stream: Stream) -> tuple[Event, ...]:
        """All that happened in the stream."""
        return self.house.store.find(Query(want=Want.EVENTS, streams=(stream.id,))).events

    def entities(self, stream: Stream) -> tuple[Entity, ...]:
        """All who were in the stream."""
        return self.house.store.find(Query(want=Want.ENTITIES, streams=(stream.id,))).entities

    def tracks(self, stream: Stream) -> tuple[Track, ...]:
        """All that was followed in the stream."""
        return self.house.store.find(Query(want=Want.TRACKS, streams=(stream.id,))).tracks


@contextmanager
def apart(
    home: Path | None = None, *, detector: Callable[[], Detector] | None = None, **settings: object
) -> Iterator[Apart]:
    """A house of its own for a while, with the settings in force but for where things are kept.

    `home` keeps what is watched for the next time; without it, it is gone at the end. `settings` override others.
    `detector` makes the (picklable) detectors to watch with in place of those the settings name.
    """
    with tempfile.TemporaryDirectory(prefix="sightline-apart-") as folder:
        own = {"home": home or Path(folder), "store": "", "media": "", "queue": "inline:"}
        chosen = read_settings(**{**settings, **own})
        house = build(chosen)
        yield Apart(house=house if detector is None else replace(house, detector=detector), settings=chosen)


def zones_beside(video: Path) -> Path | None:
    """The zones file of that video, where one lies beside it."""
    return next((p for end in ZONES if (p := video.with_name(video.stem + end)).is_file()), None)
