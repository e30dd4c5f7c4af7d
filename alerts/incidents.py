"""Folds alerts into incidents and moves incidents through their life; every step is put in the outbox first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from alerts.notices import queue_notices
from core import ids
from core.clock import Clock, Micros, WallClock
from core.errors import Conflict, Invalid, NotFound
from core.ids import IncidentId
from core.ports import Ledger
from core.watch import Alert, Incident, IncidentState

UNVERIFIED = "unverified"
"""The note of an incident whose rule asks for a verdict that nobody has given yet."""

_OVER = frozenset({IncidentState.CLOSED, IncidentState.REJECTED})
_TRIES = 20

WALL = WallClock()


def fold(incident: Incident | None, alert: Alert, cooldown: Micros, *, unverified: bool = False) -> Incident:
    """The incident with the alert in it, or a new one where the alert does not belong to it.

    An alert belongs where it is no further than `cooldown` from the incident, before or after, and the incident is
    not over. An alert that is already in it changes nothing, unless what it is about has gone on since: then its span
    grows. With `unverified` a new incident stays provisional.
    """
    if incident is None or not belongs(incident, alert, cooldown):
        return Incident(
            id=IncidentId(ids.derive("in", alert.id)),
            rule_id=alert.rule_id,
            rule=alert.rule,
            stream_id=alert.stream_id,
            stream=alert.stream,
            span=alert.span,
            severity=alert.severity,
            message=alert.message,
            state=IncidentState.PROVISIONAL if unverified else IncidentState.CONFIRMED,
            alerts=(alert,),
            note=UNVERIFIED if unverified else "",
        )
    if _known(incident, alert):
        return _grown(incident, alert)
    alerts = sorted((*incident.alerts, alert), key=lambda a: (a.span.start, a.id))
    return replace(incident, span=incident.span.hull(alert.span), alerts=tuple(alerts))


def _known(incident: Incident, alert: Alert) -> bool:
    return any(known.id == alert.id for known in incident.alerts)


def _grown(incident: Incident, alert: Alert) -> Incident:
    alerts = tuple(
        replace(known, span=known.span.hull(alert.span)) if known.id == alert.id else known
        for known in incident.alerts
    )
    if alerts == incident.alerts:
        return incident
    return replace(incident, span=incident.span.hull(alert.span), alerts=alerts)


def belongs(incident: Incident, alert: Alert, cooldown: Micros) -> bool:
    """Whether the alert is part of the incident."""
    if _known(incident, alert):
        return True
    same = (incident.rule_id, incident.stream_id) == (alert.rule_id, alert.stream_id)
    gap = max(alert.span.start - incident.span.end, incident.span.start - alert.span.end)
    return same and incident.state not in _OVER and gap <= cooldown


def home_of(alert: Alert, incidents: Sequence[Incident], cooldown: Micros) -> Incident | None:
    """The incident the alert is already in, or else the latest one it belongs to."""
    for incident in incidents:
        if _known(incident, alert):
            return incident
    fitting = [incident for incident in incidents if belongs(incident, alert, cooldown)]
    return max(fitting, key=lambda incident: incident.span.end, default=None)


def take_in(
    alert: Alert, cooldown: Micros, *, ledger: Ledger, clock: Clock, unverified: bool = False
) -> Incident | None:
    """Folds the alert into the ledger's incidents; returns that incident, or None where the alert already was in one.

    The notice is in the outbox before the incident is stored: cut off in between, the next try makes the same rows.
    """
    for _ in range(_TRIES):
        known = ledger.find(Incident, rule_id=alert.rule_id, stream_id=alert.stream_id)
        home = home_of(alert, known, cooldown)
        folded = fold(home, alert, cooldown, unverified=unverified)
        if folded is home:
            return None
        now = clock.now()
        opened = home.opened_at if home is not None and home.id == folded.id else now
        folded = replace(folded, opened_at=opened, changed_at=now)
        try:
            if home is not None and home.id == folded.id:
                ledger.put(folded, replacing=home)
                return None if _known(home, alert) else folded
            queue_notices(folded, "opened", ledger=ledger, clock=clock)
            return ledger.put(folded, new=True)
        except Conflict:
            continue  # another worker was faster: look again at what is there
    raise Conflict(f"the incidents of rule {alert.rule!r} keep changing", next_step="try again")


def acknowledge(ledger: Ledger, id: str, note: str = "", *, clock: Clock = WALL) -> Incident:
    """Someone has seen the incident. Twice is once. Raises `NotFound`, and `Conflict` when it is over."""
    return _move(ledger, id, IncidentState.ACKNOWLEDGED, note, clock=clock)


def resolve(ledger: Ledger, id: str, note: str = "", *, clock: Clock = WALL) -> Incident:
    """The incident is dealt with; later alerts open a new one. Twice is once. Raises `NotFound`."""
    return _move(ledger, id, IncidentState.CLOSED, note, clock=clock)


def feedback(ledger: Ledger, id: str, verdict: str, note: str = "", *, clock: Clock = WALL) -> Incident:
    """A person says whether the alarm was right: `confirmed` or `rejected`. Raises `NotFound` and `Invalid`."""
    states = {"confirmed": IncidentState.CONFIRMED, "rejected": IncidentState.REJECTED}
    if verdict not in states:
        raise Invalid(f"{verdict!r} is no verdict", next_step="say 'confirmed' or 'rejected'")
    return _move(ledger, id, states[verdict], note, clock=clock)


def judged(
    ledger: Ledger, id: str, state: IncidentState | None, note: str, *, clock: Clock = WALL
) -> Incident | None:
    """A model has given its verdict, or could not (`state` None: the note says why). None where that changes nothing:
    the incident has gone, or somebody has moved it meanwhile.
    """

    def moved(incident: Incident) -> Incident:
        if incident.state is not IncidentState.PROVISIONAL or incident.note != UNVERIFIED:
            return incident
        return replace(incident, state=state or incident.state, note=note, changed_at=clock.now())

    before = ledger.get(Incident, id)
    if before is None:
        return None
    try:
        after = _change(ledger, id, moved, clock=clock)
    except NotFound:
        return None
    return after if after != before else None


def _move(ledger: Ledger, id: str, state: IncidentState, note: str, *, clock: Clock) -> Incident:
    def moved(incident: Incident) -> Incident:
        if incident.state is state and note in ("", incident.note):
            return incident
        _check_step(incident, state)
        kept = "" if incident.note.startswith(UNVERIFIED) else incident.note
        return replace(incident, state=state, note=note or kept, changed_at=clock.now())

    return _change(ledger, id, moved, clock=clock)


def _check_step(incident: Incident, state: IncidentState) -> None:
    """An incident that is over is not taken up again; what a person thinks of it may still be said."""
    over = incident.state is IncidentState.CLOSED or (
        incident.state is IncidentState.REJECTED and state is IncidentState.ACKNOWLEDGED
    )
    if over and state is not IncidentState.CLOSED and state is not IncidentState.REJECTED:
        raise Conflict(
            f"the incident is {incident.state}", next_step="a new alert of its rule opens a new incident"
        )


def _change(ledger: Ledger, id: str, change: Callable[[Incident], Incident], *, clock: Clock) -> Incident:
    for _ in range(_TRIES):
        before = ledger.get(Incident, id)
        if before is None:
            raise NotFound(f"there is no incident {id!r}", next_step="`sightline incidents` lists them")
        after = change(before)
        if after == before:
            return before
        try:
            if after.state is not before.state:
                queue_notices(after, after.state.value, ledger=ledger, clock=clock)
            return ledger.put(after, replacing=before)
        except Conflict:
            continue  # someone else changed it meanwhile: decide anew on what is there
    raise Conflict(f"the incident {id!r} keeps changing", next_step="try again")
