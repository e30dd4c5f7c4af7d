"""Empties the outbox: every delivery is tried on the Standard Webhooks schedule until it is delivered or dead."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.notices import trial_notice
from core import ids
from core.clock import Clock, WallClock
from core.errors import Conflict, Invalid, NotFound
from core.ids import DeliveryId, WebhookId
from core.ports import Ledger, Notifier
from core.watch import Attempt, Delivery, DeliveryState, Notice, Receipt, Webhook

log = logging.getLogger(__name__)

WAITS_S: tuple[float, ...] = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each try, counted from the one before (Standard Webhooks, "Deliverability and reliability")."""

JITTER = 0.1
"""Up to a tenth is added to a wait, so that many deliveries do not come back at the same moment."""

LEASE = timedelta(seconds=90)
"""How long a claimed delivery is one worker's; longer than any try takes. After it, it is due again."""

MOST_AT_ONCE = 8
"""Receivers that are served at the same time."""

WALL = WallClock()


def wait_before(number: int, delivery: DeliveryId) -> timedelta | None:
    """The wait before try `number` (from 0) with a jitter derived from the delivery; None when all are used up."""
    if number >= len(WAITS_S):
        return None
    draw = int(ids.derive("jit", delivery, number)[-8:], 16) / 0xFFFFFFFF
    return timedelta(seconds=WAITS_S[number] * (1 + JITTER * draw))


def due_webhooks(ledger: Ledger, clock: Clock) -> list[WebhookId]:
    """The receivers something is due for, the longest waiting first."""
    return list(dict.fromkeys(delivery.webhook_id for delivery in _due(ledger, clock.now())))


def deliver_due(ledger: Ledger, notifier: Notifier, clock: Clock, limit: int = 100) -> int:
    """Tries what is due, at most `limit` for each receiver; returns how many were delivered.

    Receivers are served side by side, so that one that hangs does not delay the others.
    """
    webhooks = due_webhooks(ledger, clock)
    if len(webhooks) <= 1:
        return sum(deliver_to(id, ledger, notifier, clock, limit=limit) for id in webhooks)
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(webhooks)), thread_name_prefix="deliver") as pool:
        return sum(pool.map(lambda id: deliver_to(id, ledger, notifier, clock, limit=limit), webhooks))


def deliver_to(
    webhook_id: WebhookId, ledger: Ledger, notifier: Notifier, clock: Clock, limit: int = 100
) -> int:
    """Tries what is due for one receiver, oldest first; stops at the first sign that it cannot take more now."""
    delivered = 0
    waiting = [d for d in _due(ledger, clock.now()) if d.webhook_id == webhook_id]
    for place, delivery in enumerate(waiting[:limit]):
        webhook = ledger.get(Webhook, webhook_id)
        if webhook is None:
            _settle(ledger, delivery, _attempt(clock, 0, "the webhook was removed"), DeliveryState.DEAD, None)
            continue
        if not webhook.enabled:
            break
        claimed = _claim(ledger, delivery, clock)
        if claimed is None:
            continue
        receipt = _send(notifier, claimed, webhook)
        delivered += receipt.delivered
        _note(ledger, claimed, receipt, clock)
        if receipt.gone:
            _switch_off(ledger, webhook_id, receipt.problem)
        if receipt.retry_after_s:
            _postpone(ledger, waiting[place + 1 :], clock.now() + _capped(receipt.retry_after_s))
        if receipt.gone or receipt.retry_after_s or receipt.status in (0, 429, 503):
            break
    return delivered


def redeliver(ledger: Ledger, delivery_id: str, clock: Clock = WALL) -> Delivery:
    """Puts the same message into the outbox again, under its old message id. Raises `NotFound`.

    While a delivery of that message to that receiver is still on its way, that one is made due at once instead.
    """
    found = ledger.get(Delivery, delivery_id)
    if found is None:
        raise NotFound(f"there is no delivery {delivery_id!r}", next_step="`sightline deliveries` lists them")
    same = [d for d in ledger.find(Delivery, message_id=found.message_id) if d.webhook_id == found.webhook_id]
    now = clock.now()
    pending = next((d for d in same if d.state is DeliveryState.PENDING), None)
    if pending is not None:
        return ledger.put(replace(pending, due_at=now), replacing=pending)
    again = replace(
        found,
        id=DeliveryId(ids.derive("de", found.webhook_id, found.message_id, len(same))),
        state=DeliveryState.PENDING,
        attempts=(),
        due_at=now,
        created_at=now,
    )
    return ledger.put(again, new=True)


def test_webhook(ledger: Ledger, webhook_id: str, clock: Clock = WALL) -> Delivery:  # noqa: PT028 - no test
    """Puts a test message for the webhook into the outbox. Raises `NotFound`, and `Invalid` when it is off."""
    webhook = ledger.get(Webhook, webhook_id)
    if webhook is None:
        raise NotFound(f"there is no webhook {webhook_id!r}", next_step="GET /v1/webhooks lists them")
    if not webhook.enabled:
        raise Invalid(
            f"the webhook is switched off{f': {webhook.problem}' if webhook.problem else ''}",
            next_step="switch it on first",
        )
    return ledger.put(trial_notice(webhook, clock=clock), new=True)


def _due(ledger: Ledger, now: datetime) -> list[Delivery]:
    """What is due, by when it became so; what waits for a receiver that is switched off is not."""
    off = {webhook.id for webhook in ledger.find(Webhook, enabled=False)}
    pending = ledger.find(Delivery, state=DeliveryState.PENDING)
    due = [d for d in pending if (d.due_at is None or d.due_at <= now) and d.webhook_id not in off]
    return sorted(due, key=lambda d: (d.due_at or now, d.id))


def _claim(ledger: Ledger, delivery: Delivery, clock: Clock) -> Delivery | None:
    """The delivery as this worker's own for a while, or None when another was faster.

    A worker that dies leaves the delivery due again; the receiver knows the repeat by its message id.
    """
    try:
        return ledger.put(replace(delivery, due_at=clock.now() + LEASE), replacing=delivery)
    except Conflict:
        return None


def _send(notifier: Notifier, delivery: Delivery, webhook: Webhook) -> Receipt:
    notice = Notice(
        message_id=delivery.message_id, url=webhook.url, secret=webhook.secret, body=delivery.body
    )
    return notifier.send(notice)


def _note(ledger: Ledger, claimed: Delivery, receipt: Receipt, clock: Clock) -> None:
    """Writes down what came of the try and when the next one is."""
    attempt = _attempt(clock, receipt.status, receipt.problem)
    if receipt.delivered:
        _settle(ledger, claimed, attempt, DeliveryState.DELIVERED, None)
        return
    wait = None if receipt.gone else wait_before(len(claimed.attempts) + 1, claimed.id)
    if wait is None:
        log.warning("delivery %s is given up after %d tries", claimed.id, len(claimed.attempts) + 1)
        _settle(ledger, claimed, attempt, DeliveryState.DEAD, None)
        return
    wait = max(wait, _capped(receipt.retry_after_s or 0))
    _settle(ledger, claimed, attempt, DeliveryState.PENDING, clock.now() + wait)


def _attempt(clock: Clock, status: int, problem: str) -> Attempt:
    return Attempt(at=clock.now(), status=status, problem=problem)


def _capped(seconds: float) -> timedelta:
    """A receiver may ask for patience, but not for more than the longest wait."""
    return timedelta(seconds=min(seconds, WAITS_S[-1]))


def _settle(
    ledger: Ledger, claimed: Delivery, attempt: Attempt, state: DeliveryState, due_at: datetime | None
) -> None:
    """Adds the try to the row as it is now: it may have been asked for again, or removed, meanwhile."""
    while True:
        row = ledger.get(Delivery, claimed.id)
        if row is None:
            return
        try:
            ledger.put(
                replace(row, attempts=(*row.attempts, attempt), state=state, due_at=due_at), replacing=row
            )
            return
        except Conflict:
            continue


def _postpone(ledger: Ledger, deliveries: Iterable[Delivery], until: datetime) -> None:
    for delivery in deliveries:
        try:
            ledger.put(replace(delivery, due_at=until), replacing=delivery)
        except Conflict:
            continue  # another worker has it


def _switch_off(ledger: Ledger, webhook_id: WebhookId, problem: str) -> None:
    while True:
        webhook = ledger.get(Webhook, webhook_id)
        if webhook is None or not webhook.enabled:
            return
        try:
            ledger.put(replace(webhook, enabled=False, problem=problem), replacing=webhook)
            log.warning("the webhook %s is switched off: %s", webhook_id, problem)
            return
        except Conflict:
            continue
