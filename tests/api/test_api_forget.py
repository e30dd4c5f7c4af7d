"""Forgetting over HTTP: what goes is counted, is refused afterwards, and only an admin may ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import ids
from core.ids import StreamId
from core.media import Stream
from helpers import observations as say
from helpers.videos import write_video

DOCK = StreamId(ids.stream_id("dock"))
PERSON = say.entity(1, "person", 1, 12, stream=DOCK).id


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "dock.mp4", seconds=20)


def test_a_forgotten_span_is_counted_and_no_longer_played(door, video: Path) -> None:
    door.add_stream(source=str(video))
    played = door.client.get("/v1/clips/dock", params={"start_s": 8, "end_s": 12})
    assert played.status_code == 200
    answer = door.client.post("/v1/forget", json={"stream": "dock", "from_s": 0, "to_s": 10})
    assert answer.status_code == 200, answer.text
    removed = answer.json()["removed"]
    assert (removed["events"], removed["chunks"], removed["media"]) == (2, 1, 1)
    for path, params in (
        ("/v1/clips/dock", {"start_s": 8, "end_s": 12}),
        ("/v1/clips/dock/annotated", {"start_s": 0, "end_s": 4}),
        ("/v1/frames/dock", {"at_s": 3}),
        ("/v1/texts/dock", {"at_s": 3}),
    ):
        refused = door.client.get(path, params=params)
        assert refused.status_code == 410, path
        assert refused.json()["type"] == "urn:sightline:problem:erased"
        assert refused.json()["next_step"]
    assert door.client.get("/v1/clips/dock", params={"start_s": 11, "end_s": 14}).status_code == 200
    assert door.get("/v1/streams/dock")["forgotten_s"] == [[0.0, 10.0]]
    assert door.client.get("/v1/frames/dock", params={"at_s": 12}).status_code == 200
    assert door.client.get("/v1/heatmaps/dock").status_code == 200
    assert [e["kind"] for e in door.get("/v1/events", params={"stream": "dock"})["items"]] == [
        "near_miss",
        "left",
    ]
    assert door.get("/v1/coverage", params={"stream": "dock"})["items"][0]["start_s"] == 10


def test_a_forgotten_entity_is_gone_from_everything(door) -> None:
    door.add_stream()
    removed = door.client.delete(f"/v1/entities/{PERSON}").json()["removed"]
    assert removed["entities"] == 1
    assert door.client.get(f"/v1/entities/{PERSON}/timeline").status_code == 404
    (event,) = door.get("/v1/events", params={"stream": "dock"})["items"]
    assert [e["label"] for e in event["entities"]] == ["forklift"]
    assert door.client.delete(f"/v1/entities/{PERSON}").status_code == 404
    row = door.house.ledger.get(Stream, DOCK)
    assert row.forgotten_entities == (PERSON,)


def test_all_visits_of_one_thing_go_at_once(door) -> None:
    door.add_stream()
    door.add_stream("yard")
    other = say.entity(1, "person", 1, 12, stream=StreamId(ids.stream_id("yard"))).id
    door.client.post(f"/v1/entities/{PERSON}/merge", json={"with": [other]})
    answer = door.client.post("/v1/forget", json={"entities": [PERSON], "everywhere": True})
    assert answer.json()["removed"]["entities"] == 2


def test_a_whole_stream_goes_by_the_same_door(door) -> None:
    door.add_stream()
    assert door.client.post("/v1/forget", json={"stream": "dock"}).json()["removed"]["events"] == 4
    assert door.client.get("/v1/streams/dock").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"stream": "dock", "entities": ["en_1"]}, {"stream": "dock", "from_s": 5, "to_s": 5}]
)
def test_what_does_not_say_what_to_forget_is_refused(door, body: dict) -> None:
    door.add_stream()
    assert door.client.post("/v1/forget", json=body).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"entities": [PERSON], "from_s": 0},
        {"entities": [PERSON], "to_s": 5},
        {"stream": "dock", "everywhere": True},
    ],
)
def test_a_half_understood_wish_forgets_nothing(door, body: dict) -> None:
    door.add_stream()
    answer = door.client.post("/v1/forget", json=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:sightline:problem:invalid"
    assert answer.json()["next_step"]
    assert door.client.get(f"/v1/entities/{PERSON}/timeline").status_code == 200
    assert len(door.get("/v1/events", params={"stream": "dock"})["items"]) == 4


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/forget"), ("DELETE", "/v1/entities/en_1")])
def test_only_an_admin_forgets(door, method: str, path: str) -> None:
    answer = door.anonymous().request(method, path, headers=door.key("operator"), json={})
    assert answer.status_code == 403
