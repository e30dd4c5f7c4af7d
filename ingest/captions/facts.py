"""What a model's typed facts mean for the memory: events and relations with its name as their source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import ids
from core.clock import Span
from core.ids import EntityId
from core.media import Frame
from core.memory import Event, Evidence, Observation, Participant, Relation
from core.sight import Attributes
from ingest.captions.tags import Tag

KINDS = {
    "object": "described", "attribute": "described", "action": "action", "relation": "described",
    "text": "text_seen", "safety": "hazard",
}  # fmt: skip
"""The kind of event a fact becomes. They are kinds of a model's own: none of those that rules are written for can be
made up by a model's words."""
MOST_SURE = 0.9
"""What a model says of its own sureness is no measurement: it never counts for more."""
UNSAID = 0.5
"""How sure a fact is of which the model did not say it."""
LONGEST = 300
"""Characters kept of a value."""
MOST_EVIDENCE = 3

_ATTRIBUTE = re.compile(r"\s*([A-Za-z][\w -]{0,30}?)\s*[:=]\s*(\S.{0,120})", re.DOTALL)
RESERVED = frozenset({"what", "text", "said"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What facts came to, and why some of them are of no use."""

    events: tuple[Event, ...] = ()
    relations: tuple[Relation, ...] = ()
    unusable: tuple[str, ...] = ()


@dataclass(slots=True)
class Learning:
    """Facts of one reply on their way into the memory."""

    observation: Observation
    shown: Sequence[Frame]
    tags: Mapping[int, Tag]
    source: str
    events: dict[str, Event] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    unusable: list[str] = field(default_factory=list)

    def take(self, fact: Mapping[str, Any]) -> None:
        """A fact that fits the schema. One without a kind is for people only; one that points at nothing shown is of
        no use.
        """
        kind = fact.get("kind")
        if kind is None:
            return
        value = str(fact.get("value") or fact["text"]).strip()[:LONGEST]
        seen = [self.shown[n] for n in sorted(set(fact["pictures"])) if n < len(self.shown)]
        named = [fact.get("tag", 0), fact.get("other", 0)]
        if not value or not seen:
            self.unusable.append(f"“{fact['text'][:60]}” names no picture that was shown")
        elif any(number and number not in self.tags for number in named):
            self.unusable.append(f"“{fact['text'][:60]}” names a tag that was not drawn")
        else:
            self._add(kind, value, fact, seen, [self.tags[number] for number in named if number])

    def _add(
        self, kind: str, value: str, fact: Mapping[str, Any], seen: Sequence[Frame], who: Sequence[Tag]
    ) -> None:
        chunk = self.observation.chunk
        span = Span(seen[0].at, seen[-1].at + 1)
        sure = min(MOST_SURE, float(fact.get("confidence", UNSAID)))
        evidence = tuple(
            Evidence(chunk_id=chunk.id, at=f.at, box=who[0].boxes.get(f.at) if who else None)
            for f in seen[:MOST_EVIDENCE]
        )
        ends = [tag.entity_id for tag in who]
        if kind == "relation" and len(set(ends)) == 2:
            predicate = _predicate(value)
            id = ids.relation_id(
                chunk.stream_id, ends[0], f"{predicate} ({self.source})", ends[1], span.start
            )
            self.relations[id] = Relation(
                id=id, stream_id=chunk.stream_id, subject=ends[0], predicate=predicate, object=ends[1], valid=span,
                confidence=sure, evidence=evidence, source=self.source,
            )  # fmt: skip
            return
        told = ids.event_id(chunk.stream_id, KINDS[kind], span.start, kind, value, *ends, self.source)
        self.events[told] = Event(
            id=told, stream_id=chunk.stream_id, kind=KINDS[kind], span=span, participants=_participants(ends),
            confidence=sure, evidence=evidence, source=self.source, attributes=_attributes(kind, value, fact),
            noticed=seen[-1].at,
        )  # fmt: skip

    def learned(self) -> Learned:
        """All that was taken."""
        return Learned(
            events=tuple(self.events.values()),
            relations=tuple(self.relations.values()),
            unusable=tuple(self.unusable),
        )


def _participants(ends: Sequence[EntityId]) -> tuple[Participant, ...]:
    return tuple(
        Participant(entity_id=end, role=role)
        for end, role in zip(dict.fromkeys(ends), ("subject", "object"), strict=False)
    )


def _predicate(value: str) -> str:
    """A relation's words as a predicate: `is next to` becomes `next_to`."""
    words = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
    return re.sub(r"^(?:is|are)_", "", words)[:60] or "related_to"


def _attributes(kind: str, value: str, fact: Mapping[str, Any]) -> Attributes:
    said = str(fact["text"]).strip()[:LONGEST]
    if kind == "text":
        return {"text": value, "said": said}
    named = _ATTRIBUTE.fullmatch(value) if kind == "attribute" else None
    if named is not None and (name := re.sub(r"[ -]+", "_", named[1].lower())) not in RESERVED:
        return {name: named[2].strip(), "said": said}
    return {"what": value, "said": said}
