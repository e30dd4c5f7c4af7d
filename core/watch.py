"""Rules and what comes of them: alerts, incidents, deliveries; rows of the ledger, for they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.clock import Span
from core.ids import AlertId, DeliveryId, EntityId, EventId, IncidentId, RuleId, StreamId, WebhookId
from core.memory import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A condition as data: `spec` is the validated rule document (`alerts/rule.py` says what may stand in it)."""

    id: RuleId
    name: str
    spec: dict[str, Any]
    armed: bool = False
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One firing of one rule on one stream: when, on which events, about whom."""

    id: AlertId
    rule_id: RuleId
    rule: str
    stream_id: StreamId
    stream: str
    span: Span
    severity: str = "medium"
    message: str = ""
    event_ids: tuple[EventId, ...] = ()
    entity_ids: tuple[EntityId, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    zone: str | None = None


class IncidentState(StrEnum):
    """The life of an incident: provisional → confirmed / rejected → acknowledged → closed."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Alerts that belong together: of one rule on one stream, no further apart than the rule's cooldown."""

    id: IncidentId
    rule_id: RuleId
    rule: str
    stream_id: StreamId
    stream: str
    span: Span
    severity: str
    message: str
    state: IncidentState = IncidentState.PROVISIONAL
    alerts: tuple[Alert, ...] = ()
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of incidents: where to send, and the secret both sides sign with (`whsec_` + base64)."""

    id: WebhookId
    url: str
    secret: str = field(repr=False)
    rules: tuple[str, ...] = ()
    enabled: bool = True
    problem: str = ""
    added_at: datetime | None = None


class DeliveryState(StrEnum):
    """How far a delivery has come; `dead` means every retry was used up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a notice over: when, what came back (HTTP status or 0) and, if it failed, why."""

    at: datetime
    status: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on its way to one receiver: an outbox row, kept until it is delivered or dead.

    `message_id` is the `webhook-id` header: the same in every try, so that a receiver can tell repeats.
    """

    id: DeliveryId
    webhook_id: WebhookId
    incident_id: IncidentId
    message_id: str
    body: str
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()
    due_at: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a notifier sends: a body, to where, signed with what, under which message id."""

    message_id: str
    url: str
    secret: str = field(repr=False)
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came back: the HTTP status (0 when nothing came), whether it counts as delivered, and when to try again.

    `gone` is true when the receiver said it wants no more (HTTP 410).
    """

    status: int
    delivered: bool
    problem: str = ""
    retry_after_s: float | None = None
    gone: bool = False
