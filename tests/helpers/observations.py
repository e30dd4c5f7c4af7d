"""Observations for tests: by hand in one line, and at random for hypothesis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from core import ids
from core.clock import SECOND, Span
from core.ids import ChunkId, EventId, StreamId
from core.media import Chunk
from core.memory import (
    HAND,
    Aggregation,
    By,
    Caption,
    CaptionStatus,
    Coverage,
    CoverageState,
    Entity,
    Event,
    Evidence,
    Link,
    Observation,
    Participant,
    Query,
    Relation,
    Scope,
    Vector,
    Want,
)
from core.place import Box
from core.sight import Attributes, Track, TrackPoint

DOCK: StreamId = ids.stream_id("dock")
YARD: StreamId = ids.stream_id("yard")
CHUNK_S = 10
RECIPE = "test"


def chunk(index: int = 0, *, stream: StreamId = DOCK) -> Chunk:
    """The index-th ten seconds of a stream."""
    start = index * CHUNK_S * SECOND
    return Chunk(
        id=ids.chunk_id(stream, start, CHUNK_S * SECOND, RECIPE),
        stream_id=stream,
        index=index,
        span=Span(start, start + CHUNK_S * SECOND),
        overlap=min(SECOND, start),
    )


def chunk_at(second: float, *, stream: StreamId = DOCK) -> ChunkId:
    """The id of the chunk that answers for that second."""
    return chunk(int(second // CHUNK_S), stream=stream).id


def evidence(second: float, box: Box | None = None, *, stream: StreamId = DOCK) -> Evidence:
    """Where one second can be checked."""
    return Evidence(chunk_id=chunk_at(second, stream=stream), at=round(second * SECOND), box=box)


def track(number: int, start: float, end: float, *, label: str = "person", stream: StreamId = DOCK) -> Track:
    """A track that walks to the right, two points a second."""
    count = max(1, int((end - start) * 2))
    points = tuple(
        TrackPoint(round((start + n / 2) * SECOND), Box(10.0 + n, 20.0, 30.0 + n, 80.0), 0.9)
        for n in range(count)
    )
    return Track(
        id=ids.track_id(stream, number, RECIPE),
        stream_id=stream,
        number=number,
        label=label,
        span=Span.of_seconds(start, end),
        confidence=0.9,
        points=points,
        source="test",
    )


def entity(
    number: int,
    label: str = "person",
    start: float = 0,
    end: float = 10,
    *,
    stream: StreamId = DOCK,
    name: str = "",
    **attributes: str | float,
) -> Entity:
    """The entity known by the track with that number."""
    of = ids.track_id(stream, number, RECIPE)
    return Entity(
        id=ids.entity_id(stream, of),
        stream_id=stream,
        label=label,
        span=Span.of_seconds(start, end),
        confidence=0.8,
        attributes=attributes,
        tracks=(of,),
        name=name,
    )


def event(
    kind: str,
    start: float,
    end: float | None = None,
    *who: Entity,
    zone: str | None = None,
    stream: StreamId = DOCK,
    open: bool = False,
    **attributes: str | float,
) -> Event:
    """Something that happened to someone, with evidence at its start; a moment where no end is given."""
    span = Span.at(round(start * SECOND)) if end is None else Span.of_seconds(start, end)
    return Event(
        id=ids.event_id(stream, kind, span.start, zone, *(e.id for e in who)),
        stream_id=stream,
        kind=kind,
        span=span,
        participants=tuple(Participant(entity_id=e.id) for e in who),
        zone=zone,
        confidence=0.7,
        evidence=(evidence(start, Box(1.0, 2.0, 3.5, 4.0), stream=stream),),
        source="test",
        attributes=attributes,
        open=open,
    )


def relation(
    subject: Entity, predicate: str, other: Entity, start: float, end: float, *, stream: StreamId = DOCK
) -> Relation:
    """A fact between two entities."""
    valid = Span.of_seconds(start, end)
    return Relation(
        id=ids.relation_id(stream, subject.id, predicate, other.id, valid.start),
        stream_id=stream,
        subject=subject.id,
        predicate=predicate,
        object=other.id,
        valid=valid,
        confidence=0.6,
        evidence=(evidence(start, stream=stream),),
        source="test",
    )


def caption(
    index: int,
    text: str,
    *,
    stream: StreamId = DOCK,
    model: str = "test 1",
    status: CaptionStatus = CaptionStatus.OK,
) -> Caption:
    """What a model said of the index-th chunk."""
    of = chunk(index, stream=stream)
    return Caption(
        id=ids.caption_id(of.id, model),
        chunk_id=of.id,
        stream_id=stream,
        span=of.span,
        text=text,
        model=model,
        status=status,
    )


def coverage(
    start: float,
    end: float,
    state: CoverageState = CoverageState.LOOKED,
    *,
    stream: StreamId = DOCK,
    looked_for: tuple[str, ...] = ("person", "car"),
) -> Coverage:
    """A span and how it was treated."""
    looked = state is CoverageState.LOOKED
    return Coverage(
        stream_id=stream,
        span=Span.of_seconds(start, end),
        state=state,
        by="test 1" if looked else "",
        looked_for=looked_for if looked else (),
        reason="" if looked else state.value,
    )


def vector(of: str, *numbers: float, model: str = "test:1") -> Vector:
    """Where a fact lies in a model's space."""
    return Vector.of_row(of, model, np.asarray(numbers))


def observation(index: int = 0, *nouns: object, stream: StreamId = DOCK) -> Observation:
    """The index-th chunk's observation of these nouns, each put where it belongs."""

    def of(kind: type) -> tuple:  # type: ignore[type-arg]
        return tuple(noun for noun in nouns if isinstance(noun, kind))

    return Observation(
        chunk=chunk(index, stream=stream),
        tracks=of(Track),
        entities=of(Entity),
        events=of(Event),
        relations=of(Relation),
        captions=of(Caption),
        coverage=of(Coverage),
        vectors=of(Vector),
    )


# ---- at random -------------------------------------------------------------------------------------------------

LABELS = ("person", "car", "forklift")
KINDS = ("appeared", "left", "stopped", "near_miss")
ZONES = ("aisle 1", "dock", None)
WORDS = (
    "person",
    "forklifts",
    "red",
    "stopping",
    "dock",
    "aisle",
    "pallet",
    "NOT",
    "near",
    "blue*",
    '"',
    "zebra",
)
_MOMENTS = st.integers(0, 100 * SECOND) | st.sampled_from([n * CHUNK_S * SECOND for n in range(11)])
_TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Spans of up to 100 s, sometimes a microsecond long, some that only touch a chunk's cut."""
    start = draw(_MOMENTS)
    return Span(start, start + draw(st.just(1) | st.integers(1, 100 * SECOND)))


def attributes() -> st.SearchStrategy[Attributes]:
    """A few attributes, in words and numbers, with keys and values that would hurt a careless store."""
    keys = st.sampled_from(["colour", "size", "a'b\".c"])
    values = st.sampled_from(["red", "blue", "it's", "1", ""]) | st.floats(-1e6, 1e6) | st.just(1.0)
    return st.dictionaries(keys, values, max_size=2)


def boxes() -> st.SearchStrategy[Box]:
    """Boxes anywhere near a picture."""
    side = st.floats(0.5, 500, allow_nan=False)
    return st.builds(
        lambda x, y, w, h: Box(x, y, x + w, y + h), st.floats(-50, 4000), st.floats(-50, 4000), side, side
    )


_CONFIDENCE = st.floats(0, 1)


@st.composite
def _evidence(draw: st.DrawFn, stream: StreamId) -> tuple[Evidence, ...]:
    moments = draw(st.lists(st.integers(0, 99), max_size=2))
    return tuple(evidence(m, draw(st.none() | boxes()), stream=stream) for m in moments)


@st.composite
def _track(draw: st.DrawFn, stream: StreamId, index: int) -> Track:
    number = draw(st.integers(1, 4))
    start = index * CHUNK_S * SECOND
    moments = draw(st.lists(st.integers(start, start + CHUNK_S * SECOND - 1), max_size=4, unique=True))
    points = tuple(TrackPoint(at, draw(boxes()), draw(_CONFIDENCE)) for at in sorted(moments))
    base = track(
        number, start / SECOND, start / SECOND + CHUNK_S, label=draw(st.sampled_from(LABELS)), stream=stream
    )
    return replace(
        base, points=points, attributes=draw(attributes()), confidence=draw(_CONFIDENCE), span=draw(spans())
    )


@st.composite
def _entity(draw: st.DrawFn, stream: StreamId) -> Entity:
    base = entity(draw(st.integers(1, 4)), draw(st.sampled_from(LABELS)), stream=stream)
    return replace(
        base,
        span=draw(spans()),
        attributes=draw(attributes()),
        confidence=draw(_CONFIDENCE),
        name=draw(st.sampled_from(["", "Ann", "dock 3"])),
    )


@st.composite
def _event(draw: st.DrawFn, stream: StreamId) -> Event:
    number = draw(st.integers(1, 6))
    kind = KINDS[number % len(KINDS)]
    who = draw(st.lists(st.integers(1, 4), max_size=2, unique=True))
    return Event(
        id=EventId(ids.derive("ev", stream, number)),
        stream_id=stream,
        kind=kind,
        span=draw(spans()),
        participants=tuple(
            Participant(
                entity_id=entity(n, stream=stream).id, role=draw(st.sampled_from(["subject", "vehicle"]))
            )
            for n in who
        ),
        zone=draw(st.sampled_from(ZONES)),
        confidence=draw(_CONFIDENCE),
        evidence=draw(_evidence(stream)),
        source="test",
        attributes=draw(attributes()),
        open=draw(st.booleans()),
        noticed=draw(st.none() | _MOMENTS),
    )


@st.composite
def _relation(draw: st.DrawFn, stream: StreamId) -> Relation:
    one, other = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    base = relation(
        entity(one, stream=stream),
        draw(st.sampled_from(["near", "carries"])),
        entity(other, stream=stream),
        1,
        2,
        stream=stream,
    )
    return replace(base, valid=draw(spans()), confidence=draw(_CONFIDENCE), evidence=draw(_evidence(stream)))


@st.composite
def observations(draw: st.DrawFn, stream: StreamId | None = None, index: int | None = None) -> Observation:
    """An observation of one of ten chunks of one of two streams; ids repeat from one to the next, as in life."""
    stream = stream or draw(st.sampled_from([DOCK, YARD]))
    index = draw(st.integers(0, 9)) if index is None else index
    captions = tuple(caption(index, text, stream=stream) for text in draw(st.lists(_TEXT, max_size=1)))
    entities = _unique(draw(st.lists(_entity(stream), max_size=3)))
    events = _unique(draw(st.lists(_event(stream), max_size=3)))
    states = draw(st.lists(st.tuples(st.sampled_from(CoverageState), spans()), max_size=2))
    return Observation(
        chunk=chunk(index, stream=stream),
        tracks=_unique(draw(st.lists(_track(stream, index), max_size=2))),
        entities=entities,
        events=events,
        relations=_unique(draw(st.lists(_relation(stream), max_size=2))),
        captions=captions,
        coverage=tuple(replace(coverage(0, 1, state, stream=stream), span=span) for state, span in states),
        vectors=tuple(
            draw(vectors(fact.id, model))
            for fact in (*entities, *events, *captions)
            for model in draw(st.sampled_from([(), ("test:1",), ("test:1", "test:2")]))
        ),
    )


@st.composite
def vectors(draw: st.DrawFn, of: str = "", model: str = "test:1") -> Vector:
    """Vectors of three small whole numbers, so that some are equally near."""
    numbers = draw(st.tuples(*[st.integers(-2, 2)] * 3).filter(any))
    return vector(of, *numbers, model=model)


_EVERYONE = [entity(n, stream=stream).id for n in range(1, 5) for stream in (DOCK, YARD)]


@st.composite
def links(draw: st.DrawFn) -> list[Link]:
    """What is said of a few pairs, by a program and by hand, some of them twice."""
    pairs = draw(
        st.lists(st.lists(st.sampled_from(_EVERYONE), min_size=2, max_size=2, unique=True), max_size=4)
    )
    return [
        Link(
            one=one,
            other=other,
            score=draw(_CONFIDENCE),
            source=draw(st.sampled_from([HAND, "test", "test"])),
            same=draw(st.booleans()),
        )
        for one, other in pairs
    ]


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    """Streams, spans of streams, and entities to be forgotten."""
    if draw(st.booleans()):
        return Scope(entities=tuple(draw(st.lists(st.sampled_from(_EVERYONE), min_size=1, max_size=3))))
    streams = draw(st.lists(st.sampled_from([DOCK, YARD]), min_size=1, max_size=2, unique=True))
    return Scope(streams=tuple(streams), span=draw(st.none() | spans()))


@st.composite
def aggregations(draw: st.DrawFn) -> Aggregation:
    """Anything that can be counted, by anything."""
    want = draw(st.sampled_from([Want.EVENTS, Want.ENTITIES]))
    return Aggregation(
        query=replace(draw(queries()), want=want, text="", like=None, limit=None),
        by=tuple(draw(st.lists(st.sampled_from(By), max_size=3, unique=True))),
        shift=draw(st.dictionaries(st.sampled_from([DOCK, YARD]), st.integers(0, 10**11), max_size=2)),
        top=draw(st.none() | st.integers(0, 3)),
    )


def _unique(nouns: Iterable) -> tuple:  # type: ignore[type-arg]
    return tuple({noun.id: noun for noun in nouns}.values())


@st.composite
def histories(draw: st.DrawFn, max_size: int = 4) -> list[Observation]:
    """Observations of different chunks, in any order."""
    keys = st.tuples(st.sampled_from([DOCK, YARD]), st.integers(0, 9))
    places = draw(st.lists(keys, max_size=max_size, unique=True))
    return [draw(observations(stream=stream, index=index)) for stream, index in places]


_KNOWN: tuple[str, ...] = (
    *(entity(n).id for n in range(1, 5)),
    *(ids.derive("ev", DOCK, n) for n in range(1, 7)),
    *(track(n, 0, 1).id for n in range(1, 5)),
    *(chunk(n).id for n in range(10)),
    *(caption(n, "").id for n in range(10)),
)


def _some(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(tuple)


_BOUNDS: dict[str, st.SearchStrategy[object]] = {
    "streams": _some(DOCK, YARD, "st_nobody"),
    "span": spans(),
    "kinds": _some(*KINDS, "near", "carries"),
    "labels": _some(*LABELS, "zebra"),
    "attributes": attributes(),
    "zones": _some("aisle 1", "dock"),
    "entities": _some(*_EVERYONE),
    "ids": st.lists(st.sampled_from(_KNOWN), min_size=5, max_size=20).map(tuple),
    "text": _TEXT,
    "like": vectors(),
    "limit": st.integers(0, 4),
}


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Queries over what `observations` makes, with up to three bounds, each met there or not by chance."""
    names = draw(st.lists(st.sampled_from(list(_BOUNDS)), max_size=3, unique=True))
    if {"text", "like"} <= {*names}:
        names.remove("like")
    bounds = {name: draw(_BOUNDS[name]) for name in names}
    return Query(want=draw(st.sampled_from(Want)), **bounds)  # type: ignore[arg-type]
