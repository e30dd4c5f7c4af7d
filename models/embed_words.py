"""Word vectors without a model: hashed words and pieces of words, for finding texts that share them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from core.ports import Matrix

DIM = 256
PIECES_WEIGHT = 1.0
"""How much a word's pieces count, all together, beside the word itself: enough that `walked` lies near `walking`."""
COMMON_WEIGHT = 0.15
COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "did",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "that",
        "the",
        "there",
        "this",
        "to",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "will",
        "with",
    ]
)
"""Words that say little about what a text is about."""


class WordEmbedder:
    """Turns a text into a unit vector of 256 numbers by signed feature hashing (Weinberger et al. 2009) of its words
    and of the 3- and 4-letter pieces of each. It knows no meanings: only texts that share words or word stems are near.
    """

    @property
    def name(self) -> str:
        """Says that there is no model behind it."""
        return "words:1"

    @property
    def dim(self) -> int:
        """256."""
        return DIM

    def embed(self, items: Sequence[str], /) -> Matrix:
        """One unit row per text; a text without a word gets the first unit vector."""
        rows = np.zeros((len(items), DIM), np.float32)
        for row, text in zip(rows, items, strict=True):
            for word, times in Counter(re.findall(r"\w+", text.casefold())).items():
                weight = (COMMON_WEIGHT if word in COMMON else 1.0) * times**0.5
                for place, value in _features(word):
                    row[place] += weight * value
            length = float(np.linalg.norm(row))
            if length > 0:
                row /= length
            else:
                row[0] = 1.0
        return rows


@lru_cache(maxsize=20_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """Where a word and its pieces count, and how much."""
    pieces = list(_pieces(f"<{word}>"))
    each = PIECES_WEIGHT / max(1, len(pieces)) ** 0.5
    return (_slot(word, 1.0), *(_slot(piece, each) for piece in pieces))


def _pieces(word: str) -> Iterator[str]:
    for size in (3, 4):
        for at in range(len(word) - size + 1):
            yield f"#{word[at : at + size]}"


def _slot(feature: str, weight: float) -> tuple[int, float]:
    """A feature's place and sign by BLAKE2b: the same in every process, unlike Python's own hash."""
    digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return digest % DIM, weight if digest >> 63 else -weight
