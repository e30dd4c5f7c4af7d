"""Statements kept in `.cypher` files beside the code: read once, by name or in order."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_NAMED = re.compile(r"^// name: (\w+)\n", re.MULTILINE)
_FOR = re.compile(r"^// for: (\w+)\n", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n?", re.MULTILINE)


@cache
def steps(file: str) -> tuple[str, ...]:
    """The statements of a file that is run from top to bottom, each ended by a semicolon."""
    text = _COMMENT.sub("", (_HERE / file).read_text(encoding="utf-8"))
    return tuple(step.strip() for step in text.split(";\n") if step.strip())


@cache
def named(name: str, file: str = "queries.cypher") -> str:
    """The statement under the line `// name: …`; raises KeyError for a name that is not there."""
    return _all(file)[name]


@cache
def parts(name: str, needed: frozenset[str], file: str = "queries.cypher") -> str:
    """The same without its parts under a line `// for: …` that is not needed."""
    always, *rest = _FOR.split(_texts(file)[name])
    kept = [text for of, text in zip(rest[::2], rest[1::2], strict=True) if of in needed]
    return _COMMENT.sub("", "".join([always, *kept])).strip()


@cache
def _all(file: str) -> dict[str, str]:
    return {name: _COMMENT.sub("", text).strip() for name, text in _texts(file).items()}


@cache
def _texts(file: str) -> dict[str, str]:
    _, *rest = _NAMED.split((_HERE / file).read_text(encoding="utf-8"))
    return dict(zip(rest[::2], rest[1::2], strict=True))
