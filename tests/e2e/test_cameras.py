"""A camera from end to end before a real RTSP server: watched, recorded, asked about, gone and come back, forgotten."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from conftest import absent
from fastapi.testclient import TestClient

from api.app import create_app
from api.keys import create_key
from api.wiring.house import build
from bench.faults.cameras import KINDS, run
from bench.faults.numbered import number_in, write_numbered
from bench.rtsp import CameraServer, Missing
from bench.rtsp.server import check_installed
from core.camera import Camera, CameraState
from core.clock import SECOND
from core.media import Stream
from core.memory import Query, Want
from core.ports import House
from core.settings import Settings, read_settings
from core.work import Cancelled, Job, JobState
from helpers.command import Sightline
from helpers.videos import write_video
from ingest.camera.live import watch_live
from ingest.camera.register import register_camera
from ingest.camera.source import as_live
from ingest.pipeline import watch
from ingest.register import register
from jobs.handlers import handlers
from jobs.inline import InlineExecutor

LOGIN = "viewer:hunter2"
PATIENCE_S = 90.0
SLOW_S = 20.0


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("units")
    return {"sub": write_numbered(folder, (320, 240)), "main": write_numbered(folder, (640, 480))}


@pytest.fixture
def server(units: dict[str, Path]) -> Iterator[CameraServer]:
    try:
        check_installed()
    except Missing as why:
        absent(str(why))
    with CameraServer(units, fps=10, login=LOGIN) as server:
        yield server


def until(wanted: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := wanted()):
        assert time.monotonic() < deadline, "it does not come to pass"
        time.sleep(0.05)
    return found


def setting(home: Path) -> Settings:
    home.mkdir(exist_ok=True)
    return read_settings(detector="motion:", record_segment_s=2.0)


class Served:
    """The API over a house whose jobs are done here."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.house = settings, build(settings)
        self.hands = self.begin()
        _, key = create_key(self.house.ledger, self.house.clock, name="test", role="admin")
        self.client = TestClient(
            create_app(self.house, settings, self.hands), headers={"Authorization": f"Bearer {key}"}
        )

    def begin(self) -> InlineExecutor:
        return InlineExecutor(self.house.ledger, handlers(self.house, self.settings), self.house.clock)

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    served = Served(setting(home))
    yield served
    served.hands.close()


def camera_of(house: House) -> Camera | None:
    return next(iter(house.ledger.find(Camera)), None)


def seconds_seen(house: House) -> float:
    row = camera_of(house)
    return (row.last_at or 0) / SECOND if row is not None else 0.0


@pytest.mark.slow
@pytest.mark.service
def test_one_fault_of_each_kind_is_survived(server: CameraServer) -> None:
    outcomes = run(list(KINDS), at_once=3)
    assert {outcome.kind for outcome in outcomes} == {*KINDS}
    for outcome in outcomes:  # how long it may take is for the benchmark to say: this machine may be busy
        assert (outcome.lost, outcome.doubled, outcome.problem) == (0, 0, ""), outcome
        assert (outcome.seen_s or 0) < SLOW_S, outcome
        assert (outcome.back_s or 0) < SLOW_S, outcome


@pytest.mark.slow
@pytest.mark.service
def test_a_camera_is_watched_over_http_and_recorded_and_forgotten(
    server: CameraServer, served: Served
) -> None:
    added = served.client.post(
        "/v1/streams",
        json={"url": server.url("sub"), "evidence_url": server.url("main"), "name": "dock"},
    )
    assert added.status_code == 202, added.text
    path = f"/v1/streams/{added.json()['id']}"
    until(lambda: served.get(path)["camera"]["state"] == "live")

    def recorded() -> float:
        kept = served.get(path)["recording"]
        return (kept["end_s"] or 0.0) - (kept["start_s"] or 0.0)

    until(lambda: recorded() > 5)

    shown = served.get(path)
    assert (shown["kind"], shown["width"], shown["source"]) == (
        "live",
        320,
        f"rtsp://127.0.0.1:{server.port}/sub",
    )
    assert shown["camera"]["evidence_state"] == "live"
    assert shown["recording"]["quota_mb"] == served.settings.record_mb
    assert served.get("/v1/health")["cameras"] == {"live": 1, "down": []}
    assert 'sightline_camera_up{stream="dock"} 1.0' in served.client.get("/metrics").text
    assert "hunter2" not in served.client.get("/v1/streams").text

    # what is recorded is the larger picture, and plays in a browser
    begin = shown["recording"]["start_s"] + 1
    clip = served.client.get("/v1/clips/dock", params={"start_s": begin, "end_s": begin + 2})
    assert clip.status_code == 200, clip.text
    with av.open(io.BytesIO(clip.content)) as video:
        stream = video.streams.video[0]
        numbers = [number_in(frame.to_ndarray(format="rgb24")) for frame in video.decode(stream)]
        assert (stream.codec_context.name, stream.codec_context.width) == ("h264", 640)
    assert 18 <= len(numbers) <= 22
    assert all((b - a) % 600 == 1 for a, b in pairwise(numbers))
    frame = served.client.get("/v1/frames/dock", params={"at_s": begin + 1})
    assert frame.status_code == 200
    assert abs(float(frame.headers["X-Time-S"]) - begin - 1) < 0.2

    # the job ends when it is told to, and what was learned stays
    stopped = served.client.delete(f"/v1/jobs/{added.json()['job']}")
    assert stopped.status_code == 200
    until(lambda: served.get(f"/v1/jobs/{added.json()['job']}")["state"] == "cancelled")
    assert served.get(path)["camera"]["state"] == "stopped"
    kinds = {event["kind"] for event in served.get("/v1/events?stream=dock")["items"]}
    assert "appeared" in kinds
    assert not kinds & {"stream_down", "stream_up"}

    assert served.house.media.keys("recordings/")
    assert served.client.delete(path).status_code == 200
    assert not served.house.media.keys("recordings/")
    assert camera_of(served.house) is None


@pytest.mark.slow
@pytest.mark.service
def test_a_camera_goes_on_after_the_server_was_restarted(server: CameraServer, served: Served) -> None:
    added = served.client.post("/v1/streams", json={"url": server.url("sub"), "name": "dock"}).json()
    until(lambda: seconds_seen(served.house) > 3)
    served.hands.close(patience_s=1)
    row = served.house.ledger.get(Job, added["job"])
    assert row is not None
    assert row.state is JobState.QUEUED
    before = seconds_seen(served.house)
    served.hands = served.begin()
    assert [job.id for job in served.hands.recover()] == [added["job"]]
    until(lambda: seconds_seen(served.house) > before + 3)
    coverage = served.house.store.find(Query(want=Want.COVERAGE)).coverage
    spans = sorted(entry.span for entry in coverage)
    assert all(a.end <= b.start for a, b in pairwise(spans)), "a moment is accounted for twice"


@pytest.mark.slow
@pytest.mark.service
def test_a_wrong_password_is_told_at_once_and_repeated_nowhere(server: CameraServer, home: Path) -> None:
    ran = Sightline(home).run("watch", server.url("sub", login="viewer:guessed"), "--name", "dock", expect=3)
    assert "401" in ran.err
    assert "guessed" not in ran.err + ran.out


@pytest.mark.slow
def test_a_file_played_at_any_speed_gives_the_events_of_the_file(home: Path, tmp_path: Path) -> None:
    settings = setting(home)
    house = build(settings)
    video = write_video(tmp_path / "walk.mp4", seconds=9, fps=10, size=(320, 240), key_every=10)

    def told(stream: Stream) -> list[tuple[str, int, int]]:
        events = house.store.find(Query(want=Want.EVENTS, streams=(stream.id,))).events
        return [(event.kind, event.span.start, event.span.end) for event in events]

    file = register(str(video), name="file", house=house, settings=settings)
    watch(file, house, settings)
    assert told(file)
    for speed in ("1", "6"):
        source = f"{as_live(str(video))}?speed={speed}&every=1"
        played = register_camera(source, name=f"played {speed}", house=house, settings=settings)
        watched = watch_live(played, house, settings)
        assert told(played) == told(file), f"at {speed} times the speed"
        assert watched.stream.duration == pytest.approx(9 * SECOND, abs=SECOND // 5)


@pytest.mark.slow
def test_looking_that_is_slower_than_the_camera_leaves_looks_out_and_says_so(
    home: Path, tmp_path: Path
) -> None:
    settings = setting(home)
    house = build(settings)
    video = write_video(tmp_path / "walk.mp4", seconds=12, fps=10, size=(160, 120))
    stream = register_camera(f"{as_live(str(video))}?speed=3", name="fast", house=house, settings=settings)
    looked: list[float] = []

    def slow(_done: float, _message: str) -> None:
        looked.append(time.monotonic())
        time.sleep(
            2.5
        )  # whoever looks is held up: what comes meanwhile must neither wait nor be lost silently

    watch_live(stream, house, settings, progress=slow)
    row = camera_of(house)
    assert row is not None
    assert row.dropped > 0
    assert row.state is CameraState.STOPPED
    reasons = {entry.reason for entry in house.store.find(Query(want=Want.COVERAGE)).coverage}
    assert any("left out" in reason for reason in reasons)


@pytest.mark.slow
def test_stopping_writes_what_was_seen_of_the_chunk_under_way(home: Path, tmp_path: Path) -> None:
    settings = setting(home)
    house = build(settings)
    video = write_video(tmp_path / "walk.mp4", seconds=8, fps=10, size=(320, 240))
    stream = register_camera(f"{as_live(str(video))}?loops=-1", name="walk", house=house, settings=settings)

    def stop(_done: float, _message: str) -> None:
        if seconds_seen(house) > 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        watch_live(stream, house, settings, progress=stop)
    assert house.store.find(Query(want=Want.CHUNKS)).chunks
    assert house.store.find(Query(want=Want.EVENTS)).events
