"""What every ledger promises, whichever it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import ids
from core.clock import Span
from core.errors import Conflict
from core.ids import AlertId, ChunkId, DeliveryId, IncidentId, JobId, KeyId, ReportId, RuleId, WebhookId
from core.media import Stream, StreamKind, StreamState
from core.memory import Evidence
from core.place import Box, Lane, Layout, Line, Zone
from core.ports import Ledger
from core.watch import Alert, Attempt, Delivery, DeliveryState, Incident, IncidentState, Rule, Webhook
from core.work import ApiKey, Job, JobState, Report
from graph.ledger import MemoryLedger, SqliteLedger

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
DOCK = ids.stream_id("dock")
LAYOUT = Layout(
    zones=(Zone(name="aisle", polygon=((0.5, 1), (2, 3), (4.25, 5)), kind="aisle"),),
    lines=(Line(name="gate", start=(0, 0), end=(5, 5.5)),),
    lanes=(Lane(name="lane", polygon=((0, 1), (2, 3), (4, 5)), direction=(0.0, 1.0)),),
    metres_per_pixel=0.02,
)
ALERT = Alert(
    id=AlertId("al_1"), rule_id=RuleId("ru_1"), rule="near miss", stream_id=DOCK, stream="dock", span=Span(1, 2),
    evidence=(Evidence(chunk_id=ChunkId("ch_1"), at=1, box=Box(1, 2, 3, 4.5)), Evidence(chunk_id=ChunkId("ch_1"), at=2)),
)  # fmt: skip
ROWS = (
    Stream(
        id=DOCK, name="dock", source="rtsp://user:secret@cam/1", shown_source="rtsp://cam/1", kind=StreamKind.LIVE,
        state=StreamState.WATCHING, started_at=NOW, duration=10**15, fps=29.97, layout=LAYOUT, added_at=NOW,
    ),
    Job(
        id=JobId("jo_1"), kind="ingest", key="dock", args={"stream": "dock", "n": [1, {"a": None}]}, state=JobState.RUNNING,
        progress=1 / 3, lease_until=NOW,
    ),
    Rule(id=RuleId("ru_1"), name="near miss", spec={"when": {"kind": "near_miss", "for": 1.5}}, armed=True),
    ALERT,
    Incident(
        id=IncidentId("in_1"), rule_id=RuleId("ru_1"), rule="near miss", stream_id=DOCK, stream="dock", span=Span(1, 2),
        severity="high", message="„Achtung“ \n\x00", state=IncidentState.ACKNOWLEDGED, alerts=(ALERT, ALERT), opened_at=NOW,
    ),
    Webhook(id=WebhookId("wh_1"), url="http://localhost:1/x", secret="whsec_abc", rules=("a", "b"), enabled=False),
    Delivery(
        id=DeliveryId("de_1"), webhook_id=WebhookId("wh_1"), incident_id=IncidentId("in_1"), message_id="m", body="{}",
        attempts=(Attempt(at=NOW, status=503, problem="busy"),), due_at=NOW,
    ),
    ApiKey(id=KeyId("ke_1"), name="me", digest="0" * 64),
    Report(id=ReportId("re_1"), title="Week", media_key="reports/1.html", media_type="text/html", created_at=NOW),
)  # fmt: skip
JOB = Job(id=JobId("jo_1"), kind="ingest", key="dock")


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made = MemoryLedger() if request.param == "memory" else SqliteLedger(tmp_path / "ledger.db")
    yield made
    made.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_a_row_comes_back_equal(ledger: Ledger, row: Stream) -> None:
    assert ledger.put(row) == row
    assert ledger.get(type(row), row.id) == row
    assert ledger.find(type(row)) == [row]
    assert ledger.put(replace(row), replacing=row) == row


def test_every_kind_of_row_keeps_to_itself(ledger: Ledger) -> None:
    for row in ROWS:
        ledger.put(replace(row, id="same"))  # type: ignore[type-var]
    for row in ROWS:
        assert ledger.get(type(row), "same") == replace(row, id="same")  # type: ignore[type-var]


def test_what_was_never_put_is_not_there(ledger: Ledger) -> None:
    assert ledger.get(Job, "jo_1") is None
    assert ledger.find(Job) == []
    assert ledger.remove(Job, "jo_1") is False


def test_putting_again_replaces_and_keeps_its_place(ledger: Ledger) -> None:
    for name in ("a", "b", "c"):
        ledger.put(replace(JOB, id=JobId(name)))
    ledger.put(replace(JOB, id=JobId("a"), progress=0.5))
    assert [(j.id, j.progress) for j in ledger.find(Job)] == [("a", 0.5), ("b", 0.0), ("c", 0.0)]


def test_new_is_refused_where_there_is_one(ledger: Ledger) -> None:
    ledger.put(JOB, new=True)
    with pytest.raises(Conflict):
        ledger.put(replace(JOB, progress=0.5), new=True)
    assert ledger.get(Job, JOB.id) == JOB


def test_replacing_is_refused_where_someone_was_faster(ledger: Ledger) -> None:
    ledger.put(JOB)
    running = ledger.put(replace(JOB, state=JobState.RUNNING), replacing=JOB)
    with pytest.raises(Conflict, match="changed"):
        ledger.put(replace(JOB, state=JobState.CANCELLED), replacing=JOB)
    assert ledger.get(Job, JOB.id) == running
    ledger.remove(Job, JOB.id)
    with pytest.raises(Conflict, match="gone"):
        ledger.put(JOB, replacing=running)
    assert ledger.get(Job, JOB.id) is None


def test_a_row_with_tuples_in_its_free_fields_can_be_replaced(ledger: Ledger) -> None:
    job = replace(JOB, args={"zones": ("a", "b")})
    ledger.put(job)
    done = ledger.put(replace(job, state=JobState.DONE), replacing=job)
    assert ledger.get(Job, JOB.id) == replace(done, args={"zones": ["a", "b"]})


def test_a_row_replaces_only_itself(ledger: Ledger) -> None:
    ledger.put(JOB)
    with pytest.raises(ValueError, match="cannot replace"):
        ledger.put(replace(JOB, id=JobId("jo_2")), replacing=JOB)


def test_rows_are_found_by_their_fields(ledger: Ledger) -> None:
    one = ledger.put(replace(JOB, id=JobId("1"), key="it's"))
    two = ledger.put(replace(JOB, id=JobId("2"), state=JobState.DONE))
    three = ledger.put(replace(JOB, id=JobId("3"), state=JobState.DONE, kind="report"))
    assert ledger.find(Job, state=JobState.DONE) == [two, three]
    assert ledger.find(Job, state="done", kind="report") == [three]
    assert ledger.find(Job, key="it's") == [one]
    assert ledger.find(Job, key="x' OR 1 --") == []


def test_rows_are_found_by_whether(ledger: Ledger) -> None:
    on = ledger.put(Webhook(id=WebhookId("1"), url="u", secret="s", problem="1"))
    off = ledger.put(Webhook(id=WebhookId("2"), url="u", secret="s", enabled=False, problem="true"))
    assert ledger.find(Webhook, enabled=True) == [on]
    assert ledger.find(Webhook, enabled=False) == [off]
    assert ledger.find(Webhook, problem="1") == [on]


def test_asking_by_a_field_there_is_not_is_an_error_of_the_asker(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="no field colour"):
        ledger.find(Job, colour="red")


def test_a_removed_row_may_come_again(ledger: Ledger) -> None:
    ledger.put(JOB, new=True)
    assert ledger.remove(Job, JOB.id) is True
    assert ledger.put(JOB, new=True) == JOB


def test_changing_what_was_given_changes_nothing_stored(ledger: Ledger) -> None:
    job = replace(JOB, args={"n": 1})
    ledger.put(job)
    job.args["n"] = 2
    found = ledger.get(Job, JOB.id)
    assert found is not None
    found.args["n"] = 3
    assert ledger.find(Job)[0].args == {"n": 1}


def test_of_many_who_claim_a_row_one_wins(ledger: Ledger) -> None:
    """Ten threads take the one queued job in turn, a hundred times: each time exactly one gets it."""
    row = ledger.put(replace(JOB, message="free"))
    wins: list[str] = []

    def claim(name: str, start: threading.Barrier) -> None:
        start.wait()
        try:
            ledger.put(replace(row, message=name), replacing=row)
            wins.append(name)
        except Conflict:
            pass

    for turn in range(10):
        barrier = threading.Barrier(5)
        threads = [threading.Thread(target=claim, args=(f"{turn}-{n}", barrier)) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(wins) == turn + 1
        now = ledger.get(Job, JOB.id)
        assert now is not None
        assert now.message == wins[-1]
        row = now


DELIVERIES = st.builds(
    Delivery,
    id=st.sampled_from(["1", "2", "3"]).map(DeliveryId),
    webhook_id=st.sampled_from(["a", "b"]).map(WebhookId),
    incident_id=st.just(IncidentId("i")),
    message_id=st.just("m"),
    body=st.text(st.characters(codec="utf-8")),
    state=st.sampled_from(DeliveryState),
    attempts=st.lists(
        st.builds(Attempt, at=st.datetimes(timezones=st.just(UTC)), status=st.integers(0, 599)), max_size=2
    ).map(tuple),
    due_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(DELIVERIES, max_size=8), state=st.sampled_from(DeliveryState))
def test_a_ledger_is_a_table_by_id(ledger: Ledger, rows: list[Delivery], state: DeliveryState) -> None:
    for old in ledger.find(Delivery):
        ledger.remove(Delivery, old.id)
    table: dict[str, Delivery] = {}
    for row in rows:
        table[row.id] = ledger.put(row)
    assert ledger.find(Delivery) == list(table.values())
    assert ledger.find(Delivery, state=state) == [r for r in table.values() if r.state is state]
