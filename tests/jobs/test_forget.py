"""What is forgotten is forgotten: in memory, clips, alerts and reports, while a stream is still watched, and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.watch import Considered
from api.wiring.house import build
from core import ids
from core.clock import SECOND, Span, VirtualClock
from core.errors import Conflict, Erased, NotFound, StoreUnavailable, Unavailable
from core.ids import AlertId, EntityId, IncidentId, ReportId, RuleId, StreamId
from core.media import Stream, StreamKind, StreamState
from core.memory import Forgotten, Link, Observation, Query, Scope, Want
from core.ports import House, Memory
from core.settings import Settings, read_settings
from core.watch import Alert, Incident, IncidentState
from core.work import Cancelled, Job, JobState, Report, quiet
from graph.ledger import MemoryLedger
from graph.plain.store import MemoryStore
from helpers import observations as say
from helpers.memories import everything
from helpers.videos import write_video
from ingest import forgotten
from ingest.forgotten import forget_more, spared
from ingest.pipeline import watch
from ingest.register import register
from ingest.reopen import Reopener
from jobs.forget import forget, forget_alerts, forget_entities, forget_span
from jobs.handlers import INGEST, handlers
from jobs.inline import InlineExecutor
from jobs.retention import RETAIN, Retention, retain

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(home: Path) -> Settings:
    return read_settings(chunk_s=2, overlap_s=0.5)


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    made = build(settings)
    clock = VirtualClock()
    yield replace(made, store=MemoryStore(), clock=clock)
    made.ledger.close()  # type: ignore[attr-defined]
    made.store.close()  # type: ignore[attr-defined]


@pytest.fixture
def walk(tmp_path: Path, house: House, settings: Settings) -> Stream:
    video = write_video(tmp_path / "walk.mp4", seconds=12)
    return register(str(video), name="walk", house=house, settings=settings)


def row(house: House, stream: Stream) -> Stream:
    found = house.ledger.get(Stream, stream.id)
    assert found is not None
    return found


def events(store: Memory) -> list[tuple[str, Span]]:
    return [(e.kind, e.span) for e in store.find(Query(want=Want.EVENTS)).events]


# ---- while it is watched ---------------------------------------------------------------------------------------


def test_a_watched_stream_does_not_bring_back_a_forgotten_span(
    house: House, settings: Settings, walk: Stream
) -> None:
    gone = Span(0, 5 * SECOND)
    done = False

    def on_chunk(_: Stream, observation: Observation) -> None:
        nonlocal done
        if not done and observation.chunk.index == 2:
            forget_span(row(house, walk), gone, house)
            done = True

    watch(walk, house, settings, on_chunk=on_chunk)
    assert done
    left = everything(house.store)
    assert not any(e.span.overlaps(gone) for e in left[Want.EVENTS].events)
    assert not any(c.span.overlaps(gone) for c in left[Want.CHUNKS].chunks)
    assert not any(p.at in gone for t in left[Want.TRACKS].tracks for p in t.points)
    assert left[Want.CHUNKS].chunks, "the rest is there"
    assert row(house, walk).state is StreamState.WATCHED
    assert row(house, walk).forgotten == (gone,)
    with pytest.raises(Erased):
        house.frames.frames_at(walk.id, [4 * SECOND])
    assert house.frames.frames_at(walk.id, [8 * SECOND])


def test_a_watched_stream_does_not_bring_back_a_forgotten_entity(
    house: House, settings: Settings, walk: Stream
) -> None:
    gone: list[EntityId] = []

    def on_chunk(_: Stream, observation: Observation) -> None:
        if not gone and observation.entities:
            gone.append(observation.entities[0].id)
            forget_entities(gone, house)

    watch(walk, house, settings, on_chunk=on_chunk)
    assert gone
    left = everything(house.store)
    assert gone[0] not in {e.id for e in left[Want.ENTITIES].entities}
    assert all(gone[0] not in e.entity_ids for e in left[Want.EVENTS].events)
    assert gone[0] in row(house, walk).forgotten_entities
    other = settings.model_copy(update={"looks_per_s": 4.0})
    with pytest.raises(Conflict, match="bring back"):
        watch(row(house, walk), house, other)


def test_a_stream_watched_anew_leaves_a_forgotten_span_out(
    house: House, settings: Settings, walk: Stream
) -> None:
    watch(walk, house, settings)
    forget_span(row(house, walk), Span(0, 5 * SECOND), house)
    watch(row(house, walk), house, settings.model_copy(update={"looks_per_s": 4.0}))
    chunks = house.store.find(Query(want=Want.CHUNKS)).chunks
    assert min(c.span.start for c in chunks) == 6 * SECOND


def test_who_still_watches_a_stream_that_was_forgotten_stops(
    house: House, settings: Settings, walk: Stream
) -> None:
    def on_chunk(_: Stream, __: Observation) -> None:
        house.store.forget(Scope(streams=(walk.id,)))
        house.ledger.remove(Stream, walk.id)

    with pytest.raises(Cancelled):
        watch(walk, house, settings, on_chunk=on_chunk)
    assert everything(house.store)[Want.CHUNKS].chunks == ()


class Forgetful(MemoryStore):
    """A memory during whose writing somebody forgets."""

    def __init__(self, ledger: MemoryLedger, stream: Stream, span: Span) -> None:
        super().__init__()
        self.ledger, self.stream, self.span = ledger, stream, span

    def write(self, observation: Observation, /) -> None:
        forget_more(self.ledger, self.stream.id, spans=[self.span])
        self.forget(Scope(streams=(self.stream.id,), span=self.span))
        super().write(observation)


def test_what_is_forgotten_while_it_is_written_goes_again() -> None:
    ledger = MemoryLedger()
    stream = ledger.put(Stream(id=say.DOCK, name="dock", source="d", shown_source="d"))
    store = Forgetful(ledger, stream, Span.of_seconds(0, 5))
    MemoryStore.write(store, say.observation(1))
    one = say.observation(0, say.event("stopped", 2, 4), say.event("left", 8))
    assert forgotten.write(one, store, ledger) is None
    assert [c.index for c in store.find(Query(want=Want.CHUNKS)).chunks] == [1]
    assert [kind for kind, _ in events(store)] == ["left"]


class Late(MemoryLedger):
    """A ledger that lets somebody in right before a stream's row goes."""

    late: Callable[[], None]

    def remove(self, kind: type[Any], id: str, /) -> bool:
        if kind is Stream:
            self.late()
        return super().remove(kind, id)


def test_what_is_written_while_a_stream_is_forgotten_goes_too(house: House, settings: Settings) -> None:
    ledger = Late()
    house = replace(house, ledger=ledger)
    stream = filled(house)
    checkpoint = settings.home / "checkpoints" / f"{stream.id}.checkpoint"
    checkpoint.parent.mkdir(parents=True)
    written: list[Observation | None] = []

    def late() -> None:
        one = say.observation(1, ANN, say.event("stopped", 12, 14, ANN))
        written.append(forgotten.write(one, house.store, ledger))
        checkpoint.write_bytes(b"late")
        ledger.put(Considered(id=stream.id, until=20 * SECOND))
        house.media.put(f"snapshots/{stream.id}/1.jpg", b"late")

    ledger.late = late
    counts = forget(stream, house, settings)
    assert written[0] is not None, "it was written and nobody objected"
    assert (counts["chunks"], counts["events"], counts["media"]) == (3, 3, 4)
    left = everything(house.store)
    assert (left[Want.CHUNKS].chunks, left[Want.EVENTS].events, left[Want.ENTITIES].entities) == ((), (), ())
    assert not checkpoint.exists()
    assert (ledger.find(Considered), house.media.keys()) == ([], [])


class Interrupted(MemoryLedger):
    """A ledger that lets somebody in right before it is noted that rules were asked about the second chunk."""

    forgets: Callable[[], object] | None = None

    def put(self, row: Any, /, *, replacing: Any = None, new: bool = False) -> Any:
        if isinstance(row, Considered) and row.until > 2 * SECOND and self.forgets is not None:
            forgets, self.forgets = self.forgets, None
            forgets()
        return super().put(row, replacing=replacing, new=new)


def test_who_watches_here_and_now_leaves_nothing_of_a_forgotten_stream(
    house: House, settings: Settings, walk: Stream
) -> None:
    ledger = Interrupted()
    house = replace(house, ledger=ledger)
    ledger.put(walk)
    checkpoint = settings.home / "checkpoints" / f"{walk.id}.checkpoint"

    def forgets() -> None:
        assert forget(row(house, walk), house, settings)["chunks"] == 2
        assert not checkpoint.exists()
        checkpoint.write_bytes(b"saved a moment later")

    ledger.forgets = forgets
    with pytest.raises(Cancelled):
        handlers(house, settings)[INGEST]({"stream_id": walk.id}, quiet)
    assert ledger.forgets is None
    left = everything(house.store)
    assert (left[Want.CHUNKS].chunks, left[Want.EVENTS].events, left[Want.ENTITIES].entities) == ((), (), ())
    assert not checkpoint.exists()
    assert (ledger.find(Stream), ledger.find(Considered)) == ([], [])


def test_what_is_spared_is_what_touches_nothing_forgotten() -> None:
    stream = Stream(
        id=say.DOCK, name="d", source="d", shown_source="d", forgotten=(Span.of_seconds(0, 15),),
        forgotten_entities=(say.entity(3).id,),
    )  # fmt: skip
    stays, gone, short = (
        say.entity(1, start=5, end=30),
        say.entity(3, start=20, end=30),
        say.entity(2, end=12),
    )
    one = say.observation(
        2, stays, gone, short, say.track(3, 20, 30), say.track(1, 20, 30), say.event("stopped", 12, 25, stays),
        say.event("near_miss", 22, 23, stays, gone), say.event("left", 24, None, gone), say.event("together", 21, 22, short),
        say.relation(stays, "near", gone, 20, 21), say.vector(gone.id, 1, 0), say.vector(stays.id, 1, 0),
    )  # fmt: skip
    left = spared(one, stream)
    assert left is not None
    assert [e.id for e in left.entities] == [stays.id]
    assert [t.number for t in left.tracks] == [1]
    assert [(e.kind, e.entity_ids) for e in left.events] == [("near_miss", (stays.id,))]
    assert left.relations == ()
    assert [v.of for v in left.vectors] == [stays.id]
    assert spared(say.observation(1), stream) is None
    assert spared(one, replace(stream, forgotten=(), forgotten_entities=())) == one


# ---- what goes with it -----------------------------------------------------------------------------------------

ANN, BOB = say.entity(1, "person", 1, 12), say.entity(2, "person", 21, 29)


def filled(house: House) -> Stream:
    """Thirty seconds at the dock with two alerts, an incident of each entity, a report, and clips of either part."""
    stream = house.ledger.put(
        Stream(
            id=say.DOCK, name="dock", source="/no/dock.mp4", shown_source="dock.mp4", duration=30 * SECOND,
            state=StreamState.WATCHED, added_at=house.clock.now(),
        )
    )  # fmt: skip
    house.store.write(
        say.observation(0, ANN, say.track(1, 1, 9), say.event("stopped", 3, 7, ANN), say.coverage(0, 10))
    )
    house.store.write(
        say.observation(2, BOB, say.track(2, 21, 29), say.event("left", 29, None, BOB), say.coverage(20, 30))
    )
    alerts = [
        Alert(
            id=AlertId(f"al_{n}"), rule_id=RuleId("ru"), rule="r", stream_id=say.DOCK, stream="dock",
            span=Span.of_seconds(at, at + 1), entity_ids=(who.id,), message=f"alert {n}",
        )
        for n, (at, who) in enumerate(((3, ANN), (25, BOB)))
    ]  # fmt: skip
    for n, mine in enumerate((alerts, alerts[:1])):
        house.ledger.put(
            Incident(
                id=IncidentId(f"in_{n}"), rule_id=RuleId("ru"), rule="r", stream_id=say.DOCK, stream="dock",
                span=Span.of_seconds(3, 26), severity="high", message="alert 0", alerts=tuple(mine),
            )
        )  # fmt: skip
    house.media.put("reports/rp_1.html", b"<p>about Ann and Bob")
    house.ledger.put(
        Report(
            id=ReportId("rp_1"), title="All", media_key="reports/rp_1.html", media_type="text/html",
            created_at=house.clock.now(), streams=(say.DOCK,), span=Span.of_seconds(0, 30),
        )
    )  # fmt: skip
    for name in ("2000000-4000000.mp4", "2000000-4000000.drawn/x.mp4", "20000000-25000000.mp4"):
        house.media.put(f"clips/{say.DOCK}/{name}", b"clip")
    return stream


def test_a_forgotten_span_takes_clips_alerts_and_reports_along(house: House) -> None:
    stream = filled(house)
    counts = forget_span(stream, Span.of_seconds(0, 10), house)
    wanted = {"chunks": 1, "events": 1, "entities": 1, "incidents": 1, "alerts": 2, "reports": 1, "media": 2}
    assert {kind: counts[kind] for kind in wanted} == wanted
    assert house.media.keys() == [f"clips/{say.DOCK}/20000000-25000000.mp4"]
    (incident,) = house.ledger.find(Incident)
    assert [a.id for a in incident.alerts] == ["al_1"]
    assert (incident.message, incident.span) == ("alert 1", Span.of_seconds(25, 26))
    cutter = Reopener(house.ledger, house.media, read_settings())
    with pytest.raises(Erased, match="forgotten"):
        cutter.cut_clip(stream, Span.of_seconds(8, 12))
    again = forget_span(row(house, stream), Span.of_seconds(5, 12), house)
    assert again["events"] == 0
    assert row(house, stream).forgotten == (Span.of_seconds(0, 12),)


def test_a_forgotten_entity_takes_what_is_told_of_it_along(house: House) -> None:
    stream = filled(house)
    counts = forget_entities([BOB.id], house)
    wanted = {"entities": 1, "tracks": 1, "events": 1, "incidents": 0, "alerts": 1, "reports": 1, "media": 0}
    assert {kind: counts[kind] for kind in wanted} == wanted
    assert all(BOB.id not in a.entity_ids for i in house.ledger.find(Incident) for a in i.alerts)
    assert row(house, stream).forgotten_entities == (BOB.id,)
    with pytest.raises(NotFound):
        forget_entities([BOB.id], house)


class Contended(MemoryLedger):
    """A ledger in which somebody changes an incident right before the next write that replaces it."""

    change: Callable[[Incident], Incident] | None = None

    def put(self, row: Any, /, *, replacing: Any = None, new: bool = False) -> Any:
        if replacing is not None and isinstance(row, Incident) and self.change is not None:
            change, self.change = self.change, None
            super().put(change(replacing))
        return super().put(row, replacing=replacing, new=new)


def test_forgetting_does_not_undo_what_is_said_of_an_incident_meanwhile(house: House) -> None:
    ledger = Contended()
    house = replace(house, ledger=ledger)
    stream = filled(house)
    third = Alert(
        id=AlertId("al_3"), rule_id=RuleId("ru"), rule="r", stream_id=say.DOCK, stream="dock",
        span=Span.of_seconds(27, 28), message="alert 3",
    )  # fmt: skip
    ledger.change = lambda found: replace(
        found, alerts=(*found.alerts, third), state=IncidentState.ACKNOWLEDGED
    )
    counts = forget_span(stream, Span.of_seconds(0, 10), house)
    assert ledger.change is None
    (incident,) = ledger.find(Incident)
    assert [a.id for a in incident.alerts] == ["al_1", "al_3"]
    assert incident.state is IncidentState.ACKNOWLEDGED
    assert incident.span == Span.of_seconds(25, 28)
    assert (counts["alerts"], counts["incidents"]) == (2, 1)


def test_an_alert_raised_while_it_is_forgotten_goes_again(house: House) -> None:
    stream = filled(house)
    forget_more(house.ledger, stream.id, spans=[Span.of_seconds(0, 10)], entities=[BOB.id])
    assert forget_alerts(stream, house) == {"alerts": 3, "incidents": 2, "deliveries": 0}
    filled(house)
    assert forget_alerts(stream, house)["alerts"] == 0, "nothing is forgotten"
    house.ledger.remove(Stream, stream.id)
    assert forget_alerts(stream, house)["incidents"] == 2


def test_everywhere_takes_all_visits_of_the_same_thing(house: House) -> None:
    filled(house)
    house.store.link([Link(one=ANN.id, other=BOB.id, score=0.99, source="resolve:1")])
    assert forget_entities([ANN.id], house, everywhere=True)["entities"] == 2
    assert house.store.find(Query(want=Want.ENTITIES)).entities == ()


def test_a_forgotten_stream_takes_its_reports_along(house: House, settings: Settings) -> None:
    counts = forget(filled(house), house, settings)
    assert (counts["reports"], counts["incidents"], counts["media"]) == (1, 2, 3)
    assert house.media.keys() == []


# ---- retention -------------------------------------------------------------------------------------------------


def test_a_file_goes_whole_when_it_is_too_old(house: House, settings: Settings) -> None:
    stream = filled(house)
    assert retain(house, settings)["streams"] == 0, "it is kept for ever"
    house.clock.sleep(timedelta(days=6).total_seconds())
    assert retain(house, settings, days=7)["streams"] == 0
    house.clock.sleep(timedelta(days=2).total_seconds())
    assert retain(house, settings, days=7)["streams"] == 1
    assert house.ledger.get(Stream, stream.id) is None
    assert everything(house.store)[Want.EVENTS].events == ()


def test_of_a_live_stream_goes_what_is_too_old(house: House, settings: Settings) -> None:
    stream = filled(house)
    began = house.clock.now() - timedelta(days=7, seconds=-10)
    house.ledger.put(replace(stream, kind=StreamKind.LIVE, started_at=began))
    assert retain(house, settings, days=7)["spans"] == 0
    house.clock.sleep(30)
    counts = retain(house, settings, days=7)
    assert (counts["spans"], counts["chunks"], counts["events"]) == (1, 1, 1)
    assert [kind for kind, _ in events(house.store)] == ["left"]
    assert row(house, stream).forgotten == (Span.of_seconds(0, 20),)
    assert retain(house, settings, days=7)["spans"] == 0
    house.clock.sleep(5)
    assert retain(house, settings, days=7)["spans"] == 1
    assert row(house, stream).forgotten == (Span.of_seconds(0, 25),)


class Away(MemoryStore):
    """A memory that does not answer while somebody forgets of one stream."""

    stream: StreamId | None = None

    def forget(self, scope: Scope, /) -> Forgotten:
        if self.stream in scope.streams:
            raise StoreUnavailable("the memory does not answer", next_step="start it")
        return super().forget(scope)


def test_retention_removes_what_was_noted_as_forgotten_and_is_still_there(
    house: House, settings: Settings
) -> None:
    store = Away()
    house = replace(house, store=store)
    stream = filled(house)
    began = house.clock.now() - timedelta(days=7, seconds=20)
    house.ledger.put(replace(stream, kind=StreamKind.LIVE, started_at=began))
    store.stream = stream.id
    first = retain(house, settings, days=7)
    assert (first["spans"], first["failed"]) == (0, 1)
    assert row(house, stream).forgotten == (Span.of_seconds(0, 20),)
    assert len(events(store)) == 2
    store.stream = None
    second = retain(house, settings, days=7)
    assert (second["spans"], second["chunks"], second["failed"]) == (1, 1, 0)
    assert [kind for kind, _ in events(store)] == ["left"]
    assert retain(house, settings, days=7)["spans"] == 0, "nothing is left to go"


def test_a_stream_that_cannot_go_now_holds_up_no_other(
    house: House, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    store = Away()
    house = replace(house, store=store)
    stream = filled(house)
    other = house.ledger.put(replace(stream, id=ids.stream_id("yard"), name="yard"))
    store.stream = stream.id
    house.clock.sleep(timedelta(days=8).total_seconds())
    counts = retain(house, settings, days=7)
    assert (counts["streams"], counts["failed"], counts["reports"]) == (1, 1, 1)
    assert house.ledger.get(Stream, other.id) is None
    assert "dock is too old and stays for now: the memory does not answer" in caplog.text
    store.stream = None
    counts = retain(house, settings, days=7)
    assert (counts["streams"], counts["failed"]) == (1, 0)
    assert (house.ledger.find(Stream), events(store)) == ([], [])


def test_retention_runs_as_a_job_and_leaves_one_row(house: House, settings: Settings) -> None:
    filled(house)
    house.clock.sleep(timedelta(days=8).total_seconds())
    kept = settings.model_copy(update={"keep_days": 7.0})
    executor = InlineExecutor(house.ledger, handlers(house, kept), house.clock)
    loop = Retention(house, executor, every_s=0.01)
    for _ in range(500):
        jobs = house.ledger.find(Job, kind=RETAIN)
        if house.ledger.get(Stream, say.DOCK) is None and len(jobs) == 1 and jobs[0].result:
            break
        loop._over.wait(0.01)
    loop.close()
    assert house.ledger.get(Stream, say.DOCK) is None
    (job,) = house.ledger.find(Job, kind=RETAIN)
    assert job.state is JobState.DONE
    with pytest.raises(Unavailable):
        executor.submit(job)


def test_the_job_says_what_went(house: House, settings: Settings) -> None:
    filled(house)
    house.clock.sleep(timedelta(days=8).total_seconds())
    kept = settings.model_copy(update={"keep_days": 7.0})
    assert handlers(house, kept)[RETAIN]({}, quiet)["streams"] == 1
    assert ids.stream_id("dock") == say.DOCK
