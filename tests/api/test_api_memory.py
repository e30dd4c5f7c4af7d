"""What was seen, in the exact shapes of the contract, page by page."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.find import page, read_cursor, write_cursor
from core.errors import Invalid
from core.memory import Query, Want
from graph.plain.store import MemoryStore
from helpers import observations as say

EVENT_FIELDS = {"id", "stream", "kind", "start_s", "end_s", "entities", "zone", "confidence", "evidence"}


def test_events_have_the_contracts_shape(door) -> None:
    door.add_stream()
    items = door.get("/v1/events", params={"stream": "dock"})["items"]
    assert [item["kind"] for item in items] == ["appeared", "stopped", "near_miss", "left"]
    stopped = items[1]
    assert stopped.keys() >= EVENT_FIELDS
    assert (stopped["stream"], stopped["start_s"], stopped["end_s"], stopped["zone"]) == (
        "dock",
        3.0,
        7.0,
        "dock",
    )
    (who,) = stopped["entities"]
    assert (who["label"], who["attributes"]) == ("person", {"upper": "red"})
    (piece,) = stopped["evidence"]
    assert piece == {"chunk": say.chunk(0).id, "time_s": 3.0, "box": [1.0, 2.0, 3.5, 4.0]}


@pytest.mark.parametrize(
    ("asked", "kinds"),
    [
        ({"kind": "stopped"}, ["stopped"]),
        ({"kind": ["stopped", "left"]}, ["stopped", "left"]),
        ({"from_s": 8, "to_s": 11}, ["near_miss"]),
        ({"zone": "dock"}, ["stopped"]),
        ({"label": "forklift"}, ["near_miss"]),
        ({"stream": "yard"}, []),
    ],
)
def test_events_are_filtered(door, asked: dict, kinds: list[str]) -> None:
    door.add_stream()
    door.add_stream("yard", learned=False)
    assert [item["kind"] for item in door.get("/v1/events", params=asked)["items"]] == kinds


def test_pages_hold_everything_once(door) -> None:
    door.add_stream()
    seen, cursor = [], None
    for _ in range(10):
        body = door.get("/v1/events", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))
        seen += [item["kind"] for item in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert seen == ["appeared", "stopped", "near_miss", "left"]


def test_a_broken_cursor_is_refused(door) -> None:
    answer = door.client.get("/v1/events", params={"cursor": "nonsense"})
    assert answer.status_code == 422
    assert "cursor" in answer.json()["detail"]


@settings(max_examples=40)
@given(say.histories(), st.integers(1, 5))
def test_paging_is_the_same_as_asking_for_all(history, limit: int) -> None:
    store = MemoryStore()
    for observation in history:
        store.write(observation)
    query = Query(want=Want.EVENTS)
    whole = list(store.find(query).events)
    seen, cursor = [], None
    while True:
        items, cursor = page(query, lambda q: store.find(q).events, limit=limit, cursor=cursor)
        seen += items
        if cursor is None:
            break
    assert seen == whole


def test_a_cursor_reads_back(door) -> None:
    event = say.event("stopped", 3, 7)
    assert read_cursor(write_cursor(event)) == (event.span.start, event.id)
    with pytest.raises(Invalid):
        read_cursor("!!")


def test_entities_and_their_timeline(door) -> None:
    door.add_stream()
    person, forklift = door.get("/v1/entities")["items"]
    assert (person["label"], forklift["label"]) == ("person", "forklift")
    body = door.get(f"/v1/entities/{person['id']}/timeline")
    assert body["entity"]["id"] == person["id"]
    assert [event["kind"] for event in body["events"]] == ["appeared", "stopped", "near_miss", "left"]
    assert door.client.get("/v1/entities/en_none/timeline").status_code == 404


def test_tracks_captions_and_coverage(door) -> None:
    door.add_stream()
    track = door.get("/v1/tracks", params={"stream": "dock"})["items"][0]
    assert track["label"] == "person"
    assert track["points"][0] == {"time_s": 1.0, "box": [10.0, 20.0, 30.0, 80.0], "score": 0.9}
    caption = door.get("/v1/captions")["items"][0]
    assert caption.keys() >= {"chunk", "start_s", "end_s", "text", "model"}
    assert caption["text"] == "A person in red stops at the dock."
    states = [(row["state"], row["start_s"], row["end_s"]) for row in door.get("/v1/coverage")["items"]]
    assert states == [("looked", 0.0, 10.0), ("looked", 10.0, 18.0), ("gated", 18.0, 20.0)]


@pytest.mark.parametrize("path", ["events", "entities", "tracks", "captions", "coverage"])
def test_an_unknown_stream_is_not_found_and_the_known_ones_are_named(door, path: str) -> None:
    door.add_stream()
    answer = door.client.get(f"/v1/{path}", params={"stream": "elsewhere"})
    assert answer.status_code == 404
    assert "dock" in answer.json()["next_step"]


def test_a_backward_span_is_refused(door) -> None:
    answer = door.client.get("/v1/events", params={"from_s": 5, "to_s": 4})
    assert answer.status_code == 422
    assert "to_s" in answer.json()["next_step"]


def test_a_search_gives_the_best_first_inside_its_bounds(door) -> None:
    door.add_stream()
    body = door.get("/v1/search", params={"q": "near miss with a forklift", "stream": "dock"})
    assert body["note"] == ""
    first = next(item for item in body["items"] if item["event"])
    assert first["event"]["kind"] == "near_miss"
    assert "words" in first["found_by"]
    assert first["caption"] is None
    assert any(item["caption"] for item in body["items"])
    only = door.get("/v1/search", params={"q": "near miss", "kind": "stopped"})["items"]
    assert {item["event"]["kind"] for item in only} <= {"stopped"}
    assert door.client.get("/v1/search").status_code == 422
    assert door.client.get("/v1/search", params={"q": "x", "stream": "none"}).status_code == 404
    assert door.anonymous().get("/v1/search", params={"q": "x"}).status_code == 401
