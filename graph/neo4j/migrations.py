"""The numbered steps by which a Neo4j database comes to the schema this version of Sightline reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import StoreUnavailable
from graph.neo4j import cypher
from graph.neo4j.database import OPEN_PATIENCE_S, Neo4jDatabase

_ONE_VERSION = (
    "CREATE CONSTRAINT sightline_schema IF NOT EXISTS FOR (v:SightlineSchema) REQUIRE v.name IS UNIQUE"
)
_UPGRADE = "upgrade: `uv tool upgrade sightline`, or `pip install --upgrade sightline`"
_MIGRATE = "bring it up to date, with nobody writing: `sightline migrate`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jForm:
    """What a database of ours is: its name, and its steps, each a few statements that may be run again.

    Step n (from 1) takes a database of version n - 1 to version n; steps are only ever added. Neo4j does not change a
    schema and data in one transaction, so the version is written last: what was cut short is taken up again.
    """

    name: str
    steps: Sequence[Sequence[str]]

    @property
    def version(self) -> int:
        """The version this code reads and writes."""
        return len(self.steps)


MEMORY = Neo4jForm(
    name="memory",
    steps=tuple(map(cypher.steps, ("schema.cypher", "schema_2_days.cypher", "schema_3_durations.cypher"))),
)


def version(db: Neo4jDatabase, form: Neo4jForm = MEMORY) -> int | None:
    """The version the database has: 0 for an empty one, None for one with something in it that is not ours."""
    (found,) = db.read(
        lambda tx: tx.run(
            "OPTIONAL MATCH (v:SightlineSchema {name: $name}) WITH v.version AS version "
            "RETURN version, version IS NOT NULL OR NOT EXISTS { MATCH () }",
            name=form.name,
        ).values(),
        patience_s=OPEN_PATIENCE_S,
    )
    known, ours = found
    return int(known or 0) if ours else None


def migrate(db: Neo4jDatabase, form: Neo4jForm = MEMORY) -> tuple[int, int]:
    """Takes the steps that are missing, and gives the versions before and after. A database with other things in it
    gets the schema beside them. Raises `StoreUnavailable` for a newer one.
    """
    before = version(db, form) or 0
    _not_newer(db, form, before)
    db.define(_ONE_VERSION)
    for number, statements in enumerate(form.steps[before:], before + 1):
        for statement in statements:
            db.define(statement)
        db.run("CALL db.awaitIndexes(86400)")
        db.run(
            "MERGE (v:SightlineSchema {name: $name}) SET v.version = $version",
            {"name": form.name, "version": number},
        )
    return before, form.version


def ready(db: Neo4jDatabase, form: Neo4jForm = MEMORY) -> None:
    """Makes sure the database has this version. An empty one is given it at once, as there is nothing to lose; raises
    `StoreUnavailable`, with the command that mends it, for an older one, a newer one, and one that is not ours.
    """
    found = version(db, form)
    if found == 0:
        migrate(db, form)
    elif found is None:
        raise StoreUnavailable(
            f"the database at {db.address.shown} holds something, but no {form.name} of Sightline",
            next_step="name another database, or make the memory beside what is there: `sightline migrate`",
        )
    elif found < form.version:
        raise StoreUnavailable(
            f"the {form.name} at {db.address.shown} has schema version {found}; this Sightline reads {form.version}",
            next_step=_MIGRATE,
        )
    _not_newer(db, form, found or 0)


def _not_newer(db: Neo4jDatabase, form: Neo4jForm, found: int) -> None:
    if found > form.version:
        raise StoreUnavailable(
            f"the {form.name} at {db.address.shown} was written by a newer Sightline "
            f"(version {found}; this one reads {form.version})",
            next_step=_UPGRADE,
        )
