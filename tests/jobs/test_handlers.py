"""What the kinds of job do, in a real house on a rendered video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.rule import parse_rules, to_rule
from alerts.watch import Considered
from alerts.webhook import new_secret
from api.wiring.house import build
from core.errors import Invalid, NotFound, SightlineError
from core.ids import WebhookId
from core.media import Stream, StreamState
from core.memory import Query, Want
from core.ports import House
from core.settings import Settings, read_settings
from core.watch import Delivery, DeliveryState, Incident, Webhook
from core.work import Cancelled, Report, quiet
from helpers.receiver import Receiver
from helpers.videos import write_video
from ingest.register import register
from jobs.handlers import DELIVER, INGEST, REPORT, handlers
from jobs.runner import Stopping

RULES = """
- {name: nothing-comes, when: {kind: collision}, absent: {for: 1s}, cooldown: 1h}
- {name: never, when: {kind: collision}}
"""


class Place:
    """A house with a short video that is registered and not yet watched."""

    def __init__(self, house: House, settings: Settings, stream: Stream) -> None:
        self.house, self.settings, self.stream = house, settings, stream
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def do(self, kind: str, progress: Any = quiet, **args: Any) -> dict[str, Any]:
        return handlers(self.house, self.settings, wake=self.wake)[kind](args, progress)

    @property
    def row(self) -> Stream:
        found = self.house.ledger.get(Stream, self.stream.id)
        assert found is not None
        return found


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Iterator[Place]:
    settings = read_settings(chunk_s=2, overlap_s=0.5)
    house = build(settings)
    video = write_video(tmp_path / "walk.mp4", seconds=8)
    yield Place(
        house, settings, register(str(video), name="walk", layout=None, house=house, settings=settings)
    )
    house.ledger.close()  # type: ignore[attr-defined]
    house.store.close()  # type: ignore[attr-defined]


def test_watching_asks_the_rules_and_wakes_the_outbox(place: Place) -> None:
    for spec in parse_rules(RULES, "rules.yaml"):
        place.house.ledger.put(to_rule(spec, armed=True))
    result = place.do(INGEST, stream_id=place.stream.id)
    assert place.row.state is StreamState.WATCHED
    assert result["chunks"] == 4
    assert sum(result["coverage"].values()) == pytest.approx(8, abs=0.2)
    assert {incident.rule for incident in place.house.ledger.find(Incident)} == {"nothing-comes"}
    assert place.woken == 1
    done = place.house.ledger.get(Considered, place.stream.id)
    assert done is not None
    assert done.until == place.row.duration


def test_a_stopped_watch_keeps_what_it_learned_and_goes_on_later(place: Place) -> None:
    def stop(done: float, message: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        place.do(INGEST, stop, stream_id=place.stream.id)
    assert place.row.state is StreamState.NEW
    assert "watch it again" in place.row.problem
    chunks = Query(want=Want.CHUNKS, streams=(place.stream.id,))
    assert len(place.house.store.find(chunks).chunks) == 1
    place.do(INGEST, stream_id=place.stream.id)
    assert (place.row.state, place.row.problem) == (StreamState.WATCHED, "")
    assert len(place.house.store.find(chunks).chunks) == 4


def test_a_watch_put_back_at_shutdown_is_no_problem_of_the_stream(place: Place) -> None:
    def stop(done: float, message: str) -> None:
        raise Stopping

    with pytest.raises(Stopping):
        place.do(INGEST, stop, stream_id=place.stream.id)
    assert (place.row.state, place.row.problem) == (StreamState.NEW, "")


def test_a_failed_watch_says_so_on_the_stream(place: Place) -> None:
    Path(place.stream.source).unlink()
    with pytest.raises(SightlineError):
        place.do(INGEST, stream_id=place.stream.id)
    assert place.row.state is StreamState.FAILED
    assert place.row.problem


def test_what_breaks_inside_marks_the_stream_and_keeps_secrets(place: Place) -> None:
    def broken(stream: Stream, house: House, settings: Settings, **_: Any) -> Any:
        raise ValueError("rtsp://joe:hunter2@cam")

    with pytest.raises(ValueError, match="hunter2"):
        handlers(place.house, place.settings, watch=broken)[INGEST]({"stream_id": place.stream.id}, quiet)
    assert place.row.state is StreamState.FAILED
    assert "hunter2" not in place.row.problem


@pytest.mark.parametrize("kind", [INGEST, REPORT])
def test_a_stream_nobody_knows_is_not_found(place: Place, kind: str) -> None:
    with pytest.raises(NotFound):
        place.do(kind, stream_id="st_none", streams=["st_none"])


def test_delivering_empties_the_outbox(place: Place) -> None:
    with Receiver() as receiver:
        row = Webhook(id=WebhookId("wh"), url=receiver.url, secret=receiver.secret)
        place.house.ledger.put(row)
        for spec in parse_rules(RULES, "rules.yaml"):
            place.house.ledger.put(to_rule(spec, armed=True))
        place.do(INGEST, stream_id=place.stream.id)
        assert place.do(DELIVER) == {"delivered": 1}
        assert [m.valid for m in receiver.got] == [True]
    assert [d.state for d in place.house.ledger.find(Delivery)] == [DeliveryState.DELIVERED]
    assert new_secret() != row.secret


def test_a_report_is_written_into_the_media_store(place: Place) -> None:
    place.do(INGEST, stream_id=place.stream.id)
    result = place.do(REPORT, streams=[place.stream.id], title="One walk", format="md")
    row = place.house.ledger.get(Report, result["report_id"])
    assert row is not None
    with place.house.media.open(row.media_key) as file:
        assert b"One walk" in file.read()
    with pytest.raises(Invalid, match="cannot be 'pdf'"):
        place.do(REPORT, streams=[place.stream.id], format="pdf")
