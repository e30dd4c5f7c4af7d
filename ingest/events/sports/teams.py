"""The two teams of a game, told apart by the colours of their shirts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

SHIRTS_KEPT = 900


@dataclass(slots=True)
class Teams:
    """The two teams by their shirts: the two commonest colours on the pitch, and at which end each of them is at home.

    Picklable, and bounded: it keeps the last `SHIRTS_KEPT` shirts seen.
    """

    _seen: deque[tuple[str, float]] = field(default_factory=lambda: deque(maxlen=SHIRTS_KEPT))
    _homes: list[tuple[float, str]] = field(default_factory=list)

    def learn(self, shirts: Sequence[tuple[str, float]]) -> None:
        """Takes in shirts seen: colour word, and how far along the pitch (0 to 1)."""
        self._seen.extend(shirts)
        common = Counter(word for word, _ in self._seen).most_common(2)
        self._homes = sorted((fmean(u for word, u in self._seen if word == name), name) for name, _ in common)

    @property
    def names(self) -> list[str]:
        """The two teams' colour words, the one at home at the pitch's beginning first; empty before both are known."""
        return [name for _, name in self._homes] if len(self._homes) == 2 else []

    def team(self, word: str, along: float) -> str:
        """The team of a shirt that far along the pitch; a keeper, who wears another colour, is of the team at home there."""
        names = [name for _, name in self._homes]
        if not word or word in names or len(names) < 2:
            return word
        return names[0] if along < 0.5 else names[1]

    def attacks(self, team: str) -> int:
        """Which way a team plays: 1 along the pitch, -1 back, 0 where that is unknown."""
        names = [name for _, name in self._homes]
        return 0 if len(names) < 2 or team not in names else 1 if team == names[0] else -1
