"""A small OpenAI-compatible server on this machine that says its script."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Line:
    """One scripted answer to one request. `body` replaces the completion; `drip_s` are seconds between its bytes."""

    text: str | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    media_type: str = "application/json"
    finish: str = "stop"
    refusal: str | None = None
    tool: str | None = None
    wait_s: float = 0.0
    drip_s: float = 0.0


Script = Sequence[Line] | Callable[[dict[str, Any]], Line]


def refused(message: str, status: int = 400, **more: Any) -> Line:
    """An error in OpenAI's shape."""
    return Line(status=status, body=json.dumps({"error": {"message": message}}).encode(), **more)


@dataclass
class Server:
    """The running server: where it is, and what it was asked (bodies and headers)."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    now: int = 0
    barrier: threading.Barrier | None = None

    def model(self, name: str = "tiny", **options: object) -> str:
        """The setting that points at it."""
        more = "".join(f"&{key}={value}" for key, value in options.items())
        return f"openai+{self.url}/v1?model={name}{more}"


def completion(line: Line) -> bytes:
    """A chat completion that says the line."""
    message: dict[str, Any] = {"role": "assistant", "content": line.text, "refusal": line.refusal}
    if line.tool is not None:
        call = {"id": "c1", "type": "function", "function": {"name": "reply", "arguments": line.tool}}
        message["tool_calls"] = [call]
    return json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "tiny",
            "choices": [{"index": 0, "message": message, "finish_reason": line.finish}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }
    ).encode()


def embeddings(rows: Sequence[Sequence[float]]) -> Line:
    """A reply to a request for embeddings, last row first: a client must go by the index."""
    data = [{"object": "embedding", "index": n, "embedding": list(row)} for n, row in enumerate(rows)]
    body = {
        "object": "list",
        "model": "tiny",
        "data": data[::-1],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
    return Line(body=json.dumps(body).encode())


@contextmanager
def vlm_server(script: Script, *, together: int = 0) -> Iterator[Server]:
    """Runs the server; each request takes the next line (the last one again and again), or what a function says.

    With `together` the first so many requests are answered only once all of them are there.
    """
    told = Server(barrier=threading.Barrier(together) if together else None)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            body = json.loads(raw)
            with told.lock:
                told.asked.append(body)
                told.raw.append(raw)
                told.headers.append({key.lower(): value for key, value in self.headers.items()})
                number = len(told.asked) - 1
                told.now += 1
                told.most_at_once = max(told.most_at_once, told.now)
            if told.barrier is not None and number < together:
                told.barrier.wait(timeout=20)
            line = script(body) if callable(script) else script[min(number, len(script) - 1)]
            time.sleep(line.wait_s)
            self._say(line)
            with told.lock:
                told.now -= 1

        def _say(self, line: Line) -> None:
            body = line.body if line.body is not None else completion(line)
            try:
                self.send_response(line.status)
                for key, value in line.headers:
                    self.send_header(key, value)
                self.send_header("content-type", line.media_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                if not line.drip_s:
                    self.wfile.write(body)
                    return
                for at in range(len(body)):
                    self.wfile.write(body[at : at + 1])
                    self.wfile.flush()
                    time.sleep(line.drip_s)
            except (BrokenPipeError, ConnectionResetError):
                pass  # who asked did not wait

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
