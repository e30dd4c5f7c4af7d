"""A model server that says what it is told to: OpenAI's chat completions over HTTP, with slots, latency and bad manners.

It stands in for the model alone: the requests, the waiting and the bytes are real.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """One answer: the model's words, or a whole body; how late it comes, and how slowly its bytes do."""

    text: str | None = None
    body: bytes | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    refusal: str | None = None
    tool: tuple[str, str] | None = None
    wait_s: float = 0.0
    drip_s: float = 0.0
    breaks_off: bool = False

    def bytes(self) -> bytes:
        """The body that is sent."""
        if self.body is not None:
            return self.body
        message: dict[str, Any] = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        if self.tool is not None:
            name, arguments = self.tool
            function = {"name": name, "arguments": arguments}
            message["tool_calls"] = [{"id": "c1", "type": "function", "function": function}]
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        usage = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
        return json.dumps(
            {"id": "x", "object": "chat.completion", "created": 1, "model": "stub", "choices": [choice], "usage": usage}
        ).encode()  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Call:
    """One request as the server saw it: when it came and was answered (monotonic seconds), what stood first in it, its
    words, and how many pictures it held.
    """

    came: float
    answered: float = 0.0
    prefix: str = ""
    prompt: str = ""
    model: str = ""
    pictures: int = 0


Script = Callable[[dict[str, Any]], Says]


@dataclass
class Serving:
    """The server's own view: a script, so many slots, and the calls so far."""

    script: Script
    slots: int = 1000
    calls: list[Call] = field(default_factory=list)
    port: int = 0

    async def run(self, ready: Callable[[int], None], over: asyncio.Event) -> None:
        """Serves until it is over."""
        self._free = asyncio.Semaphore(self.slots)
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        ready(server.sockets[0].getsockname()[1])
        async with server:
            await over.wait()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False where the connection ends."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        raw = await reader.readexactly(length)
        call = Call(came=time.monotonic())
        body = json.loads(raw)
        _note(call, body)
        self.calls.append(call)
        says = self.script(body)
        async with self._free:
            await asyncio.sleep(says.wait_s)
            going_on = await _send(writer, says)
        call.answered = time.monotonic()
        return going_on


def _note(call: Call, body: dict[str, Any]) -> None:
    """What stands first (system message and everything up to the words of this call), and the words."""
    *fixed, last = body["messages"]
    call.prefix = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:16]
    call.model = body["model"]
    content = last["content"]
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    call.prompt = next(part["text"] for part in parts if part["type"] == "text")
    call.pictures = sum(part["type"] == "image_url" for part in parts)
    if parts[0]["type"] != "text":
        call.prefix = "pictures stand before the words"


async def _send(writer: asyncio.StreamWriter, says: Says) -> bool:
    body = says.bytes()
    named = "".join(f"{key}: {value}\r\n" for key, value in says.headers)
    head = f"HTTP/1.1 {says.status} Says\r\ncontent-type: application/json\r\n{named}content-length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    if says.breaks_off:
        writer.write(body[: len(body) // 2])
        await writer.drain()
        return False
    if not says.drip_s:
        writer.write(body)
        await writer.drain()
        return True
    for at in range(len(body)):
        writer.write(body[at : at + 1])
        await writer.drain()
        await asyncio.sleep(says.drip_s)
    return True


@contextmanager
def serving(script: Script) -> Iterator[Serving]:
    """The server in a thread of this process, for scripts that are functions."""
    told = Serving(script)
    loop, up = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()

    def ready(port: int) -> None:
        told.port = port
        up.set()

    def work() -> None:
        loop.run_until_complete(told.run(ready, over))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=work, name="scripted server", daemon=True)
    thread.start()
    up.wait()
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()


@dataclass(slots=True)
class Stub:
    """A server of fixed latency and slots in a process of its own, so that it takes nothing from ours but the machine."""

    port: int
    ask: Callable[[], list[Call]]

    def url(self, model: str, **options: object) -> str:
        """The setting that points at it."""
        more = "".join(f"&{key}={value}" for key, value in options.items())
        return f"openai+http://127.0.0.1:{self.port}/v1?model={model}{more}"


@contextmanager
def stub(latency_s: float, slots: int, text: str, flagged_every: int = 0) -> Iterator[Stub]:
    """Runs it. Every so many calls of the first model the reply asks for a closer look (0: never)."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_stub, args=(theirs, latency_s, slots, text, flagged_every), daemon=True)
    process.start()
    port = ours.recv()

    def calls() -> list[Call]:
        ours.send("calls")
        return [Call(**row) for row in ours.recv()]

    try:
        yield Stub(port=port, ask=calls)
    finally:
        ours.send("end")
        process.join(10)
        if process.is_alive():
            process.kill()
        process.close()
        ours.close()
        theirs.close()


def _stub(pipe: Any, latency_s: float, slots: int, text: str, flagged_every: int) -> None:
    count = 0

    def script(body: dict[str, Any]) -> Says:
        nonlocal count
        count += 1
        said = json.loads(text)
        if flagged_every and body["model"] == "cheap" and count % flagged_every == 0:
            said["look_closer"] = True
        return Says(text=json.dumps(said), wait_s=latency_s)

    told = Serving(script, slots)

    async def main() -> None:
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        serving = asyncio.create_task(told.run(pipe.send, over))
        while await loop.run_in_executor(None, pipe.recv) != "end":
            pipe.send([asdict(call) for call in told.calls])
        over.set()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    asyncio.run(main())
