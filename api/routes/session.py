"""The page's login: a key is traded for a session in a cookie that no script can read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.auth import ADMIN, COOKIE, VIEWER, Caller, viewer
from api.context import Ctx
from api.errors import NoKey, problems
from api.keys import (
    SESSION_LIFE,
    close_session,
    create_key,
    key_of,
    list_keys,
    open_session,
    remove_key,
)
from api.wire import work as wire_work
from core.work import ApiKey

router = APIRouter(prefix="/v1", tags=["keys"])


class Login(BaseModel):
    """A key to trade for a session."""

    key: str = Field(min_length=1, max_length=400)


class NewKey(BaseModel):
    """A key to be made."""

    name: str = Field(min_length=1, max_length=100, examples=["control room"])
    role: str = Field(default="viewer", examples=["viewer"])


@router.post("/session", summary="Log in: trade a key for a session cookie", responses=problems(401))
def log_in(login: Login, request: Request, response: Response, ctx: Ctx) -> wire_work.KeyOut:
    """Sets the cookie. Open to all: it is where the key is shown."""
    key = key_of(ctx.house.ledger, login.key.strip())
    if key is None:
        raise NoKey(
            "this key is not known here", next_step="`sightline keys create NAME` on the server makes one"
        )
    response.set_cookie(
        COOKIE,
        open_session(ctx.house.ledger, ctx.house.clock, key),
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return wire_work.key(key)


@router.get("/session", summary="Who am I", dependencies=VIEWER, responses=problems(401))
def who_am_i(key: Annotated[ApiKey, Depends(viewer)]) -> wire_work.KeyOut:
    """The key behind this request."""
    return wire_work.key(key)


@router.delete("/session", summary="Log out", status_code=204, dependencies=VIEWER, responses=problems(401))
def log_out(request: Request, response: Response, ctx: Ctx, key: Caller) -> None:
    """Ends the session behind the cookie."""
    token = request.cookies.get(COOKIE)
    if token:
        close_session(ctx.house.ledger, token)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


@router.get("/keys", summary="List the keys", dependencies=ADMIN, responses=problems(401, 403))
def keys(ctx: Ctx) -> list[wire_work.KeyOut]:
    """Every key, without its text."""
    return [wire_work.key(row) for row in list_keys(ctx.house.ledger)]


@router.post(
    "/keys", summary="Make a key", status_code=201, dependencies=ADMIN, responses=problems(401, 403, 422)
)
def add_key(new: NewKey, ctx: Ctx) -> wire_work.NewKeyOut:
    """The only answer that ever holds the key's text."""
    row, text = create_key(ctx.house.ledger, ctx.house.clock, name=new.name, role=new.role)
    return wire_work.NewKeyOut(key=text, **wire_work.key(row).model_dump())


@router.delete(
    "/keys/{id}",
    summary="Remove a key",
    status_code=204,
    dependencies=ADMIN,
    responses=problems(401, 403, 404),
)
def drop_key(id: str, ctx: Ctx) -> None:
    """Removes the key and ends its sessions."""
    remove_key(ctx.house.ledger, id)
