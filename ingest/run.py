"""One run over one stream: what looks become of it, chunk by chunk, wherever they come from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from core.clock import SECOND, Micros, Span, micros, seconds
from core.errors import ModelUnavailable
from core.media import Frame, Stream, StreamKind, StreamState
from core.memory import Caption, CoverageState, Event, Observation, Scope
from core.ports import Detector, House
from core.settings import Settings
from core.work import KnownEmbedder, Progress
from graph.embed import vectors_of
from graph.resolve import resolve
from ingest.captions.caption import caption, unseen
from ingest.captions.owed import owed
from ingest.captions.teller import Teller
from ingest.checkpoint import Checkpoint, Checkpoints
from ingest.chunk import Grid
from ingest.decode.looks import Look
from ingest.events.camera.state import Impaired, Sight
from ingest.events.maker import EventMaker
from ingest.forgotten import amend, spared, stream_row, write
from ingest.perception.perceive import Perception
from ingest.reading import ZoneTexts
from ingest.second_look import second_look
from ingest.tally import Tally

log = logging.getLogger(__name__)

KEY_REACH = 2 * SECOND
"""How much time from a key picture on it speaks for, where only those are looked at."""

WARM_UP = 2 * SECOND
"""How much of a new scene the detector is shown at once."""

BLIND = "the camera or the light changed too much for things to be told apart by their motion"
"""Why nothing was seen where a detector says that it can see nothing at the moment."""

OnChunk = Callable[[Stream, Observation], None]


class Run:
    """One run over one stream: where it is in the stream, and what perception remembers.

    It is given looks in order (`take`), closes the chunks they leave behind (`finish_until`) and, at the end, the last
    one (`finish_all`). Where the looks come from is its caller's to say.
    """

    def __init__(
        self, stream: Stream, house: House, settings: Settings, how: str, detector: Detector
    ) -> None:
        self.house, self.settings = house, settings
        self.checkpoints = Checkpoints(settings.home / "checkpoints")
        if stream.recipe not in ("", how):
            if stream.kind is StreamKind.FILE:  # what a camera showed cannot be looked at again
                house.store.forget(Scope(streams=(stream.id,)))
            self.checkpoints.drop(stream.id)

        def begun(row: Stream) -> Stream:
            return replace(row, state=StreamState.WATCHING, recipe=how, problem="")

        self.stream: Stream = amend(house.ledger, stream.id, begun)
        self.grid = Grid(
            stream_id=stream.id,
            length=micros(settings.chunk_s),
            overlap=micros(settings.overlap_s),
            recipe=how,
        )
        self.memory = self.checkpoints.load(stream.id, how) or self._afresh(detector)
        self.pictures = Pictures()
        self.texts = ZoneTexts(house, self.stream)
        self.finder = house.finder() if house.finder is not None and house.wanted else None
        self.tally = Tally(
            stream.id,
            by=detector.name if detector.vocabulary else "",  # who looks for nothing does not look
            looked_for=tuple(sorted(detector.vocabulary)),
            reach=KEY_REACH if settings.keyframes else None,
        )
        self.looked_to: Micros = self.memory.next_chunk * self.grid.length
        self.tally.begin(self.looked_to)
        self.vocabulary = detector.vocabulary
        self.waiting: list[Look] = []
        self.own: list[Event] = []
        """What happened to the source itself, to be told with the chunk."""
        self.knows_scene = self.memory.next_chunk > 0
        self.deaf = False
        self.teller = Teller(stream.id, house, settings)
        if house.vlm.sees and self.knows_scene:
            for observation, moments in owed(stream.id, house.store):
                self.teller.put_stored(observation, moments)

    def close(self) -> None:
        """Waits for nothing more; what is still with a model is owed to the next run."""
        self.teller.close()

    def _afresh(self, detector: Detector) -> Checkpoint:
        tracker = self.house.tracker(self.settings.looks_per_s)
        return Checkpoint(
            recipe=self.grid.recipe,
            next_chunk=0,
            detector=detector,
            perception=Perception(self.stream, self.grid, tracker),
            events=EventMaker(
                self.stream.id,
                self.grid,
                self.stream.layout,
                size=(self.stream.width, self.stream.height),
            ),
        )

    @property
    def is_new(self) -> bool:
        """Whether nothing was looked at yet, now or by an earlier run that this one goes on with."""
        return self.tally.last is None and self.memory.next_chunk == 0

    def skip_to(self, at: Micros) -> None:
        """Goes on at a moment, where nobody looked since the last chunk: what lies between is nobody's account."""
        self._look_at_waiting()
        self.memory.next_chunk = max(self.memory.next_chunk, self.grid.index(at))
        self.looked_to = at
        self.tally.begin(at)

    def lose_sight(self, at: Micros) -> None:
        """Whoever is there is out of sight from here on, and the scene may be another one when it is seen again."""
        self._look_at_waiting()
        self.memory.detector.reset()
        self.knows_scene = False
        self.memory.events.update(self.memory.perception.lose_sight(at))

    def note(self, event: Event, on_chunk: OnChunk | None) -> None:
        """Writes down at once what happened to the source itself; its chunk's observation says it again."""
        self.own = [*(known for known in self.own if known.id != event.id), event]
        self._tell((event,), on_chunk)

    def pause(self, at: Micros, progress: Progress, on_chunk: OnChunk | None) -> None:
        """Closes the chunk that is under way where it stands; a later run goes on with the next one."""
        self.finish_until(at, progress, on_chunk)
        if at > self.memory.next_chunk * self.grid.length and self.tally.end > self.tally.began:
            self._finish(at, on_chunk, final=False)

    def take(self, look: Look) -> None:
        """Takes a look in. A detector that is new to the scene gets its first seconds at once, so that it can tell
        what stood still behind the things that moved from the start.
        """
        if look.cut:
            self._look_at_waiting()
            self.memory.detector.reset()
            self.knows_scene = False
        self.waiting.append(look)
        self.tally.note(look)
        if self.knows_scene or look.at - self.waiting[0].at >= WARM_UP:
            self._look_at_waiting()

    def _look_at_waiting(self) -> None:
        if not self.waiting:
            return
        memory = self.memory
        frames = [look.frame for look in self.waiting if look.frame is not None]
        found = iter(memory.detector.detect(frames))
        for look in self.waiting:
            detections = None if look.frame is None else next(found)
            moment = memory.perception.look(look, detections)
            memory.events.see(look, moment)
            self.texts.serve(memory.events)
            memory.events.update(moment)
            self._account(look)
        for frame in frames:
            self.pictures.keep(frame)
        self.waiting, self.knows_scene = [], True

    def _account(self, look: Look) -> None:
        """Notes where the detector could see less than it usually can: motion sees nothing from a moving camera."""
        sees = self.memory.detector.vocabulary
        since, self.looked_to = self.looked_to, look.at + 1
        if look.frame is None or sees >= self.vocabulary:
            return
        span = Span(min(since, look.at), look.at + 1)
        self.tally.amend(span, reason=BLIND, blind=not sees, looked_for=tuple(sorted(sees)))

    def _amend(self, impaired: Impaired) -> None:
        """Notes that the camera showed less than it should; while it moves, what needs a fixed one is not looked for."""
        span, reason = impaired.span, impaired.reason
        if impaired.sight is not Sight.MOVING:
            self.tally.amend(span, reason=reason, blind=impaired.sight is Sight.NONE)
            return
        left = self.vocabulary - self.memory.detector.needs_fixed
        reason = reason if left else f"{reason}, and nothing is told by motion from a moving one"
        self.tally.amend(span, reason=reason, blind=not left, looked_for=tuple(sorted(left)))

    def tell(self, on_chunk: OnChunk | None) -> None:
        """Writes down what was just noticed, with those who took part, ahead of the rest of its chunk.

        The chunk's own observation says it again under the same ids; a run that is cut off in between says it anew.
        """
        noticed = () if self.waiting else self.memory.events.noticed(self.tally.end)
        if noticed:
            self._tell(noticed, on_chunk)

    def _tell(self, noticed: Sequence[Event], on_chunk: OnChunk | None) -> None:
        memory, until = self.memory, max(self.tally.end, self.memory.next_chunk * self.grid.length + 1)
        who = {id for event in noticed for id in event.entity_ids}
        chunk = self.grid.chunk(memory.next_chunk, end=until)
        seen = memory.perception.seen(who, until)
        observation = Observation(
            chunk=chunk,
            entities=seen.entities,
            vectors=seen.vectors,
            events=tuple(noticed),
            coverage=self.tally.inside(chunk.span),
        )
        written = write(observation, self.house.store, self.house.ledger)
        if on_chunk is not None and written is not None:
            on_chunk(self.stream, written)

    def finish_until(self, at: Micros, progress: Progress, on_chunk: OnChunk | None) -> None:
        """Closes the chunks that end at `at` or before."""
        while self.grid.index(at) > self.memory.next_chunk:
            self._finish(self.grid.chunk(self.memory.next_chunk).span.end, on_chunk, final=False)
            length = max(self.stream.duration, at, 1)
            progress(min(0.99, at / length), f"{seconds(at):.0f} of {seconds(length):.0f} s")

    def finish_all(self, problem: str, progress: Progress, on_chunk: OnChunk | None) -> None:
        """Closes all that is open at the end of the stream; `problem` says why the rest of it could not be read."""
        end = max(self.stream.duration, self.tally.end)
        seen_to = end
        if problem:
            seen_to = self.tally.end
            self.tally.fail(end, problem)
        while (self.memory.next_chunk + 1) * self.grid.length < end:
            self._finish(self.grid.chunk(self.memory.next_chunk).span.end, on_chunk, final=False)
        if end > self.memory.next_chunk * self.grid.length:
            self._finish(end, on_chunk, final=True, seen_to=seen_to)
        for told in self.teller.rest(progress):
            self._write_told(told, on_chunk)
        self.stream = replace(self.stream, duration=end)
        progress(1.0, "done")

    def _finish(
        self, end: Micros, on_chunk: OnChunk | None, *, final: bool, seen_to: Micros | None = None
    ) -> None:
        """Closes the chunk that ends there: one observation, one write, one checkpoint."""
        self._look_at_waiting()
        memory = self.memory
        chunk = self.grid.chunk(memory.next_chunk, end=end)
        until = min(end, seen_to) if seen_to is not None else end
        seen = memory.perception.flush(Span(chunk.span.start, max(until, chunk.span.start + 1)), final=final)
        events = memory.events.flush(until, final=final)
        self.tally.fill(end)
        for impaired in memory.events.impaired(chunk.span):
            self._amend(impaired)
        observation = Observation(
            chunk=chunk,
            tracks=seen.tracks,
            entities=seen.entities,
            vectors=seen.vectors,
            events=(*events, *self.own),
            relations=tuple(memory.events.relations(until, final=final)),
            coverage=self.tally.take(chunk.span, final=final),
        )
        written = self._write(observation)
        if written is not None:
            resolve(written, store=self.house.store, ledger=self.house.ledger, final=final)
        memory.next_chunk += 1
        self.own = [event for event in self.own if event.open]
        if not final:
            self.checkpoints.save(self.stream.id, memory)
        if self.stream.kind is StreamKind.LIVE:
            self.stream = amend(
                self.house.ledger, self.stream.id, lambda row: replace(row, duration=max(row.duration, end))
            )
        if on_chunk is not None and written is not None:
            on_chunk(self.stream, written)
        for told in self.teller.ready():
            self._write_told(told, on_chunk)

    def _write(self, observation: Observation) -> Observation | None:
        """Writes a chunk; nothing of what was forgotten, which no model is told of either.

        What a model that looks at pictures says of it is written later: looking does not wait for it.
        """
        pictures, vlm = self.pictures.take(), self.house.vlm
        left = spared(observation, stream_row(self.house.ledger, self.stream.id))
        if left is None:
            return None
        if self.finder is not None:
            left = second_look(left, pictures, self.finder, self.house.wanted)
        if not pictures and all(entry.state is CoverageState.DOWN for entry in left.coverage):
            return write(left, self.house.store, self.house.ledger)  # there was nothing to be seen
        said: Caption | None
        if not vlm.sees:
            said = caption(left, pictures, vlm)[0].caption
        else:
            said = self.teller.skips(left, self.memory.news) if pictures else unseen(left)
        if said is not None:
            return write(self._embedded(replace(left, captions=(said,))), self.house.store, self.house.ledger)
        written = write(self._embedded(left), self.house.store, self.house.ledger)
        if written is not None:
            self.teller.put(written, pictures)
        return written

    def _write_told(self, told: Observation, on_chunk: OnChunk | None) -> None:
        """Writes what a model told of a chunk that was written before."""
        written = write(self._embedded(told), self.house.store, self.house.ledger)
        if on_chunk is not None and written is not None:
            on_chunk(self.stream, written)

    def _embedded(self, observation: Observation) -> Observation:
        """With its texts' vectors; without them where the model is away: they are filled in later (`graph/embed.py`)."""
        if self.deaf:
            return observation
        try:
            embedder = self.house.embedder()
            vectors = vectors_of(observation, self.house.store, embedder)
            if self.house.ledger.get(KnownEmbedder, embedder.name) is None:
                self.house.ledger.put(KnownEmbedder(id=embedder.name, setting=self.settings.embedder))
        except ModelUnavailable as error:
            self.deaf = True
            log.warning("stream %s is watched without vectors: %s", self.stream.name, error)
            return observation
        return replace(observation, vectors=(*observation.vectors, *vectors))


class Pictures:
    """A handful of a chunk's frames, spread over it, for whoever writes its caption."""

    MOST = 16

    def __init__(self) -> None:
        self._kept: list[Frame] = []
        self._every = 1
        self._count = 0

    def keep(self, frame: Frame) -> None:
        """Takes the frame in, thinning evenly once there are too many."""
        if self._count % self._every == 0:
            self._kept.append(replace(frame, tiles=()))
        self._count += 1
        if len(self._kept) > self.MOST:
            self._kept = self._kept[::2]
            self._every *= 2

    def take(self) -> list[Frame]:
        """The frames kept since the last call."""
        kept, self._kept, self._every, self._count = self._kept, [], 1, 0
        return kept
