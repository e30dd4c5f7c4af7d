"""The commands about the memory as a whole: searching it, embedding it anew, and moving it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from api.cli.io import (
    FromS,
    Json,
    StreamNames,
    ToS,
    command,
    emit,
    emit_lines,
    note,
    opened,
    out,
    span,
    stream_ids,
    table,
)
from core.errors import Conflict, Invalid, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.wire import HitOut
    from core.memory import Observation
    from graph.exchange import Line, Moved

STDIO = Path("-")


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app)(search)
    command(app)(embed)
    command(app, "export")(export_memory)
    command(app, "import")(import_memory)
    command(app)(migrate)
    command(app)(cypher)


def search(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="What to look for, in plain words.")],
    stream: StreamNames = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", "-k", help="Only events of these kinds.")
    ] = None,
    from_s: FromS = None,
    to_s: ToS = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Most hits.")] = 20,
    json: Json = False,
) -> None:
    """Search what was seen, by words, meaning and neighbourhood; the best come first.

    Examples:
      sightline search red forklift near a person
      sightline search "somebody fell" --stream dock --from 0 --to 3600
      sightline search person --kind near_miss --json
    """
    from api.searching import search as search_memory
    from core.memory import Query, Want

    _, house = opened()
    bounds = Query(
        want=Want.EVENTS,
        streams=stream_ids(house, stream),
        span=span(from_s, to_s),
        kinds=tuple(kind or ()),
    )
    found = search_memory(house, bounds, " ".join(words), limit=limit)
    if found.note:
        note(f"note: {found.note}")
    if json:
        emit_lines(found.items)
        return
    titles = ("stream", "time", "what", "who or says", "found by")
    table(titles, (_row(hit) for hit in found.items), empty="nothing is remembered that fits")


def _row(hit: HitOut) -> tuple[str, ...]:
    from api.wire import span_text

    by = ", ".join(hit.found_by)
    if hit.event is not None:
        who = ", ".join(ref.label for ref in hit.event.entities)
        when = span_text(hit.event.start_s, hit.event.end_s)
        return hit.event.stream, when, hit.event.kind.replace("_", " "), who, by
    said = hit.caption
    assert said is not None  # noqa: S101 - a hit is an event or a caption
    return said.stream, span_text(said.start_s, said.end_s), "caption", said.text, by


def embed(json: Json = False) -> None:
    """Give vectors of the embedder that is set (SIGHTLINE_EMBEDDER) to whatever has none; the earlier one answers until then.

    `sightline serve` does it in the background by itself.

    Examples:
      sightline embed
      SIGHTLINE_EMBEDDER="openai+http://localhost:8000/v1?model=bge-m3" sightline embed
    """
    from jobs.embedding import bring_over

    settings, house = opened()
    done = bring_over(house, settings, lambda _, said: note(said))
    if json:
        emit(done)


def export_memory(
    target: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A file ending in .jsonl or .graphml; - is standard output (JSON lines)."
        ),
    ],
    stream: StreamNames = None,
    json: Json = False,
) -> None:
    """Write the memory into a file: JSON lines, or GraphML for graph tools; both can be imported again.

    Passwords of cameras are left out. Videos are not part of it.

    Examples:
      sightline export memory.jsonl
      sightline export dock.graphml --stream dock
      sightline export - | SIGHTLINE_STORE=neo4j://localhost:7687 sightline import -
    """
    from api.find import streams_named
    from graph import exchange, graphml

    _, house = opened()
    moved = exchange.Moved()

    def counted(lines: Iterator[Line]) -> Iterator[Line]:
        for line in lines:
            moved.count(line)
            yield line

    lines = counted(exchange.lines_of(house.store, streams_named(house.ledger, stream or ())))
    with _writing(target) as file:
        if _is_graphml(target):
            graphml.write(lines, file)
        else:
            file.writelines(exchange.written(lines))
    _told(moved, f"to {target}" if target != STDIO else "", json=json and target != STDIO)


def import_memory(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="What `sightline export` wrote; - is standard input (JSON lines)."
        ),
    ],
    json: Json = False,
) -> None:
    """Take in a memory that was exported; says how much of it was new.

    What is there already stays, what was forgotten stays forgotten, and doing it twice changes nothing. A stream whose
    name stands for other content here is refused.

    Examples:
      sightline import memory.jsonl
      sightline import dock.graphml
    """
    from core.work import Cancelled
    from graph import exchange, graphml
    from ingest import forgotten

    _, house = opened()

    def write(observation: Observation) -> None:
        try:
            forgotten.write(observation, house.store, house.ledger)
        except Cancelled:
            raise Conflict(
                "a stream was forgotten while it was imported", next_step="import it again if it is wanted"
            ) from None

    def taken_in(lines: Iterator[Line]) -> Moved:
        return exchange.take_in(lines, house.store, house.ledger, write=write)

    if _is_graphml(source):
        with _opened(source, "rb") as file:
            moved = taken_in(graphml.read(file))
    elif source == STDIO:
        moved = taken_in(exchange.read(sys.stdin))
    else:
        with _opened(source, "r") as file:
            moved = taken_in(exchange.read(file))
    _told(moved, "taken in", json=json)


def _is_graphml(path: Path) -> bool:
    if path != STDIO and path.suffix not in (".jsonl", ".graphml"):
        raise Invalid(
            f"a memory cannot be kept as {path.suffix or 'a file without an ending'}",
            next_step="use FILE.jsonl or FILE.graphml",
        )
    return path.suffix == ".graphml"


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[IO[Any]]:
    """The file; a new one for its owner alone: a memory is nobody else's business."""
    try:
        file = open(path, mode, encoding=None if "b" in mode else "utf-8", opener=_private)  # noqa: SIM115 - closed below
    except OSError as error:
        raise Invalid(
            f"{str(path)!r} cannot be opened: {error.strerror}", next_step="check the path"
        ) from error
    try:
        with file:
            yield file
    except UnicodeDecodeError as error:
        raise Invalid(
            f"{str(path)!r} is not UTF-8 text", next_step="give what `sightline export` wrote"
        ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _writing(path: Path) -> Iterator[IO[Any]]:
    """Standard output, or a file that takes the name only when it is whole."""
    if path == STDIO:
        yield sys.stdout
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with _opened(part, "w") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise StoreUnavailable(
            f"{str(path)!r} cannot be written: {error.strerror}", next_step="make room, or give another path"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _told(moved: Moved, how: str, *, json: bool) -> None:
    counts = asdict(moved)
    if json:
        emit(counts)
    else:
        said = ", ".join(f"{count} {what}" for what, count in counts.items())
        note(f"{said} {how}".rstrip())


def migrate(json: Json = False) -> None:
    """Bring the memory and the ledger to the schema this version reads and writes.

    A SQLite file is brought up to date when it is opened, and an empty Neo4j database given its constraints and indexes;
    a Neo4j database with an older schema, or with other things in it, waits for this command. There it also makes a vector
    index for each embedder with more than 20,000 vectors. Run again, it does nothing.

    Examples:
      sightline migrate
      SIGHTLINE_STORE=neo4j://neo4j:password@host:7687 sightline migrate
    """
    from api.wiring.memory import migrate as bring_up_to_date
    from core.settings import read_settings

    done = bring_up_to_date(read_settings())
    if json:
        emit([asdict(each) for each in done])
        return
    for each in done:
        if each.before == each.after:
            out(f"The {each.what} at {each.where} is up to date (version {each.after}).")
        elif each.before == 0:
            out(f"Made the {each.what} at {each.where} (version {each.after}).")
        else:
            out(f"Brought the {each.what} at {each.where} from version {each.before} to {each.after}.")
        for model in each.indexed:
            out(f"Gave the vectors by {model} an index.")


def cypher(
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="What to ask, in Cypher.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most rows.")] = 100,
    timeout_s: Annotated[float, typer.Option(min=0.1, max=600, help="Seconds until it is given up.")] = 10.0,
    json: Json = False,
) -> None:
    """Ask a memory in Neo4j in Cypher; nothing can be written.

    Examples:
      sightline cypher "MATCH (e:Event) RETURN e.kind, count(*) AS n ORDER BY n DESC"
      sightline cypher "MATCH (n:Entity)-[:SAME_AS]-(m:Entity) RETURN n.id, m.id" --json
    """
    from api.querying import ask

    _, house = opened()
    told = ask(house, statement, {}, rows=limit, seconds=timeout_s)
    if json:
        emit(asdict(told))
        return
    table(told.columns, [[str(value) for value in row] for row in told.rows], empty="Nothing matches.")
    if told.more:
        note(f"Only the first {limit} rows; --limit shows more.")
