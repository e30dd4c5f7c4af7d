"""Webhooks over a real local HTTP server: signing, failing receivers, and addresses they may not go to."""

from __future__ import annotations

import base64
import contextlib
import logging
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from alerts.webhook import MOST_BYTES, WebhookNotifier, allowed, checked_webhook_url, new_secret
from core.clock import WallClock
from core.errors import Invalid
from core.watch import Notice, Receipt
from helpers.receiver import Receiver


def send(receiver: Receiver, *, timeout_s: float = 5.0, allow_private: bool = True, **fields: str) -> Receipt:
    notice = Notice(message_id="msg_7", url=receiver.url, secret=receiver.secret, body='{"type": "grün"}')
    return WebhookNotifier(timeout_s=timeout_s, allow_private=allow_private).send(replace(notice, **fields))


def test_the_receiver_can_verify_what_it_gets() -> None:
    with Receiver() as receiver:
        assert send(receiver) == Receipt(status=204, delivered=True)
        (got,) = receiver.got
    assert got.valid
    assert got.body == '{"type": "grün"}'
    assert got.path == "/hook?x=1"
    assert got.headers["webhook-id"] == "msg_7"
    assert got.headers["content-type"] == "application/json"
    assert abs(int(got.headers["webhook-timestamp"]) - WallClock().now().timestamp()) < 60


def test_another_secret_is_told_apart() -> None:
    with Receiver() as receiver:
        send(receiver, secret=new_secret())
        assert [got.valid for got in receiver.got] == [False]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_a_2xx_is_success(status: int) -> None:
    with Receiver(status) as receiver:
        assert send(receiver).delivered


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 502, 503])
def test_a_failing_receiver_is_told_by_its_status(status: int) -> None:
    with Receiver(status) as receiver:
        receipt = send(receiver)
    assert (receipt.delivered, receipt.status, receipt.gone, receipt.retry_after_s) == (
        False,
        status,
        False,
        None,
    )
    assert str(status) in receipt.problem


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Receiver() as other, Receiver((status, {"location": other.url})) as receiver:
        receipt = send(receiver)
        assert (receipt.delivered, receipt.status) == (False, status)
        assert "redirect" in receipt.problem
        assert other.got == []


def test_gone_says_that_no_more_is_wanted() -> None:
    with Receiver(410) as receiver:
        assert send(receiver).gone


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [
        (429, "120", 120),
        (503, "7", 7),
        (429, "soon", None),
        (429, "-3", 0),
        (500, "120", None),
        (429, "nan", None),
    ],
)
def test_retry_after_is_heard(status: int, text: str, seconds: float | None) -> None:
    with Receiver((status, {"retry-after": text})) as receiver:
        assert send(receiver).retry_after_s == seconds


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(
        datetime.fromtimestamp(WallClock().now().timestamp(), UTC) + timedelta(minutes=5), usegmt=True
    )
    with Receiver((503, {"retry-after": later})) as receiver:
        wait = send(receiver).retry_after_s
    assert wait is not None
    assert 280 < wait <= 300


def test_a_receiver_that_hangs_costs_no_more_than_the_timeout() -> None:
    with Receiver(hang=True) as receiver:
        began = time.monotonic()
        receipt = send(receiver, timeout_s=0.3)
        assert time.monotonic() - began < 3
    assert (receipt.status, receipt.delivered) == (0, False)
    assert "no answer within 0.3 s" in receipt.problem


def test_a_receiver_that_drips_costs_no_more_than_the_timeout() -> None:
    def drip(handler: Any) -> None:
        with contextlib.suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
            while not receiver.release.wait(0.05):
                handler.wfile.write(b"x")
                handler.wfile.flush()

    with Receiver(act=drip) as receiver:
        began = time.monotonic()
        assert not send(receiver, timeout_s=0.4).delivered
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer", [b"", b"what?\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n"]
)
def test_an_answer_that_is_no_http_is_a_problem_not_an_exception(answer: bytes) -> None:
    with Receiver(act=lambda handler: handler.wfile.write(answer)) as receiver:
        receipt = send(receiver)
    assert (receipt.status, receipt.delivered) == (0, False)
    assert receipt.problem


def test_nobody_listening_is_a_problem_not_an_exception() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/"
        with Receiver() as receiver:
            receipt = send(receiver, url=url)
    assert "not reached" in receipt.problem


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://x/",
        "http://",
        "http://[::1",
        "http://x:99999/",
        "gopher://x",
        "javascript:1",
    ],
)
def test_a_url_that_is_none_is_refused_and_told(url: str) -> None:
    with pytest.raises(Invalid):
        checked_webhook_url(url)
    with Receiver() as receiver:
        assert "URL" in send(receiver, url=url).problem


def test_a_name_that_does_not_exist_is_told() -> None:
    with Receiver() as receiver:
        assert "cannot be resolved" in send(receiver, url="http://nowhere.invalid/").problem


def test_tls_with_an_untrusted_receiver_is_told() -> None:
    with Receiver() as receiver:
        receipt = send(receiver, url=receiver.url.replace("http:", "https:"))
    assert (receipt.delivered, receipt.status) == (False, 0)


def test_a_bad_secret_is_told_without_showing_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Receiver() as receiver:
        receipt = send(receiver, secret="whsec_!")
        good = send(receiver)
    assert "secret cannot be used" in receipt.problem
    assert good.delivered
    assert receiver.secret not in caplog.text


def test_the_password_in_a_url_is_not_told() -> None:
    with Receiver() as receiver:
        assert "hunter2" not in repr(send(receiver, url="http://joe:hunter2@nowhere.invalid/?key=hunter2"))


def test_a_body_that_is_too_large_is_not_sent() -> None:
    with Receiver() as receiver:
        assert not send(receiver, body="x" * MOST_BYTES).delivered
        assert send(receiver, body="x" * (MOST_BYTES - 1)).delivered
        assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"]
)
def test_this_machine_is_refused_when_private_addresses_are(host: str) -> None:
    with Receiver() as receiver:
        receipt = send(receiver, url=f"http://{host}:{receiver.port}/", allow_private=False)
        assert not receipt.delivered
        assert receiver.got == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::", "ff02::1"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not allowed(address, allow_private=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_that_are_public(address: str) -> None:
    assert allowed(address, allow_private=False)


def test_cloud_metadata_is_never_a_receiver() -> None:
    assert not allowed("169.254.169.254", allow_private=True)
    assert not allowed("::ffff:169.254.169.254", allow_private=True)
    assert allowed("127.0.0.1", allow_private=True)


def test_secrets_are_fresh_and_of_32_bytes() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
