"""Which embedders' vectors a memory in Neo4j holds, how long they are, and whether Neo4j's index has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from neo4j import ManagedTransaction

from core.ids import derive
from core.memory import Vector
from graph import near
from graph.neo4j import cypher
from graph.neo4j.database import Neo4jDatabase
from graph.neo4j.rows import Names, Props, near_property, spelled_out, vector_property

MARKABLE = ("Event", "Caption", "Entity")
"""What may have a vector."""


@dataclass(slots=True)
class Models:
    """The models of some vectors: those that are new here, by name with their length, and those with an index."""

    new: dict[str, int]
    near: frozenset[str]

    def rows(self, names: Names) -> list[Props]:
        """What is to be written of the new ones."""
        return [
            {
                "key": names.into(name),
                "memory": names.memory,
                "name": name,
                "length": length,
                "near": None,
                "indexed": None,
            }
            for name, length in self.new.items()
        ]

    def waiting(self, names: Names, vectors: Iterable[Vector]) -> list[str]:
        """The facts (the database's ids) of the vectors that belong into an index."""
        return names.all_into(vector.of for vector in vectors if vector.model in self.near)

    def write(self, tx: ManagedTransaction, names: Names) -> None:
        """Writes the new ones."""
        if self.new:
            tx.run(
                "UNWIND $rows AS row MERGE (m:Model {key: row.key}) SET m += row", rows=self.rows(names)
            ).consume()


def keys(names: Names, vectors: Iterable[Vector]) -> list[str]:
    """By what the models of these vectors are known."""
    return names.all_into(vector.model for vector in vectors)


def known(tx: ManagedTransaction, names: Names, vectors: Iterable[Vector]) -> list[list[Any]]:
    """Name, length and whether there is an index, of those models of these vectors that are known."""
    statement = "UNWIND $keys AS key MATCH (m:Model {key: key}) RETURN m.name, m.length, m.near"
    return tx.run(statement, keys=keys(names, vectors)).values()


def check(
    tx: ManagedTransaction, names: Names, vectors: Sequence[Vector], known: Iterable[Sequence[Any]]
) -> Models:
    """Raises `Invalid` where the vectors of a model are not all of one length, these and those that are there."""
    lengths, new, with_index = {}, {}, set()
    for name, length, indexed in known:
        lengths[name] = length
        if indexed:
            with_index.add(name)
    for vector in vectors:
        length = lengths.get(vector.model)
        if (
            vector.model not in new
            and length not in (None, vector.length)
            and not any_of(tx, names, vector.model)
        ):
            length = None
        if length is None:
            new[vector.model] = lengths[vector.model] = length = vector.length
            with_index.discard(vector.model)
        near.check_length(vector, length)
    return Models(new=new, near=frozenset(with_index))


def _marked(label: str) -> str:
    """Matches the facts of one kind in the memory that have the vector in `$property`."""
    return (
        f"MATCH (s:Stream {{memory: $memory}}) MATCH (f:{label}) "
        "WHERE f.stream_id = s.id AND f.start_us >= 0 AND f.end_us >= 0 AND f[$property] IS NOT NULL"
    )


def any_of(tx: ManagedTransaction, names: Names, model: str) -> bool:
    """Whether any fact of the memory has a vector of the model."""
    return any(
        tx.run(
            f"{_marked(label)} RETURN 1 LIMIT 1",
            memory=names.memory,
            property=vector_property(model),
        ).values()
        for label in MARKABLE
    )


def names_of(tx: ManagedTransaction, names: Names) -> list[str]:
    """Every model that has, or had, vectors in the memory."""
    found = tx.run(
        "MATCH (m:Model) WHERE m.memory = $memory RETURN m.name ORDER BY m.name", memory=names.memory
    )
    return [name for (name,) in found.values()]


def count(tx: ManagedTransaction, names: Names) -> dict[str, int]:
    """How many vectors of which model there are."""
    out = {}
    for model in names_of(tx, names):
        statement = " UNION ALL ".join(f"{_marked(label)} RETURN count(f) AS n" for label in MARKABLE)
        found = tx.run(
            f"CALL () {{ {statement} }} RETURN sum(n)", memory=names.memory, property=vector_property(model)
        )
        ((number,),) = found.values()
        if number:
            out[model] = int(number)
    return out


UNMARKED_AT_ONCE = 10_000
"""From so many facts a model's vectors are taken in one transaction."""


def unmark(tx: ManagedTransaction, names: Names, model: str) -> int:
    """Takes a model's vectors from some facts; how many those were, 0 when none is left."""
    gone = 0
    for label in MARKABLE:
        found = tx.run(
            f"{_marked(label)} WITH f LIMIT {UNMARKED_AT_ONCE - gone} SET f += $nothing RETURN count(f)",
            memory=names.memory,
            property=vector_property(model),
            nothing={vector_property(model): None, near_property(model): None},
        )
        gone += int(found.values()[0][0])
    if not gone:
        tx.run("MATCH (m:Model {key: $key}) DELETE m", key=names.into(model)).consume()
    return gone


INDEXED_FROM = 20_000
"""A model with more vectors than this in a memory is given a vector index by `index`."""
_BATCH = 1000


def index_name(label: str, model: str, length: int) -> str:
    """What the vector index of a model over one kind of fact is called."""
    return f"near_{label.lower()}_{derive('m', model, length).removeprefix('m_')}"


def index_of(tx: ManagedTransaction, names: Names, like: Vector, label: str) -> str | None:
    """The vector index to ask for what is alike, where there is one with all the vectors of the model."""
    statement = "MATCH (m:Model {key: $key}) WHERE m.indexed AND m.length = $length RETURN 1"
    if not tx.run(statement, key=names.into(like.model), length=like.length).values():
        return None
    return index_name(label, like.model, like.length)


def index(db: Neo4jDatabase, names: Names) -> list[str]:
    """Gives every model of a memory that has many vectors an index of Neo4j's; the names of those that got one.

    Vectors are then kept twice, the second time as the list of numbers the index needs. May be cut off and run again.
    """
    done = []
    for model, number in db.read(lambda tx: count(tx, names)).items():
        key = names.into(model)
        ((length, indexed),) = db.run(
            "MATCH (m:Model {key: $key}) RETURN m.length, coalesce(m.indexed, false)", {"key": key}
        )
        if indexed or number <= INDEXED_FROM:
            continue
        db.run("MATCH (m:Model {key: $key}) SET m.near = true", {"key": key})
        for label in MARKABLE:
            _spell_out(db, names, label, model)
            property = near_property(model).replace("`", "``")
            db.define(
                f"CREATE VECTOR INDEX {index_name(label, model, length)} IF NOT EXISTS FOR (f:{label}) ON f.`{property}` "
                f"OPTIONS {{indexConfig: {{`vector.dimensions`: {length}, `vector.similarity_function`: 'cosine'}}}}"
            )
        db.run("CALL db.awaitIndexes(86400)")
        for label in MARKABLE:  # what a writer wrote meanwhile that had not yet read that the model is near
            _spell_out(db, names, label, model)
        db.run("MATCH (m:Model {key: $key}) SET m.indexed = true", {"key": key})
        done.append(model)
    return done


def _spell_out(db: Neo4jDatabase, names: Names, label: str, model: str) -> None:
    """Writes the vectors of a model a second time, as lists of numbers, where that is missing; a stream at a time."""
    missing = (
        f"MATCH (f:{label}) WHERE f.stream_id = $stream AND f.start_us >= 0 AND f.end_us >= 0 "
        "AND f[$vector] IS NOT NULL AND f[$near] IS NULL RETURN f.id, f[$vector]"
    )
    asked = {"vector": vector_property(model), "near": near_property(model)}
    streams = db.run("MATCH (s:Stream {memory: $memory}) RETURN s.id", {"memory": names.memory})
    for (stream,) in streams:
        found = db.run(missing, {**asked, "stream": stream})
        for at in range(0, len(found), _BATCH):
            rows = [{"id": id, "props": spelled_out(model, values)} for id, values in found[at : at + _BATCH]]
            db.run(cypher.named("mark"), {"rows": rows})
