"""What changed, over HTTP: the shape of it, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from core.clock import Span
from core.memory import CoverageState
from helpers import observations as say

HOUR = 3600


def test_what_changed_points_at_events_that_can_be_played(door) -> None:
    stream = door.add_stream(learned=False)
    row = door.house.ledger.get(type(stream), stream.id)
    door.house.ledger.put(replace(row, started_at=datetime(2026, 3, 2, tzinfo=UTC)))
    for day in range(5):
        start = (day * 24 + 9) * HOUR
        whole = Span.of_seconds(start, start + HOUR)
        looked = replace(say.coverage(0, 1, CoverageState.LOOKED, stream=stream.id), span=whole)
        stops = [
            say.event("stopped", start + n * 60, None, zone="dock", stream=stream.id)
            for n in range(20 if day == 4 else 2)
        ]
        door.house.store.write(say.observation(start // 10, looked, *stops, stream=stream.id))
    body = door.get("/v1/changes", params={"day": "2026-03-06", "stream": "dock"})
    assert (body["day"], body["since"], body["unlooked_hours"]) == ("2026-03-06", "2026-02-20", [])
    (change,) = body["changes"]
    assert (change["zone"], change["kind"], change["hour"], change["count"], change["expected"], change["more"]) == (
        "dock", "stopped", 9, 20, 2.0, True,
    )  # fmt: skip
    assert (change["days"], change["looked_s"]) == (4, 3600.0)
    assert len(change["events"]) == 5
    assert change["events"][0]["stream"] == "dock"
    assert change["events"][0]["start_s"] == (4 * 24 + 9) * HOUR


def test_an_unknown_time_zone_and_streams_without_a_clock_are_refused(door) -> None:
    door.add_stream()
    for params in ({"tz": "Mars/Olympus"}, {}, {"day": "yesterday"}, {"days": 1}):
        answer = door.client.get("/v1/changes", params=params)
        assert answer.status_code == 422, params
        assert answer.json()["next_step"]
