"""Who is who: timelines across streams, putting visits together and taking them apart, and the ways between streams."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api import wire
from api.auth import OPERATOR, VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import names, passage_between
from api.wire import identity as wire_identity
from core.errors import NotFound
from core.ids import EntityId
from core.media import Passage, Stream
from graph import identity as who
from graph.timeline import timeline as timeline_of

router = APIRouter(prefix="/v1", tags=["memory"])


class Merge(BaseModel):
    """Who else is the same thing."""

    with_: list[str] = Field(alias="with", min_length=1, max_length=100, description="Ids of entities.")


class Split(BaseModel):
    """Whom it is not; nobody named means all of them."""

    from_: list[str] = Field(default=[], alias="from", max_length=100, description="Ids of entities.")


class NewPassage(BaseModel):
    """The way between what two streams show."""

    streams: tuple[str, str] = Field(description="Two streams, by name or id.")
    least_s: float = Field(default=0.0, ge=0, le=86400, description="Seconds it takes at least.")
    together: bool = Field(default=False, description="Whether both may show the same thing at once.")


@router.get(
    "/entities/{id}/timeline",
    summary="Everything one thing took part in, across streams",
    dependencies=VIEWER,
    responses=problems(401, 404, 503),
)
def timeline(id: str, ctx: Ctx) -> wire_identity.TimelineOut:
    """All visits of the same thing and what happened in them, in order of wall time, with the links between the visits."""
    streams = ctx.house.ledger.find(Stream)
    found = timeline_of(ctx.house.store, streams, EntityId(id))
    return wire_identity.timeline(found, streams, ctx.house.store)


@router.post(
    "/entities/{id}/merge",
    summary="Say that entities are the same thing",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 422, 503),
)
def merge(id: str, body: Merge, ctx: Ctx) -> wire_identity.IdentityOut:
    """No program's word changes it; `split` takes it back. What was split by hand before is the same again."""
    return wire_identity.identity(
        who.merge(ctx.house.store, EntityId(id), [EntityId(other) for other in body.with_])
    )


@router.post(
    "/entities/{id}/split",
    summary="Say that an entity is not the same thing as others",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 409, 422, 503),
)
def split(id: str, ctx: Ctx, body: Split | None = None) -> wire_identity.SplitOut:
    """It comes out of its group, and no program puts it back; `merge` takes it back."""
    apart = [EntityId(other) for other in body.from_] if body else []
    before = who.split(ctx.house.store, EntityId(id), apart)
    return wire_identity.split(who.known_as(ctx.house.store, EntityId(id)), before, id)


@router.get("/passages", summary="The ways between streams", dependencies=VIEWER, responses=problems(401))
def passages(ctx: Ctx) -> wire.Page[wire_identity.PassageOut]:
    """What was said of how streams lie to one another."""
    known = names(ctx.house.ledger)
    return wire.Page(items=[wire_identity.passage(row, known) for row in ctx.house.ledger.find(Passage)])


@router.put(
    "/passages",
    summary="Say how two streams lie to one another",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 422),
)
def put_passage(body: NewPassage, ctx: Ctx) -> wire_identity.PassageOut:
    """How long it takes from one to the other, and whether both may show one thing at once; it counts from now on."""
    ledger = ctx.house.ledger
    one, other = body.streams
    row = ledger.put(passage_between(ledger, one, other, body.least_s, together=body.together))
    return wire_identity.passage(row, names(ledger))


@router.delete(
    "/passages",
    summary="Take back what was said of two streams",
    status_code=204,
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 422),
)
def remove_passage(one: str, other: str, ctx: Ctx) -> None:
    """Nothing is known any more of how the two lie."""
    ledger = ctx.house.ledger
    row = passage_between(ledger, one, other)
    if not ledger.remove(Passage, row.id):
        raise NotFound(
            f"nothing was said of {one!r} and {other!r}", next_step="GET /v1/passages lists what was"
        )
