"""From detections to entities: one per visit, however often its track broke."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core import ids
from core.clock import SECOND, Micros, Span
from core.colour import BY_COLOURS, likeness
from core.ids import EntityId, TrackId
from core.labels import BALLS
from core.media import Stream
from core.memory import Entity, Vector
from core.place import Box
from core.ports import Tracker
from core.sight import Attributes, Detection, Sighting, Track
from ingest.chunk import Grid
from ingest.course import Course
from ingest.decode.looks import Look
from ingest.perception.absence import BARE_FOR, is_bare, note_cover, patience, there_until
from ingest.perception.attributes import side_of
from ingest.perception.ball_named import LOST as BALL_LOST
from ingest.perception.ball_named import NamedBall
from ingest.perception.identity import REACH, Carrier, fits, heir
from ingest.perception.opening import Opening
from ingest.perception.presence import Moment, Presence, Visit
from ingest.perception.stay import WORDS_KEPT, Glimpse, Stay, cut_off, is_sure, velocity
from ingest.pitch import Pitch, drawn_pitch

IN_PLACE, JUMPED = 0.6, 0.3
"""Overlap (IoU) with its last box from which on a resting thing is where it was, and below which it is not."""
BALL = 0
"""The number of the game's ball where a pitch is drawn; the tracker's own begin at 1."""
FIRST_LOOK, FIRST_LOOKS = 100_000, 400_000
"""How soon after a scene began who is first seen stood there from the start: at the picture's edge, and inside it, where
nobody comes from nowhere but a detector may have missed somebody.
"""
BEFORE = 8
"""How many looks back a track's beginning, from before it was confirmed, is searched for."""


_Known = tuple[Stay, Attributes, Micros]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one chunk's looks add to the memory; the vectors are the entities' looks."""

    tracks: tuple[Track, ...]
    entities: tuple[Entity, ...]
    vectors: tuple[Vector, ...] = ()


class Perception:
    """Follows everyone through one stream and knows who is in the picture. Picklable, so that a run can resume."""

    def __init__(self, stream: Stream, grid: Grid, tracker: Tracker) -> None:
        self._stream, self._recipe, self._tracker = stream, grid.recipe, tracker
        self._frame = (float(stream.width or 1), float(stream.height or 1))
        self._stays: dict[EntityId, Stay] = {}
        self._by_number: dict[int, Stay] = {}
        self._ended: list[tuple[Stay, Attributes]] = []
        self._tracks = 0
        self._scene_began: Micros | None = None
        self._at: Micros = 0
        self._lately: list[tuple[Micros, list[Detection]]] = []
        self._opening: Opening | None = None
        layout = stream.layout
        self._ball = None if drawn_pitch(layout) is None else NamedBall(Pitch(layout))

    def look(self, look: Look, detections: Sequence[Detection] | None) -> Moment:
        """Takes in one look and says who is there; `detections` is None where the gate saw nothing move."""
        gone = self._cut(look.at) if look.cut else []
        if self._scene_began is None:
            self._scene_began = look.at
        elapsed, self._at = max(0, look.at - self._at), look.at
        quiet = look.frame is None or detections is None
        arrived: list[Visit] = []
        if not quiet:
            assert look.frame is not None and detections is not None  # noqa: S101, PT018 - that is what quiet means
            self._frame = (look.frame.width * look.frame.scale, look.frame.height * look.frame.scale)
            self._opening = self._opening or Opening(look.at, look.frame)
            self._opening.compare(look.frame, detections, self._stays.values())
            self._follow(look.at, detections)
            arrived = self._arrivals()
        gone += self._departures(look.at, elapsed, quiet=quiet)
        return Moment(
            at=look.at,
            present=tuple(self._presence(s, look.at) for s in self._stays.values() if s.sure),
            quiet=quiet,
            cut=look.cut,
            arrived=tuple(arrived),
            gone=tuple(gone),
            ball=None if self._ball is None else self._ball.spot(look.at),
        )

    def lose_sight(self, at: Micros) -> Moment:
        """The camera shows nothing for a while: whoever was there is known no further, and nobody is said to have left."""
        self._cut(at)
        self._at = max(self._at, at)
        return Moment(at=at, quiet=True, lost=True)

    def flush(self, span: Span, final: bool) -> Seen:
        """The tracks and entities that were in the picture since the last flush, up to the end of `span`.

        At the end of the stream (`final`) who is still there is written as being there; nobody leaves by that.
        """
        ended, here = self._known(span.end)
        tracks = [track for stay, _, _ in (*ended, *here) for track in self._tracks_of(stay)]
        self._ended = []
        return self._seen((*ended, *here), tracks)

    def seen(self, ids: Collection[EntityId], until: Micros) -> Seen:
        """Those of the named entities that were in the picture since the last flush, as known at `until`."""
        ended, here = self._known(until)
        return self._seen([known for known in (*ended, *here) if known[0].entity_id in ids])

    def _known(self, until: Micros) -> tuple[list[_Known], list[_Known]]:
        """Who left since the last flush, and who is there: with attributes, and the end of the stay as far as known."""
        ended = [(stay, words, stay.seen_at + 1) for stay, words in self._ended]
        here = [(s, self._attributes(s), max(until, s.seen_at + 1)) for s in self._stays.values() if s.sure]
        return ended, here

    def _tracks_of(self, stay: Stay) -> list[Track]:
        """The stay's tracks with their points since the last flush, which are given away."""
        tracks = []
        for id, piece in stay.tracks.items():
            if piece.points:
                tracks.append(piece.track(stay, id, self._stream.id, self._recipe))
                piece.points = []
        return tracks

    def _seen(self, known: Iterable[_Known], tracks: Iterable[Track] = ()) -> Seen:
        known = list(known)
        looks = ((stay.entity_id, stay.profile.appearance) for stay, _, _ in known)
        return Seen(
            tracks=tuple(tracks),
            entities=tuple(self._entity(*each) for each in known),
            vectors=tuple(Vector.of_row(id, BY_COLOURS, np.asarray(look)) for id, look in looks if look),
        )

    def _entity(self, stay: Stay, attributes: Attributes, end: Micros) -> Entity:
        return Entity(
            id=stay.entity_id,
            stream_id=self._stream.id,
            label=stay.label,
            span=Span(stay.born, end),
            confidence=stay.confidence,
            attributes=attributes,
            tracks=tuple(stay.tracks),
        )

    # -- one look ------------------------------------------------------------------------------------------------

    def _follow(self, at: Micros, detections: Sequence[Detection]) -> None:
        glimpses: list[tuple[int, Stay, Glimpse]] = []
        fresh: list[tuple[int, Glimpse]] = []
        for sighting in self._sightings(at, detections):
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
            if stay is not None and stay.entity_id in self._stays:
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
            for stay in self._stays.values()
            if stay.entity_id not in carriers and stay.settled and at - stay.seen_at <= SECOND
        }
        hosts = {s.hidden_in for s in self._stays.values() if s.hidden_in is not None}
        for _, stay, glimpse in glimpses:
            stay.take(stay.alone(glimpse), clear=stay.entity_id not in hosts)
        for number, glimpse in fresh:
            self._begin(number, glimpse, carriers)
        self._lately = [*self._lately[-BEFORE:], (at, list(detections))]

    def _taken_along(
        self, glimpses: list[tuple[int, Stay, Glimpse]], detections: Sequence[Detection]
    ) -> list[tuple[int, Glimpse]]:
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
        for number, _ in jumped:
            del self._by_number[number]
        glimpses[:] = [known for known in glimpses if known[0] in self._by_number]
        return jumped

    def _given_back(self, glimpses: list[tuple[int, Stay, Glimpse]]) -> None:
        """Gives what is seen again just where it rested back to it, where the track of who hid it went on with it."""
        seen = {stay.entity_id for _, stay, _ in glimpses}
        resting = [s for s in self._stays.values() if s.settled and s.entity_id not in seen]
        for place, (number, stay, glimpse) in enumerate(glimpses):
            least = max(IN_PLACE, stay.box.iou(glimpse.box), stay.expected(glimpse.at).iou(glimpse.box))
            here = [s for s in resting if s.box.iou(glimpse.box) > least and fits(s.label, glimpse.label)]
            home = max(here, key=lambda s: s.box.iou(glimpse.box), default=None)
            if home is None:
                continue
            resting.remove(home)
            glimpses[place] = (number, self._renumbered(number, home), glimpse)

    def _passed_on(self, glimpses: list[tuple[int, Stay, Glimpse]]) -> None:
        """Gives who passes before what lies back to himself, where the track of what lies went on with him: a box that is
        called as what lies cannot be, nearer to where somebody called so was just seen going.
        """
        seen = {stay.entity_id for _, stay, _ in glimpses}
        for place, (number, stay, glimpse) in enumerate(glimpses):
            if not (stay.settled and stay.lies) or fits(stay.label, glimpse.label):
                continue
            least = stay.box.iou(glimpse.box)
            passing = {
                near: s
                for s in self._stays.values()
                if s.entity_id not in seen
                and glimpse.at - s.seen_at <= SECOND
                and not s.lies
                and fits(s.label, glimpse.label)
                and (near := s.expected(glimpse.at).iou(glimpse.box)) > least
            }
            if passing:
                himself = passing[max(passing)]
                seen.add(himself.entity_id)
                glimpses[place] = (number, self._renumbered(number, himself), glimpse)

    def _renumbered(self, number: int, stay: Stay) -> Stay:
        """The stay, with which the tracker's number goes on from here, as a new track of it."""
        self._tracks += 1
        stay.track_id = ids.track_id(self._stream.id, self._tracks, self._recipe)
        stay.track_number = self._tracks
        self._by_number[number] = stay
        return stay

    def _sightings(self, at: Micros, detections: Sequence[Detection]) -> list[Sighting]:
        """What is followed: everything by the tracker, but for the ball of a game, which is one, small, fast and often hidden."""
        if self._ball is None:
            return self._tracker.update(detections, at)
        ball = self._ball.look(at, detections)
        out = self._tracker.update([d for d in detections if d.label not in BALLS], at)
        if ball is not None:
            out.append(Sighting(number=BALL, at=at, label=ball.label, box=ball.box, score=ball.score))
        return out

    def _doubled(self, glimpses: list[tuple[int, Stay, Glimpse]]) -> list[tuple[int, Glimpse]]:
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
        for number, _ in far:
            del self._by_number[number]
        glimpses[:] = [known for known in glimpses if known[0] in self._by_number]
        return far

    def _begin(self, number: int, glimpse: Glimpse, carriers: dict[EntityId, Carrier]) -> None:
        """A new track: the further way of somebody lost, or the beginning of somebody's stay."""
        past = self._past(glimpse)
        first = past[0] if past else glimpse
        lost = [s for s in self._stays.values() if s.seen_at < glimpse.at]
        stay = heir(lost, first, carriers=carriers)
        if stay is None:
            stay = heir(lost, glimpse, carriers=carriers)
        self._tracks += 1
        id = ids.track_id(self._stream.id, self._tracks, self._recipe)
        if stay is None:
            stay = self._newcomer(id, first, carriers)
            stood = None if self._opening is None else self._opening.first_glimpse([*past, glimpse])
            if stood is not None:
                stay.there_from_start = stay.unnoticed = True
                stay.take(stood, clear=True)
        elif stay.hidden_in is not None:
            stay = self._sorted_out(stay, glimpse)
        since = stay.seen_at if stay.looks else -1
        stay.track_id, stay.track_number = id, self._tracks
        for earlier in past:
            if earlier.at > since:
                stay.take(earlier, clear=True)
        stay.take(glimpse, clear=True)
        self._by_number[number] = stay

    def _newcomer(self, id: TrackId, first: Glimpse, carriers: dict[EntityId, Carrier]) -> Stay:
        stay = Stay(
            ids.entity_id(self._stream.id, id),
            id,
            self._tracks,
            self._frame,
            course=Course(self._stream.layout),
        )
        began = self._scene_began if self._scene_began is not None else first.at
        at_edge = cut_off(first.box, self._frame)
        stay.there_from_start = first.at <= began + (FIRST_LOOK if at_edge else FIRST_LOOKS)
        near = [e for e, carrier in carriers.items() if carrier.box.gap(first.box) < 0.2 * first.box.diagonal]
        hosts = [e for e in near if self._stays[e].sure and self._stays[e].profile.displacement > 0.3]
        if hosts:
            stay.split_from = max(hosts, key=lambda e: carriers[e].box.overlap(first.box))
        self._stays[stay.entity_id] = stay
        return stay

    def _sorted_out(self, hidden: Stay, glimpse: Glimpse) -> Stay:
        """Two that were one box part again: if the new box looks like the one that seemed to go on, and may be called as
        that is, they swap.
        """
        host = self._stays.get(hidden.hidden_in) if hidden.hidden_in is not None else None
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
        taken = [s.box for s in self._stays.values()]
        out: list[Glimpse] = []
        box = glimpse.box
        for at, detections in reversed(self._lately):
            near = max(detections, key=lambda d: d.box.iou(box), default=None)
            if near is None or near.box.iou(box) < 0.1 or (len(out) >= 2 and near.box in taken):
                break
            if any(p == (at, near.box) for s in self._stays.values() for p in s.recent):
                break
            out.append(
                Glimpse(
                    at=at, box=near.box, label=near.label, score=near.score,
                    appearance=near.appearance, source=near.source,
                )
            )  # fmt: skip
            box = near.box
        return out[::-1]

    # -- coming and going ----------------------------------------------------------------------------------------

    def _arrivals(self) -> list[Visit]:
        out = []
        for stay in self._stays.values():
            parent = self._stays.get(stay.split_from) if stay.split_from is not None else None
            if stay.sure or not is_sure(stay, parent):
                continue
            stay.sure = True
            if not stay.there_from_start:
                stay.there_from_start = stay.named > 0 and stay.stirred == 0
            if not stay.there_from_start:
                stay.entered = side_of(stay.early[0][1], velocity(stay.early), self._frame, leaving=False)
                if not stay.entered and parent is not None:
                    stay.entered = parent.entered
            out.append(
                Visit(
                    entity_id=stay.entity_id,
                    at=stay.born,
                    box=stay.early[0][1],
                    label=stay.label,
                    score=stay.confidence,
                    side=stay.entered,
                    there_from_start=stay.there_from_start,
                    attributes=self._attributes(stay),
                    path=tuple(stay.early[:2]) if stay.unnoticed else (),
                )
            )
        return out

    def _departures(self, at: Micros, elapsed: Micros, *, quiet: bool) -> list[Visit]:
        gone = []
        for stay in list(self._stays.values()):
            # where nothing moved, nobody left: a thing at rest that was missed just before is missing no longer for that
            unmoved = quiet and (not stay.missing or stay.settled)
            if stay.seen_at == at or unmoved or stay.entity_id not in self._stays:
                continue
            stay.missing += elapsed
            note_cover(stay, self._stays, at)
            bare = bool(self._lately) and is_bare(stay, self._stays, *self._lately[-1])
            stay.bare = stay.bare + elapsed if bare else 0
            if stay.bare >= BARE_FOR:
                # taken while it was hidden: when that began, for whoever takes it stands before its place a while longer
                gone += self._end(stay, "")
            elif stay.missing > (
                BALL_LOST if self._by_number.get(BALL) is stay else patience(stay, self._stays, at)
            ):
                gone += self._end(stay, side_of(stay.box, stay.velocity, self._frame, leaving=True))
        return gone

    def _end(self, stay: Stay, side: str) -> list[Visit]:
        """The end of a stay; who was hidden in a thing that went out at a side went with it."""
        if not side:
            stay.seen_at = there_until(stay)
        inside = [s for s in self._stays.values() if s.hidden_in == stay.entity_id and s.sure and side]
        gone = self._close(stay, side)
        for other in inside:
            other.seen_at, other.box = stay.seen_at, stay.box
            gone += self._close(other, side)
        return gone

    def _close(self, stay: Stay, side: str) -> list[Visit]:
        del self._stays[stay.entity_id]
        self._by_number = {n: s for n, s in self._by_number.items() if s is not stay}
        if not stay.sure:
            return []
        attributes = self._attributes(stay)
        if side:
            attributes["left"] = side
        self._ended.append((stay, attributes))
        return [
            Visit(
                entity_id=stay.entity_id,
                at=stay.seen_at,
                box=stay.box,
                label=stay.label,
                score=stay.confidence,
                side=side,
                there_from_start=stay.there_from_start,
                attributes=attributes,
            )
        ]

    def _cut(self, at: Micros) -> list[Visit]:
        """A new scene: whoever was there is gone, and the first picture begins anew."""
        gone = [visit for stay in list(self._stays.values()) for visit in self._close(stay, "")]
        self._by_number, self._lately, self._scene_began = {}, [], at
        self._opening = None
        if self._ball is not None:
            self._ball.reset()
        return gone

    # -- words ---------------------------------------------------------------------------------------------------

    def _presence(self, stay: Stay, at: Micros) -> Presence:
        return Presence(
            entity_id=stay.entity_id,
            track_id=stay.track_id,
            label=stay.label,
            box=stay.box,
            score=stay.score,
            seen=stay.seen_at == at,
            names=stay.names,
            attributes=self._words(stay),
        )

    def _words(self, stay: Stay) -> Attributes:
        """The attributes as judged a few looks ago at most: judging anew at every look would cost more than seeing."""
        looks, words = stay.said
        if stay.looks - looks >= WORDS_KEPT:
            words = self._attributes(stay)
            stay.said = (stay.looks, words)
        return dict(words)

    def _attributes(self, stay: Stay) -> Attributes:
        out = stay.profile.attributes(stay.label, self._frame, self._stream.layout.scale)
        if stay.entered:
            out["entered"] = stay.entered
        return out | stay.course.words()


def _source_of(box: Box, detections: Sequence[Detection]) -> Detection | None:
    return max(detections, key=lambda d: d.box.iou(box), default=None)
