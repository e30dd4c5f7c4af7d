"""Stand-ins for models that answer and embed: they say what they are told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.ports import Ask, Matrix, Reply
from models.json_reply import reply_to

Script = Sequence[str | Reply | Exception] | Callable[[Ask], str | Reply]


class FakeVlm:
    """Says its script, line after line (the last one again and again), and keeps every ask it got in `asked`.

    A line is a text (read as JSON where the ask has a schema), a whole reply, or an error to raise; a function is
    called with the ask.
    """

    def __init__(
        self, script: Script = ("something",), *, name: str = "fake-vlm:1", at_once: int = 1
    ) -> None:
        self._script, self._name, self._at_once, self._next = script, name, at_once, 0
        self.asked: list[Ask] = []

    @property
    def name(self) -> str:
        """Says that it is not real, unless told otherwise."""
        return self._name

    @property
    def sees(self) -> bool:
        """Yes, it is shown pictures."""
        return True

    @property
    def at_once(self) -> int:
        """As many as it was told."""
        return self._at_once

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order."""
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        said = self._script(ask) if callable(self._script) else self._line()
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Reply):
            return said
        return reply_to(ask, said)

    def _line(self) -> str | Reply | Exception:
        assert not callable(self._script)  # noqa: S101 - for the type checker
        line = self._script[min(self._next, len(self._script) - 1)]
        self._next += 1
        return line


class FakeEmbedder:
    """Gives the vectors it was told, and any other text a fixed random direction of its own."""

    def __init__(self, vectors: Mapping[str, Sequence[float]] | None = None, *, dim: int = 8) -> None:
        self._vectors = {text: np.asarray(v, np.float32) for text, v in (vectors or {}).items()}
        self._dim = len(next(iter(self._vectors.values()))) if self._vectors else dim

    @property
    def name(self) -> str:
        """Says that it is not real."""
        return "fake-embedder:1"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    def embed(self, items: Sequence[str], /) -> Matrix:
        """One unit row per item."""
        rows = np.zeros((len(items), self._dim), np.float32)
        for row, text in zip(rows, items, strict=True):
            vector = self._vectors.get(text)
            row[:] = self._own(text) if vector is None else vector
            row /= np.linalg.norm(row)
        return rows

    def _own(self, text: str) -> Matrix:
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        return np.random.default_rng(seed).standard_normal(self._dim).astype(np.float32)
