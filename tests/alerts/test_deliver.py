"""The outbox: its schedule, its claims, and receivers that fail in every way."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.deliver import (
    JITTER,
    LEASE,
    WAITS_S,
    deliver_due,
    redeliver,
    wait_before,
)
from alerts.deliver import (
    test_webhook as try_webhook,
)
from alerts.fakes import RecordingNotifier
from alerts.webhook import WebhookNotifier, new_secret
from core.clock import VirtualClock, WallClock
from core.errors import Invalid, NotFound
from core.ids import DeliveryId, IncidentId, WebhookId
from core.watch import Delivery, DeliveryState, Notice, Receipt, Webhook
from graph.ledger import MemoryLedger
from helpers.receiver import Receiver

FAILED = Receipt(status=500, delivered=False, problem="HTTP status 500")


class Outbox:
    """A ledger with receivers and what is on its way to them."""

    def __init__(self, *receipts: Receipt) -> None:
        self.ledger, self.clock = MemoryLedger(), VirtualClock()
        self.notifier = RecordingNotifier(*receipts)

    def webhook(self, name: str = "wh", url: str = "http://x", secret: str = "") -> Webhook:
        return self.ledger.put(Webhook(id=WebhookId(name), url=url, secret=secret or new_secret()))

    def add(self, name: str = "de", to: str = "wh") -> Delivery:
        now = self.clock.now()
        return self.ledger.put(
            Delivery(
                id=DeliveryId(name), webhook_id=WebhookId(to), incident_id=IncidentId("in"), message_id=f"msg_{name}",
                body=f'{{"type": "{name}"}}', due_at=now, created_at=now,
            )
        )  # fmt: skip

    def run(self) -> int:
        return deliver_due(self.ledger, self.notifier, self.clock)

    def row(self, name: str = "de") -> Delivery:
        found = self.ledger.get(Delivery, name)
        assert found is not None
        return found


def outbox(*receipts: Receipt) -> Outbox:
    box = Outbox(*receipts)
    box.webhook()
    box.add()
    return box


def test_what_is_due_is_delivered_once() -> None:
    box = outbox()
    assert box.run() == 1
    assert box.run() == 0
    (sent,) = box.notifier.sent
    assert (sent.message_id, sent.body) == ("msg_de", '{"type": "de"}')
    assert box.row().state is DeliveryState.DELIVERED
    assert [a.status for a in box.row().attempts] == [200]


def test_a_failing_receiver_is_tried_on_the_whole_schedule_and_then_given_up() -> None:
    box = outbox(*[FAILED] * 20)
    waits = []
    for number in range(len(WAITS_S)):
        assert len(box.notifier.sent) == number
        box.run()
        if (due := box.row().due_at) is not None:
            waits.append((due - box.clock.now()).total_seconds())
            box.clock.sleep(waits[-1] - 0.001)
            assert box.run() == 0
            assert len(box.notifier.sent) == number + 1, "not before its time"
            box.clock.sleep(0.001)
    assert box.row().state is DeliveryState.DEAD
    assert len(box.row().attempts) == 10
    assert [w / s for w, s in zip(waits, WAITS_S[1:], strict=True)] == pytest.approx([1.05] * 9, abs=0.0501)
    assert {notice.message_id for notice in box.notifier.sent} == {"msg_de"}
    box.clock.sleep(1e7)
    assert box.run() == 0
    assert len(box.notifier.sent) == 10


@given(st.integers(0, len(WAITS_S) - 1), st.text(max_size=12))
def test_the_jitter_is_derived_and_small(number: int, name: str) -> None:
    wait = wait_before(number, DeliveryId(name))
    assert wait == wait_before(number, DeliveryId(name))
    assert wait is not None
    assert WAITS_S[number] <= wait.total_seconds() <= WAITS_S[number] * (1 + JITTER) + 1e-6
    assert wait_before(len(WAITS_S), DeliveryId(name)) is None


def test_a_receiver_that_comes_back_gets_it() -> None:
    box = outbox(FAILED, FAILED)
    for _ in range(3):
        box.run()
        box.clock.sleep(400)
    assert box.row().state is DeliveryState.DELIVERED
    assert [a.status for a in box.row().attempts] == [500, 500, 200]
    assert box.row().attempts[0].problem == "HTTP status 500"


def test_retry_after_holds_everything_for_that_receiver() -> None:
    box = outbox(Receipt(status=429, delivered=False, retry_after_s=600))
    box.add("second")
    box.run()
    assert len(box.notifier.sent) == 1
    box.clock.sleep(599)
    assert box.run() == 0
    box.clock.sleep(1)
    assert box.run() == 2


def test_a_receiver_cannot_ask_for_a_year() -> None:
    box = outbox(Receipt(status=503, delivered=False, retry_after_s=1e12))
    box.run()
    due = box.row().due_at
    assert due is not None
    assert due - box.clock.now() <= timedelta(days=1)


def test_gone_switches_the_webhook_off_and_what_waits_is_kept() -> None:
    box = outbox(Receipt(status=410, delivered=False, gone=True, problem="wants no more"))
    box.add("second")
    box.run()
    webhook = box.ledger.get(Webhook, "wh")
    assert webhook is not None
    assert (webhook.enabled, webhook.problem) == (False, "wants no more")
    assert box.row().state is DeliveryState.DEAD
    assert box.run() == 0
    assert box.row("second").state is DeliveryState.PENDING
    with pytest.raises(Invalid, match="switched off: wants no more"):
        try_webhook(box.ledger, "wh", box.clock)


def test_a_removed_webhook_leaves_dead_deliveries_that_say_why() -> None:
    box = outbox()
    box.ledger.remove(Webhook, "wh")
    box.run()
    assert box.row().state is DeliveryState.DEAD
    assert "removed" in box.row().attempts[0].problem


def test_a_worker_that_dies_in_the_middle_leaves_it_due_again_under_the_same_id() -> None:
    class Dying:
        def send(self, notice: Notice, /) -> Receipt:
            raise KeyboardInterrupt

    box = outbox()
    with pytest.raises(KeyboardInterrupt):
        deliver_due(box.ledger, Dying(), box.clock)
    assert box.run() == 0, "it is still the dead worker's"
    box.clock.sleep(LEASE.total_seconds())
    assert box.run() == 1
    assert box.notifier.sent[0].message_id == "msg_de"


def test_two_workers_never_send_the_same_at_once() -> None:
    box = Outbox()
    box.webhook()
    for number in range(40):
        box.add(f"de{number}")
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        box.run()

    _all(work for _ in range(4))
    assert sorted(n.message_id for n in box.notifier.sent) == sorted(f"msg_de{n}" for n in range(40))


def _all(jobs: Any) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_refused_message_does_not_hold_up_the_next() -> None:
    box = outbox(Receipt(status=400, delivered=False, problem="bad"))
    box.add("second")
    assert box.run() == 1


def test_a_receiver_that_hangs_does_not_delay_the_others() -> None:
    box = Outbox()
    with Receiver(hang=True) as dead, Receiver() as alive:
        box.webhook("dead", dead.url, dead.secret)
        box.webhook("alive", alive.url, alive.secret)
        box.add("a", "dead")
        box.add("b", "alive")
        work = threading.Thread(
            target=lambda: deliver_due(box.ledger, WebhookNotifier(timeout_s=20), WallClock())
        )
        work.start()
        assert dead.arrived.acquire(timeout=10)
        assert alive.arrived.acquire(timeout=10), "it waited for the dead one"
        dead.release.set()
        work.join()
    assert [m.valid for m in alive.got] == [True]


def test_the_whole_way_to_a_receiver_that_fails_first() -> None:
    box = Outbox()
    with Receiver(500, (429, {"retry-after": "60"}), 302, 204) as receiver:
        box.webhook(url=receiver.url, secret=receiver.secret)
        box.add()
        for _ in range(4):
            deliver_due(box.ledger, WebhookNotifier(), box.clock)
            box.clock.sleep(3600)
        assert [a.status for a in box.row().attempts] == [500, 429, 302, 204]
        assert box.row().state is DeliveryState.DELIVERED
        assert len({m.headers["webhook-id"] for m in receiver.got}) == 1
        assert all(m.valid for m in receiver.got)


def test_redelivery_sends_the_same_message_again() -> None:
    box = outbox()
    box.run()
    again = redeliver(box.ledger, "de", box.clock)
    assert (again.id != "de", again.message_id, again.attempts) == (True, "msg_de", ())
    assert redeliver(box.ledger, "de", box.clock).id == again.id, "it is on its way already"
    box.run()
    assert [n.message_id for n in box.notifier.sent] == ["msg_de"] * 2
    assert len(box.row().attempts) == 1, "the first delivery's tries are kept"
    with pytest.raises(NotFound):
        redeliver(box.ledger, "none", box.clock)


def test_redelivery_of_what_waits_makes_it_due_now() -> None:
    box = outbox(FAILED)
    box.run()
    assert redeliver(box.ledger, "de", box.clock).id == "de"
    assert box.run() == 1


def test_a_webhook_can_be_tried() -> None:
    box = Outbox()
    box.webhook()
    try_webhook(box.ledger, "wh", box.clock)
    assert box.run() == 1
    assert '"webhook.test"' in box.notifier.sent[0].body
    with pytest.raises(NotFound):
        try_webhook(box.ledger, "none", box.clock)


def test_no_secret_is_shown_by_any_row(caplog: pytest.LogCaptureFixture) -> None:
    box = outbox(Receipt(status=410, delivered=False, gone=True))
    secret = box.ledger.find(Webhook)[0].secret
    box.run()
    assert secret not in caplog.text
    assert secret not in repr(box.ledger.find(Webhook)) + repr(box.notifier.sent)
