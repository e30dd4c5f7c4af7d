"""Finding: streams by name or id, rows by id, and lists page by page. The CLI and the API share it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from core.clock import Micros, Span, micros
from core.errors import Invalid, NotFound
from core.ids import StreamId
from core.media import Passage, Stream
from core.memory import Query
from core.ports import Ledger

Row = TypeVar("Row")


def stream_named(ledger: Ledger, key: str) -> Stream:
    """The stream with that id or name. Raises `NotFound` naming some that exist."""
    found = ledger.get(Stream, key)
    if found is not None:
        return found
    named = ledger.find(Stream, name=key)
    if named:
        return named[0]
    names = [row.name for row in ledger.find(Stream)]
    shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
    raise NotFound(
        f"there is no stream {key!r}",
        next_step=f"the streams are: {shown}"
        if names
        else "add one with `sightline watch FILE` or POST /v1/streams",
    )


def streams_named(ledger: Ledger, keys: Sequence[str]) -> list[Stream]:
    """The streams with those ids or names, each once; all of them where none is named."""
    if not keys:
        return ledger.find(Stream)
    found = {row.id: row for row in (stream_named(ledger, key) for key in keys)}
    return list(found.values())


def passage_between(
    ledger: Ledger, one: str, other: str, least_s: float = 0.0, *, together: bool = False
) -> Passage:
    """The way between two streams, by their names or ids. Raises `Invalid` from a stream to itself."""
    a, b = stream_named(ledger, one), stream_named(ledger, other)
    if a.id == b.id:
        raise Invalid("a passage leads from one stream to another", next_step="name two streams")
    return Passage(one=a.id, other=b.id, least=micros(least_s), together=together)


def names(ledger: Ledger) -> dict[StreamId, str]:
    """Every stream's name by its id."""
    return {row.id: row.name for row in ledger.find(Stream)}


def row_of(ledger: Ledger, kind: type[Row], id: str, word: str) -> Row:
    """The row. Raises `NotFound`."""
    found = ledger.get(kind, id)
    if found is None:
        raise NotFound(f"there is no {word} {id!r}", next_step=f"GET /v1/{word}s lists those there are")
    return found


class Spanned(Protocol):
    """Anything with an id and a span."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def span(self) -> Span:
        """Its span."""


Item = TypeVar("Item", bound=Spanned)


def write_cursor(item: Spanned) -> str:
    """A place in a list that is ordered by time, then id; it holds even while the list grows."""
    return base64.urlsafe_b64encode(json.dumps([item.span.start, item.id]).encode()).decode()


def read_cursor(text: str) -> tuple[Micros, str]:
    """The place. Raises `Invalid`."""
    try:
        start, id = json.loads(base64.urlsafe_b64decode(text.encode()))
        return int(start), str(id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise Invalid(
            "the cursor cannot be read", next_step="use `next` of the page before, unchanged"
        ) from error


def page(
    query: Query,
    find: Callable[[Query], Sequence[Item]],
    *,
    limit: int,
    cursor: str | None,
) -> tuple[list[Item], str | None]:
    """One page of what the query finds, after the cursor, and the next cursor."""
    after = read_cursor(cursor) if cursor else None
    if after is not None:
        end = query.span.end if query.span else 10**15
        query = replace(query, span=Span(after[0], max(end, after[0] + 1)))
    asked = limit + 1
    while True:
        found = find(replace(query, limit=asked))
        fresh = [item for item in found if after is None or (item.span.start, item.id) > after]
        if len(fresh) > limit or len(found) < asked:
            break
        asked *= 4  # long items from before the cursor fill the answer: ask for more
    shown = fresh[:limit]
    return shown, write_cursor(shown[-1]) if len(fresh) > limit else None
