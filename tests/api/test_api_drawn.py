"""What was seen, drawn, over HTTP: from a clip that was really watched."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from api.app import create_app
from api.keys import create_key
from api.wiring.house import build
from core import ids
from core.media import Stream
from core.memory import Observation, Query, Want
from core.settings import read_settings
from helpers import observations as say
from helpers.videos import write_video
from ingest.pipeline import watch
from ingest.register import register
from jobs.fakes import EagerExecutor
from jobs.handlers import handlers


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An app over a house that has watched a walker for six seconds."""
    folder = tmp_path_factory.mktemp("drawn")
    settings = read_settings(home=folder / "home")
    house = build(settings)
    video = write_video(folder / "yard.mp4", seconds=6)
    watch(register(str(video), name="yard", house=house, settings=settings), house, settings)
    app = create_app(house, settings, EagerExecutor(house.ledger, handlers(house, settings), house.clock))
    _, key = create_key(house.ledger, house.clock, name="tests", role="viewer")
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def pictures(data: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(data)) as video:
        assert video.streams.video[0].codec.canonical_name == "h264"
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(video=0)]


def test_an_annotated_clip_is_the_clip_with_boxes_in_it(client: TestClient) -> None:
    span = {"start_s": 1, "end_s": 4}
    drawn = client.get("/v1/clips/yard/annotated", params=span)
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "video/mp4")
    plain, boxed = pictures(client.get("/v1/clips/yard", params=span).content), pictures(drawn.content)
    assert abs(len(boxed) - len(plain)) <= 1
    differs = (np.abs(boxed[20] - plain[20]).max(axis=2) > 60).mean()
    assert 0.005 < differs < 0.3
    part = client.get("/v1/clips/yard/annotated", params=span, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, drawn.content[:10])


def test_it_is_drawn_once_until_the_memory_knows_more(client: TestClient) -> None:
    house, span = client.app.state.context.house, {"start_s": 0, "end_s": 2}  # type: ignore[attr-defined]

    def kept() -> list[str]:
        client.get("/v1/clips/yard/annotated", params=span)
        return house.media.keys(f"clips/{_id(house)}/0-2000000.drawn/")

    once = kept()
    assert len(once) == 1
    assert kept() == once
    chunk = house.store.find(Query(want=Want.CHUNKS, streams=(_id(house),))).chunks[0]
    found = say.event("found", 1, stream=_id(house))
    house.store.write(Observation(chunk=chunk, events=(found,)))
    again = kept()
    assert len(again) == 1
    assert again != once


def _id(house: object) -> ids.StreamId:
    return house.ledger.find(Stream)[0].id  # type: ignore[attr-defined]


def test_a_heat_map_is_warm_where_things_went(client: TestClient) -> None:
    answer = client.get("/v1/heatmaps/yard", params={"start_s": 0, "end_s": 6})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    warm = np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)
    still = np.asarray(
        Image.open(io.BytesIO(client.get("/v1/frames/yard", params={"at_s": 3}).content))
    ).astype(int)
    changed = np.abs(warm - still).max(axis=2) > 25
    assert changed[190:215].mean() > 5 * max(changed[:80].mean(), 0.001), "the walker's feet are at 200"


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/heatmaps/yard", {"label": ["whale"]}, 422),
        ("/v1/heatmaps/yard", {"start_s": 3, "end_s": 2}, 422),
        ("/v1/heatmaps/yard", {"start_s": 99}, 422),
        ("/v1/heatmaps/nowhere", {}, 404),
        ("/v1/clips/yard/annotated", {"start_s": 99}, 422),
        ("/v1/clips/nowhere/annotated", {}, 404),
    ],
)
def test_what_cannot_be_drawn_is_told_as_a_problem(
    client: TestClient, path: str, params: dict[str, object], status: int
) -> None:
    answer = client.get(path, params=params)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["next_step"]


def test_without_a_key_nothing_is_drawn(client: TestClient) -> None:
    for path in ("/v1/heatmaps/yard", "/v1/clips/yard/annotated"):
        assert TestClient(client.app).get(path).status_code == 401
