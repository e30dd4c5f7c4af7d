"""A real HTTP receiver of webhooks that verifies signatures and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from alerts.webhook import new_secret


@dataclass(frozen=True)
class Message:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: str
    valid: bool


Answer = tuple[int, dict[str, str]]


class Receiver:
    """Listens on a free port while the context lasts; `answers` are given in order, the last one for ever."""

    def __init__(
        self, *answers: Answer | int, hang: bool = False, act: Callable[[Any], None] | None = None
    ) -> None:
        self.secret = new_secret()
        self.got: list[Message] = []
        self.arrived = threading.Semaphore(0)
        self.release = threading.Event()
        told: list[Answer] = [a if isinstance(a, tuple) else (a, {}) for a in answers] or [(204, {})]
        receiver, checker = self, Webhook(self.secret)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                try:
                    checker.verify(body, dict(self.headers.items()), json_parse=False)
                    valid = True
                except WebhookVerificationError:
                    valid = False
                receiver.got.append(Message(self.path, dict(self.headers.items()), body, valid))
                receiver.arrived.release()
                if hang:
                    receiver.release.wait(30)
                if act is not None:
                    act(self)
                    return
                status, headers = told.pop(0) if len(told) > 1 else told[0]
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                except OSError:
                    return  # the sender did not wait

            do_GET = do_POST  # noqa: N815 - the server's own naming

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?x=1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
