"""A Neo4j server that already holds the life: its files are made by Neo4j's own importer, a million events in minutes.

    python -m bench.memory.offline --home DIR [--events 1000000] [--observations N] [--heap 1024 --pages 5000]

What it writes is what the store would have written, observation by observation, of a memory whose vectors are indexed
already (so each is there twice); the schema and the indexes are then made by the code of `sightline migrate`.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from bench.memory.life import LENGTH, MODEL, Life
from bench.memory.neo4j import caught, database_at
from bench.neo4j_server import Neo4jServer, jars, java
from graph.neo4j import models as neo4j_models
from graph.neo4j import rows as neo4j_rows
from graph.neo4j.migrations import MEMORY
from graph.neo4j.rows import MAIN, Names

_BETWEEN = ";"
"""Between the members of a list."""
_BYTES = [str(n - 256 if n > 127 else n) for n in range(256)]
_HALVES = [repr(float(n)) for n in np.arange(1 << 16, dtype=np.uint16).view(np.float16)]

_SPAN = {"start_us": "long", "end_us": "long", "long_id": "string"}
_LOOKS = {
    "attributes": "string",
    **dict.fromkeys(
        ("has_size", "has_direction", "has_upper", "has_lower", "has_colour", "has_text"), "string"
    ),
    "has_speed": "double",
}
_SAID = {"said_us": "long", "days": "string", "words": "string", "length": "long"}
_VECTOR, _NEAR = neo4j_rows.vector_property(MODEL), neo4j_rows.near_property(MODEL)
NODES: dict[str, dict[str, str]] = {
    "Fact;Stream": {"id": "ID", "memory": "string", "last_chunk_id": "string", "event_count": "long", "entity_count": "long",
                    "caption_count": "long"},
    "Fact;Chunk": {"id": "ID", "stream_id": "string", "number": "long", "overlap_us": "long", **_SPAN},
    "Fact;Entity": {"id": "ID", "stream_id": "string", "label": "string", "name": "string", "confidence": "double",
                    "tracks": "string[]", **_SPAN, **_LOOKS, **_SAID},
    "Fact;Event": {"id": "ID", "stream_id": "string", "kind": "string", "zone": "string", "confidence": "double",
                   "source": "string", "open": "boolean", "noticed_us": "long", "who": "string[]", "roles": "string[]",
                   **_SPAN, "attributes": "string", "has_side": "string", "evidence_chunks": "string[]",
                   "evidence_us": "long[]", "evidence_boxes": "double[]", **_SAID, _VECTOR: "byte[]", _NEAR: "double[]"},
    "Fact": {"id": "ID"},
    "Fact;Zone": {"id": "ID", "name": "string", "stream_id": "string"},
    "Coverage": {"": "ID", "stream_id": "string", "seq": "long", "state": "string", "looked_by": "string",
                 "looked_for": "string[]", "reason": "string", **_SPAN},
    "Model": {"key": "ID", "memory": "string", "name": "string", "length": "long", "near": "boolean", "indexed": "boolean"},
    "SightlineSchema": {"name": "ID", "version": "long"},
}  # fmt: skip
"""Labels → properties and their types."""
EDGES: dict[str, dict[str, str]] = {
    "IN": {},
    "SHOWS": {},
    "OF": {},
    "SAME_AS": {},
    "TOOK_PART": {"role": "string"},
    "SEEN_IN": {"at_us": "long"},
    "AT": {},
}


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _text(value: str | None) -> str:
    if value is None:
        return ""
    quoted = value.replace('"', '""')
    return f'"{quoted}"'  # in quotes also where it is empty: without them it would not be there


def _texts(values: Sequence[str]) -> str:
    return f'"{_BETWEEN.join(values)}"'


class _Halves(list[int]):
    """Half-precision numbers by their bits: written by looking them up, as a million times 256 of them are."""


def _doubles(values: Sequence[float]) -> str:
    written = map(_HALVES.__getitem__, values) if isinstance(values, _Halves) else map(repr, values)
    return _BETWEEN.join(written)


_WRITTEN: dict[str, Callable[[Any], str]] = {
    "ID": _text,
    "string": _text,
    "string[]": _texts,
    "long": _plain,
    "double": lambda value: "" if value is None else repr(float(value)),
    "boolean": lambda value: "" if value is None else str(value).lower(),
    "long[]": lambda values: _BETWEEN.join(map(str, values)),
    "double[]": _doubles,
    "byte[]": lambda values: _BETWEEN.join(map(_BYTES.__getitem__, values)),
}


class _Table:
    """One file of rows for the importer, its first line the names and types."""

    def __init__(self, file: TextIO, columns: dict[str, str], *, edge: bool) -> None:
        self._file = file
        ends = [(":START_ID", _text), (":END_ID", _text)] if edge else []
        self._write = [how for _, how in ends] + [_WRITTEN[of] for of in columns.values()]
        self.names = list(columns)
        csv.writer(file).writerow(
            [name for name, _ in ends] + [f"{name}:{of}" for name, of in columns.items()]
        )

    def add(self, values: Iterable[Any]) -> None:
        """Writes a row."""
        self._file.write(
            ",".join([how(value) for how, value in zip(self._write, values, strict=True)]) + "\n"
        )

    def node(self, props: dict[str, Any]) -> None:
        """Writes a node; of a property there is no column for, a KeyError tells."""
        if unknown := props.keys() - set(self.names):
            raise KeyError(f"no column for {unknown}")
        self.add([props.get(name) for name in self.names])


class _Files:
    """The files of everything that a life writes."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        def table(kind: str, columns: dict[str, str], *, edge: bool) -> _Table:
            path = folder / f"{'edge' if edge else 'node'}-{kind.replace(';', '-')}.csv"
            return _Table(stack.enter_context(path.open("w")), columns, edge=edge)

        self._nodes = {kind: table(kind, columns, edge=False) for kind, columns in NODES.items()}
        self._edges = {kind: table(kind, columns, edge=True) for kind, columns in EDGES.items()}
        self._streams: dict[str, dict[str, Any]] = {}
        self._zones: set[str] = set()
        self._covered = 0

    def take(self, said: dict[str, Any]) -> None:
        """Writes what the store would write of one observation of which nothing was known."""
        node, edge, stream, chunk = self._nodes, self._edges, said["stream"], said["chunk"]["id"]
        of = self._streams.setdefault(stream, {"id": stream, "memory": MAIN})
        of["last_chunk_id"] = chunk
        for noun, n in (("event", "events"), ("entity", "entities"), ("caption", "captions")):
            of[f"{noun}_count"] = of.get(f"{noun}_count", 0) + said["counts"][n]
        node["Fact;Chunk"].node(said["chunk"])
        edge["IN"].add((chunk, stream))
        for row in said["coverage"]:
            self._covered += 1
            node["Coverage"].node({"": f"coverage {self._covered}"} | row)
            edge["OF"].add((f"coverage {self._covered}", chunk))
        for row in said["entities"]:
            node["Fact;Entity"].node(row)
            edge["SHOWS"].add((chunk, row["id"]))
        for row in said["follow"]:
            node["Fact"].node({"id": row["track"]})
            edge["SAME_AS"].add((row["track"], row["entity"]))
        for row in said["zones"]:
            if row["id"] not in self._zones:
                self._zones.add(row["id"])
                node["Fact;Zone"].node(row)
                edge["IN"].add((row["id"], stream))
        self._happenings(said)

    def _happenings(self, said: dict[str, Any]) -> None:
        node, edge = self._nodes, self._edges
        write = node["Fact;Event"]
        for row in said["new_events"]:
            numbers = np.frombuffer(row[_VECTOR], "<u2").tolist()
            write.node(row | {_NEAR: _Halves(numbers)})
            edge["IN"].add((row["id"], said["stream"]))
        for row in said["took"]:
            edge["TOOK_PART"].add((row["who"], row["event"], row["role"]))
        for row in said["seen"]:
            edge["SEEN_IN"].add((row["event"], row["chunk"], row["at_us"]))
        for row in said["at"]:
            edge["AT"].add((row["event"], row["zone"]))

    def finish(self) -> None:
        """Writes what is known only at the end."""
        for row in self._streams.values():
            self._nodes["Fact;Stream"].node(row)
        model = {"key": MODEL, "memory": MAIN, "name": MODEL, "length": LENGTH, "near": True}
        self._nodes["Model"].node(model)
        self._nodes["SightlineSchema"].node({"name": MEMORY.name, "version": 0})


def write_files(folder: Path, life: Life, observations: int) -> None:
    """Writes the importer's files of the first so many observations."""
    folder.mkdir(parents=True)
    names = Names()
    with ExitStack() as stack:
        files = _Files(folder, stack)
        for observation in life.told(0, observations):
            files.take(caught(observation, names))
        files.finish()


def load(home: Path, folder: Path, *, memory_mb: int) -> None:
    """Makes the database of the server in `home`, which has not been started yet, of these files."""
    given = [f"--nodes={kind.replace(';', ':')}={folder}/node-{kind.replace(';', '-')}.csv" for kind in NODES]
    given += [f"--relationships={kind}={folder}/edge-{kind}.csv" for kind in EDGES]
    command = [java(), f"-Xmx{memory_mb}m", "-cp", f"{jars()}/*", "org.neo4j.cli.AdminTool", "database", "import", "full",
               "neo4j", f"--array-delimiter={_BETWEEN}", "--overwrite-destination", *given]  # fmt: skip
    environment = {**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home)}
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    (home / "import.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(f"the importer failed: {(done.stdout + done.stderr)[-2000:]}")


def make(
    server: Neo4jServer,
    life: Life,
    observations: int,
    *,
    memory_mb: int = 1024,
    told: Callable[[str], None] = lambda _: None,
) -> None:
    """Gives a server that was never started the first so many observations, and starts it; `told` hears how far it is."""
    files = server.home / "import"
    write_files(files, life, observations)
    told("rows written")
    server.configure()
    load(server.home, files, memory_mb=memory_mb)
    shutil.rmtree(files)
    told("files made")
    server.start()
    told("server up")
    database = database_at(server.url)
    told("schema and indexes made")
    neo4j_models.index(database, Names())
    told("vector indexes made")
    database.close()


def main(arguments: list[str]) -> int:
    """Makes the server's files, starts it, makes the indexes and prints what to set."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory.offline",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--home", type=Path, required=True, help="a folder that is not there yet")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--observations", type=int, help="only so many of them, the first")
    parser.add_argument("--heap", type=int, default=1024, metavar="MB")
    parser.add_argument("--pages", type=int, default=5000, metavar="MB")
    asked = parser.parse_args(arguments)
    life, began = Life(events=asked.events), time.monotonic()
    server = Neo4jServer(asked.home.absolute(), heap_mb=asked.heap, page_mb=asked.pages)
    make(
        server,
        life,
        asked.observations or life.observations,
        memory_mb=asked.heap + asked.pages,
        told=lambda what: print(f"{time.monotonic() - began:7.0f} s  {what}", flush=True),
    )
    print(f"export SIGHTLINE_STORE={server.url}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
