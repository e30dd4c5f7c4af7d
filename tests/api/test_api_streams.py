"""Streams come in by upload, are watched, played and forgotten; what cannot be watched is refused and not kept."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import av
import pytest
from PIL import Image
from starlette.requests import Request

from api.incoming import AT_ONCE, Upload, Uploads, read_form
from core import ids
from core.media import Stream
from core.memory import Query, Want
from core.watch import Delivery, Incident, Webhook
from core.work import Job, JobState
from helpers.videos import write_video

ZONES = "zones:\n  - {name: dock, polygon: [[0, 0], [100, 0], [100, 100]]}\n"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "yard cam.mp4", seconds=4)


def upload(door, path: Path, **fields: str):
    with path.open("rb") as file:
        return door.client.post("/v1/streams", files={"file": (path.name, file, "video/mp4")}, data=fields)


def test_an_upload_is_watched_and_can_be_asked_about(door, video: Path) -> None:
    answer = upload(door, video, zones=ZONES)
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert body["name"] == "yard_cam"
    job = door.get(f"/v1/jobs/{body['job']}")
    assert (job["state"], job["progress"], job["stream"]) == ("done", 1.0, body["id"])
    stream = door.get(f"/v1/streams/{body['id']}")
    assert (stream["width"], stream["height"], stream["state"]) == (320, 240, "watched")
    assert stream["source"] == "yard_cam.mp4"
    assert stream["duration_s"] == pytest.approx(4.0, abs=0.1)
    assert [zone["name"] for zone in stream["layout"]["zones"]] == ["dock"]
    assert door.get("/v1/events", params={"stream": "yard_cam"})["items"]
    assert [row["id"] for row in door.get("/v1/streams")["items"]] == [body["id"]]


def test_the_same_content_twice_is_a_conflict_that_names_the_first(door, video: Path) -> None:
    first = upload(door, video).json()["id"]
    again = upload(door, video, name="other")
    assert again.status_code == 409
    assert again.json()["existing"] == first
    assert len(door.house.ledger.find(Stream)) == 1


def test_a_taken_name_is_a_conflict_and_harms_nothing(door, video: Path, tmp_path: Path) -> None:
    upload(door, video, name="dock")
    kept = door.house.media.keys("uploads/")
    other = write_video(tmp_path / "b.mp4", seconds=2)
    assert upload(door, other, name="dock").status_code == 409
    assert door.house.media.keys("uploads/") == kept


def test_a_file_name_is_never_a_path(door, video: Path) -> None:
    with video.open("rb") as file:
        answer = door.client.post("/v1/streams", files={"file": ("../../etc/pass wd.mp4", file, "video/mp4")})
    assert answer.status_code == 202
    (key,) = door.house.media.keys("uploads/")
    assert ".." not in key
    assert key.endswith("/pass_wd.mp4")


def words(folder: Path) -> Path:
    path = folder / "words.mp4"
    path.write_text("no video " * 500)
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


@pytest.mark.parametrize("make", [words, empty])
def test_a_broken_upload_is_refused_with_its_stage_and_not_kept(door, tmp_path: Path, make) -> None:
    door.add_stream()
    answer = upload(door, make(tmp_path))
    assert answer.status_code == 422
    assert answer.json()["stage"]
    assert answer.json()["next_step"]
    assert door.house.media.keys() == []
    assert [row.name for row in door.house.ledger.find(Stream)] == ["dock"]
    assert door.get("/v1/events")["items"]
    assert not list(door.settings.home.glob("incoming-*"))


def test_an_upload_that_is_too_large_is_stopped(door) -> None:
    answer = door.client.post("/v1/streams", files={"file": ("big.mp4", io.BytesIO(bytes(3 << 20)))})
    assert answer.status_code == 413
    assert "SIGHTLINE_MAX_UPLOAD_MB" in answer.json()["next_step"]


def events(door, id: str) -> list[dict]:
    text = door.client.get(f"/v1/uploads/{id}/events").text
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_how_far_an_upload_is_can_be_followed(door, video: Path) -> None:
    with video.open("rb") as file:
        answer = door.client.post("/v1/streams", files={"file": file}, headers={"X-Upload-Id": "up-load-1"})
    (last,) = events(door, "up-load-1")
    assert (last["state"], last["stream"]) == ("taken", answer.json()["id"])
    assert last["received"] == last["total"] > video.stat().st_size


def test_a_refused_upload_says_so_to_who_follows_it(door, tmp_path: Path) -> None:
    with words(tmp_path).open("rb") as file:
        door.client.post("/v1/streams", files={"file": file}, headers={"X-Upload-Id": "up-load-2"})
    assert events(door, "up-load-2")[-1]["state"] == "refused"
    bad = door.client.post("/v1/streams", files={"file": b"x"}, headers={"X-Upload-Id": "../x"})
    assert bad.status_code == 422


def test_an_upload_goes_to_disk_as_it_comes(tmp_path: Path) -> None:
    """Each piece lies on disk, and is told of, while the next is still to come."""
    uploads, seen, sent = Uploads(), [], 0
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="slow.mp4"\r\n\r\n'
    pieces = [head + bytes(AT_ONCE), bytes(AT_ONCE), b"the end\r\n--x--\r\n"]

    async def receive() -> dict[str, object]:
        nonlocal sent
        told, file = uploads.get("slow-one-1"), tmp_path / "upload"
        seen.append((told.received if told else 0, file.stat().st_size if file.exists() else 0))
        sent += 1
        return {"type": "http.request", "body": pieces[sent - 1], "more_body": sent < len(pieces)}

    scope = {"type": "http", "headers": [(b"content-type", b"multipart/form-data; boundary=x")]}
    form = anyio.run(read_form, Request(scope, receive), tmp_path, uploads, Upload(id="slow-one-1"))
    assert [told for told, _ in seen] == [0, len(pieces[0]), len(pieces[0]) + AT_ONCE]
    assert [lying for _, lying in seen][1] > AT_ONCE // 2
    data = bytes(2 * AT_ONCE) + b"the end"
    assert form.file is not None
    assert form.file.path.read_bytes() == data
    assert form.file.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\nno form",
        b"--y\r\n",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nhalf',
    ],
)
def test_a_form_that_is_none_is_refused_and_leaves_nothing(door, body: bytes) -> None:
    answer = door.client.post(
        "/v1/streams", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 422
    assert not list(door.settings.home.glob("incoming-*"))


def test_zones_with_errors_are_refused(door, video: Path) -> None:
    answer = upload(door, video, zones="zones: [")
    assert answer.status_code == 422
    assert door.house.ledger.find(Stream) == []


@pytest.mark.parametrize(
    "url",
    ["/etc/passwd", "file:///etc/passwd", "dock.mp4", "concat:a|b", "data:video/mp4;base64,AA", "http://"],
)
def test_a_path_of_the_server_is_not_opened(door, url: str) -> None:
    answer = door.client.post("/v1/streams", json={"url": url, "name": "x"})
    assert answer.status_code == 422
    assert door.house.ledger.find(Stream) == []


@pytest.mark.parametrize("body", [{}, {"url": 5}, {"url": "https://example.org/a.mp4", "name": "a/b"}, []])
def test_a_body_that_makes_no_sense_is_refused(door, body) -> None:
    assert door.client.post("/v1/streams", json=body).status_code == 422


def test_a_form_without_a_file_is_refused(door) -> None:
    answer = door.client.post("/v1/streams", data={"name": "x"})
    assert answer.status_code == 422
    assert door.client.post("/v1/streams", files={"other": (None, "text")}).status_code == 422


def test_credentials_of_a_source_are_never_shown(door) -> None:
    stream = door.add_stream("cam")
    door.house.ledger.put(replace(stream, source="rtsp://me:hush@cam/1", shown_source="rtsp://cam/1"))
    assert "hush" not in door.client.get("/v1/streams").text
    assert "hush" not in door.client.get("/v1/streams/cam").text


def test_forgetting_removes_everything_and_says_how_much(door, video: Path) -> None:
    body = upload(door, video).json()
    door.client.get(f"/v1/clips/{body['id']}")
    door.add_stream("other")
    put_incident(door, body["id"])
    answer = door.client.delete(f"/v1/streams/{body['id']}")
    assert answer.status_code == 200
    removed = answer.json()["removed"]
    assert removed["media"] == 2
    assert (removed["incidents"], removed["deliveries"], removed["jobs"]) == (1, 1, 1)
    assert removed["events"] == 4
    assert door.house.media.keys() == []
    assert door.house.ledger.find(Incident) == []
    assert door.house.ledger.find(Delivery) == []
    assert door.house.store.find(Query(want=Want.EVENTS, streams=(body["id"],))).events == ()
    assert door.get("/v1/events", params={"stream": "other"})["items"], "the other stream stays"
    assert door.client.get(f"/v1/streams/{body['id']}").status_code == 404
    assert upload(door, video).status_code == 202, "it can come back"


@pytest.mark.parametrize(("lease_s", "status"), [(3600, 409), (-1, 200)])
def test_a_stream_that_is_still_watched_is_not_forgotten_under_its_watcher(
    door, lease_s: int, status: int
) -> None:
    stream = door.add_stream()
    job = Job(
        id=ids.JobId("job_1"),
        kind="ingest.stream",
        key="k",
        args={"stream_id": stream.id},
        state=JobState.RUNNING,
        lease_until=door.house.clock.now() + timedelta(seconds=lease_s),
    )
    door.house.ledger.put(job)
    assert door.client.delete("/v1/streams/dock").status_code == status
    kept = door.house.store.find(Query(want=Want.EVENTS, streams=(stream.id,))).events
    assert bool(kept) is (status == 409)


def put_incident(door, stream: str) -> Incident:
    from core.clock import Span

    incident = Incident(
        id=ids.IncidentId("in_1"), rule_id=ids.RuleId("ru_1"), rule="r", stream_id=ids.StreamId(stream),
        stream="s", span=Span(0, 1), severity="high", message="m",
    )  # fmt: skip
    door.house.ledger.put(Webhook(id=ids.WebhookId("wh_1"), url="http://127.0.0.1:1/", secret="whsec_eA=="))
    door.house.ledger.put(
        Delivery(
            id=ids.DeliveryId("de_1"),
            webhook_id=ids.WebhookId("wh_1"),
            incident_id=incident.id,
            message_id="m",
            body="{}",
        )
    )
    return door.house.ledger.put(incident)


def test_a_clip_plays_and_is_cut_once(door, video: Path) -> None:
    id = upload(door, video).json()["id"]
    whole = door.client.get(f"/v1/clips/{id}", params={"start_s": 1, "end_s": 3})
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(whole.content)) as clip:
        frames = [frame.time for frame in clip.decode(video=0)]
    assert frames[0] == pytest.approx(0, abs=0.1)
    assert frames[-1] == pytest.approx(2, abs=0.2)
    (key,) = door.house.media.keys("clips/")
    assert door.client.get(f"/v1/clips/{id}", params={"start_s": 1, "end_s": 3}).content == whole.content
    assert door.house.media.keys("clips/") == [key]


def test_a_clip_is_served_in_byte_ranges(door, video: Path) -> None:
    id = upload(door, video).json()["id"]
    whole = door.client.get(f"/v1/clips/{id}").content

    def part(wanted: str):
        return door.client.get(f"/v1/clips/{id}", headers={"Range": wanted})

    first = part("bytes=0-9")
    assert (first.status_code, first.content) == (206, whole[:10])
    assert first.headers["content-range"] == f"bytes 0-9/{len(whole)}"
    assert part("bytes=10-").content == whole[10:]
    assert part("bytes=-5").content == whole[-5:]
    assert part(f"bytes=5-{len(whole) * 2}").content == whole[5:]
    assert part(f"bytes={len(whole)}-").status_code == 416
    assert part("bytes=9-5").status_code == 416
    assert part("pages=1-2").content == whole


@pytest.mark.parametrize(("start", "end"), [(50, 51), (3, 2), (0, 0.0000001)])
def test_a_clip_of_nothing_is_refused(door, video: Path, start: float, end: float) -> None:
    id = upload(door, video).json()["id"]
    assert door.client.get(f"/v1/clips/{id}", params={"start_s": start, "end_s": end}).status_code == 422


def test_a_frame_is_a_picture(door, video: Path) -> None:
    id = upload(door, video).json()["id"]
    answer = door.client.get(f"/v1/frames/{id}", params={"at_s": 2})
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (320, 240)
    assert float(answer.headers["x-time-s"]) == pytest.approx(2, abs=0.1)
    small = door.client.get(f"/v1/frames/{id}", params={"at_s": 2, "width": 100})
    assert Image.open(io.BytesIO(small.content)).width == 100


def test_what_is_written_in_a_picture_can_be_asked_for(door, video: Path) -> None:
    id = upload(door, video).json()["id"]
    (text,) = door.get(f"/v1/texts/{id}", params={"at_s": 2})["items"]
    assert (text["text"], text["start_s"], text["box"], text["by"]) == (
        "EXIT",
        2.0,
        [1, 2, 30, 12],
        "fake-reader:1",
    )
    assert door.client.get(f"/v1/texts/{id}", params={"zone": "moon"}).status_code == 404


def test_no_frame_is_shown_for_a_moment_after_the_end(door, video: Path) -> None:
    id = upload(door, video).json()["id"]
    answer = door.client.get(f"/v1/frames/{id}", params={"at_s": 99})
    assert answer.status_code == 422
    assert "s long: nothing is shown at 99 s" in answer.json()["detail"]


def test_pictures_of_an_unknown_stream_are_not_found(door) -> None:
    assert door.client.get("/v1/clips/none").status_code == 404
    assert door.client.get("/v1/frames/none").status_code == 404
    assert door.client.get("/v1/texts/none").status_code == 404


def test_a_job_tells_its_way_as_events(door, video: Path) -> None:
    job = upload(door, video).json()["job"]
    answer = door.client.get(f"/v1/jobs/{job}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: job\n" in answer.text
    assert '"state": "done"' in answer.text


def test_a_job_is_stopped(door) -> None:
    stream = door.add_stream()
    job = Job(id=ids.JobId("job_1"), kind="ingest.stream", key="k", args={"stream_id": stream.id})
    door.house.ledger.put(job)
    assert door.client.delete("/v1/jobs/job_1").status_code == 200
    assert door.get("/v1/jobs/job_1")["state"] == JobState.CANCELLED
    assert door.client.delete("/v1/jobs/none").status_code == 404
    assert [row["id"] for row in door.get("/v1/jobs")["items"]] == ["job_1"]
