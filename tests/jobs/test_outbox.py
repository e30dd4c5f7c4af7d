"""The background thread that empties the outbox."""

from __future__ import annotations

import threading

import pytest

from alerts.deliver import test_webhook as try_webhook
from alerts.webhook import WebhookNotifier
from core.clock import WallClock
from core.errors import StoreUnavailable
from core.ids import WebhookId
from core.watch import Delivery, DeliveryState, Notice, Receipt, Webhook
from graph.ledger import MemoryLedger
from helpers.receiver import Receiver
from jobs.outbox import OutboxLoop


def ledger_with(*receivers: Receiver) -> MemoryLedger:
    ledger = MemoryLedger()
    for number, receiver in enumerate(receivers):
        ledger.put(Webhook(id=WebhookId(f"wh{number}"), url=receiver.url, secret=receiver.secret))
    return ledger


def test_woken_it_delivers_at_once() -> None:
    with Receiver() as receiver:
        ledger = ledger_with(receiver)
        loop = OutboxLoop(ledger, WebhookNotifier(), WallClock(), every_s=3600)
        try_webhook(ledger, "wh0")
        loop.wake()
        assert receiver.arrived.acquire(timeout=10)
        loop.close()
        assert [m.valid for m in receiver.got] == [True]
    assert [row.state for row in ledger.find(Delivery)] == [DeliveryState.DELIVERED]


def test_unwoken_it_delivers_at_its_interval() -> None:
    with Receiver() as receiver:
        ledger = ledger_with(receiver)
        loop = OutboxLoop(ledger, WebhookNotifier(), WallClock(), every_s=0.02)
        try_webhook(ledger, "wh0")
        assert receiver.arrived.acquire(timeout=10)
        loop.close()


def test_a_hanging_receiver_does_not_hold_up_what_comes_later_for_others() -> None:
    with Receiver(hang=True) as dead, Receiver() as alive:
        ledger = ledger_with(dead, alive)
        loop = OutboxLoop(ledger, WebhookNotifier(timeout_s=30), WallClock(), every_s=3600)
        try_webhook(ledger, "wh0")
        loop.wake()
        assert dead.arrived.acquire(timeout=10)
        try_webhook(ledger, "wh1")
        loop.wake()
        assert alive.arrived.acquire(timeout=10), "it waited for the dead one"
        dead.release.set()
        loop.close()


def test_a_ledger_that_is_away_for_a_moment_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Away(MemoryLedger):
        asked = threading.Semaphore(0)
        away = True

        def find(self, kind: type, /, **equals: str | bool) -> list:  # type: ignore[type-arg]
            self.asked.release()
            if self.away:
                raise StoreUnavailable("the ledger is locked")
            return super().find(kind, **equals)

    class Taking:
        got = threading.Semaphore(0)

        def send(self, notice: Notice, /) -> Receipt:
            self.got.release()
            return Receipt(status=200, delivered=True)

    ledger, notifier = Away(), Taking()
    ledger.put(Webhook(id=WebhookId("wh0"), url="http://x", secret="whsec_"))
    try_webhook(ledger, "wh0")
    loop = OutboxLoop(ledger, notifier, WallClock(), every_s=0.02)
    assert ledger.asked.acquire(timeout=10)
    ledger.away = False
    assert notifier.got.acquire(timeout=10)
    loop.close()
    assert "the ledger is locked" in caplog.text
