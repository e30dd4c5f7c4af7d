"""Everyone who is in the picture, and whose each glimpse is: what the tracker gives numbers, by who was there before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core import ids
from core.clock import SECOND, Micros
from core.colour import likeness
from core.ids import EntityId, TrackId
from core.media import Frame, Stream
from core.place import Box
from core.sight import Detection, Sighting
from ingest.course import Course
from ingest.perception.identity import REACH, Carrier, fits, heir
from ingest.perception.opening import Opening
from ingest.perception.stay import Glimpse, Stay, cut_off

IN_PLACE, JUMPED = 0.6, 0.3
"""Overlap (IoU) with its last box from which on a resting thing is where it was, and below which it is not."""
FIRST_LOOK, FIRST_LOOKS = 100_000, 400_000
"""How soon after a scene began who is first seen stood there from the start: at the picture's edge, and inside it, where
nobody comes from nowhere but a detector may have missed somebody.
"""
BEFORE = 8
"""How many looks back a track's beginning, from before it was confirmed, is searched for."""

_Glimpses = list[tuple[int, Stay, Glimpse]]


class Stays:
    """The stays of a scene, `here`, by entity; `follow` takes in the sightings of one look. Picklable.

    Numbers of the tracker break, swap and go on with whoever passes: what they mean is judged anew at every look. `frame`
    is the picture's size in source pixels.
    """

    def __init__(self, stream: Stream, recipe: str) -> None:
        self._stream, self._recipe = stream, recipe
        self.frame = (float(stream.width or 1), float(stream.height or 1))
        self.here: dict[EntityId, Stay] = {}
        self._by_number: dict[int, Stay] = {}
        self._tracks = 0
        self._began: Micros = 0
        self._opening: Opening | None = None
        self._lately: list[tuple[Micros, list[Detection]]] = []

    @property
    def last_look(self) -> tuple[Micros, list[Detection]] | None:
        """When a picture was looked at last in this scene, and what was detected."""
        return self._lately[-1] if self._lately else None

    def has(self, number: int, stay: Stay) -> bool:
        """Whether that number of the tracker's is of the stay."""
        return self._by_number.get(number) is stay

    def begin_scene(self, at: Micros) -> None:
        """Another scene begins: of the last one nothing is known."""
        self._by_number, self._lately, self._opening = {}, [], None
        self._began = at

    def drop(self, stay: Stay) -> None:
        """It has ended."""
        del self.here[stay.entity_id]
        self._by_number = {n: s for n, s in self._by_number.items() if s is not stay}

    def look_at(self, frame: Frame, detections: Sequence[Detection]) -> None:
        """Compares the picture with the scene's first, in which somebody noticed later may have stood."""
        self.frame = (frame.width * frame.scale, frame.height * frame.scale)
        self._opening = self._opening or Opening(frame.at, frame)
        self._opening.compare(frame, detections, self.here.values())

    def follow(self, at: Micros, sightings: Sequence[Sighting], detections: Sequence[Detection]) -> None:
        """Gives every sighting to the stay it is of: one that is known, one that was lost, or a new one."""
        glimpses: _Glimpses = []
        fresh: list[tuple[int, Glimpse]] = []
        for sighting in sightings:
            detection = _source_of(sighting.box, detections)
            glimpse = Glimpse(
                at=at,
                box=sighting.box,
                label=sighting.label,
                score=sighting.score,
                appearance=detection.appearance if detection else (),
                source=detection.source if detection else "",
            )
            stay = self._by_number.get(sighting.number)
            if stay is not None and stay.entity_id in self.here:
                glimpses.append((sighting.number, stay, glimpse))
            else:
                fresh.append((sighting.number, glimpse))
        fresh += self._taken_along(glimpses, detections)
        fresh += self._doubled(glimpses)
        self._passed_on(glimpses)
        self._given_back(glimpses)
        carriers = {stay.entity_id: Carrier(glimpse.box, stay.velocity) for _, stay, glimpse in glimpses}
        carriers |= {
            stay.entity_id: Carrier(stay.box, (0.0, 0.0))
            for stay in self.here.values()
            if stay.entity_id not in carriers and stay.settled and at - stay.seen_at <= SECOND
        }
        hosts = {s.hidden_in for s in self.here.values() if s.hidden_in is not None}
        for _, stay, glimpse in glimpses:
            stay.take(stay.alone(glimpse), clear=stay.entity_id not in hosts)
        for number, glimpse in fresh:
            self._begin(number, glimpse, carriers)
        self._lately = [*self._lately[-BEFORE:], (at, list(detections))]

    # -- whose a number is ---------------------------------------------------------------------------------------

    def _taken_along(self, glimpses: _Glimpses, detections: Sequence[Detection]) -> list[tuple[int, Glimpse]]:
        """Takes out the tracks that left what rests with who passed before it: from one look to the next it jumped off
        its place while something like it is still there, or somebody walks on where a load lay.
        """
        jumped = [
            (number, glimpse)
            for number, stay, glimpse in glimpses
            if stay.settled
            and glimpse.box.iou(stay.box) < JUMPED
            and glimpse.box.overlap(stay.box) < 0.7 * stay.box.area
            and (
                (stay.lies and not fits(stay.label, glimpse.label))
                or any(d.box.iou(stay.box) > IN_PLACE and fits(stay.label, d.label) for d in detections)
            )
        ]
        self._let_go(glimpses, jumped)
        return jumped

    def _given_back(self, glimpses: _Glimpses) -> None:
        """Gives what is seen again just where it rested back to it, where the track of who hid it went on with it."""
        seen = {stay.entity_id for _, stay, _ in glimpses}
        resting = [s for s in self.here.values() if s.settled and s.entity_id not in seen]
        for place, (number, stay, glimpse) in enumerate(glimpses):
            least = max(IN_PLACE, stay.box.iou(glimpse.box), stay.expected(glimpse.at).iou(glimpse.box))
            here = [s for s in resting if s.box.iou(glimpse.box) > least and fits(s.label, glimpse.label)]
            home = max(here, key=lambda s: s.box.iou(glimpse.box), default=None)
            if home is None:
                continue
            resting.remove(home)
            glimpses[place] = (number, self._renumbered(number, home), glimpse)

    def _passed_on(self, glimpses: _Glimpses) -> None:
        """Gives who passes before what lies back to himself, where the track of what lies went on with him: a box that is
        called as what lies cannot be, nearer to where somebody called so was just seen going.
        """
        seen = {stay.entity_id for _, stay, _ in glimpses}
        for place, (number, stay, glimpse) in enumerate(glimpses):
            if not (stay.settled and stay.lies) or fits(stay.label, glimpse.label):
                continue
            near = {
                s.entity_id: s.expected(glimpse.at).iou(glimpse.box)
                for s in self.here.values()
                if s.entity_id not in seen
                and glimpse.at - s.seen_at <= SECOND
                and not s.lies
                and fits(s.label, glimpse.label)
            }
            himself = max(near, key=lambda id: near[id], default=None)
            if himself is not None and near[himself] > stay.box.iou(glimpse.box):
                seen.add(himself)
                glimpses[place] = (number, self._renumbered(number, self.here[himself]), glimpse)

    def _let_go(self, glimpses: _Glimpses, out: Sequence[tuple[int, Glimpse]]) -> None:
        """Those numbers are of nobody known any more."""
        for number, _ in out:
            del self._by_number[number]
        glimpses[:] = [known for known in glimpses if known[0] in self._by_number]

    def _renumbered(self, number: int, stay: Stay) -> Stay:
        """The stay, with which the tracker's number goes on from here, as a new track of it."""
        self._goes_on(number, stay, self._new_track())
        return stay

    def _goes_on(self, number: int, stay: Stay, id: TrackId) -> None:
        stay.track_id, stay.track_number = id, self._tracks
        self._by_number[number] = stay

    def _new_track(self) -> TrackId:
        self._tracks += 1
        return ids.track_id(self._stream.id, self._tracks, self._recipe)

    def _doubled(self, glimpses: _Glimpses) -> list[tuple[int, Glimpse]]:
        """Takes out what cannot be the same thing: nobody is at two places at once. The track nearest to where a thing
        should be is its track, and one far from it begins anew; parts of one thing lie near each other and stay.
        """
        nearest: dict[EntityId, Box] = {}
        for _, stay, glimpse in glimpses:
            expected, known = stay.expected(glimpse.at).centre, nearest.get(stay.entity_id)
            if known is None or math.dist(glimpse.box.centre, expected) < math.dist(known.centre, expected):
                nearest[stay.entity_id] = glimpse.box
        far = [
            (number, glimpse)
            for number, stay, glimpse in glimpses
            if nearest[stay.entity_id].gap(glimpse.box) > REACH * stay.box.diagonal
        ]
        self._let_go(glimpses, far)
        return far

    # -- beginnings ----------------------------------------------------------------------------------------------

    def _begin(self, number: int, glimpse: Glimpse, carriers: dict[EntityId, Carrier]) -> None:
        """A new track: the further way of somebody lost, or the beginning of somebody's stay."""
        past = self._past(glimpse)
        first = past[0] if past else glimpse
        lost = [s for s in self.here.values() if s.seen_at < glimpse.at]
        stay = heir(lost, first, carriers=carriers)
        if stay is None:
            stay = heir(lost, glimpse, carriers=carriers)
        id = self._new_track()
        if stay is None:
            stay = self._newcomer(id, first, carriers)
            stood = None if self._opening is None else self._opening.first_glimpse([*past, glimpse])
            if stood is not None:
                stay.there_from_start = stay.unnoticed = True
                stay.take(stood, clear=True)
        elif stay.hidden_in is not None:
            stay = self._sorted_out(stay, glimpse)
        since = stay.seen_at if stay.looks else -1
        self._goes_on(number, stay, id)
        for earlier in past:
            if earlier.at > since:
                stay.take(earlier, clear=True)
        stay.take(glimpse, clear=True)

    def _newcomer(self, id: TrackId, first: Glimpse, carriers: dict[EntityId, Carrier]) -> Stay:
        stay = Stay(
            ids.entity_id(self._stream.id, id),
            id,
            self._tracks,
            self.frame,
            course=Course(self._stream.layout),
        )
        at_edge = cut_off(first.box, self.frame)
        stay.there_from_start = first.at <= self._began + (FIRST_LOOK if at_edge else FIRST_LOOKS)
        near = [e for e, carrier in carriers.items() if carrier.box.gap(first.box) < 0.2 * first.box.diagonal]
        hosts = [e for e in near if self.here[e].sure and self.here[e].profile.displacement > 0.3]
        if hosts:
            stay.split_from = max(hosts, key=lambda e: carriers[e].box.overlap(first.box))
        self.here[stay.entity_id] = stay
        return stay

    def _sorted_out(self, hidden: Stay, glimpse: Glimpse) -> Stay:
        """Two that were one box part again: if the new box looks like the one that seemed to go on, and may be called as
        that is, they swap.
        """
        host = self.here.get(hidden.hidden_in) if hidden.hidden_in is not None else None
        if (
            host is None
            or host.seen_at < glimpse.at
            or not host.recent
            or not fits(host.label, glimpse.label)
        ):
            return hidden
        now = self._appearance_of(host)
        straight = likeness(hidden.signature, glimpse.appearance) + likeness(host.signature, now)
        crossed = likeness(host.signature, glimpse.appearance) + likeness(hidden.signature, now)
        if crossed <= straight + 0.12:
            return hidden
        numbers = [n for n, s in self._by_number.items() if s is host]
        for n in numbers:
            self._by_number[n] = hidden
        hidden.take(
            Glimpse(at=host.seen_at, box=host.box, label=host.label, score=host.score, appearance=now),
            clear=True,
        )
        return host

    def _appearance_of(self, stay: Stay) -> tuple[float, ...]:
        for at, detections in reversed(self._lately):
            if at == stay.seen_at:
                found = _source_of(stay.box, detections)
                return found.appearance if found else ()
        return ()

    def _past(self, glimpse: Glimpse) -> list[Glimpse]:
        """The looks of a track from before it was confirmed, found again by overlap, oldest first."""
        taken = [s.box for s in self.here.values()]
        out: list[Glimpse] = []
        box = glimpse.box
        for at, detections in reversed(self._lately):
            near = max(detections, key=lambda d: d.box.iou(box), default=None)
            if near is None or near.box.iou(box) < 0.1 or (len(out) >= 2 and near.box in taken):
                break
            if any(p == (at, near.box) for s in self.here.values() for p in s.recent):
                break
            out.append(
                Glimpse(
                    at=at, box=near.box, label=near.label, score=near.score,
                    appearance=near.appearance, source=near.source,
                )
            )  # fmt: skip
            box = near.box
        return out[::-1]


def _source_of(box: Box, detections: Sequence[Detection]) -> Detection | None:
    return max(detections, key=lambda d: d.box.iou(box), default=None)
