"""How a team stands on the pitch: `team_shape`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from core.clock import SECOND, Micros
from ingest.events.book import Book, Part, sure
from ingest.events.sports.teams import Teams
from ingest.perception.presence import Presence
from ingest.pitch import BROAD, Pitch

STRETCH: Micros = 10 * SECOND
"""The stretches of the stream's time over which a team's block is measured."""
SLACK: Micros = 200_000
"""A stretch is over with the last look in it."""
LEAST = 2
"""Players of which a block has at least one length and width."""
SEEN = 0.5
"""In which share of a stretch's looks the block has to be seen."""


@dataclass(slots=True)
class _Block:
    """One team within one stretch: length and width look by look, and who was in it."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)


class ShapeMaker:
    """`team_shape`: for every ten seconds and each team the mean length and width of its block, as shares of the pitch's.

    Of a team are those on the pitch who wear its shirt; keepers wear another. Attributes: `team`, `length`, `width`.
    Picklable, and bounded: it keeps one stretch.
    """

    def __init__(self, book: Book, pitch: Pitch, teams: Teams) -> None:
        self._book, self._pitch, self._teams = book, pitch, teams
        self._stretch = -1
        self._blocks: dict[str, _Block] = {}
        self._looks = 0
        self._told = False

    def take(self, at: Micros, people: Sequence[Presence]) -> None:
        """Takes in who is there at one look."""
        if at // STRETCH != self._stretch:
            self._tell(self._stretch * STRETCH + STRETCH)
            self.stop()
            self._stretch = at // STRETCH
        self._looks += 1
        for team in self._teams.names:
            self._measure(team, people)
        if at >= (self._stretch + 1) * STRETCH - SLACK:
            self._tell(at)

    def stop(self) -> None:
        """Another scene or stretch begins."""
        self._blocks, self._looks, self._told = {}, 0, False

    def _measure(self, team: str, people: Sequence[Presence]) -> None:
        mine = [(p, self._pitch.share(p.place)) for p in people if p.attributes.get("upper") == team]
        mine = [(p, (u, v)) for p, (u, v) in mine if -0.05 <= u <= 1.05 and -0.05 <= v <= BROAD + 0.05]
        if len(mine) < LEAST:
            return
        block = self._blocks.setdefault(team, _Block())
        us, vs = [u for _, (u, _) in mine], [v / BROAD for _, (_, v) in mine]
        block.spans.append((max(us) - min(us), max(vs) - min(vs)))
        for person, _ in mine:
            block.parts.setdefault(person.entity_id, Part(person.entity_id, person.box, "member"))

    def _tell(self, end: Micros) -> None:
        start = self._stretch * STRETCH
        if self._told or self._stretch < 0:
            return
        self._told = True
        for team, block in sorted(self._blocks.items()):
            share = len(block.spans) / max(self._looks, 1)
            if team not in self._teams.names or share < SEEN:
                continue
            long, wide = (fmean(values) for values in zip(*block.spans, strict=True))
            draft = self._book.open("team_shape", start, tuple(block.parts.values()))
            draft.attributes = {"team": team, "length": f"{long:.2f}", "width": f"{wide:.2f}"}
            draft.confidence = sure(share, 0.5)
            self._book.close(draft, end)
