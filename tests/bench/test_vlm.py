"""The benchmark about models measures what it says; its thousand replies out of turn, in short."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from bench.vlm import misbehaviour, quiet, throughput
from bench.vlm.misbehaviour import Asked, Misbehaviour, Outcome, Scripted, Worth
from bench.vlm.server import Says, stub
from core.ports import Ask
from models.vlm_openai import OpenAiVlm

pytestmark = pytest.mark.slow


@pytest.mark.slow
def test_a_hundred_replies_out_of_turn_are_told_as_such_and_move_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    found = misbehaviour.run(102, seed=7)
    assert found.wrong == []
    assert (found.replies, found.surfaced) == (102, found.bad)
    assert (found.false_successes, found.false_alerts, found.tools_called, found.lost_good) == (0, 0, 0, 0)
    assert len(found.by_kind) >= 12, "of every kind there is some"


def test_the_tally_tells_a_false_success_and_a_lost_reply() -> None:
    tally = Misbehaviour()
    bad = Scripted(kind="prose", worth=Worth.BAD, says=Says(text="yes"))
    tally.take(Asked.VERDICT, bad, Outcome(success=True, status="confirmed", alerts=1))
    tally.take(Asked.CHECK, bad, Outcome(success=False, status=""))
    good = Scripted(kind="good", worth=Worth.GOOD, says=Says(text="{}"))
    tally.take(Asked.CHECK, good, Outcome(success=False, status="unreadable"))
    assert (tally.bad, tally.surfaced, tally.false_successes) == (2, 0, 1)
    assert (tally.false_alerts, tally.lost_good, len(tally.wrong)) == (1, 1, 3)


def test_the_stub_keeps_its_latency_and_its_slots() -> None:
    with stub(0.2, 2, json.dumps({"summary": "s", "facts": []})) as server:
        model = OpenAiVlm(server.url("m", at_once=8))
        model.ask([Ask(prompt=str(n), system="fixed") for n in range(6)])
        model.close()
        calls = server.ask()
    assert len(calls) == 6
    assert len({call.prefix for call in calls}) == 1
    assert sorted(call.prompt for call in calls) == [str(n) for n in range(6)]
    assert max(call.answered for call in calls) - min(call.came for call in calls) >= 0.6


def test_the_rate_is_that_of_full_slots_and_never_more() -> None:
    calls = [
        throughput.Call(came=n // 32 + 0.001 * (n % 32), answered=n // 32 + 1.0, prefix="p", model="cheap")
        for n in range(320)
    ]

    class Beside:
        watched_s = watching_s = spent_s = 0.0

    class Jpegs:
        made = 0

    found = throughput._figures(calls, 1.0, Jpegs(), [], Beside())  # type: ignore[arg-type]
    assert found.share == pytest.approx(1.0, abs=0.01)
    half = [
        throughput.Call(came=2 * c.came, answered=2 * c.answered, prefix="p", model="cheap") for c in calls
    ]
    assert throughput._figures(half, 1.0, Jpegs(), [], Beside()).share == pytest.approx(0.5, abs=0.01)  # type: ignore[arg-type]


def test_moments_that_were_shown_are_read_from_the_words() -> None:
    prompt = "Describe what happens in these pictures, taken between 1:00:00–1:00:10: 0 at 1:00:00.5, 1 at 1:00:09.0."
    assert list(quiet.shown_moments([prompt])) == [3600.5, 3609.0]
    event = quiet.Occurrence(kind="left", start_s=3602, end_s=3604)
    assert quiet._is_shown(event, [3604.9])
    assert not quiet._is_shown(event, [3600.5, 3609.0])


@pytest.mark.slow
def test_a_quiet_recording_is_as_long_as_it_says_and_holds_what_it_says(tmp_path: Path) -> None:
    import av

    truth = quiet.record(tmp_path / "q.mp4", 0.6, 1)
    with av.open(str(tmp_path / "q.mp4")) as video:
        assert video.duration == pytest.approx(2160e6, abs=5e6)
    begins = quiet.starts(0.6)
    assert len(begins) == 1
    assert {event.kind for event in truth} >= {"appeared", "left", "near_miss"}
    assert all(begins[0] <= event.start_s < begins[0] + 78 for event in truth)
