"""What is told to a receiver: a small JSON body about an incident, put in the outbox once for each webhook."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from core import ids
from core.clock import Clock, Span, seconds
from core.errors import Conflict
from core.ids import DeliveryId, IncidentId
from core.ports import Ledger
from core.watch import Alert, Delivery, Incident, Webhook

MOST_ALERTS = 10
"""Alerts that stand in one body: a body stays under 20 kB; all of them are under the incident's link."""

MOST_EVIDENCE = 3
MOST_TEXT = 600


def queue_notices(incident: Incident, what: str, *, ledger: Ledger, clock: Clock) -> list[Delivery]:
    """Puts `incident.<what>` into the outbox for every webhook that wants the rule; twice is once."""
    now = clock.now()
    body = json.dumps(notice(incident, what, at=now), ensure_ascii=False)
    queued = []
    for webhook in ledger.find(Webhook, enabled=True):
        if webhook.rules and not {incident.rule, incident.rule_id} & {*webhook.rules}:
            continue
        delivery = Delivery(
            id=DeliveryId(ids.derive("de", webhook.id, incident.id, what)),
            webhook_id=webhook.id,
            incident_id=incident.id,
            message_id=ids.derive("msg", webhook.id, incident.id, what),
            body=body,
            due_at=now,
            created_at=now,
        )
        try:
            queued.append(ledger.put(delivery, new=True))
        except Conflict:
            continue  # it is in the outbox already
    return queued


def trial_notice(webhook: Webhook, *, clock: Clock) -> Delivery:
    """A delivery that only says that the webhook works."""
    now = clock.now()
    body = {
        "type": "webhook.test",
        "timestamp": _stamp(now),
        "data": {"message": "This is a test from Sightline."},
    }
    return Delivery(
        id=DeliveryId(ids.fresh("de")),
        webhook_id=webhook.id,
        incident_id=IncidentId(""),
        message_id=ids.fresh("msg"),
        body=json.dumps(body),
        due_at=now,
        created_at=now,
    )


def notice(incident: Incident, what: str, *, at: datetime) -> dict[str, Any]:
    """The body: what happened to the incident, and where each claim can be played (links are relative to the API)."""
    shown = incident.alerts[:MOST_ALERTS]
    return {
        "type": f"incident.{what}",
        "timestamp": _stamp(at),
        "data": {
            "incident": {
                "id": incident.id,
                "rule": incident.rule[:MOST_TEXT],
                "severity": incident.severity,
                "state": incident.state.value,
                "message": incident.message[:MOST_TEXT],
                "note": incident.note[:MOST_TEXT],
                "stream": incident.stream,
                **_times(incident.span),
                "alerts": len(incident.alerts),
            },
            "alerts": [_alert(alert) for alert in shown],
            "citations": [_citation(alert) for alert in shown],
            "links": {
                "incident": f"/v1/incidents/{incident.id}",
                "clip": _clip(incident.stream_id, incident.span),
            },
        },
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "message": alert.message[:MOST_TEXT],
        "zone": alert.zone,
        "confidence": round(alert.confidence, 3),
        **_times(alert.span),
        "evidence": [
            {
                "chunk": piece.chunk_id,
                "time_s": seconds(piece.at),
                "box": piece.box.rounded() if piece.box else None,
            }
            for piece in alert.evidence[:MOST_EVIDENCE]
        ],
    }


def _citation(alert: Alert) -> dict[str, Any]:
    chunk = alert.evidence[0].chunk_id if alert.evidence else None
    return {
        "stream": alert.stream,
        **_times(alert.span),
        "chunk": chunk,
        "clip": _clip(alert.stream_id, alert.span),
    }


def _clip(stream: str, span: Span) -> str:
    return f"/v1/clips/{stream}?start_s={seconds(span.start):.3f}&end_s={max(seconds(span.end), seconds(span.start) + 1):.3f}"


def _times(span: Span) -> dict[str, float]:
    return {"start_s": seconds(span.start), "end_s": seconds(span.end)}


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
