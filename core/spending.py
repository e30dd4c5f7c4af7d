"""What models are asked and what that costs, by stream and day; rows of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core import ids
from core.ids import StreamId


class Use(StrEnum):
    """What a model is asked for."""

    CAPTION = "caption"
    DEEP = "deep"
    QUESTION = "question"
    INSPECTION = "inspection"
    VERDICT = "verdict"
    CHAT = "chat"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one model was asked for one use about one stream ('' for none) on one day (UTC, as `2026-11-26`).

    `failed` are those of the calls that brought nothing that could be used; tokens are as the model counts them.
    """

    id: str
    stream_id: str
    model: str
    use: Use
    day: str
    calls: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @classmethod
    def none(cls, stream: str, model: str, use: Use, day: str) -> Usage:
        """The row before the first call."""
        return cls(
            id=ids.derive("us", stream, model, use, day), stream_id=stream, model=model, use=use, day=day
        )

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many calls and tokens a day a stream's captions and deep looks may cost; None does not limit. `id` is the
    stream's. A row of the ledger where the stream has its own, else what the settings say.
    """

    id: StreamId
    calls: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        if min(self.calls or 0, self.tokens or 0) < 0:
            raise ValueError("a budget is 0 or more calls and tokens a day")
