"""Armed rules over the chunks of a stream: alerts, incidents, the outbox, and that nothing is lost or doubled."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.backtest import backtest
from alerts.incidents import UNVERIFIED, fold
from alerts.notices import notice
from alerts.rule import RuleSpec, spec_of, to_rule
from alerts.watch import Considered, acknowledge, alert_of, catch_up, consider, feedback, resolve
from alerts.webhook import MOST_BYTES, new_secret
from core.clock import SECOND, Span, VirtualClock
from core.errors import Conflict, Invalid, NotFound
from core.ids import AlertId, RuleId, WebhookId
from core.media import Stream
from core.memory import Entity, Event, Observation
from core.ports import Ledger
from core.watch import Alert, Delivery, Incident, IncidentState, Rule, Webhook
from graph.ledger import MemoryLedger, SqliteLedger
from graph.plain.store import MemoryStore
from helpers.observations import CHUNK_S, DOCK, coverage, entity, event, observation

STREAM = Stream(id=DOCK, name="dock", source="x", shown_source="x")
ANN, BOB, CAR = entity(1), entity(2), entity(3, "forklift")
PEOPLE = (ANN, BOB, CAR)


def rule(name: str = "r", **fields: Any) -> RuleSpec:
    return spec_of({"name": name, **{key.rstrip("_"): value for key, value in fields.items()}})


class Room:
    """A memory, a ledger and a clock, and chunks that are written and asked about."""

    def __init__(self, *specs: RuleSpec, ledger: Ledger | None = None) -> None:
        self.store, self.ledger, self.clock = MemoryStore(), ledger or MemoryLedger(), VirtualClock()
        self.ledger.put(STREAM)
        for spec in specs:
            self.ledger.put(to_rule(spec, armed=True))

    def webhook(self, **fields: Any) -> Webhook:
        name = fields.pop("name", "wh")
        return self.ledger.put(Webhook(id=WebhookId(name), url="http://x", secret=new_secret(), **fields))

    def see(self, index: int, *nouns: Event | Entity, asked: bool = True) -> list[Incident]:
        looked = coverage(index * CHUNK_S, (index + 1) * CHUNK_S, looked_for=())
        seen = observation(index, looked, *(PEOPLE if index == 0 else ()), *nouns)
        self.store.write(seen)
        return self.ask(seen) if asked else []

    def ask(self, seen: Observation) -> list[Incident]:
        return consider(STREAM, seen, store=self.store, ledger=self.ledger, clock=self.clock)

    @property
    def incidents(self) -> list[Incident]:
        return self.ledger.find(Incident)

    @property
    def told(self) -> list[str]:
        return [json.loads(row.body)["type"] for row in self.ledger.find(Delivery)]


def test_an_alert_says_what_when_where_and_on_what_evidence() -> None:
    room = Room(
        rule(when={"kind": "near_miss"}, message="{label} at {zone}, {stream} {time}", severity="high")
    )
    seen = event("near_miss", 4, 6, ANN, CAR, zone="aisle")
    (incident,) = room.see(0, seen)
    (alert,) = incident.alerts
    assert incident.state is IncidentState.CONFIRMED
    assert (alert.span, alert.zone, alert.severity) == (seen.span, "aisle", "high")
    assert (alert.event_ids, alert.entity_ids, alert.evidence) == (
        (seen.id,),
        (ANN.id, CAR.id),
        seen.evidence,
    )
    assert alert.message == "person at aisle, dock 0:04.0"
    assert alert.confidence == pytest.approx(0.7)
    assert room.incidents == [incident]


def test_a_rule_that_is_not_armed_or_is_for_another_stream_stays_silent() -> None:
    room = Room(rule(when={"kind": "left", "stream": "yard"}))
    room.ledger.put(to_rule(rule("off", when={"kind": "left"})))
    assert room.see(0, event("left", 3, None, ANN)) == []


@pytest.mark.parametrize(
    "row",
    [
        replace(STREAM, forgotten=(Span.of_seconds(0, 5),)),
        replace(STREAM, forgotten_entities=(BOB.id,)),
        None,
    ],
)
def test_what_was_forgotten_meanwhile_is_no_alert(row: Stream | None) -> None:
    room = Room(rule(when={"kind": "left"}, cooldown=0))
    if row is None:
        room.ledger.remove(Stream, STREAM.id)
    else:
        room.ledger.put(row)
    raised = room.see(0, event("left", 3, None, BOB), event("left", 8, None, ANN))
    assert [i.alerts[0].span.start for i in raised] == ([] if row is None else [8 * SECOND])


def test_an_open_event_written_again_does_not_fire_again() -> None:
    room = Room(rule(when={"kind": "stopped"}, cooldown=0))
    assert len(room.see(0, event("stopped", 4, 10, ANN, open=True))) == 1
    assert room.see(1, event("stopped", 4, 20, ANN, open=True)) == []
    assert room.see(2, event("stopped", 4, 23, ANN)) == []
    assert len(room.incidents[0].alerts) == 1
    assert room.incidents[0].span.end == 23 * SECOND, "it is known how long it went on"


def test_a_long_event_fires_in_the_chunk_in_which_it_is_long_enough() -> None:
    room = Room(rule(when={"kind": "stopped"}, for_="15s"))
    fired = [bool(room.see(n, event("stopped", 4, (n + 1) * 10, ANN, open=True))) for n in range(4)]
    assert fired == [False, True, False, False]


def test_a_sequence_over_three_chunks_is_seen() -> None:
    room = Room(rule(when={"kind": "appeared"}, then={"kind": "left", "within": "30s"}))
    assert room.see(0, event("appeared", 2, None, ANN)) == []
    assert room.see(1) == []
    assert len(room.see(2, event("left", 28, None, ANN))) == 1


def test_pure_absence_fires_once_and_long_after_the_look_back() -> None:
    room = Room(rule(when={"kind": "appeared"}, absent={"for": "30s"}, cooldown=0))
    room.see(0, event("appeared", 8, None, ANN))
    fired = [n for n in range(1, 20) if room.see(n)]
    assert fired == [4], "at 38 s, judged 5 s later"
    assert len(room.incidents) == 1


def test_asking_twice_changes_nothing() -> None:
    room = Room(rule(when={"kind": "left"}, cooldown=0))
    room.webhook()
    seen = [event("left", 3, None, ANN), event("left", 8, None, BOB)]
    assert len(room.see(0, *seen)) == 2
    before = room.incidents
    assert room.see(0, *seen) == []
    assert room.incidents == before
    assert room.told == ["incident.opened"] * 2


def test_alerts_within_the_cooldown_are_one_incident_and_one_notice() -> None:
    room = Room(rule(when={"kind": "left"}, cooldown="10s"))
    room.webhook()
    room.see(0, event("left", 3, None, ANN), event("left", 8, None, BOB))
    room.see(1, event("left", 17, None, ANN))
    room.see(3, event("left", 39, None, ANN))
    assert [len(i.alerts) for i in room.incidents] == [3, 1]
    assert room.incidents[0].span == Span(3 * SECOND, 17 * SECOND + 1)
    assert room.told == ["incident.opened"] * 2


def test_a_crash_before_asking_is_made_up_for_by_the_next_chunk() -> None:
    room = Room(rule(when={"kind": "left"}, cooldown=0))
    room.see(0)
    room.see(1, event("left", 12, None, ANN), asked=False)
    (late,) = room.see(2)
    assert late.span.start == 12 * SECOND


@pytest.mark.parametrize("lost", [0, 1])
def test_a_crash_at_the_last_chunk_is_made_up_for_at_the_end(lost: int) -> None:
    room = Room(rule(when={"kind": "left"}))
    for index in range(lost):
        room.see(index)
    room.see(lost, event("left", lost * 10 + 2, None, ANN), asked=False)
    ask = {"store": room.store, "ledger": room.ledger, "clock": room.clock}
    assert len(catch_up(STREAM, **ask)) == 1  # type: ignore[arg-type]
    assert catch_up(STREAM, **ask) == []  # type: ignore[arg-type]


class Broken(Exception):
    pass


class BreakingLedger(MemoryLedger):
    """A ledger whose process dies before the n-th writing."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10_000

    def put(self, row: Any, /, *, replacing: Any = None, new: bool = False) -> Any:
        if self.left == 0:
            raise Broken
        self.left -= 1
        return super().put(row, replacing=replacing, new=new)


@pytest.mark.parametrize("writings", range(8))
def test_cut_off_at_any_writing_nothing_is_lost_or_doubled(writings: int) -> None:
    spec = rule(when={"kind": "left"}, cooldown=0)
    ledger = BreakingLedger()
    room = Room(spec, ledger=ledger)
    room.webhook(name="a")
    room.webhook(name="b")
    ledger.left = writings
    seen = [event("left", 3, None, ANN), event("left", 8, None, BOB)]
    if writings < 7:
        with pytest.raises(Broken):
            room.see(0, *seen)
    else:
        room.see(0, *seen)
    ledger.left = 10_000
    room.see(1)
    assert sorted(i.span.start for i in room.incidents) == [3 * SECOND, 8 * SECOND]
    assert room.told == ["incident.opened"] * 4
    assert len({row.message_id for row in ledger.find(Delivery)}) == 4


def test_a_rule_armed_later_does_not_fire_about_what_is_over() -> None:
    room = Room()
    room.see(0, event("left", 3, None, ANN))
    room.see(1, event("stopped", 12, 20, BOB, open=True))
    room.ledger.put(to_rule(rule(when={"kind": ["left", "stopped"]}), armed=True))
    (incident,) = room.see(2, event("stopped", 12, 30, BOB, open=True))
    assert incident.span.start == 12 * SECOND


def test_a_stored_rule_nobody_can_read_is_skipped_and_the_rest_is_asked() -> None:
    room = Room(rule("good", when={"kind": "left"}))
    room.ledger.put(Rule(id=RuleId("ru_bad"), name="bad", spec={"name": "bad", "gone": 1}, armed=True))
    assert [i.rule for i in room.see(0, event("left", 3, None, ANN))] == ["good"]


def test_webhooks_get_what_they_asked_for() -> None:
    room = Room(rule("one", when={"kind": "left"}), rule("two", when={"kind": "left"}))
    room.webhook(name="all")
    room.webhook(name="one", rules=("one",))
    room.webhook(name="off", enabled=False)
    room.see(0, event("left", 3, None, ANN))
    assert sorted(row.webhook_id for row in room.ledger.find(Delivery)) == ["all", "all", "one"]


def test_a_judged_rule_leaves_the_incident_provisional_and_says_so() -> None:
    room = Room(rule(when={"kind": "left"}, judge="Is it so?"))
    (incident,) = room.see(0, event("left", 3, None, ANN))
    assert (incident.state, incident.note) == (IncidentState.PROVISIONAL, UNVERIFIED)


def test_the_life_of_an_incident() -> None:
    room = Room(rule(when={"kind": "left"}, cooldown="1h"))
    room.webhook()
    (incident,) = room.see(0, event("left", 3, None, ANN))
    seen = acknowledge(room.ledger, incident.id, "on my way", clock=room.clock)
    assert (seen.state, seen.note) == (IncidentState.ACKNOWLEDGED, "on my way")
    assert acknowledge(room.ledger, incident.id, clock=room.clock) == seen
    assert len(room.see(1, event("left", 13, None, BOB))[0].alerts) == 2, (
        "an acknowledged incident still grows"
    )
    assert resolve(room.ledger, incident.id, clock=room.clock).state is IncidentState.CLOSED
    with pytest.raises(Conflict):
        acknowledge(room.ledger, incident.id, clock=room.clock)
    (new,) = room.see(2, event("left", 23, None, ANN))
    assert new.id != incident.id, "what is closed stays closed"
    assert room.told == ["incident.opened", "incident.acknowledged", "incident.closed", "incident.opened"]


def test_feedback_confirms_or_rejects() -> None:
    room = Room(rule(when={"kind": "left"}, judge="?"))
    (incident,) = room.see(0, event("left", 3, None, ANN))
    rejected = feedback(room.ledger, incident.id, "rejected", "a shadow", clock=room.clock)
    assert (rejected.state, rejected.note) == (IncidentState.REJECTED, "a shadow")
    with pytest.raises(Invalid):
        feedback(room.ledger, incident.id, "perhaps", clock=room.clock)
    with pytest.raises(NotFound):
        resolve(room.ledger, "in_none", clock=room.clock)


def test_the_same_rows_come_of_a_ledger_in_a_file(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    room, twin = Room(rule(when={"kind": "left"}), ledger=ledger), Room(rule(when={"kind": "left"}))
    for one in (room, twin):
        one.see(0, event("left", 3, None, ANN))
        one.see(1, event("left", 15, None, BOB))
    assert room.incidents == twin.incidents
    assert ledger.get(Considered, DOCK) == twin.ledger.get(Considered, DOCK)
    ledger.close()


# ---- folding -------------------------------------------------------------------------------------------------------


def alert(start: int, length: int = 1, *, of: str = "r") -> Alert:
    return Alert(
        id=AlertId(f"al_{of}_{start}"), rule_id=RuleId(of), rule=of, stream_id=DOCK, stream="dock",
        span=Span(start * SECOND, (start + length) * SECOND),
    )  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 9)), unique_by=lambda a: a[0]), st.integers(0, 30)
)
def test_folding_keeps_every_alert_and_splits_only_at_long_gaps(
    alerts: list[tuple[int, int]], cooldown: int
) -> None:
    incidents: list[Incident] = []
    for start, length in sorted(alerts):
        last = incidents[-1] if incidents else None
        folded = fold(last, alert(start, length), cooldown * SECOND)
        assert fold(folded, alert(start, length), cooldown * SECOND) is folded, "twice is once"
        incidents = [*incidents[:-1], folded] if last and folded.id == last.id else [*incidents, folded]
    assert sorted(a.id for i in incidents for a in i.alerts) == sorted(alert(*a).id for a in alerts)
    for one in incidents:
        assert one.span.start == min(a.span.start for a in one.alerts)
        assert one.span.end == max(a.span.end for a in one.alerts)
    assert all(b.span.start - a.span.end > cooldown * SECOND for a, b in pairwise(incidents))


def test_another_rules_alert_never_joins() -> None:
    one = fold(None, alert(1), 60 * SECOND)
    assert fold(one, alert(2, of="other"), 60 * SECOND).id != one.id


def test_a_body_stays_small_whatever_the_incident_holds() -> None:
    long = replace(alert(0), message="ä" * 5000, evidence=event("left", 1).evidence * 50)
    incident = fold(None, long, SECOND)
    for second in range(1, 300):
        incident = fold(
            incident, replace(long, id=AlertId(f"al_{second}"), span=Span.at(second)), 60 * SECOND
        )
    body = json.dumps(
        notice(replace(incident, note="n" * 9000), "opened", at=VirtualClock().now()), ensure_ascii=False
    )
    assert len(body.encode()) < MOST_BYTES
    assert json.loads(body)["data"]["incident"]["alerts"] == 300


# ---- live is the same as history, the whole way ----------------------------------------------------------------------

RULES = [
    rule(when={"kind": "stopped", "label": "person"}, for_="12s"),
    rule(when={"kind": ["left", "appeared"]}, count={"at_least": 2, "within": "25s"}, cooldown="5s"),
    rule(when={"kind": "appeared"}, then={"kind": "left", "within": "25s", "same": True}),
    rule(when={"kind": "appeared"}, without={"kind": "left", "within": "22s"}, cooldown=0),
    rule(when={"kind": "stopped"}, absent={"for": "15s"}, cooldown=0),
    rule(when={"kind": "present", "zone": "z"}, for_="25s"),
    rule(when={"kind": "present", "zone": "z"}, absent={"for": "18s"}, cooldown=0),
]


@st.composite
def days(draw: st.DrawFn) -> list[Event]:
    out = {}
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["appeared", "left", "stopped", "entered_zone", "left_zone"]))
        start = draw(st.integers(0, 99))
        end = min(start + draw(st.integers(1, 40)), 100) if kind == "stopped" else None
        who = draw(st.sampled_from(PEOPLE))
        one = event(kind, start, end, who, zone="z" if "zone" in kind else None)
        out[one.id] = one
    return list(out.values())


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(RULES), days())
def test_live_and_back_test_raise_the_same_alerts(spec: RuleSpec, told: list[Event]) -> None:
    room = Room(spec)
    for index in range(10):
        until = (index + 1) * CHUNK_S * SECOND
        now = [e for e in told if e.span.start < until and e.span.end > until - CHUNK_S * SECOND]
        shown = [
            e if e.span.end <= until else replace(e, span=Span(e.span.start, until), open=True) for e in now
        ]
        here = [replace(person, span=Span(0, until)) for person in PEOPLE]
        room.see(index, *shown, *(here if index else ()))
    history = backtest(spec, room.store, [STREAM])
    live = {a.id: a.span.start for i in room.incidents for a in i.alerts}
    assert live == {a.id: a.span.start for i in history.incidents for a in i.alerts}
    assert {i.span.start for i in room.incidents} == {i.span.start for i in history.incidents}


def test_alert_ids_are_derived() -> None:
    room = Room(spec := rule(when={"kind": "left"}))
    (incident,) = room.see(0, event("left", 3, None, ANN))
    assert incident.alerts[0].id == backtest(spec, room.store, [STREAM]).incidents[0].alerts[0].id
    assert callable(alert_of)
