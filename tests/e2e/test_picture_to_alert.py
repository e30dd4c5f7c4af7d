"""The way from a picture to an alert, on a real clip, through the real house: one receiver, signatures checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.deliver import deliver_due
from alerts.rule import parse_rules, to_rule
from alerts.webhook import new_secret
from api.wiring.house import build
from bench.receiver import Receiver
from core import ids
from core.clock import SECOND, seconds
from core.media import Stream, StreamState
from core.memory import Found, Observation, Query, Want
from core.settings import read_settings
from core.watch import Delivery, DeliveryState, Incident, Webhook
from ingest.layout.read import read_layout
from ingest.pipeline import watch
from ingest.register import register
from jobs.handlers import INGEST, handlers

HALL = "people/hall_groups.mp4"
WIDTH, HEIGHT = 768, 432
ZONES = """
lines:
  - {name: doorway, from: [0, 300], to: [768, 300]}
"""
RULES = """
rules:
  - name: doorway-crossed
    when: {kinds: [crossed_line], zones: [doorway]}
    cooldown: 5 s
    severity: high
    message: "{label} crossed {zone} at {time}"
  - name: never
    when: {kinds: [collision]}
"""


@pytest.mark.slow
def test_people_crossing_a_line_reach_the_receiver_signed(home: Path, clips: Path) -> None:
    settings = read_settings()
    house = build(settings)
    layout = read_layout(ZONES, width=WIDTH, height=HEIGHT, filename="zones.yaml")
    secret = new_secret()
    with Receiver(secret) as receiver:
        for spec in parse_rules(RULES, "rules.yaml"):
            house.ledger.put(to_rule(spec, armed=True))
        house.ledger.put(Webhook(id=ids.WebhookId(ids.fresh("wh")), url=receiver.url, secret=secret))
        stream = register(str(clips / HALL), name="hall", layout=layout, house=house, settings=settings)
        handlers(house, settings)[INGEST]({"stream_id": stream.id}, lambda _done, _message: None)
        while deliver_due(house.ledger, house.notifier, house.clock):
            pass

    watched = house.ledger.get(Stream, stream.id)
    assert watched is not None
    assert watched.state is StreamState.WATCHED
    crossings = house.store.find(
        Query(want=Want.EVENTS, streams=(stream.id,), kinds=("crossed_line",))
    ).events
    # Seven people come in and go out again, in four groups (the clip's truth); a group may cross as one.
    assert 4 <= len(crossings) <= 20
    assert all(0 < seconds(event.span.start) < 49.7 and event.evidence for event in crossings)

    incidents = house.ledger.find(Incident)
    assert {incident.rule for incident in incidents} == {"doorway-crossed"}
    deliveries = house.ledger.find(Delivery)
    assert len(deliveries) >= len(incidents) >= 2
    assert {delivery.state for delivery in deliveries} == {DeliveryState.DELIVERED}
    assert all(got.verified for got in receiver.received)
    assert {got.message_id for got in receiver.received} == {delivery.message_id for delivery in deliveries}


@pytest.mark.slow
def test_what_happens_is_known_when_it_is_noticed_and_not_at_its_chunks_end(home: Path, clips: Path) -> None:
    settings = read_settings(chunk_s=60.0)
    house = build(settings)
    layout = read_layout(ZONES, width=WIDTH, height=HEIGHT, filename="zones.yaml")
    stream = register(str(clips / HALL), name="hall", layout=layout, house=house, settings=settings)
    told: list[tuple[Observation, Found]] = []

    def on_chunk(seen: Stream, observation: Observation) -> None:
        query = Query(want=Want.EVENTS, streams=(seen.id,), ids=tuple(e.id for e in observation.events))
        told.append((observation, house.store.find(query)))

    watch(stream, house, settings, on_chunk=on_chunk)
    *early, (whole, _) = told
    assert whole.captions
    assert len(early) > 10
    known: set[str] = set()
    for observation, found in early:
        assert {event.id for event in found.events} == {event.id for event in observation.events}
        assert all(event.noticed is not None for event in observation.events)
        # the chunk is as long as what was looked at: noticed in its last look, two for those it was sure of at once
        looked = observation.chunk.span.end
        assert all(
            looked - (event.noticed or 0) <= SECOND or looked <= 3 * SECOND for event in observation.events
        )
        known |= {event.id for event in observation.events}
    final = {event.id: event for event in whole.events}
    assert known <= final.keys()
    late = [event for id, event in final.items() if id not in known]
    assert all((event.noticed or 0) >= early[-1][0].chunk.span.end - 1 for event in late)
