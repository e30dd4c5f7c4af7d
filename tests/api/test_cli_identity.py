"""Who is who, what changed and forgetting, on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.wiring.house import build
from core import ids
from core.clock import SECOND
from core.media import Stream, StreamState
from core.settings import read_settings
from helpers import observations as say
from helpers.command import Sightline

NAMES = ("dock", "yard")
BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def line(home: Path) -> Sightline:
    """A house that remembers a red person on two streams, a minute apart."""
    house = build(read_settings())
    for n, name in enumerate(NAMES):
        stream = ids.stream_id(name)
        house.ledger.put(
            Stream(
                id=stream, name=name, source=f"/no/{name}.mp4", shown_source=f"{name}.mp4", duration=20 * SECOND,
                state=StreamState.WATCHED, started_at=BEGAN + timedelta(minutes=n), added_at=BEGAN,
            )
        )  # fmt: skip
        person = say.entity(1, "person", 1, 9, stream=stream, upper="red")
        moments = [
            say.event("appeared", 1, None, person, stream=stream),
            say.event("left", 9, None, person, stream=stream),
        ]
        house.store.write(
            say.observation(0, person, *moments, say.coverage(0, 10, stream=stream), stream=stream)
        )
    house.ledger.close()  # type: ignore[attr-defined]
    house.store.close()  # type: ignore[attr-defined]
    return Sightline(home)


@pytest.mark.slow
def test_from_two_visits_to_one_thing_to_nothing(line: Sightline) -> None:
    dock, yard = (say.entity(1, stream=ids.stream_id(name)).id for name in NAMES)
    assert set(line.run("entities", "merge", dock, yard, "--json").json["entities"]) == {dock, yard}
    told = line.run("timeline", yard, "--json").json
    assert [(e["stream"], e["kind"]) for e in told["events"]] == [
        ("dock", "appeared"), ("dock", "left"), ("yard", "appeared"), ("yard", "left"),
    ]  # fmt: skip
    assert "2026-03-02 08:01:01" in line.run("timeline", dock).out
    assert line.run("entities", "split", yard, "--json").json["was"] == [dock]
    assert "at least 20 s" in line.run("entities", "passage", "dock", "yard", "--least", 20).err
    assert line.run("changes", "--day", "2026-03-02", "--json").json["changes"] == []
    removed = line.run("forget", "--entity", dock, "--yes", "--json").json["removed"]
    assert (removed["entities"], removed["events"]) == (1, 2)
    assert "no entity" in line.run("timeline", dock, expect=2).err
    span = line.run("forget", "--stream", "yard", "--from", 0, "--to", 5, "--yes", "--json").json["removed"]
    assert span["chunks"] == 1
    assert "nothing to forget" in line.run("retain").out
    assert line.run("retain", "--days", 1, "--json").json["removed"]["streams"] == 2


@pytest.mark.slow
def test_a_half_understood_wish_forgets_nothing(line: Sightline) -> None:
    dock = say.entity(1, stream=ids.stream_id("dock")).id
    for wish in (("--entity", dock, "--from", 0), ("--entity", dock, "--to", 5)):
        assert "forgotten whole" in line.run("forget", *wish, "--yes", expect=2).err
    assert "about entities" in line.run("forget", "--stream", "dock", "--everywhere", "--yes", expect=2).err
    assert len(line.run("timeline", dock, "--json").json["events"]) == 2
