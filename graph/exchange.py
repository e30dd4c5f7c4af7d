"""A whole memory as lines of JSON, and back: streams, the observations that rebuild it, links."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import Invalid
from core.media import Stream
from core.memory import Link, Observation, Query, Want
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
    return replace(stream, source=stream.shown_source)


def written(lines: Iterable[Line]) -> Iterator[str]:
    """The lines as text, each with its end, after one that says what this is."""
    yield json.dumps(HEADER) + "\n"
    for line in lines:
        yield text_of(line) + "\n"


def text_of(line: Line) -> str:
    """The line as JSON, without what it has not."""
    return line.model_dump_json(exclude=_absent(line))


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


def take_in(lines: Iterable[Line], store: Memory, ledger: Ledger) -> Moved:
    """Writes the lines into a memory and its streams into the ledger; a stream that is registered there stays as it is.

    What is there already is written again under the same ids, so doing it twice changes nothing.
    """
    moved = Moved()
    for line in lines:
        if line.stream is not None and ledger.get(Stream, line.stream.id) is None:
            ledger.put(line.stream)
        if line.observation is not None:
            store.write(line.observation)
        if line.links:
            store.link(line.links)
        moved.count(line)
    return moved
