"""The memory in OpenAI's shapes: the model `sightline` answers from it, any other name is passed to the VLM."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from agent.inspection.inspect import needs_model
from api.auth import VIEWER
from api.context import Context, Ctx
from api.errors import problems
from api.exhibits import of_data_url
from api.inspecting import looking_model
from api.routes.ask import answered
from api.wire import answer as wire_answer
from core import ids
from core.answers import Answer, Question
from core.errors import BadReply, Invalid
from core.media import Picture
from core.ports import Ask, Turn
from core.spending import Use

router = APIRouter(
    prefix="/v1", tags=["openai"], dependencies=VIEWER, responses=problems(401, 404, 422, 502, 503)
)

OURS = "sightline"
PIECE = 48


class ChatMessage(BaseModel):
    """One message: a text, or parts that are texts and base64 pictures."""

    role: str = Field(examples=["user"])
    content: str | list[dict[str, Any]] | None = Field(default=None, examples=["How many people came in?"])

    def text(self) -> str:
        """All its words."""
        if isinstance(self.content, list):
            return "\n".join(str(p.get("text", "")) for p in self.content if p.get("type") == "text")
        return self.content or ""

    def pictures(self) -> list[Picture]:
        """All its pictures. Raises `Invalid` for one that is not a base64 data URL of a picture."""
        parts = self.content if isinstance(self.content, list) else []
        return [_picture(part) for part in parts if part.get("type") == "image_url"]


def _picture(part: dict[str, Any]) -> Picture:
    image = part.get("image_url")
    return of_data_url(image.get("url", "") if isinstance(image, dict) else str(image or ""))


class ChatIn(BaseModel):
    """A chat in OpenAI's shape; fields that are not named here are accepted and have no effect."""

    model: str = Field(default=OURS, examples=[OURS])
    messages: list[ChatMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    max_tokens: int = Field(default=700, ge=1, le=32_000)


class ChatReply(BaseModel):
    """What was said."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one reply."""

    index: int = 0
    message: ChatReply
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Tokens, as far as the model counts them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class ChatOut(BaseModel):
    """A reply in OpenAI's shape; `sightline` holds the cited answer where it came from memory."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage = Usage()
    sightline: wire_answer.AnswerOut | None = None


class ModelOut(BaseModel):
    """A model that can be named."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "sightline"


class Models(BaseModel):
    """The models that can be named."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


@router.get("/models", summary="The models that can be named")
def models(ctx: Ctx) -> Models:
    """`sightline`, which answers from memory, and the model that looks at pictures."""
    model = looking_model(ctx.house) or ctx.house.vlm
    return Models(data=[ModelOut(id=OURS), ModelOut(id=model.name, owned_by="vlm")])


@router.post(
    "/chat/completions",
    summary="Chat in OpenAI's shape",
    response_model=ChatOut,
    responses={
        200: {
            "description": "The reply; with `stream: true`, as server-sent events.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def chat(body: ChatIn, ctx: Ctx) -> Any:
    """The last user message is the question; its citations stand in the text and, in full, in `sightline`."""
    reply = _from_memory(body, ctx) if body.model == OURS else _from_vlm(body, ctx)
    if body.stream:
        return StreamingResponse(_streamed(reply), media_type="text/event-stream")
    return reply


def _last_words(body: ChatIn) -> str:
    for message in reversed(body.messages):
        if message.role == "user" and message.text().strip():
            return message.text().strip()
    raise Invalid("the chat holds no question", next_step="end it with a message of role user that has words")


def cited_text(found: Answer) -> str:
    """The answer's words, and under them where each can be checked."""
    lines = [f"[{n}] {c.stream} {c.span}" for n, c in enumerate(found.citations, 1)]
    return "\n\n".join([found.text, "\n".join(lines)]) if lines else found.text


def _from_memory(body: ChatIn, ctx: Context) -> ChatOut:
    found = answered(Question(text=_last_words(body)), ctx)
    return _reply(body, ctx, cited_text(found), sightline=wire_answer.answer(found))


def _from_vlm(body: ChatIn, ctx: Context) -> ChatOut:
    """What the model that looks at pictures says to the last message, with all that was said before."""
    model = looking_model(ctx.house)
    if model is None:
        raise needs_model("a chat about pictures")
    said = [m for m in body.messages if m.role != "system"]
    if not said or said[-1].role != "user" or not (said[-1].text().strip() or said[-1].pictures()):
        raise Invalid("the chat holds no question", next_step="end it with a message of role user")
    ask = Ask(
        prompt=said[-1].text(),
        system="\n".join(m.text() for m in body.messages if m.role == "system"),
        pictures=tuple(said[-1].pictures()),
        history=tuple(_turns(said[:-1])),
        max_tokens=body.max_tokens,
        use=Use.CHAT,
    )
    (reply,) = model.ask([ask])
    if reply.problem:
        raise BadReply(
            f"the model {model.name} gave no usable reply: {reply.problem}",
            next_step="ask again, or ask the model `sightline`, which answers from memory",
            stage="vlm",
        )
    used = Usage(
        prompt_tokens=reply.tokens_in,
        completion_tokens=reply.tokens_out,
        total_tokens=reply.tokens_in + reply.tokens_out,
    )
    return _reply(body, ctx, reply.text, usage=used)


def _turns(messages: Sequence[ChatMessage]) -> Iterator[Turn]:
    """What was said before, as exchanges: a reply belongs to the message before it."""
    waiting: ChatMessage | None = None
    for message in messages:
        if message.role == "assistant":
            asked = waiting or ChatMessage(role="user")
            yield Turn(prompt=asked.text(), pictures=tuple(asked.pictures()), reply=message.text())
            waiting = None
            continue
        if waiting is not None:
            yield Turn(prompt=waiting.text(), pictures=tuple(waiting.pictures()))
        waiting = message
    if waiting is not None:
        yield Turn(prompt=waiting.text(), pictures=tuple(waiting.pictures()))


def _reply(body: ChatIn, ctx: Context, text: str, **more: Any) -> ChatOut:
    return ChatOut(
        id=ids.fresh("chatcmpl"),
        created=int(ctx.house.clock.now().timestamp()),
        model=body.model,
        choices=[Choice(message=ChatReply(content=text))],
        **more,
    )


def _streamed(reply: ChatOut) -> Iterator[bytes]:
    """The reply in pieces, as OpenAI's clients read them."""

    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        chunk = {
            "id": reply.id,
            "object": "chat.completion.chunk",
            "created": reply.created,
            "model": reply.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        }
        return f"data: {json.dumps(chunk)}\n\n".encode()

    text = reply.choices[0].message.content
    yield event({"role": "assistant", "content": ""})
    for at in range(0, len(text), PIECE):
        yield event({"content": text[at : at + PIECE]})
    yield event({}, "stop")
    yield b"data: [DONE]\n\n"
