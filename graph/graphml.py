"""A memory as GraphML, for graph tools to read; and back, from what its chunks, streams and links carry whole."""

from __future__ import annotations

import json
import xml.sax
import xml.sax.handler
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, cast
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from core.errors import Invalid
from core.memory import Observation
from core.sight import Attributes
from graph.exchange import Line, parsed, text_of

if TYPE_CHECKING:
    from io import TextIOBase

XMLNS = "http://graphml.graphdrawing.org/xmlns"
TEXTS = ("type", "kind", "label", "name", "zone", "text", "attributes", "source", "role", "predicate", "line")
NUMBERS = {"from_us": "long", "to_us": "long", "confidence": "double", "at_us": "long"}


def write(lines: Iterable[Line], to: IO[str]) -> None:
    """Writes the graph: nodes and edges named as in docs/reference/memory.md, times in microseconds of the stream.

    The data `line` of stream and chunk nodes and of edges between entities is the line of a JSON export that holds
    all of it: that is what `read` goes by; the rest is for other programs.
    """
    out = _Writer(to)
    out.begin()
    for line in lines:
        out.line(line)
    out.end()


class _Writer:
    """Streams nodes and edges; remembers which nodes were written, and which edges only name."""

    def __init__(self, to: IO[str]) -> None:
        self._xml = XMLGenerator(cast("TextIOBase", to), encoding="utf-8", short_empty_elements=True)
        self._there: set[str] = set()
        self._named: set[str] = set()
        self._chunk_before: dict[str, str] = {}
        self._seen_in: dict[str, list[str]] = {}

    def begin(self) -> None:
        self._xml.startDocument()
        self._start("graphml", {"xmlns": XMLNS})
        for name, kind in (dict.fromkeys(TEXTS, "string") | NUMBERS).items():
            self._start("key", {"id": name, "for": "all", "attr.name": name, "attr.type": kind})
            self._xml.endElement("key")
        self._start("graph", {"id": "memory", "edgedefault": "directed"})

    def end(self) -> None:
        """Closes the graph. What an edge names and nobody described (yet) is a node all the same: tools ask for it."""
        for id in sorted(self._named - self._there):
            self._node(id, "Unknown")
        self._xml.endElement("graph")
        self._xml.endElement("graphml")
        self._xml.endDocument()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._xml.startElement(name, AttributesImpl(attributes))

    def line(self, line: Line) -> None:
        if line.stream is not None:
            self._node(line.stream.id, "Stream", name=line.stream.name, line=_json(line))
        if line.observation is not None:
            self._observation(line.observation, _json(line))
        for link in line.links or ():
            self._edge(
                link.one, "SAME_AS" if link.same else "NOT_SAME_AS", link.other, confidence=link.score, source=link.source,
                line=_json(Line(links=[link])),
            )  # fmt: skip

    def _observation(self, seen: Observation, line: str) -> None:
        chunk = seen.chunk
        self._node(chunk.id, "Chunk", from_us=chunk.span.start, to_us=chunk.span.end, line=line)
        self._edge(chunk.id, "IN", chunk.stream_id)
        before = self._chunk_before.get(chunk.stream_id)
        if before is not None:
            self._edge(before, "NEXT", chunk.id)
        else:
            self._seen_in = {}  # the first chunk of a stream: nobody is followed from one stream into another
        self._chunk_before[chunk.stream_id] = chunk.id
        for track in seen.tracks:
            self._once(
                track.id, "Track", label=track.label, from_us=track.span.start, to_us=track.span.end,
                confidence=track.confidence, source=track.source, attributes=_text(track.attributes),
            )  # fmt: skip
            self._edge(track.id, "SEEN_IN", chunk.id)
            self._seen_in.setdefault(track.id, []).append(chunk.id)
        for entity in seen.entities:
            self._node(
                entity.id, "Entity", label=entity.label, name=entity.name, from_us=entity.span.start,
                to_us=entity.span.end, confidence=entity.confidence, attributes=_text(entity.attributes),
            )  # fmt: skip
            for track_id in entity.tracks:
                self._edge(track_id, "SAME_AS", entity.id)
            where = (c for track_id in entity.tracks for c in self._seen_in.get(track_id, ()))
            for chunk_id in dict.fromkeys((*where, chunk.id)):
                self._edge(chunk_id, "SHOWS", entity.id)
        self._happenings(seen)
        for caption in seen.captions:
            self._node(
                caption.id, "Caption", text=caption.text, source=caption.model, from_us=caption.span.start,
                to_us=caption.span.end,
            )  # fmt: skip
            self._edge(caption.id, "OF", caption.chunk_id)

    def _happenings(self, seen: Observation) -> None:
        for event in seen.events:
            self._node(
                event.id, "Event", kind=event.kind, zone=event.zone or "", from_us=event.span.start,
                to_us=event.span.end, confidence=event.confidence, source=event.source,
                attributes=_text(event.attributes),
            )  # fmt: skip
            self._edge(event.id, "IN", event.stream_id)
            for who in event.participants:
                self._edge(who.entity_id, "TOOK_PART", event.id, role=who.role)
            for piece in event.evidence:
                self._edge(event.id, "SEEN_IN", piece.chunk_id, at_us=piece.at)
            if event.zone:
                zone = f"zone:{event.stream_id}:{event.zone}"
                self._once(zone, "Zone", name=event.zone)
                self._edge(event.id, "AT", zone)
        for relation in seen.relations:
            self._edge(
                relation.subject, "REL", relation.object, predicate=relation.predicate,
                from_us=relation.valid.start, to_us=relation.valid.end, confidence=relation.confidence,
                source=relation.source,
            )  # fmt: skip

    def _once(self, id: str, type: str, /, **data: Any) -> None:
        if id not in self._there:
            self._node(id, type, **data)

    def _node(self, id: str, type: str, /, **data: Any) -> None:
        self._there.add(id)
        self._element("node", {"id": _plain(id)}, {"type": type, **data})

    def _edge(self, start: str, type: str, end: str, /, **data: Any) -> None:
        self._named |= {start, end}
        self._element("edge", {"source": _plain(start), "target": _plain(end)}, {"type": type, **data})

    def _element(self, name: str, ends: dict[str, str], data: dict[str, Any]) -> None:
        self._start(name, ends)
        for key, value in data.items():
            if value != "":
                self._start("data", {"key": key})
                self._xml.characters(_plain(str(value)))
                self._xml.endElement("data")
        self._xml.endElement(name)
        self._xml.ignorableWhitespace("\n")


def _json(line: Line) -> str:
    return json.dumps(json.loads(text_of(line)))  # ASCII: XML cannot hold every character


def _text(attributes: Attributes) -> str:
    return ", ".join(f"{key}: {value}" for key, value in sorted(attributes.items()))


def _plain(text: str) -> str:
    """Without the characters XML cannot hold."""
    return "".join(c if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff") else "\ufffd" for c in text)


def read(file: IO[bytes]) -> Iterator[Line]:
    """The lines a GraphML export carries. Raises `Invalid` for a file that is no such thing."""
    parser = xml.sax.make_parser(["xml.sax.expatreader"])  # noqa: S317 - document types, where the attacks lie, are refused
    handler = _Lines()
    parser.setContentHandler(handler)
    parser.setProperty(xml.sax.handler.property_lexical_handler, _NoDoctype())
    try:
        while part := file.read(1 << 20):
            parser.feed(part)  # type: ignore[attr-defined]
            yield from handler.take()
        parser.close()  # type: ignore[attr-defined]
    except xml.sax.SAXException as error:
        raise Invalid(
            f"the file is no GraphML: {error.getMessage()}",
            next_step="give one that `sightline export` wrote",
        ) from None
    yield from handler.take()
    if not handler.known:
        raise Invalid("the file is no export of a memory", next_step="give one that `sightline export` wrote")


class _NoDoctype:
    """Refuses document types: entities defined there could grow without end or name files."""

    def startDTD(self, *_: object) -> None:  # noqa: N802 - SAX's name
        raise Invalid("a GraphML file with a document type is not read", next_step="remove its DOCTYPE")

    def __getattr__(self, _: str) -> Any:
        return lambda *_: None


class _Lines(xml.sax.handler.ContentHandler):
    """Collects the data named `line`."""

    def __init__(self) -> None:
        super().__init__()
        self.known = False
        self._ready: list[Line] = []
        self._text: list[str] | None = None

    def take(self) -> list[Line]:
        ready, self._ready = self._ready, []
        return ready

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 - SAX's name
        if name == "graphml":
            self.known = True
        if name == "data" and attrs.get("key") == "line":
            self._text = []

    def characters(self, content: str) -> None:
        if self._text is not None:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX's name
        if name == "data" and self._text is not None:
            self._ready.append(parsed("".join(self._text), "a node or edge"))
            self._text = None
