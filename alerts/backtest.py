"""Tries a rule on history: what it would have alarmed about, and how that compares with the truth where it is known."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from alerts import document
from alerts.incidents import fold, home_of
from alerts.match import fire, watched_for
from alerts.rule import RuleSpec, to_rule
from alerts.scene import Scene
from alerts.watch import alert_of
from core.clock import Micros, Span, micros, seconds
from core.errors import Invalid
from core.media import Stream
from core.memory import Query, Want
from core.ports import GraphStore
from core.watch import Incident

SLACK: Micros = micros(1.0)
"""How far beside the truth an alarm may lie: people note times to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A stretch in which the rule should alarm; an empty `stream` means whichever is tried."""

    span: Span
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well alarms fit the truth.

    `precision`: share of the alarms that lie on a true stretch. `recall`: share of the true stretches with an alarm.
    `time_to_detect_s`: median seconds from a found stretch's start to the moment its first alarm came true.
    Each is None where there is nothing to count.
    """

    precision: float | None
    recall: float | None
    time_to_detect_s: float | None
    right: int
    wrong: int
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The incidents a rule would have opened, and the moment the first alert of each came true (by incident id)."""

    incidents: tuple[Incident, ...]
    fired_at: dict[str, Micros]
    notes: tuple[str, ...] = ()
    score: Score | None = None


def backtest(
    spec: RuleSpec, store: GraphStore, streams: Sequence[Stream], truth: Sequence[Truth] | None = None
) -> Hits:
    """Runs the rule over all that is remembered of the streams; changes nothing."""
    incidents: list[Incident] = []
    fired_at: dict[str, Micros] = {}
    notes = []
    for stream in streams:
        if spec.when.between is not None and stream.started_at is None:
            notes.append(f"{stream.name}: its start is not known, so a time of day never fits")
        incidents += _replay(spec, store, stream, fired_at)
    score = None if truth is None else judge(incidents, fired_at, truth)
    return Hits(incidents=tuple(incidents), fired_at=fired_at, notes=tuple(notes), score=score)


def _replay(spec: RuleSpec, store: GraphStore, stream: Stream, fired_at: dict[str, Micros]) -> list[Incident]:
    def query(want: Want) -> Query:
        return Query(want=want, streams=(stream.id,))

    events = store.find(query(Want.EVENTS)).events
    entities = {entity.id: entity for entity in store.find(query(Want.ENTITIES)).entities}
    coverage = store.find(query(Want.COVERAGE)).coverage
    until = max((chunk.span.end for chunk in store.find(query(Want.CHUNKS)).chunks), default=0)
    scene = Scene(stream=stream, entities=entities)
    rule = to_rule(spec)
    known = {event.id for event in events}
    incidents: dict[str, Incident] = {}
    for firing in fire(spec, events, scene=scene, until=until, watched=watched_for(spec, coverage)):
        alert = alert_of(rule, spec, firing, scene, known=known)
        home = home_of(alert, list(incidents.values()), spec.cooldown)
        folded = fold(home, alert, spec.cooldown, unverified=bool(spec.judge))
        incidents[folded.id] = folded
        fired_at[folded.id] = min(firing.at, fired_at.get(folded.id, firing.at))
    return list(incidents.values())


def judge(incidents: Iterable[Incident], fired_at: dict[str, Micros], truth: Sequence[Truth]) -> Score:
    """Compares incidents with the truth: one fits a true stretch where the two overlap, give or take `SLACK`."""
    found: dict[int, Micros] = {}
    right = wrong = 0
    for incident in incidents:
        fits = [n for n, true in enumerate(truth) if _fits(incident, true)]
        right, wrong = right + bool(fits), wrong + (not fits)
        for n in fits:
            found[n] = min(fired_at[incident.id], found.get(n, fired_at[incident.id]))
    delays = [max(0.0, seconds(at - truth[n].span.start)) for n, at in found.items()]
    return Score(
        precision=right / (right + wrong) if right + wrong else None,
        recall=len(found) / len(truth) if truth else None,
        time_to_detect_s=statistics.median(delays) if delays else None,
        right=right,
        wrong=wrong,
        missed=len(truth) - len(found),
    )


def _fits(incident: Incident, true: Truth) -> bool:
    here = true.stream in ("", incident.stream, incident.stream_id)
    return here and any(alert.span.overlaps(true.span.widen(SLACK)) for alert in incident.alerts)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    t: float | None = None
    t0: float | None = None
    t1: float | None = None
    stream: str = ""


def _row(value: Any) -> Any:
    return {"t": value} if isinstance(value, int | float) else value


_ROWS: TypeAdapter[list[_Row]] = TypeAdapter(list[Annotated[_Row, BeforeValidator(_row)]])


def parse_truth(text: str, filename: str) -> list[Truth]:
    """What should fire: a list of `{t0, t1}` or `{t}` in seconds, each with an optional `stream`. Raises `Invalid`."""
    doc = document.read(text, filename)
    help_ = 'write a list like [{"t0": 12.5, "t1": 20}, {"t": 31}], in seconds'
    try:
        rows = _ROWS.validate_python(doc.value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise doc.wrong(first["loc"], str(first["msg"]).lower(), next_step=help_) from error
    return [_truth(doc, number, row, help_) for number, row in enumerate(rows)]


def _truth(doc: document.Document, number: int, row: _Row, help_: str) -> Truth:
    start = row.t if row.t0 is None else row.t0
    end = row.t1 if row.t1 is not None else start
    if start is None or end is None or start < 0 or end < start:
        raise doc.wrong((number,), "neither a 't' nor a 't0' before a 't1'", next_step=help_)
    try:
        return Truth(span=Span(micros(start), max(micros(end), micros(start) + 1)), stream=row.stream)
    except ValueError as error:
        raise Invalid(f"{doc.filename}: {error}", next_step=help_) from error
