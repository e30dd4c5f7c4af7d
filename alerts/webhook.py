"""Hands notices to webhooks over HTTP, signed the Standard Webhooks way, and only to addresses that are allowed."""

from __future__ import annotations

import base64
import ipaddress
import secrets
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit

import httpcore
from standardwebhooks.webhooks import Webhook as Signer

from core.clock import Clock, WallClock, wait_asked
from core.errors import Invalid
from core.watch import Notice, Receipt

MOST_BYTES = 20_000
"""Standard Webhooks: a payload stays below 20 kB."""

SECRET_BYTES = 32
USER_AGENT = "sightline-webhooks"

_METADATA = frozenset({"169.254.169.254", "fd00:ec2::254"})
"""Where clouds hand out their machines' credentials: never a receiver."""

_BUSY = frozenset({429, 503})
_GONE = 410

_SocketOptions = Iterable[
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
]


def new_secret() -> str:
    """A fresh signing secret: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def checked_webhook_url(url: str) -> str:
    """The URL, if a webhook can have it. Raises `Invalid`."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        fine = False
    if not fine:
        raise Invalid(
            "a webhook's URL begins with http:// or https:// and names a host",
            next_step="give one like https://example.org/hooks/sightline",
        )
    return url


class WebhookNotifier:
    """A `Notifier` that posts JSON. Redirects are not followed; only a 2xx counts as delivered.

    Unless `allow_private`, an address of this machine, its network, or anything else that is not public is refused
    when the connection is made, so that a name cannot change its meaning between the check and the call. Nothing
    takes longer than `timeout_s` in all.
    """

    def __init__(
        self, *, allow_private: bool = True, timeout_s: float = 10.0, clock: Clock | None = None
    ) -> None:
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._clock = clock or WallClock()
        self._tls = ssl.create_default_context()

    def send(self, notice: Notice, /) -> Receipt:
        """One try; what the receiver or the network does is told by the receipt."""
        try:
            checked_webhook_url(notice.url)
            body = _body(notice)
            headers = self._headers(notice)
        except Invalid as error:
            return Receipt(status=0, delivered=False, problem=error.message)
        try:
            status, retry_after = self._post(notice.url, headers, body)
        except _Forbidden as error:
            return Receipt(status=0, delivered=False, problem=str(error))
        except httpcore.TimeoutException:
            return Receipt(status=0, delivered=False, problem=f"no answer within {self._timeout_s:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, UnicodeError) as error:
            return Receipt(status=0, delivered=False, problem=f"not reached: {_cause(error)}")
        return self._receipt(status, retry_after)

    def _headers(self, notice: Notice) -> list[tuple[str, str]]:
        now = self._clock.now()
        try:
            signature = Signer(notice.secret).sign(notice.message_id, now, notice.body)
        except Exception as error:
            raise Invalid(
                "the webhook's secret cannot be used to sign", next_step="make a new one"
            ) from error
        return [
            ("content-type", "application/json"),
            ("user-agent", USER_AGENT),
            ("webhook-id", notice.message_id),
            ("webhook-timestamp", str(int(now.timestamp()))),
            ("webhook-signature", signature),
        ]

    def _post(self, url: str, headers: list[tuple[str, str]], body: bytes) -> tuple[int, str | None]:
        backend = _GuardedBackend(self._allow_private, time.monotonic() + self._timeout_s)
        times = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        with (
            httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
            pool.stream(
                "POST", _plain(url), headers=headers, content=body, extensions={"timeout": times}
            ) as reply,
        ):
            found = [value for name, value in reply.headers if name.lower() == b"retry-after"]
            return reply.status, found[0].decode("latin-1") if found else None

    def _receipt(self, status: int, retry_after: str | None) -> Receipt:
        if 200 <= status < 300:
            return Receipt(status=status, delivered=True)
        if status == _GONE:
            return Receipt(status=status, delivered=False, problem="the receiver wants no more", gone=True)
        wait = wait_asked(retry_after, self._clock.now()) if retry_after and status in _BUSY else None
        told = "a redirect, which is not followed" if 300 <= status < 400 else f"HTTP status {status}"
        return Receipt(
            status=status, delivered=False, problem=f"the receiver answered {told}", retry_after_s=wait
        )


def _body(notice: Notice) -> bytes:
    body = notice.body.encode()
    if len(body) >= MOST_BYTES:
        raise Invalid(f"the notice has {len(body)} bytes; the most is {MOST_BYTES - 1}")
    return body


def _plain(url: str) -> str:
    """The URL as it goes over the wire: in ASCII, without a fragment."""
    parts = urlsplit(url)
    host = (
        (parts.hostname or "").encode("idna").decode()
        if ":" not in (parts.hostname or "")
        else f"[{parts.hostname}]"
    )
    port = f":{parts.port}" if parts.port else ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{host}{port}{quote(target, safe='/?&=%:@!$()*+,;~-._')}"


def _cause(error: Exception) -> str:
    """The reason in words; it names no URL, which may hold a password."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


class _Forbidden(Exception):
    """The address is not allowed."""


class _GuardedBackend(httpcore.NetworkBackend):
    """Opens connections only to allowed addresses, and ends everything at the deadline."""

    def __init__(self, allow_private: bool, deadline: float) -> None:
        self._allow_private = allow_private
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: _SocketOptions | None = None,
    ) -> httpcore.NetworkStream:
        """Resolves the name once and connects to the address that was checked."""
        problem: Exception = _Forbidden(f"{host} has no address")
        for address in _addresses(host, port):
            if not allowed(address, allow_private=self._allow_private):
                problem = _Forbidden(f"{host} is at an address webhooks may not go to")
                continue
            try:
                stream = self._inner.connect_tcp(
                    address,
                    port,
                    _left(self._deadline, httpcore.ConnectTimeout),
                    local_address,
                    socket_options,
                )
            except httpcore.ConnectError as error:
                problem = error
                continue
            return _TimedStream(stream, self._deadline)
        raise problem


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends at one deadline: a receiver that drips bytes cannot hold us."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float, late: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise late("the time for one try is over")
    return left


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the name {host} cannot be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def allowed(address: str, *, allow_private: bool) -> bool:
    """Whether a webhook may go to that IP address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = _inner(ip)
    if str(ip) in _METADATA or ip.is_multicast or ip.is_unspecified:
        return False
    return allow_private or ip.is_global


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address an IPv6 one stands for (mapped, 6to4, NAT64 as in RFC 6052), or itself."""
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
