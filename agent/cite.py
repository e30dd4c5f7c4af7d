"""Checks every citation of an answer against the memory, and drops what has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from core.answers import Answer, AnswerStatus, Citation
from core.errors import Uncited
from core.ids import StreamId
from core.media import Stream
from core.memory import Query, Want
from core.ports import GraphStore, Ledger

_MARK = re.compile(r"\[(\d+)\]")
_CLAIM_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z“])|\n+")
NOTE = re.compile(r"^(?:Nobody looked at|Nothing here|Very little was looked at)")
"""How sentences about the looking itself begin: they claim nothing about the pictures and need no citation."""


def check(answer: Answer, store: GraphStore, ledger: Ledger) -> Answer:
    """The answer with only the claims whose every citation resolves, renumbered. Answers that claim nothing about the
    pictures (`unsupported`, `not_covered`) keep their words. Raises `Uncited` where no claim is left.
    """
    return checked(answer, store, lambda id: ledger.get(Stream, id))


def checked(answer: Answer, store: GraphStore, stream_of: Callable[[StreamId], Stream | None]) -> Answer:
    """As `check`, with streams looked up by the given function."""
    good = [resolves(citation, store, stream_of) for citation in answer.citations]
    kept_claims = []
    used: set[int] = set()
    for claim in _CLAIM_END.split(answer.text):
        marks = [int(n) for n in _MARK.findall(claim)]
        sound = all(1 <= n <= len(good) and good[n - 1] for n in marks)
        if (marks and sound) or (not marks and _needs_none(answer, claim)):
            kept_claims.append(claim)
            used.update(marks)
    if answer.status in (AnswerStatus.ANSWERED, AnswerStatus.NOT_SEEN) and not used:
        raise Uncited("no claim of the answer could be checked against the memory", stage="cite")
    order = {old: new for new, old in enumerate(sorted(used), start=1)}
    text = "\n".join(_MARK.sub(lambda m: f"[{order[int(m[1])]}]", claim) for claim in kept_claims)
    return replace(answer, text=text, citations=tuple(answer.citations[n - 1] for n in sorted(used)))


def _needs_none(answer: Answer, claim: str) -> bool:
    return answer.status in (AnswerStatus.UNSUPPORTED, AnswerStatus.NOT_COVERED) or bool(NOTE.match(claim))


def resolves(citation: Citation, store: GraphStore, stream_of: Callable[[StreamId], Stream | None]) -> bool:
    """Whether the cited stream, chunk and event are stored, belong together, and the span lies inside the stream."""
    stream = stream_of(citation.stream_id)
    if stream is None or stream.name != citation.stream:
        return False
    if stream.duration and citation.span.end > stream.duration:
        return False
    chunks = store.find(Query(want=Want.CHUNKS, ids=(citation.chunk_id,))).chunks
    if not any(c.stream_id == stream.id and c.span.overlaps(citation.span) for c in chunks):
        return False
    if citation.event_id is None:
        return True
    events = store.find(Query(want=Want.EVENTS, ids=(citation.event_id,))).events
    return any(e.stream_id == stream.id and e.span.overlaps(citation.span) for e in events)
