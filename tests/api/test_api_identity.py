"""Who is who over HTTP and on the command line: timelines across streams, merge and split, and who may."""

from __future__ import annotations

from typing import Any

from core import ids
from core.ids import StreamId
from helpers import observations as say


def asked(door, method: str, path: str, status: int = 200, **more: Any) -> Any:
    """The JSON of a request that is to be answered so."""
    answer = door.client.request(method, path, **more)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def people(door) -> tuple[str, str]:
    """The person at the dock and the one in the yard."""
    door.add_stream()
    door.add_stream("yard")
    out = []
    for name in ("dock", "yard"):
        stream = StreamId(ids.stream_id(name))
        out.append(say.entity(1, "person", 1, 12, stream=stream).id)
    return out[0], out[1]


def test_two_visits_become_one_thing_and_two_again(door) -> None:
    dock, yard = people(door)
    merged = asked(door, "POST", f"/v1/entities/{dock}/merge", json={"with": [yard]})
    assert set(merged["entities"]) == {dock, yard}
    assert [(x["same"], x["source"], x["score"]) for x in merged["links"]] == [(True, "hand", 1.0)]
    told = door.get(f"/v1/entities/{yard}/timeline")
    assert told["entity"]["id"] == yard
    assert set(told["streams"]) == {"dock", "yard"}
    assert len(told["events"]) == 8
    assert {e["starts_at"] for e in told["events"]} == {None}
    split = asked(door, "POST", f"/v1/entities/{yard}/split")
    assert (split["entities"], split["was"]) == ([yard], [dock])
    assert door.get(f"/v1/entities/{yard}/timeline")["streams"] == ["yard"]
    again = asked(door, "POST", f"/v1/entities/{yard}/merge", json={"with": split["was"]})
    assert set(again["entities"]) == {dock, yard}


def test_what_makes_no_sense_is_refused(door) -> None:
    dock, _ = people(door)
    asked(door, "POST", f"/v1/entities/{dock}/merge", 404, json={"with": ["en_nobody"]})
    asked(door, "POST", f"/v1/entities/{dock}/merge", 422, json={"with": [dock]})
    asked(door, "POST", f"/v1/entities/{dock}/merge", 422, json={"with": []})
    asked(door, "POST", f"/v1/entities/{dock}/split", 409)
    assert asked(door, "GET", "/v1/entities/en_nobody/timeline", 404)


def test_ways_between_streams_are_kept_and_taken_back(door) -> None:
    people(door)
    put = asked(door, "PUT", "/v1/passages", json={"streams": ["yard", "dock"], "least_s": 20})
    assert put == {"streams": ["yard", "dock"], "least_s": 20.0, "together": False}
    asked(door, "PUT", "/v1/passages", json={"streams": ["dock", "yard"], "together": True})
    assert [x["together"] for x in door.get("/v1/passages")["items"]] == [True]
    asked(door, "DELETE", "/v1/passages", 204, params={"one": "dock", "other": "yard"})
    assert door.get("/v1/passages")["items"] == []
    asked(door, "DELETE", "/v1/passages", 404, params={"one": "dock", "other": "yard"})
    asked(door, "PUT", "/v1/passages", 422, json={"streams": ["dock", "dock"]})
