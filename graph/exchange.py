"""A whole memory as lines of JSON, and back: streams, the observations that rebuild it, links."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import Conflict, Invalid
from core.media import Stream, StreamState
from core.memory import HAND, Link, Observation, Query, Want
from core.ports import Ledger, Memory

VERSION = 1
HEADER = {"sightline": "memory", "version": VERSION}
LINKS_A_LINE = 500


class Line(BaseModel):
    """One line: exactly one of its fields."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", extra="forbid")

    stream: Stream | None = None
    observation: Observation | None = None
    links: list[Link] | None = None


@dataclass(slots=True)
class Moved:
    """How much went from one memory into a file, or from a file into a memory."""

    streams: int = 0
    chunks: int = 0
    events: int = 0
    links: int = 0

    def count(self, line: Line) -> None:
        """Adds a line to the count."""
        self.streams += line.stream is not None
        self.links += len(line.links or ())
        if line.observation is not None:
            self.chunks += 1
            self.events += len(line.observation.events)


def lines_of(store: Memory, streams: Sequence[Stream]) -> Iterator[Line]:
    """The memory of these streams; a stream's source is given as it is shown, without passwords.

    Between two lines the memory may change; each line is what was there when it was read.
    """
    for stream in streams:
        yield Line(stream=_shareable(stream))
    for stream in streams:
        for observation in store.observations([stream.id]):
            yield Line(observation=observation)
    ids = tuple(stream.id for stream in streams)
    links = iter(store.find(Query(want=Want.LINKS, streams=ids)).links if ids else ())
    while some := list(islice(links, LINKS_A_LINE)):
        yield Line(links=some)


def _shareable(stream: Stream) -> Stream:
    return replace(stream, source=stream.shown_source, evidence_source="")


def written(lines: Iterable[Line]) -> Iterator[str]:
    """The lines as text, each with its end, after one that says what this is."""
    yield json.dumps(HEADER) + "\n"
    for line in lines:
        yield text_of(line) + "\n"


def text_of(line: Line) -> str:
    """The line as JSON, without what it has not. Attributes may be whole numbers, of which pydantic would warn."""
    return line.model_dump_json(exclude=_absent(line), warnings="none")


def _absent(line: Line) -> set[str]:
    return {name for name in Line.model_fields if getattr(line, name) is None}


def read(text: Iterable[str]) -> Iterator[Line]:
    """The lines of a file. Raises `Invalid` with the number of the first that is none."""
    numbered = enumerate(text, 1)
    _, first = next(numbered, (0, ""))
    _check_header(first)
    for number, line in numbered:
        if line.strip():
            yield parsed(line, f"line {number}")


def parsed(line: str, where: str) -> Line:
    """One line. Raises `Invalid` saying where it stands and what is wrong, without repeating its content."""
    try:
        found = Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        raise Invalid(
            f"{where} of the export is no part of a memory: {at or 'the line'}: {first['msg']}",
            next_step="export it again, with the same version of Sightline; what came before this line is imported",
        ) from None
    if len(_absent(found)) != len(Line.model_fields) - 1:
        raise Invalid(f"{where} of the export is not one stream, observation or list of links")
    return found


def _check_header(first: str) -> None:
    header: Any = None
    with suppress(ValueError):
        header = json.loads(first)
    if not isinstance(header, dict) or header.get("sightline") != "memory":
        raise Invalid("the file is no export of a memory", next_step="give one that `sightline export` wrote")
    if header.get("version") != VERSION:
        raise Invalid(
            f"the export is of version {header.get('version')!r}; this Sightline reads {VERSION}",
            next_step="import it with the version that wrote it, or upgrade",
        )


def take_in(
    lines: Iterable[Line],
    store: Memory,
    ledger: Ledger,
    *,
    write: Callable[[Observation], object] | None = None,
) -> Moved:
    """Takes the lines into a memory and its streams into the ledger; returns how much of it was new.

    What is there already stays: a registered stream's row, a chunk's facts, what a person said of a pair. So an import
    that was cut off goes on when it is done again. `write` takes the place of `store.write`, for who keeps out what was
    forgotten. Raises `Conflict` where a stream's name stands for other content here, or for content that was watched
    in another way: before anything of that stream is written.
    """
    moved = Moved()
    for line in lines:
        if line.stream is not None:
            moved.streams += _register(line.stream, store, ledger)
        if line.observation is not None and not _has(store, line.observation):
            (write or store.write)(line.observation)
            moved.count(line)
        if line.links:
            fresh = _unsaid(line.links, store)
            store.link(fresh)
            moved.links += len(fresh)
    return moved


def _register(stream: Stream, store: Memory, ledger: Ledger) -> bool:
    """Whether the stream was not there before."""
    here = ledger.get(Stream, stream.id)
    if here is None:
        # Nobody watches it here.
        state = StreamState.NEW if stream.state is StreamState.WATCHING else stream.state
        ledger.put(replace(stream, state=state), new=True)
        return True
    if _content(here) != _content(stream):
        raise Conflict(
            f"the name {stream.name!r} stands for other content here ({here.shown_source})",
            next_step="forget the stream here first, or import into an empty memory",
        )
    if (
        here.recipe != stream.recipe
        and store.find(Query(want=Want.CHUNKS, streams=(here.id,), limit=1)).chunks
    ):
        raise Conflict(
            f"the stream {stream.name!r} was watched here in another way than in the export",
            next_step="forget the stream here first, or import into an empty memory",
        )
    return False


def _content(stream: Stream) -> tuple[object, ...]:
    """By what a stream's content is told: its bytes, or of what is no file here its form and length."""
    return (
        (stream.digest,)
        if stream.digest
        else (stream.shown_source, stream.width, stream.height, stream.codec)
    )


def _has(store: Memory, observation: Observation) -> bool:
    return bool(store.find(Query(want=Want.CHUNKS, ids=(observation.chunk.id,))).chunks)


def _unsaid(links: Sequence[Link], store: Memory) -> list[Link]:
    """Those of pairs of which no person has said anything here."""
    here = store.find(Query(want=Want.LINKS, ids=tuple(link.id for link in links))).links
    by_hand = {link.id for link in here if link.source == HAND}
    return [link for link in links if link.id not in by_hand]
