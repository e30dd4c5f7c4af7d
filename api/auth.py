"""Who may do what: whose request it is, and whether their role allows it.

A program sends `Authorization: Bearer KEY`. A browser holds a session, never the key, in a cookie that scripts cannot
read (HttpOnly) and that other sites cannot make a browser send (SameSite=Strict).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from api.context import Ctx
from api.errors import NoKey
from api.keys import ROLES, key_of, session_key
from core.errors import Denied
from core.work import ApiKey

COOKIE = "sightline_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="An API key: `sightline keys create NAME`."
)
cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="session", description="The page's login.")


def caller(request: Request, ctx: Ctx) -> ApiKey | None:
    """Whose request it is: the key in the header, or the one behind the cookie, or nobody."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text:
        return key_of(ctx.house.ledger, text.strip())
    token = request.cookies.get(COOKIE)
    if not token or not _from_our_page(request):
        return None
    return session_key(ctx.house.ledger, ctx.house.clock, token)


def _from_our_page(request: Request) -> bool:
    """Whether a cookie may speak for this request: another site's page may not even try to change things."""
    return request.method in _SAFE or request.headers.get("sec-fetch-site", "same-origin") == "same-origin"


Caller = Annotated[ApiKey | None, Depends(caller)]
_documented = [Depends(bearer), Depends(cookie)]


def _allowed(key: ApiKey | None, role: str) -> ApiKey:
    if key is None:
        raise NoKey(
            "this needs a key that is known here",
            next_step="send `Authorization: Bearer KEY`; `sightline keys create NAME` makes a key",
        )
    if ROLES.index(key.role) < ROLES.index(role):
        raise Denied(f"the key {key.name!r} may not do this", next_step=f"use a key with the role {role}")
    return key


def viewer(key: Caller) -> ApiKey:
    """Anyone with a key."""
    return _allowed(key, "viewer")


def operator(key: Caller) -> ApiKey:
    """A key that may add streams, arm rules and work incidents."""
    return _allowed(key, "operator")


def admin(key: Caller) -> ApiKey:
    """A key that may do everything."""
    return _allowed(key, "admin")


VIEWER = [*_documented, Depends(viewer)]
OPERATOR = [*_documented, Depends(operator)]
ADMIN = [*_documented, Depends(admin)]
