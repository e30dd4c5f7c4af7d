"""Any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, NIM, OpenAI itself."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Sequence
from typing import Any

import openai

from core.errors import ModelUnavailable
from core.ports import Ask, Reply
from models.jpegs import SHARED, Jpegs
from models.loop import LoopThread
from models.openai_chat import Way, form_of, messages, read
from models.openai_server import Fault, connect_async, fault_of, read_url, said, unavailable
from models.patience import Patience, backoff, retry_after

PATIENCE = 2.0
"""An ask, with everything that is tried again, takes at most so many time-outs of one request."""


class OpenAiVlm:
    """A vision-language (or language) model behind an OpenAI-compatible server. Safe to share between threads.

    The fixed words of an ask (system and schema) come first and byte for byte the same, the pictures last, so that a
    server's prefix cache serves them. At most `at_once` requests are in flight, whoever asks. A request that takes
    longer than `timeout_s`, however slowly its bytes come, is given up. The key is never shown.
    """

    def __init__(self, url: str, key: str = "", *, retries: int = 2, jpegs: Jpegs = SHARED) -> None:
        self._server = read_url(url)
        self._key, self._retries, self._jpegs = key, retries, jpegs
        self._way = Way.SCHEMA
        self._client = connect_async(self._server, key)
        self._patience = Patience()
        self._slots = asyncio.Semaphore(self._server.at_once)
        self._loop = LoopThread("openai-vlm")
        self._tidy = weakref.finalize(self, _close, self._loop, self._client)

    def __repr__(self) -> str:
        return f"OpenAiVlm({self._server.base_url}, model={self._server.model})"

    @property
    def name(self) -> str:
        """`openai:` and the model's name."""
        return f"openai:{self._server.model}"

    @property
    def sees(self) -> bool:
        """Whether its model has eyes is for the server to say; it is sent pictures."""
        return True

    @property
    def at_once(self) -> int:
        """Requests in flight, as the URL says."""
        return self._server.at_once

    def close(self) -> None:
        """Gives up what is in flight and closes the connections."""
        self._tidy()

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order, several in flight. Raises `ModelUnavailable` when none could be answered."""
        if not asks:
            return []
        # Pictures are encoded in the thread that asks: the loop's own has requests to serve.
        chats = [messages(ask, self._shown) for ask in asks]
        outcomes = self._loop.run(self._all(asks, chats))
        away = [outcome for outcome in outcomes if isinstance(outcome, ModelUnavailable)]
        if len(away) == len(outcomes):
            raise away[0]
        return [Reply(text="", problem=o.message) if isinstance(o, ModelUnavailable) else o for o in outcomes]

    def _shown(self, picture: Any) -> str:
        return self._jpegs.url(picture, self._server.longest)

    async def _all(self, asks: Sequence[Ask], chats: Sequence[Any]) -> list[Reply | ModelUnavailable]:
        return await asyncio.gather(*(self._one(ask, chat) for ask, chat in zip(asks, chats, strict=True)))

    async def _one(self, ask: Ask, chat: Any) -> Reply | ModelUnavailable:
        """The reply to one ask, asked for in the best way the server knows."""
        ways = list(Way) if ask.schema is not None else [Way.WORDS]
        if self._way in ways:
            ways = ways[ways.index(self._way) :]
        async with self._slots:
            until = time.monotonic() + PATIENCE * self._server.timeout_s
            for way in ways:
                try:
                    completion = await self._patiently(ask, chat, way, until)
                except (openai.OpenAIError, TimeoutError) as error:
                    if fault_of(type(error)) is Fault.REQUEST and way is not ways[-1]:
                        continue
                    return self._translate(error)
                except ValueError as error:  # a body that says it is JSON and is not
                    why = f"the model server's reply cannot be read ({type(error).__name__})"
                    return Reply(text="", problem=why)
                if ask.schema is not None:
                    self._way = way
                return read(completion, ask)
        raise AssertionError("unreachable: the last way returns")

    async def _patiently(self, ask: Ask, chat: Any, way: Way, until: float) -> Any:
        """The completion; a server that is away or busy is asked again, within the retries, the budget and the time."""
        for attempt in range(self._retries + 1):
            await asyncio.sleep(self._patience.waits)
            try:
                async with asyncio.timeout(self._server.timeout_s):
                    completion = await self._client.chat.completions.create(
                        model=self._server.model,
                        messages=chat,
                        max_tokens=ask.max_tokens,
                        temperature=0.0,
                        **form_of(way, ask.schema),
                    )
            except (openai.OpenAIError, TimeoutError) as error:
                if fault_of(type(error)) is not Fault.AWAY:
                    raise
                wait = self._wait(error, attempt)
                late = time.monotonic() + wait > until
                if attempt == self._retries or late or not self._patience.tries_again:
                    raise
                await asyncio.sleep(wait)
            else:
                self._patience.succeeded()
                return completion
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _wait(self, error: Exception, attempt: int) -> float:
        """Notes a failure; the seconds to wait before the next try. A wish to be left alone holds for all requests."""
        self._patience.failed()
        wanted = _wish(error)
        if wanted is None:
            return backoff(attempt)
        if wanted <= PATIENCE * self._server.timeout_s:
            self._patience.pause(wanted)
        return wanted

    def _translate(self, error: openai.OpenAIError | TimeoutError) -> Reply | ModelUnavailable:
        """A reply with a problem where only this ask is to blame; otherwise that the server is not available."""
        where = f"the model server at {self._server.base_url}"
        fault = fault_of(type(error))
        if fault is Fault.REPLY:
            return Reply(text="", problem=f"{where} gave no usable reply ({type(error).__name__})")
        status = error.status_code if isinstance(error, openai.APIStatusError) else 0
        if fault is Fault.REQUEST:
            return Reply(
                text="", problem=f"{where} refused the request with {status}: {said(error, self._key)}"
            )
        keys = "SIGHTLINE_VLM_KEY (or SIGHTLINE_LLM_KEY)"
        away = unavailable(error, self._server, keys=keys, without="SIGHTLINE_VLM=describe:")
        away.retry_after_s = _wish(error)
        return away


def _wish(error: Exception) -> float | None:
    """Seconds for which the server said it wants to be left alone, if it did."""
    return retry_after(error.response.headers) if isinstance(error, openai.APIStatusError) else None


def _close(loop: LoopThread, client: openai.AsyncOpenAI) -> None:
    loop.close(client.close())
