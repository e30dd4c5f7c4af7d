"""Captions beside the looking: nobody waits for them, none is lost, and none is asked for without need."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from core.clock import SECOND, Span, VirtualClock
from core.errors import ModelUnavailable, NotFound
from core.media import Frame
from core.memory import CaptionStatus, CoverageState, Observation, Query, Want
from core.ports import Ask, House
from core.settings import Settings
from core.spending import Budget, Usage, Use
from graph.ledger import MemoryLedger
from graph.plain.store import MemoryStore
from graph.spending import AWAY, Metered
from helpers import observations as say
from helpers.observations import DOCK, chunk, entity, event
from helpers.videos import write_video
from ingest.captions.news import MEMORY, REFRESH, News
from ingest.captions.owed import owed
from ingest.captions.teller import MOST_HELD, Teller
from ingest.pipeline import watch
from ingest.register import register
from models.fakes_ask import FakeVlm

SAID = json.dumps({"summary": "A person walks.", "facts": []})


def frames(count: int = 3) -> list[Frame]:
    return [Frame(at=n * SECOND, picture=np.full((24, 32, 3), 80, np.uint8)) for n in range(count)]


@dataclass
class Reopened:
    """Pictures that are opened again; keeps which."""

    wanted: list[list[int]]
    gone: bool = False

    def frames_at(self, stream: object, moments: tuple[int, ...]) -> list[Frame]:
        self.wanted.append(list(moments))
        if self.gone:
            raise NotFound("the file has gone")
        return frames(len(moments))


def house(plain_house: House, vlm: FakeVlm, **more: object) -> House:
    ledger = MemoryLedger()
    clock = VirtualClock()
    return replace(plain_house, vlm=Metered(vlm, ledger, clock), ledger=ledger, clock=clock, **more)


@pytest.fixture
def plain(tmp_path: Path) -> House:
    """A house of which only what captions need is used."""
    from api.wiring.house import build

    return build(Settings(home=tmp_path))


def seen(index: int) -> Observation:
    return Observation(chunk=chunk(index), events=(event("appeared", index * 10 + 1, None),))


def told(teller: Teller) -> dict[int, Observation]:
    return {o.chunk.index: o for o in teller.rest(lambda _done, _words: None)}


def test_giving_chunks_in_never_waits_and_what_is_told_comes_back_whole(plain: House) -> None:
    go = threading.Event()

    def slow(_: Ask) -> str:
        assert go.wait(60)
        return SAID

    model = FakeVlm(slow, at_once=3)
    teller = Teller(DOCK, house(plain, model), Settings())
    for n in range(10):
        teller.put(seen(n), frames())
    assert list(teller.ready()) == [], "nothing was told yet, and nobody waited"
    go.set()
    found = told(teller)
    teller.close()
    assert sorted(found) == list(range(10))
    assert {o.captions[0].status for o in found.values()} == {CaptionStatus.OK}


def test_as_many_ask_as_the_model_takes_and_a_few_more_are_ready(plain: House) -> None:
    together = threading.Barrier(6)
    model = FakeVlm(lambda _: (together.wait(60) and SAID) or SAID, at_once=4)
    teller = Teller(DOCK, house(plain, model), Settings())
    for n in range(12):
        teller.put(seen(n), frames())
    assert len(told(teller)) == 12
    assert len(teller._threads) == 6
    teller.close()


def test_pictures_of_chunks_that_wait_long_are_let_go_and_opened_again(plain: House) -> None:
    go, opened = threading.Event(), Reopened([])
    model = FakeVlm(lambda _: (go.wait(60) and SAID) or SAID)
    teller = Teller(DOCK, house(plain, model, frames=opened), Settings())
    for n in range(1 + MOST_HELD + 2):
        teller.put(seen(n), frames())
    go.set()
    found = told(teller)
    teller.close()
    assert len(found) == 1 + MOST_HELD + 2
    assert opened.wanted == [[0, SECOND, 2 * SECOND]] * 2


def test_pictures_that_cannot_be_opened_again_are_a_failed_caption(plain: House) -> None:
    teller = Teller(DOCK, house(plain, FakeVlm([SAID]), frames=Reopened([], gone=True)), Settings())
    teller.put_stored(seen(1), [SECOND])
    found = told(teller)[1]
    teller.close()
    assert found.captions[0].status is CaptionStatus.FAILED
    assert "the file has gone" in found.captions[0].text


def test_a_model_that_cannot_even_say_its_name_is_a_failed_caption_and_holds_nobody_up(plain: House) -> None:
    class Away(FakeVlm):
        @property
        def name(self) -> str:
            raise ModelUnavailable("there is no such folder")

    teller = Teller(DOCK, house(plain, Away([ModelUnavailable("there is no such folder")])), Settings())
    assert teller.skips(seen(1), News()) is None
    teller.put(seen(1), frames())
    (caption,) = told(teller)[1].captions
    teller.close()
    assert (caption.status, caption.model) == (CaptionStatus.FAILED, AWAY)
    assert "no such folder" in caption.text


@pytest.mark.parametrize("waits", [True, False])
def test_a_budget_holds_also_with_calls_on_their_way_and_what_it_cost_is_written_down(
    plain: House, waits: bool
) -> None:
    own = house(plain, FakeVlm([SAID], at_once=2))
    teller, news = Teller(DOCK, own, Settings(vlm_calls_a_day=3)), News()
    skipped, asked = [], 0
    for n in range(6):
        caption = teller.skips(seen(n), news)
        if caption is None:
            teller.put(seen(n), frames())
        else:
            skipped.append(caption)
        if waits:
            asked += len(told(teller))
    asked += len(told(teller))
    assert asked == 3 if waits else 0 < asked <= 3
    assert {(c.status, c.text) for c in skipped} == {
        (CaptionStatus.SKIPPED, "the budget of 3 calls a day is used up")
    }
    (usage,) = own.ledger.find(Usage)
    assert (usage.stream_id, usage.use, usage.calls, usage.failed) == (DOCK, Use.CAPTION, asked, 0)
    own.ledger.put(Budget(id=DOCK, calls=4))
    assert teller.skips(seen(7), news) is None, "the stream's own budget counts before the settings'"
    teller.close()


# --- what is new -----------------------------------------------------------------------------------------------------


def stale(news: News, observation: Observation) -> str:
    reason = news.stale(observation)
    if not reason:
        news.told(observation)
    return reason


def test_the_first_chunk_and_whatever_begins_is_new_and_what_goes_on_is_not() -> None:
    news = News()
    long = replace(event("stopped", 12, None), span=Span(12 * SECOND, 60 * SECOND), open=True)
    assert stale(news, Observation(chunk=chunk(0))) == ""
    assert stale(news, Observation(chunk=chunk(1), events=(long,))) == ""
    assert stale(news, Observation(chunk=chunk(2), events=(long,))) == "nothing new since 0:20.0"
    assert stale(news, Observation(chunk=chunk(3), entities=(entity(1, "person", 31, 60),))) == ""
    assert stale(news, Observation(chunk=chunk(4), entities=(entity(1, "person", 31, 60),))) != ""


def test_where_things_keep_moving_a_model_looks_now_and_then() -> None:
    news, count = News(), REFRESH // (10 * SECOND) * 2 + 1
    new = [n for n in range(count) if not stale(news, Observation(chunk=chunk(n)))]
    assert new == [0, 30, 60]


def test_what_was_told_long_ago_is_let_go() -> None:
    news = News()
    for n in range(200):
        news.stale(seen(n))
    assert len(news._known) <= MEMORY // (10 * SECOND) + 2


# --- what is owed ----------------------------------------------------------------------------------------------------


def test_looked_at_chunks_without_a_caption_are_owed_with_moments_that_were_looked_at() -> None:
    store = MemoryStore()
    happened = event("appeared", 12, None, entity(1, "person", 12, 18))
    store.write(say.observation(0, say.caption(0, "told"), say.coverage(0, 10)))
    store.write(say.observation(1, entity(1, "person", 12, 18), happened, say.coverage(10, 16)))
    store.write(say.observation(2, say.coverage(20, 30, CoverageState.GATED)))
    ((found, moments),) = owed(DOCK, store)
    assert (found.chunk.index, [e.kind for e in found.events]) == (1, ["appeared"])
    assert 12 * SECOND in moments
    assert all(10 * SECOND <= at < 16 * SECOND for at in moments)


# --- the whole way ---------------------------------------------------------------------------------------------------


def watched(tmp_path: Path, plain: House, script: Callable[[Ask], str]) -> tuple[House, FakeVlm, object]:
    model = FakeVlm(script, at_once=2)
    own = house(plain, model, store=MemoryStore())
    settings = Settings(home=tmp_path, chunk_s=2)
    video = write_video(tmp_path / "v.mp4", seconds=10)
    stream = register(str(video), name="v", house=own, settings=settings)
    return own, model, watch(stream, own, settings)


@pytest.mark.slow
def test_watching_skips_what_is_not_new_and_says_so(tmp_path: Path, plain: House) -> None:
    own, model, seen = watched(tmp_path, plain, lambda _: SAID)
    captions = own.store.find(Query(want=Want.CAPTIONS)).captions
    assert len(captions) == 5
    assert seen.captions == {"ok": len(model.asked), "skipped": 5 - len(model.asked)}
    assert 0 < len(model.asked) < 5
    assert seen.problem == ""


@pytest.mark.slow
def test_what_a_model_adds_is_in_the_memory_beside_what_was_seen(tmp_path: Path, plain: House) -> None:
    def answer(ask: Ask) -> str:
        fact = {"kind": "attribute", "text": "red", "value": "colour: red", "mark": 1, "pictures": [0]}
        return json.dumps({"summary": "s", "facts": [fact] if "numbered in them" in ask.prompt else []})

    own, _, _ = watched(tmp_path, plain, answer)
    found = own.store.find(Query(want=Want.EVENTS, kinds=("described",))).events
    assert found
    known = {e.id for e in own.store.find(Query(want=Want.ENTITIES)).entities}
    assert {id for e in found for id in e.entity_ids} <= known
    assert {e.source for e in found} == {"fake-vlm:1"}
