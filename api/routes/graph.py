"""The graph in its own language: read-only Cypher for analysts, where the memory is in Neo4j and the setting allows it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import OPERATOR
from api.context import Ctx
from api.errors import problems
from api.querying import ask
from core.errors import Denied

router = APIRouter(
    prefix="/v1/graph", tags=["memory"], dependencies=OPERATOR, responses=problems(401, 403, 404, 422, 503)
)


class GraphQuery(BaseModel):
    """A statement in Cypher with its parameters, and how much of an answer is wanted."""

    query: str = Field(
        min_length=1,
        max_length=20_000,
        examples=["MATCH (e:Event) RETURN e.kind, count(*) AS n ORDER BY n DESC"],
    )
    parameters: dict[str, Any] = Field(default={}, description="Values for $names in the query.")
    limit: int = Field(default=1000, ge=1, le=10_000, description="Most rows; the rest is left out.")
    timeout_s: float = Field(default=10.0, gt=0, le=60, description="After so many seconds it is given up.")


class GraphRows(BaseModel):
    """What it brought back, row by row in the order of the columns."""

    columns: list[str] = Field(examples=[["e.kind", "n"]])
    rows: list[list[Any]] = Field(examples=[[["near_miss", 3]]])
    more: bool = Field(description="Whether rows were left out.")


@router.post("/query", summary="Ask the graph in Cypher")
def query(ctx: Ctx, asked: GraphQuery) -> GraphRows:
    """Read-only, bounded in rows and time, over everything in the database.

    Off unless `SIGHTLINE_GRAPH_QUERY=true`. Nodes and edges come as their labels or type and their properties; bytes
    (vectors, track points) are left out. The memory's reference page has the schema and worked queries.
    """
    if not ctx.settings.graph_query:
        raise Denied(
            "queries in Cypher are switched off here",
            next_step="the operator may set SIGHTLINE_GRAPH_QUERY=true",
        )
    told = ask(ctx.house, asked.query, asked.parameters, rows=asked.limit, seconds=asked.timeout_s)
    return GraphRows(columns=list(told.columns), rows=[list(row) for row in told.rows], more=told.more)
