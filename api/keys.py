"""Keys and the sessions opened with them, as rows of the ledger: only a key's SHA-256 is stored.

The page's login trades a key for a session, a random token of its own. A session is a row beside the keys, whose `name`
is the id of the key it was opened with: it ends with that key, or after 30 days.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from core import ids
from core.clock import Clock
from core.errors import Invalid, NotFound
from core.ids import KeyId
from core.ports import Ledger
from core.work import ApiKey

SESSION_LIFE = timedelta(days=30)
ROLES = ("viewer", "operator", "admin")
"""From least to most: a viewer looks and asks, an operator also adds streams, arms rules and works incidents, an admin
also forgets streams, and manages webhooks and keys."""
_SESSION_PREFIX = "ses"


def digest(text: str) -> str:
    """SHA-256 in hex; a key is 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_key(ledger: Ledger, clock: Clock, *, name: str, role: str = "admin") -> tuple[ApiKey, str]:
    """A new key: its row, and its text, which is nowhere kept. Raises `Invalid` for an unknown role or no name."""
    if role not in ROLES:
        raise Invalid(f"there is no role {role!r}", next_step=f"give one of {', '.join(ROLES)}")
    if not name.strip():
        raise Invalid("a key needs a name", next_step="name it after who will use it")
    text = "slk_" + secrets.token_urlsafe(32)
    row = ApiKey(
        id=KeyId(ids.fresh("key")), name=name.strip(), digest=digest(text), role=role, created_at=clock.now()
    )
    return ledger.put(row, new=True), text


def list_keys(ledger: Ledger) -> list[ApiKey]:
    """All keys, without the sessions opened with them."""
    return [row for row in ledger.find(ApiKey) if not row.id.startswith(_SESSION_PREFIX)]


def remove_key(ledger: Ledger, id_or_name: str) -> ApiKey:
    """Removes the key and every session opened with it. Raises `NotFound`."""
    for row in list_keys(ledger):
        if id_or_name in (row.id, row.name):
            for session in ledger.find(ApiKey, name=row.id):
                ledger.remove(ApiKey, session.id)
            ledger.remove(ApiKey, row.id)
            return row
    raise NotFound(
        f"there is no key {id_or_name!r}", next_step="`sightline keys list` shows the keys there are"
    )


def key_of(ledger: Ledger, text: str) -> ApiKey | None:
    """The key with that text."""
    rows = ledger.find(ApiKey, digest=digest(text))
    return next((row for row in rows if not row.id.startswith(_SESSION_PREFIX)), None)


def open_session(ledger: Ledger, clock: Clock, key: ApiKey) -> str:
    """A new session of the key; returns the token for the cookie. Old sessions of the key are cleared away."""
    for old in ledger.find(ApiKey, name=key.id):
        if _ended(old, clock):
            ledger.remove(ApiKey, old.id)
    token = secrets.token_urlsafe(32)
    row = ApiKey(
        id=KeyId(ids.fresh(_SESSION_PREFIX)), name=key.id, digest=digest(token), role=key.role,
        created_at=clock.now(),
    )  # fmt: skip
    ledger.put(row, new=True)
    return token


def session_key(ledger: Ledger, clock: Clock, token: str) -> ApiKey | None:
    """The key behind a session that still lasts."""
    for row in ledger.find(ApiKey, digest=digest(token)):
        if row.id.startswith(_SESSION_PREFIX) and not _ended(row, clock):
            return ledger.get(ApiKey, row.name)
    return None


def close_session(ledger: Ledger, token: str) -> None:
    """Ends a session."""
    for row in ledger.find(ApiKey, digest=digest(token)):
        if row.id.startswith(_SESSION_PREFIX):
            ledger.remove(ApiKey, row.id)


def _ended(session: ApiKey, clock: Clock) -> bool:
    return session.created_at is None or clock.now() - session.created_at > SESSION_LIFE
