"""From detections to entities: one per visit, however often its track broke."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.clock import Micros, Span
from core.colour import BY_COLOURS
from core.ids import EntityId
from core.labels import BALLS
from core.media import Stream
from core.memory import Entity, Vector
from core.ports import Tracker
from core.sight import Attributes, Detection, Sighting, Track
from ingest.chunk import Grid
from ingest.decode.looks import Look
from ingest.perception.absence import BARE_FOR, is_bare, note_cover, patience, there_until
from ingest.perception.attributes import side_of
from ingest.perception.ball_named import LOST as BALL_LOST
from ingest.perception.ball_named import NamedBall
from ingest.perception.presence import Moment, Presence, Visit
from ingest.perception.stay import WORDS_KEPT, Stay, is_sure, velocity
from ingest.perception.stays import Stays
from ingest.pitch import Pitch, drawn_pitch

BALL = 0
"""The number of the game's ball where a pitch is drawn; the tracker's own begin at 1."""


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
        self._stays = Stays(stream, grid.recipe)
        self._ended: list[tuple[Stay, Attributes]] = []
        self._at: Micros | None = None
        layout = stream.layout
        self._ball = None if drawn_pitch(layout) is None else NamedBall(Pitch(layout))

    def look(self, look: Look, detections: Sequence[Detection] | None) -> Moment:
        """Takes in one look and says who is there; `detections` is None where the gate saw nothing move."""
        gone = self._cut(look.at) if look.cut else []
        if self._at is None:
            self._stays.begin_scene(look.at)
        elapsed, self._at = max(0, look.at - (self._at or 0)), look.at
        quiet = look.frame is None or detections is None
        arrived: list[Visit] = []
        if not quiet:
            assert look.frame is not None and detections is not None  # noqa: S101, PT018 - that is what quiet means
            self._stays.look_at(look.frame, detections)
            self._stays.follow(look.at, self._sightings(look.at, detections), detections)
            arrived = self._arrivals()
        gone += self._departures(look.at, elapsed, quiet=quiet)
        return Moment(
            at=look.at,
            present=tuple(self._presence(s, look.at) for s in self._stays.here.values() if s.sure),
            quiet=quiet,
            cut=look.cut,
            arrived=tuple(arrived),
            gone=tuple(gone),
            ball=None if self._ball is None else self._ball.spot(look.at),
        )

    def lose_sight(self, at: Micros) -> Moment:
        """The camera shows nothing for a while: whoever was there is known no further, and nobody is said to have left."""
        self._cut(at)
        self._at = max(self._at or 0, at)
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
        here = [
            (s, self._attributes(s), max(until, s.seen_at + 1)) for s in self._stays.here.values() if s.sure
        ]
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

    def _sightings(self, at: Micros, detections: Sequence[Detection]) -> list[Sighting]:
        """What is followed: everything by the tracker, but for the ball of a game, which is one, small, fast and often hidden."""
        if self._ball is None:
            return self._tracker.update(detections, at)
        ball = self._ball.look(at, detections)
        out = self._tracker.update([d for d in detections if d.label not in BALLS], at)
        if ball is not None:
            out.append(Sighting(number=BALL, at=at, label=ball.label, box=ball.box, score=ball.score))
        return out

    # -- coming and going ----------------------------------------------------------------------------------------

    def _arrivals(self) -> list[Visit]:
        out = []
        for stay in self._stays.here.values():
            parent = self._stays.here.get(stay.split_from) if stay.split_from is not None else None
            if stay.sure or not is_sure(stay, parent):
                continue
            stay.sure = True
            if not stay.there_from_start:
                stay.there_from_start = stay.named > 0 and stay.stirred == 0
            if not stay.there_from_start:
                stay.entered = side_of(
                    stay.early[0][1], velocity(stay.early), self._stays.frame, leaving=False
                )
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
        gone, here = [], self._stays.here
        for stay in list(here.values()):
            # where nothing moved, nobody left: a thing at rest that was missed just before is missing no longer for that
            unmoved = quiet and (not stay.missing or stay.settled)
            if stay.seen_at == at or unmoved or stay.entity_id not in here:
                continue
            stay.missing += elapsed
            note_cover(stay, here, at)
            last = self._stays.last_look
            bare = last is not None and is_bare(stay, here, *last)
            stay.bare = stay.bare + elapsed if bare else 0
            if stay.bare >= BARE_FOR:
                # taken while it was hidden: when that began, for whoever takes it stands before its place a while longer
                gone += self._end(stay, "")
            elif stay.missing > (BALL_LOST if self._stays.has(BALL, stay) else patience(stay, here, at)):
                gone += self._end(stay, side_of(stay.box, stay.velocity, self._stays.frame, leaving=True))
        return gone

    def _end(self, stay: Stay, side: str) -> list[Visit]:
        """The end of a stay; who was hidden in a thing that went out at a side went with it."""
        if not side:
            stay.seen_at = there_until(stay)
        inside = [s for s in self._stays.here.values() if s.hidden_in == stay.entity_id and s.sure and side]
        gone = self._close(stay, side)
        for other in inside:
            other.seen_at, other.box = stay.seen_at, stay.box
            gone += self._close(other, side)
        return gone

    def _close(self, stay: Stay, side: str) -> list[Visit]:
        self._stays.drop(stay)
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
        gone = [visit for stay in list(self._stays.here.values()) for visit in self._close(stay, "")]
        self._stays.begin_scene(at)
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
        out = stay.profile.attributes(stay.label, self._stays.frame, self._stream.layout.scale)
        if stay.entered:
            out["entered"] = stay.entered
        return out | stay.course.words()
