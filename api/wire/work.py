"""The shapes of what changes: jobs, rules, incidents, webhooks, deliveries, keys, reports. No secret is among them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from api.wire import EvidenceOut, Out, evidence
from core.clock import seconds
from core.watch import Alert, Delivery, DeliveryState, Incident, IncidentState, Rule, Webhook
from core.work import ApiKey, Job, JobState, Report


class JobOut(Out):
    """One piece of work and how it stands."""

    id: str
    kind: str
    state: JobState
    progress: float
    message: str = ""
    stream: str | None = Field(
        default=None, description="The id of the stream it works on, if it is about one."
    )
    result: dict[str, Any] = Field(default={})
    problem: str = ""
    next_step: str = ""
    stage: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None


class RuleOut(Out):
    """A condition as data."""

    id: str
    name: str
    armed: bool
    spec: dict[str, Any]
    changed_at: datetime | None = None


class AlertOut(Out):
    """One firing of one rule."""

    id: str
    rule: str
    rule_id: str
    stream: str
    stream_id: str
    start_s: float
    end_s: float
    severity: str
    message: str
    zone: str | None
    confidence: float
    events: list[str]
    entities: list[str]
    evidence: list[EvidenceOut]


class IncidentOut(Out):
    """Alerts that belong together."""

    id: str
    rule: str
    rule_id: str
    stream: str
    stream_id: str
    start_s: float
    end_s: float
    severity: str
    message: str
    state: IncidentState
    note: str = ""
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    alerts: list[AlertOut]


class WebhookOut(Out):
    """A receiver of incidents, without its secret."""

    id: str
    url: str
    rules: list[str] = Field(description="Names of the rules it hears about; empty: all.")
    enabled: bool
    problem: str = ""
    added_at: datetime | None = None


class NewWebhookOut(WebhookOut):
    """A receiver just added, with its signing secret: shown this once."""

    secret: str


class AttemptOut(Out):
    """One try to hand a notice over."""

    at: datetime
    status: int
    problem: str = ""


class DeliveryOut(Out):
    """One notice on its way to one receiver."""

    id: str
    webhook: str
    incident: str
    message_id: str
    state: DeliveryState
    attempts: list[AttemptOut]
    due_at: datetime | None = None
    created_at: datetime | None = None


class KeyOut(Out):
    """A key to the API, without the key."""

    id: str
    name: str
    role: str
    created_at: datetime | None = None


class NewKeyOut(KeyOut):
    """A key just made, with its text: shown this once."""

    key: str


class ReportOut(Out):
    """A written report."""

    id: str
    title: str
    media_type: str
    url: str
    created_at: datetime | None = None


def job(value: Job) -> JobOut:
    """A job."""
    about = value.args.get("stream_id") or value.args.get("stream")
    return JobOut(
        id=value.id,
        kind=value.kind,
        state=value.state,
        progress=round(value.progress, 4),
        message=value.message,
        stream=str(about) if about else None,
        result=value.result,
        problem=value.problem,
        next_step=value.next_step,
        stage=value.stage,
        created_at=value.created_at,
        changed_at=value.changed_at,
    )


def rule(value: Rule) -> RuleOut:
    """A rule."""
    return RuleOut(
        id=value.id, name=value.name, armed=value.armed, spec=value.spec, changed_at=value.changed_at
    )


def alert(value: Alert) -> AlertOut:
    """An alert."""
    return AlertOut(
        id=value.id,
        rule=value.rule,
        rule_id=value.rule_id,
        stream=value.stream,
        stream_id=value.stream_id,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        severity=value.severity,
        message=value.message,
        zone=value.zone,
        confidence=value.confidence,
        events=list(value.event_ids),
        entities=list(value.entity_ids),
        evidence=[evidence(piece) for piece in value.evidence],
    )


def incident(value: Incident) -> IncidentOut:
    """An incident with its alerts."""
    return IncidentOut(
        id=value.id,
        rule=value.rule,
        rule_id=value.rule_id,
        stream=value.stream,
        stream_id=value.stream_id,
        start_s=seconds(value.span.start),
        end_s=seconds(value.span.end),
        severity=value.severity,
        message=value.message,
        state=value.state,
        note=value.note,
        opened_at=value.opened_at,
        changed_at=value.changed_at,
        alerts=[alert(a) for a in value.alerts],
    )


def webhook(value: Webhook) -> WebhookOut:
    """A webhook, without its secret."""
    return WebhookOut(
        id=value.id,
        url=value.url,
        rules=list(value.rules),
        enabled=value.enabled,
        problem=value.problem,
        added_at=value.added_at,
    )


def new_webhook(value: Webhook) -> NewWebhookOut:
    """A webhook with its secret, for the one time it is shown."""
    return NewWebhookOut(secret=value.secret, **webhook(value).model_dump())


def delivery(value: Delivery) -> DeliveryOut:
    """A delivery."""
    return DeliveryOut(
        id=value.id,
        webhook=value.webhook_id,
        incident=value.incident_id,
        message_id=value.message_id,
        state=value.state,
        attempts=[AttemptOut(at=a.at, status=a.status, problem=a.problem) for a in value.attempts],
        due_at=value.due_at,
        created_at=value.created_at,
    )


def key(value: ApiKey) -> KeyOut:
    """A key, without the key."""
    return KeyOut(id=value.id, name=value.name, role=value.role, created_at=value.created_at)


def report(value: Report) -> ReportOut:
    """A report and where to fetch it."""
    return ReportOut(
        id=value.id,
        title=value.title,
        media_type=value.media_type,
        url=f"/v1/reports/{value.id}",
        created_at=value.created_at,
    )
