"""A query's bounds in Cypher: what leads to the facts, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.clock import Micros
from core.memory import Query, Want
from core.sight import Attributes
from graph.neo4j.rows import DURATIONS, Names, attribute_property
from graph.rows import LONG_US

LABELS = {
    Want.EVENTS: "Event",
    Want.ENTITIES: "Entity",
    Want.CAPTIONS: "Caption",
    Want.CHUNKS: "Chunk",
    Want.TRACKS: "Track",
    Want.COVERAGE: "Coverage",
}
"""The label of what is wanted; relations and links are edges."""

_HOLDS = "all(a IN $attributes WHERE {})"
_HAPPENED = {"kinds": "{}.kind IN $kinds", "zones": "{}.zone IN $zones"}


@dataclass(slots=True)
class Bounds:
    """Where to look for facts `f`, what must hold of each, and the values of both.

    `streams` says that one looks stream by stream, so that order and number may be kept within each.
    """

    lead: str
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    pattern: str = ""
    streams: bool = False

    def where(self, *more: str) -> str:
        """All conditions as one clause."""
        every = [*self.conditions, *more]
        return f"WHERE {' AND '.join(every)}" if every else ""

    def of_any(self, query: Query) -> list[str]:
        """What must hold of a fact that was found otherwise, to be inside; `$streams` are those of the query, or all."""
        return [*self.conditions, "f.stream_id IN $streams", *self.times(query)]

    def times(self, query: Query) -> list[str]:
        """What must hold of its times."""
        return ["f.start_us < $end", "f.end_us > $start"] if query.span is not None else []

    def matched(self, *, tail: str = "", then: str = "f") -> str:
        """The facts inside, as `f`; `tail` (an order and a number) is kept within each stream."""
        if not self.streams:
            return f"{self.lead} {self.where()} WITH f {tail}"
        short = f"MATCH {self.pattern} {self.where('f.stream_id = stream', *_SHORT)} RETURN f {tail}"
        if "low" not in self.values:
            # Neo4j takes an index of several properties only where something is asked of each of them.
            short = f"MATCH {self.pattern} {self.where('f.stream_id = stream', 'f.start_us >= 0', 'f.end_us >= 0')} RETURN f {tail}"
            return f"{self.lead} CALL (stream) {{ {short} }}"
        long = f"UNWIND $durations AS of MATCH {self.pattern} {self.where(*_LONG)} RETURN f {tail}"
        return f"{self.lead} CALL (stream) {{ {short} UNION ALL {long} }}"


_SHORT = ("f.start_us >= $low", "f.start_us < $end", "f.end_us > $start")
_LONG = ("f.long_id = stream + of.name", "f.start_us >= of.low", "f.start_us < $low", "f.end_us > $start")


def _durations(start: Micros) -> list[dict[str, Any]]:
    """How far back what lasts so long may have begun and still go on at a moment."""
    return [{"name": name, "low": 0 if most is None else max(0, start - most)} for name, most in DURATIONS]


def bounds(names: Names, query: Query) -> Bounds:
    """The bounds of a query for anything but links."""
    label = LABELS.get(query.want, "")
    made = _lead(names, query, label)
    made.pattern = f"(f:{label})" if label else "()-[f:REL]->()"
    if query.streams and not made.streams:
        made.conditions.append("f.stream_id IN $streams")
        made.values["streams"] = names.all_into(query.streams)
    if query.span is not None:
        made.values |= {"start": query.span.start, "end": query.span.end}
        if made.streams:
            made.values |= {
                "low": max(0, query.span.start - LONG_US),
                "durations": _durations(query.span.start),
            }
        else:
            made.conditions += ["f.start_us < $end", "f.end_us > $start"]
    _narrow(made, names, query)
    return made


def by_streams(names: Names, query: Query) -> Bounds:
    """Stream by stream, over those of the query or all of the memory."""
    if query.streams:
        return Bounds(
            "UNWIND $streams AS stream", values={"streams": names.all_into(query.streams)}, streams=True
        )
    lead = "MATCH (s:Stream {memory: $memory}) WITH s.id AS stream"
    return Bounds(lead, values={"memory": names.memory}, streams=True)


def _lead(names: Names, query: Query, label: str) -> Bounds:
    """The shortest way to the facts."""
    if query.want is Want.RELATIONS:
        if query.ids:
            lead = "UNWIND $ids AS id MATCH ()-[f:REL {id: id}]->()"
            return Bounds(lead, values={"ids": names.all_into(query.ids)})
        if query.entities:
            lead = "UNWIND $entities AS id MATCH (:Fact {id: id})-[f:REL]-() WITH DISTINCT f"
            return Bounds(lead, values={"entities": names.all_into(query.entities)})
    elif query.ids and label != "Coverage":
        lead = "UNWIND $ids AS id MATCH (f:Fact {id: id})"
        return Bounds(lead, [f"f:{label}"], {"ids": names.all_into(query.ids)})
    elif query.entities and query.want in _BY_ENTITY:
        return Bounds(_BY_ENTITY[query.want], [f"f:{label}"], {"entities": names.all_into(query.entities)})
    return by_streams(names, query)


_BY_ENTITY = {
    Want.EVENTS: "UNWIND $entities AS id MATCH (:Fact {id: id})-[:TOOK_PART]->(f:Event) WITH DISTINCT f",
    Want.ENTITIES: "UNWIND $entities AS id MATCH (f:Fact {id: id})",
    Want.TRACKS: (
        "UNWIND $entities AS id MATCH (n:Entity&Fact {id: id}) UNWIND n.tracks AS track "
        "WITH DISTINCT track MATCH (f:Fact {id: track})"
    ),
}


def _narrow(made: Bounds, names: Names, query: Query) -> None:
    match query.want:
        case Want.EVENTS:
            _of_events(made, names, query)
        case Want.ENTITIES:
            _looks(made, query, "f")
            if query.entities:
                made.conditions.append("f.id IN $entities")
                made.values["entities"] = names.all_into(query.entities)
            if query.kinds or query.zones:
                inside = [*_happened(made, query, "e")]
                if query.span is not None:
                    inside += ["e.start_us < $end", "e.end_us > $start"]
                made.conditions.append(
                    f"EXISTS {{ (f)-[:TOOK_PART]->(e:Event) WHERE {' AND '.join(inside)} }}"
                )
        case Want.TRACKS:
            _looks(made, query, "f")
            if query.entities and query.ids:
                made.conditions.append(
                    "EXISTS { UNWIND $entities AS of MATCH (n:Entity&Fact {id: of}) WHERE f.id IN n.tracks }"
                )
                made.values["entities"] = names.all_into(query.entities)
        case Want.RELATIONS:
            _of_relations(made, names, query)


def _happened(made: Bounds, query: Query, of: str) -> list[str]:
    out = []
    for name, condition in _HAPPENED.items():
        if wanted := getattr(query, name):
            made.values[name] = list(wanted)
            out.append(condition.format(of))
    return out


def _attributes(made: Bounds, attributes: Attributes) -> None:
    made.values["attributes"] = [[attribute_property(key), value] for key, value in attributes.items()]


def _looks(made: Bounds, query: Query, of: str) -> None:
    if query.labels:
        made.conditions.append(f"{of}.label IN $labels")
        made.values["labels"] = list(query.labels)
    if query.attributes:
        made.conditions.append(_HOLDS.format(f"{of}[a[0]] = a[1]"))
        _attributes(made, query.attributes)


def _of_events(made: Bounds, names: Names, query: Query) -> None:
    """An event's attributes are its own, or those of one who took part and has the label, too."""
    made.conditions += _happened(made, query, "f")
    if query.entities and query.ids:
        made.conditions.append("any(one IN $entities WHERE one IN f.who)")
        made.values["entities"] = names.all_into(query.entities)
    if not query.labels and not query.attributes:
        return
    someone = []
    if query.labels:
        someone.append("n.label IN $labels")
        made.values["labels"] = list(query.labels)
    if query.attributes:
        someone.append(_HOLDS.format("f[a[0]] = a[1] OR n[a[0]] = a[1]"))
        _attributes(made, query.attributes)
    took_part = f"EXISTS {{ (n:Entity)-[:TOOK_PART]->(f) WHERE {' AND '.join(someone)} }}"
    alone = _HOLDS.format("f[a[0]] = a[1]")
    made.conditions.append(took_part if query.labels else f"({alone} OR {took_part})")


def _of_relations(made: Bounds, names: Names, query: Query) -> None:
    if query.kinds:
        made.conditions.append("f.predicate IN $kinds")
        made.values["kinds"] = list(query.kinds)
    if query.entities and query.ids:
        made.conditions.append("(startNode(f).id IN $entities OR endNode(f).id IN $entities)")
        made.values["entities"] = names.all_into(query.entities)
    if query.labels or query.attributes:
        of_end = Bounds("")
        _looks(of_end, query, "n")
        made.values |= of_end.values
        made.conditions.append(
            f"any(n IN [startNode(f), endNode(f)] WHERE n:Entity AND {' AND '.join(of_end.conditions)})"
        )
