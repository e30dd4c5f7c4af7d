"""From moments to events and relations: one maker per family of kinds, one book they all write in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.clock import Micros, Span
from core.ids import StreamId
from core.memory import Event, Relation
from core.place import EMPTY_LAYOUT, Layout
from core.sight import Reading
from ingest.chunk import Grid
from ingest.decode.looks import Look
from ingest.events.book import Book, Draft, to_event, to_relation
from ingest.events.camera.health import CameraMaker
from ingest.events.camera.state import Impaired
from ingest.events.crash import CollisionMaker
from ingest.events.fall import FallMaker
from ingest.events.group import GroupMaker
from ingest.events.hindrance import HindranceMaker
from ingest.events.line import LineMaker
from ingest.events.miss import MissMaker
from ingest.events.motion import MannerMaker, TurnMaker
from ingest.events.object import ObjectMaker
from ingest.events.pair import CompanyMaker, FollowMaker, pairs
from ingest.events.rest import RestMaker
from ingest.events.road import OnRoadMaker
from ingest.events.shelf import ShelfMaker
from ingest.events.sports.ball import BallMaker
from ingest.events.text import TextMaker, ToRead
from ingest.events.thresholds import DEFAULT, Thresholds
from ingest.events.trail import Step, Trails
from ingest.events.visit import VisitMaker
from ingest.events.zone import ZoneMaker
from ingest.perception.presence import Moment


class Sighted(Protocol):
    """A maker that judges pictures, besides or instead of trails. Picklable: it keeps no picture larger than it needs."""

    def see(self, look: Look, moment: Moment, /) -> None:
        """Takes in one look and who was in the picture at it, in order of time.

        `look.frame` is None where the gate saw nothing move: at most two seconds pass without a picture. A look that is
        a `cut` begins another scene.
        """


class EventMaker:
    """Turns one stream's moments into events and relations. Picklable, so that a run can resume.

    Events carry true moments, not those at which they were recognised; they are worked out one look behind, when the
    look after has shown which boxes only jumped. `size` is the picture's width and height where they are known: then
    boxes cut by its edge are not taken for things that stand still. What is remembered is bounded: the last seconds of
    everyone in the picture, nothing of those who left.
    """

    def __init__(
        self,
        stream_id: StreamId,
        grid: Grid,
        layout: Layout = EMPTY_LAYOUT,
        thresholds: Thresholds = DEFAULT,
        *,
        size: tuple[int, int] | None = None,
    ) -> None:
        self._stream_id, self._grid = stream_id, grid
        self._trails = Trails(size, layout)
        self._events, self._relations = Book(), Book()
        self._visits = VisitMaker(self._events)
        self._objects = ObjectMaker(self._events, layout, thresholds)
        self._alone = (  # rests first: others ask a trail whether it rests
            RestMaker(self._events, layout, thresholds),
            HindranceMaker(self._events, layout, thresholds, size),
            ZoneMaker(self._events, layout, thresholds),
            LineMaker(self._events, layout, thresholds),
            TurnMaker(self._events, layout, thresholds),
            MannerMaker(self._events, layout, thresholds),
            OnRoadMaker(self._events, layout, thresholds),
            FallMaker(self._events, layout, thresholds),
            GroupMaker(self._events, layout, thresholds),
            self._objects,
        )
        self._paired = (
            CompanyMaker(self._events, self._relations, layout, thresholds),
            FollowMaker(self._relations, thresholds),
            MissMaker(self._events, layout, thresholds),
            CollisionMaker(self._events, layout, thresholds),
        )
        self._camera = CameraMaker(self._events, thresholds)
        self._texts = TextMaker(self._events, layout)
        self._sighted: tuple[Sighted, ...] = (
            self._camera,
            self._texts,
            ShelfMaker(self._events, layout, thresholds),
            BallMaker(self._events, layout),
        )

    def see(self, look: Look, moment: Moment) -> None:
        """Shows the look's picture to the makers that judge pictures; `update` with the same moment comes after it."""
        self._events.now = moment.at
        for maker in self._sighted:
            maker.see(look, moment)

    def to_read(self) -> list[ToRead]:
        """The zones whose text should be read now, each but once; `told` takes the readings."""
        return self._texts.to_read()

    def told(self, asked: ToRead, readings: Sequence[Reading], by: str) -> None:
        """Takes in what was read in a zone, in source pixels, and by whom."""
        self._texts.told(asked, readings, by)

    def impaired(self, within: Span) -> list[Impaired]:
        """In which parts of the span the camera showed less than it should: for an account of what was looked at."""
        return self._camera.impaired(within)

    def update(self, moment: Moment) -> None:
        """Takes in one look. Raises ValueError when looks do not come in order of time."""
        self._events.now = self._relations.now = moment.at
        step = self._trails.push(moment)
        if step is not None:
            self._take(step)

    def flush(self, until: Micros, *, final: bool) -> list[Event]:
        """The events that ended since the last flush, and those that go on at `until` (`open`, to be written again
        under the same id with a later end), in order of time. After a `final` flush nothing is open.
        """
        self._finish(final=final)
        return self._written(self._events.hand_over(until, final=final))

    def noticed(self, until: Micros) -> list[Event]:
        """The events recognised since the last flush and the last call, as they stand at `until`: what is urgent need
        not wait for the chunk's end. A later flush gives them again, under the same ids and better known.
        """
        return self._written(self._events.fresh(until))

    def _written(self, drafts: Sequence[tuple[Draft, Span, bool]]) -> list[Event]:
        return [to_event(draft, span, still, self._stream_id, self._grid) for draft, span, still in drafts]

    def relations(self, until: Micros, *, final: bool) -> list[Relation]:
        """The relations that ended since the last call, and those that hold at `until`, in order of time."""
        self._finish(final=final)
        return [
            to_relation(draft, span, self._stream_id, self._grid)
            for draft, span, _ in self._relations.hand_over(until, final=final)
        ]

    def _finish(self, *, final: bool) -> None:
        step = self._trails.drain() if final else None
        if step is not None:
            self._take(step)

    def _take(self, step: Step) -> None:
        if step.cut:
            self._objects.scene_ended(step.at)
        for visit, trail in step.gone:
            for maker in reversed((*self._alone, *self._paired)):  # their rest is ended last
                maker.gone(visit, trail)
        self._visits.step(step)
        for maker in self._alone:
            maker.step(step)
        twos = list(pairs(step))
        for paired in self._paired:
            paired.step(step, twos)
