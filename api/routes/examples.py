"""Labelled pictures of the operator's own."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.auth import OPERATOR, VIEWER
from api.context import Ctx
from api.errors import problems
from api.exhibits import Place, of_data_url, of_stream
from api.find import stream_named
from api.wire import Page
from api.wire.example import ExampleOut, example
from core.clock import micros
from core.errors import Invalid
from core.media import Picture
from graph.examples import Shelf

router = APIRouter(prefix="/v1/examples", tags=["examples"])


class NewExample(BaseModel):
    """A picture, or a moment of a stream, and what is to be said of it."""

    image: str = Field(
        default="", description="A base64 data URL of a picture.", examples=["data:image/jpeg;base64,…"]
    )
    stream: str = Field(default="", description="Or a stream's name or id, …", examples=["dock"])
    at_s: float = Field(default=0.0, ge=0, description="… and the moment of it.")
    label: str = Field(default="", max_length=200, examples=["pallet jack"])
    text: str = Field(default="", max_length=4000, examples=["A forklift carries two pallets."])


@router.post(
    "",
    summary="Keep a labelled picture",
    status_code=201,
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 410, 422),
)
def add_example(body: NewExample, ctx: Ctx) -> ExampleOut:
    """The same picture with the same words twice is once."""
    shelf = Shelf(ctx.house.ledger, ctx.house.media)
    return example(shelf.add(_picture(body, ctx), label=body.label, text=body.text, at=ctx.house.clock.now()))


def _picture(body: NewExample, ctx: Ctx) -> Picture:
    if bool(body.image) == bool(body.stream):
        raise Invalid(
            "an example is either a picture or a moment of a stream", next_step="send `image` or `stream`"
        )
    if body.image:
        return of_data_url(body.image)
    stream = stream_named(ctx.house.ledger, body.stream)
    return of_stream(stream, Place(what=body.stream, start=micros(body.at_s)), ctx.house)[0].picture


@router.get("", summary="List the examples", dependencies=VIEWER, responses=problems(401))
def list_examples(ctx: Ctx) -> Page[ExampleOut]:
    """Every example, in the order in which they were added."""
    return Page(items=[example(row) for row in Shelf(ctx.house.ledger, ctx.house.media).all()])


@router.get(
    "/{id}/picture",
    summary="An example's picture",
    dependencies=VIEWER,
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(401, 404),
    },
)
def get_example_picture(id: str, ctx: Ctx) -> Response:
    """The picture as PNG."""
    shelf = Shelf(ctx.house.ledger, ctx.house.media)
    with ctx.house.media.open(shelf.get(id).key) as file:
        return Response(file.read(), media_type="image/png")


@router.delete(
    "/{id}",
    summary="Remove an example",
    status_code=204,
    dependencies=OPERATOR,
    responses=problems(401, 403, 404),
)
def remove_example(id: str, ctx: Ctx) -> None:
    """The row and its picture."""
    Shelf(ctx.house.ledger, ctx.house.media).remove(id)
