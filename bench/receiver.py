"""A small receiver of webhooks that checks every signature: for the demo and for trying webhooks out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


@dataclass(frozen=True)
class Received:
    """One message: its id, its body, and whether its signature is right."""

    message_id: str
    body: str
    verified: bool


class Receiver:
    """Listens on a free port of this machine while the context lasts."""

    def __init__(self, secret: str) -> None:
        self.received: list[Received] = []
        receiver, checker = self, Webhook(secret)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Checks the signature and keeps the message."""
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                try:
                    checker.verify(body, dict(self.headers.items()))
                    verified = True
                except WebhookVerificationError:
                    verified = False
                receiver.received.append(Received(self.headers.get("webhook-id", ""), body, verified))
                self.send_response(204 if verified else 401)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/alerts"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
