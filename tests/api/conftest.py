"""A served house for tests of the front doors: real stores in a folder, a watcher that learns a known scene at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from alerts.fakes import RecordingNotifier
from api.app import create_app
from api.keys import create_key
from core import ids
from core.clock import SECOND, VirtualClock
from core.ids import StreamId
from core.media import Stream, StreamState
from core.memory import CoverageState, Observation
from core.place import Box
from core.ports import House
from core.settings import Settings, read_settings
from core.sight import Reading
from core.work import Progress
from graph.ledger import SqliteLedger
from graph.media import FolderMedia
from graph.sqlite.store import SqliteStore
from helpers import observations as say
from ingest.pipeline import Watched
from ingest.reopen import Reopener
from jobs.fakes import EagerExecutor
from jobs.handlers import handlers
from models.embed_words import WordEmbedder
from models.fakes import FakeDetector, FakeTracker
from models.fakes_ask import FakeVlm
from models.fakes_read import FakeReader


def scene(stream: StreamId) -> list[Observation]:
    """Twenty known seconds: a red person comes, stops at the dock and leaves; a forklift comes close to it."""
    person = say.entity(1, "person", 1, 12, stream=stream, upper="red")
    forklift = say.entity(2, "forklift", 8, 19, stream=stream, colour="yellow")
    first = say.observation(
        0,
        say.track(1, 1, 10, stream=stream),
        person,
        say.event("appeared", 1, None, person, stream=stream),
        say.event("stopped", 3, 7, person, zone="dock", stream=stream),
        say.caption(0, "A person in red stops at the dock.", stream=stream),
        say.coverage(0, 10, stream=stream),
        stream=stream,
    )
    second = say.observation(
        1,
        say.track(2, 10, 19, label="forklift", stream=stream),
        forklift,
        say.event("near_miss", 10.5, 11.5, forklift, person, stream=stream),
        say.event("left", 12, None, person, stream=stream),
        say.caption(1, "A forklift comes close to the person.", stream=stream),
        say.coverage(10, 18, stream=stream),
        say.coverage(18, 20, CoverageState.GATED, stream=stream),
        stream=stream,
    )
    return [first, second]


def learn_scene(
    stream: Stream,
    house: House,
    settings: Settings,
    *,
    progress: Progress,
    on_chunk: Callable[[Stream, Observation], None],
) -> Watched:
    """Stands for the pipeline: writes the known scene, chunk by chunk, as the real one does."""
    for number, observation in enumerate(scene(stream.id), 1):
        house.store.write(observation)
        on_chunk(stream, observation)
        progress(number / 2, f"{number} of 2 chunks")
    done = house.ledger.put(replace(stream, state=StreamState.WATCHED))
    return Watched(
        stream=done,
        chunks=2,
        events=4,
        entities=2,
        looked=18 * SECOND,
        gated=2 * SECOND,
        failed=0,
        seconds=0.1,
    )


@dataclass
class Door:
    """A served house, a client that holds an admin's key, and what tests look into."""

    app: FastAPI
    house: House
    settings: Settings
    client: TestClient
    notifier: RecordingNotifier
    vlm: FakeVlm

    def add_stream(
        self, name: str = "dock", *, learned: bool = True, source: str = "/nowhere/dock.mp4"
    ) -> Stream:
        """A stream of twenty seconds, with the known scene in memory."""
        stream = Stream(
            id=ids.stream_id(name), name=name, source=source, shown_source=Path(source).name,
            duration=20 * SECOND, width=320, height=240, codec="h264", fps=15.0, state=StreamState.WATCHED,
        )  # fmt: skip
        self.house.ledger.put(stream)
        for observation in scene(stream.id) if learned else ():
            self.house.store.write(observation)
        return stream

    def key(self, role: str) -> dict[str, str]:
        """The header of a fresh key of that role."""
        _, text = create_key(self.house.ledger, self.house.clock, name=role, role=role)
        return {"Authorization": f"Bearer {text}"}

    def anonymous(self) -> TestClient:
        """A client without a key."""
        return TestClient(self.app)

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.client.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def door(home: Path) -> Iterator[Door]:
    """The door."""
    home.mkdir()
    settings = read_settings(max_upload_mb=2)
    ledger, media = SqliteLedger(home / "ledger.db"), FolderMedia(home / "media")
    notifier, vlm = RecordingNotifier(), FakeVlm(["I see a dock."])
    house = House(
        store=SqliteStore(home / "memory.db"),
        ledger=ledger,
        media=media,
        vlm=vlm,
        embedder=WordEmbedder,
        embedder_of=lambda setting: WordEmbedder(),
        notifier=notifier,
        frames=Reopener(ledger, media, settings),
        clock=VirtualClock(),
        detector=FakeDetector,
        tracker=lambda _rate: FakeTracker(),
        reader=lambda: FakeReader(lambda _: [Reading(text="EXIT", box=Box(1, 2, 30, 12), score=0.9)]),
        reports=("something was chosen otherwise",),
    )
    executor = EagerExecutor(ledger, handlers(house, settings, watch=learn_scene), house.clock)
    app = create_app(house, settings, executor)
    _, text = create_key(ledger, house.clock, name="tests", role="admin")
    with TestClient(app, headers={"Authorization": f"Bearer {text}"}) as client:
        yield Door(app, house, settings, client, notifier, vlm)
