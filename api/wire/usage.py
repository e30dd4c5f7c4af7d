"""The shapes of what models are asked and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from api.wire import Out
from core.ids import StreamId
from core.ports import House
from core.settings import Settings
from core.spending import Budget, Usage, Use
from graph.spending import totals, used


class UsageOut(Out):
    """What one model was asked for one use about one stream, over all days or on one."""

    stream: str = Field(description="The stream's name; empty where it was about none.")
    model: str
    use: Use
    calls: int
    failed: int = Field(description="Those of the calls that brought nothing that could be used.")
    tokens_in: int
    tokens_out: int


class BudgetOut(Out):
    """What a stream's captions may cost a day (UTC); null does not limit."""

    stream: str
    calls: int | None
    tokens: int | None
    own: bool = Field(description="Whether the stream has its own budget, or the one of the settings.")


def usage(rows: Iterable[Usage], names: Mapping[StreamId, str]) -> list[UsageOut]:
    """The rows with their days put together."""
    return [
        UsageOut(
            stream=names.get(StreamId(row.stream_id), row.stream_id),
            model=row.model,
            use=row.use,
            calls=row.calls,
            failed=row.failed,
            tokens_in=row.tokens_in,
            tokens_out=row.tokens_out,
        )
        for row in totals(rows)
    ]


def of_stream(stream: StreamId, name: str, house: House) -> list[UsageOut]:
    """What was asked about one stream ever."""
    return usage([row for row in used(house.ledger) if row.stream_id == stream], {stream: name})


def budget(own: Budget | None, name: str, settings: Settings) -> BudgetOut:
    """The budget in force."""
    if own is not None:
        return BudgetOut(stream=name, calls=own.calls, tokens=own.tokens, own=True)
    return BudgetOut(stream=name, calls=settings.vlm_calls_a_day, tokens=settings.vlm_tokens_a_day, own=False)
