"""What every notifier promises, whichever it is: a receipt for every try, and never an exception."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.fakes import RecordingNotifier
from alerts.webhook import WebhookNotifier, new_secret
from core.ports import Notifier
from core.watch import Notice
from helpers.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(params=["webhook", "recording"])
def notifier(request: pytest.FixtureRequest) -> Notifier:
    return WebhookNotifier(timeout_s=5) if request.param == "webhook" else RecordingNotifier()


def notice_to(receiver: Receiver, **fields: str) -> Notice:
    given = {"message_id": "msg_1", "url": receiver.url, "secret": receiver.secret, "body": '{"type":"x"}'}
    return Notice(**{**given, **fields})


def test_a_notice_that_is_taken_is_delivered(notifier: Notifier, receiver: Receiver) -> None:
    receipt = notifier.send(notice_to(receiver))
    assert receipt.delivered
    assert 200 <= receipt.status < 300
    assert not receipt.problem


def test_the_same_notice_may_be_sent_again(notifier: Notifier, receiver: Receiver) -> None:
    assert all(notifier.send(notice_to(receiver)).delivered for _ in range(3))


def test_a_receipt_never_shows_the_secret(notifier: Notifier, receiver: Receiver) -> None:
    secret = new_secret()
    receipt = notifier.send(notice_to(receiver, secret=secret))
    assert secret not in repr(receipt)
    assert secret not in repr(notice_to(receiver, secret=secret))
