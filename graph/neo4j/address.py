"""Where a memory in Neo4j lies: the URL of the setting, taken apart. Knows no driver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from core.errors import Invalid
from graph.neo4j.rows import MAIN

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
"""What a URL of Neo4j begins with; `+s` is encrypted, `+ssc` with a certificate nobody vouches for."""

_MEMORY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a memory lies: `neo4j://user:password@host:port/database?memory=name`, taken apart.

    `shown` is the same without user and password: it alone may be repeated.
    """

    url: str
    user: str
    password: str
    database: str | None
    memory: str
    shown: str

    def __repr__(self) -> str:
        return f"Address({self.shown})"

    @classmethod
    def of(cls, url: str) -> Address:
        """Reads a URL; raises `Invalid` for one that names no server, or a memory by a name that cannot be."""
        try:
            parts = urlsplit(url)
            port = parts.port or 7687
        except ValueError:
            raise _wrong("is no URL") from None
        if parts.scheme not in SCHEMES or not parts.hostname:
            raise _wrong("names no server")
        if any(sign in part for part in (parts.path, parts.query, parts.fragment) for sign in "@:"):
            # A password with a bare / or ? in it ends as path or options, and its beginning passes for host and port.
            raise _wrong("has / ? or # in the password")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        memory = options.pop("memory", MAIN)
        if options:
            raise _wrong(f"has an option that there is not: {', '.join(options)}")
        if not _MEMORY.fullmatch(memory):
            raise Invalid(
                f"a memory cannot be named {memory!r}", next_step="use small letters, digits, - and _"
            )
        database = parts.path.strip("/")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        where = f"{parts.scheme}://{host}:{port}"
        shown = where + (f"/{database}" if database else "") + (f"?memory={memory}" if memory != MAIN else "")
        return cls(
            url=where,
            user=unquote(parts.username or "neo4j"),
            password=unquote(parts.password or ""),
            database=database or None,
            memory=memory,
            shown=shown,
        )


def _wrong(how: str) -> Invalid:
    # Not a word of the URL: it may hold a password.
    return Invalid(
        f"SIGHTLINE_STORE {how}",
        next_step="write neo4j://user:password@host:7687, or …/database?memory=name, with what is special in the password"
        " as %-codes",
    )
