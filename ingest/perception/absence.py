"""Those who are not seen at the moment: who hides them, and for how long they are taken to be there still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.clock import SECOND, Micros
from core.ids import EntityId
from core.sight import Detection
from ingest.perception.attributes import side_of
from ingest.perception.stay import Stay

AT_EDGE_FOR = 800_000
"""Microseconds after which what went to an edge and is not seen has left."""
LOST_FOR = 2_200_000
"""… after which what moved inside the picture and is not seen has gone."""
RESTING_FOR = 2_500_000
"""… after which what rested, and whose place something else has touched, has gone."""
HIDDEN_FOR = 20 * SECOND
"""… after which what was last seen inside another's box has gone."""
BARE_FOR = 800_000
"""… after which what rested and was hidden has been carried off, while its place is in plain sight and nothing is there."""
UNSURE_FOR = 700_000
"""… after which what was never sure is dropped."""

Stays = Mapping[EntityId, Stay]


def note_cover(stay: Stay, stays: Stays, at: Micros) -> None:
    """Notes whether somebody seen now stands where the lost one was, and since when: it may be hidden, or be gone."""
    place = stay.expected(at)
    host = None
    for other in stays.values():
        if other is stay or other.seen_at != at:
            continue
        shared = other.box.overlap(place)
        if shared > 0 and stay.touched is None:
            stay.touched = at
        if shared > 0.5 * place.area and (host is None or shared > host.box.overlap(place)):
            host = other
    if stay.hidden_in is None:
        stay.hidden_in = host.entity_id if host is not None else None


def is_bare(stay: Stay, stays: Stays, seen_at: Micros, seen: Sequence[Detection]) -> bool:
    """Whether who hid an object has moved off its place and nothing is `seen` there: it was carried off."""
    host = stays.get(stay.hidden_in) if stay.hidden_in is not None else None
    if host is None or not stay.lies or host.seen_at != seen_at:
        return False
    return all(d.box.overlap(stay.box) < 0.2 * stay.box.area for d in seen)


def patience(stay: Stay, stays: Stays, at: Micros) -> Micros:
    """For how long it may be missing before it has gone."""
    if not stay.sure:
        return UNSURE_FOR
    if stay.hidden_in is not None and stay.hidden_in in stays:
        return HIDDEN_FOR
    if side_of(stay.box, stay.velocity, stay.frame, leaving=True):
        return AT_EDGE_FOR
    if not _rests(stay):
        return LOST_FOR
    # a detector that blinks at a resting thing does not make it leave: something must have been there
    return at + 1 if stay.touched is None else RESTING_FOR


def there_until(stay: Stay) -> Micros:
    """Until when at least it was there: a thing at rest until something touched its place, whoever moved until last seen."""
    return stay.touched if stay.touched is not None and _rests(stay) else stay.seen_at


def _rests(stay: Stay) -> bool:
    return stay.well_named and not stay.moving
