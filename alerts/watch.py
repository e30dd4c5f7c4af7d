"""Asks the armed rules about a stream after every chunk, and makes alerts and incidents of what they say."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts.incidents import acknowledge, feedback, resolve, take_in
from alerts.match import Firing, asks_for_presence, fire, kinds_needed, look_back, watched_for
from alerts.rule import RuleSpec, from_rule
from alerts.scene import SETTLE, Scene
from core import ids
from core.clock import Clock, Micros, Span, clock_text
from core.errors import Invalid
from core.ids import AlertId, EntityId, EventId, StreamId
from core.media import Stream
from core.memory import Coverage, Entity, Event, Observation, Query, Want
from core.ports import GraphStore, Ledger
from core.watch import Alert, Incident, Rule

__all__ = [
    "Considered",
    "acknowledge",
    "alert_of",
    "catch_up",
    "consider",
    "feedback",
    "is_forgotten",
    "resolve",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """How far the rules were asked about a stream; a row of the ledger, named by the stream."""

    id: StreamId
    until: Micros


def consider(
    stream: Stream, observation: Observation, *, store: GraphStore, ledger: Ledger, clock: Clock
) -> list[Incident]:
    """Asks the armed rules about the chunk that was just written; returns the incidents opened or added to.

    Alerts are named by what they are about, so asking twice changes nothing. Where a run was cut off between writing
    a chunk and asking about it, the next call makes up for it.
    """
    return _Round(stream, store=store, ledger=ledger, clock=clock, fresh=observation).run()


def catch_up(stream: Stream, *, store: GraphStore, ledger: Ledger, clock: Clock) -> list[Incident]:
    """Asks about what was written and not yet asked about: after a run, and after one that was cut off."""
    chunks = store.find(Query(want=Want.CHUNKS, streams=(stream.id,))).chunks
    done = ledger.get(Considered, stream.id)
    last = max(chunks, key=lambda chunk: chunk.span.end, default=None)
    if last is None or (done is not None and done.until >= last.span.end):
        return []
    return _Round(stream, store=store, ledger=ledger, clock=clock, fresh=Observation(chunk=last)).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is known about the stretch a round looks at."""

    since: Micros
    events: dict[EventId, Event]
    scene: Scene
    coverage: tuple[Coverage, ...]


class _Round:
    """One asking of all armed rules about one stream up to the end of one chunk."""

    def __init__(
        self, stream: Stream, *, store: GraphStore, ledger: Ledger, clock: Clock, fresh: Observation
    ) -> None:
        self.stream, self.store, self.ledger, self.clock, self.fresh = stream, store, ledger, clock, fresh
        self.until = fresh.chunk.span.end
        done = ledger.get(Considered, stream.id)
        self.done = 0 if done is None else done.until
        self.since = min(self.done, fresh.chunk.span.start)

    def run(self) -> list[Incident]:
        """Every rule in turn; how far it came is noted last, so that nothing is skipped when it is cut off."""
        rules = [
            (rule, spec)
            for rule in self.ledger.find(Rule, armed=True)
            if (spec := _readable(rule)) is not None
        ]
        changed: dict[str, Incident] = {}
        if rules:
            facts = self._facts([spec for _, spec in rules])
            for rule, spec in rules:
                for incident in self._ask(rule, spec, facts):
                    changed[incident.id] = incident
        # What a model tells of an earlier chunk comes later: that takes nothing back.
        self.ledger.put(Considered(id=self.stream.id, until=max(self.until, self.done)))
        return list(changed.values())

    def _facts(self, specs: Iterable[RuleSpec]) -> _Facts:
        specs = list(specs)
        since = max(0, self.since - max(look_back(spec) for spec in specs))
        span = Span(since, max(self.until, since + 1))
        needed = [kinds_needed(spec) for spec in specs]
        kinds = (
            () if None in needed else tuple(sorted(frozenset().union(*(k for k in needed if k is not None))))
        )
        streams = (self.stream.id,)
        found: tuple[Event, ...] = ()
        if kinds or None in needed:
            found = self.store.find(Query(want=Want.EVENTS, streams=streams, span=span, kinds=kinds)).events
        events = {event.id: event for event in (*found, *self.fresh.events)}
        here: tuple[Entity, ...] = ()
        if any(asks_for_presence(spec) for spec in specs):
            here = self.store.find(Query(want=Want.ENTITIES, streams=streams, span=span)).entities
            events |= {event.id: event for event in self._zone_changes(here)}
        entities = {
            entity.id: entity for entity in (*self._who(events.values()), *here, *self.fresh.entities)
        }
        coverage = self.store.find(Query(want=Want.COVERAGE, streams=streams, span=span)).coverage
        coverage = tuple({*coverage, *self.fresh.coverage})
        return _Facts(
            since=since, events=events, scene=Scene(stream=self.stream, entities=entities), coverage=coverage
        )

    def _zone_changes(self, entities: Iterable[Entity]) -> tuple[Event, ...]:
        """When those who are here came into their zones, however long ago that was."""
        who = tuple(entity.id for entity in entities)
        if not who:
            return ()
        kinds = ("entered_zone", "left_zone")
        return self.store.find(
            Query(want=Want.EVENTS, streams=(self.stream.id,), entities=who, kinds=kinds)
        ).events

    def _who(self, events: Iterable[Event]) -> tuple[Entity, ...]:
        wanted = {id for event in events for id in event.entity_ids}
        if not wanted:
            return ()
        return self.store.find(
            Query(want=Want.ENTITIES, streams=(self.stream.id,), ids=tuple(sorted(wanted)))
        ).entities

    def _ask(self, rule: Rule, spec: RuleSpec, facts: _Facts) -> list[Incident]:
        watched = [
            part
            for span in watched_for(spec, facts.coverage)
            if (part := span.intersect(Span(facts.since, max(self.until, facts.since + 1)))) is not None
        ]
        firings = fire(spec, facts.events.values(), scene=facts.scene, until=self.until, watched=watched)
        changed = []
        for firing in firings:
            if not self._is_new(firing, facts):
                continue
            alert = alert_of(rule, spec, firing, facts.scene, known=facts.events)
            if self._is_gone(alert):
                continue
            incident = take_in(
                alert, spec.cooldown, ledger=self.ledger, clock=self.clock, unverified=bool(spec.judge)
            )
            if incident is not None:
                changed.append(incident)
        return changed

    def _is_gone(self, alert: Alert) -> bool:
        """Whether what the alert is about was forgotten since it was read; asked of the row as it is now."""
        row = self.ledger.get(Stream, self.stream.id)
        return row is None or is_forgotten(alert, row)

    def _is_new(self, firing: Firing, facts: _Facts) -> bool:
        """Whether the firing may come from what is new: its moment is, or an event in it is or still went on.

        Older ones were alerts when they were new; a rule armed since then does not fire about the past. An absence
        that begins where we began to look back is older than it seems, and was judged before.
        """
        recent = self.since - SETTLE
        fresh = {event.id for event in self.fresh.events}
        return firing.at > recent or any(e.id in fresh or e.span.end > recent for e in firing.events)


def is_forgotten(alert: Alert, stream: Stream) -> bool:
    """Whether the alert is about a span or somebody that was forgotten of the stream."""
    return stream.is_forgotten(alert.span) or not {*stream.forgotten_entities}.isdisjoint(alert.entity_ids)


def _readable(rule: Rule) -> RuleSpec | None:
    try:
        return from_rule(rule)
    except Invalid as error:
        log.warning("the armed rule %s is skipped: %s", rule.name, error.message)
        return None


def alert_of(rule: Rule, spec: RuleSpec, firing: Firing, scene: Scene, *, known: Iterable[EventId]) -> Alert:
    """The alert that tells of a firing; the same firing always gives the same id.

    `known` are the ids of stored events: stays are made up from others and are not cited.
    """
    stored = {*known}
    stream, main = scene.stream, firing.events[-1] if firing.events else None
    span = firing.span
    for event in firing.events:
        span = span.hull(event.span)
    zone = next((e.zone for e in reversed(firing.events) if e.zone), None)
    people = tuple(dict.fromkeys(id for event in firing.events for id in event.entity_ids))
    return Alert(
        id=AlertId(ids.derive("al", rule.id, stream.id, firing.key)),
        rule_id=rule.id,
        rule=rule.name,
        stream_id=stream.id,
        stream=stream.name,
        span=span,
        severity=spec.severity,
        message=message_of(spec, firing, scene),
        event_ids=tuple(event.id for event in firing.events if event.id in stored),
        entity_ids=people,
        evidence=tuple(piece for event in firing.events for piece in event.evidence[:3]),
        confidence=min((event.confidence for event in firing.events), default=1.0),
        zone=zone if main is not None else _drawn(spec),
    )


def message_of(spec: RuleSpec, firing: Firing, scene: Scene) -> str:
    """The rule's message with its braces filled, or a plain sentence where the rule has none."""
    main = firing.events[-1] if firing.events else None
    label = _label(spec, firing, scene.entities)
    zone = next((e.zone for e in reversed(firing.events) if e.zone), None) or _drawn(spec) or ""
    words = {
        "rule": spec.name,
        "label": label,
        "kind": (main.kind if main is not None else "absent").replace("_", " "),
        "zone": zone,
        "stream": scene.stream.name,
        "time": clock_text(firing.at),
        "count": str(len(firing.events)),
    }
    if spec.message:
        return spec.message.format(**words)
    at = f" at {zone}" if zone else ""
    return f"{spec.name}: {label} {words['kind']}{at}, {words['stream']} at {words['time']}"


def _label(spec: RuleSpec, firing: Firing, entities: Mapping[EntityId, Entity]) -> str:
    """What the alert is about: one who took part and fits the rule's labels, or the labels themselves."""
    labels = [entities[id].label for event in firing.events for id in event.entity_ids if id in entities]
    fitting = [label for label in labels if label in spec.when.label]
    return next(iter((*fitting, *labels)), " or ".join(spec.when.label) or "something")


def _drawn(spec: RuleSpec) -> str | None:
    """The place the rule names, if it names one."""
    return next(iter((*spec.when.zone, *spec.when.line)), None)
