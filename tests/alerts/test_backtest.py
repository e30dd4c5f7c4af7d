"""Trying a rule on history, with and without the truth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.backtest import Truth, backtest, parse_truth
from alerts.rule import spec_of
from core.clock import SECOND, Span
from core.errors import Invalid
from core.media import Stream
from graph.plain.store import MemoryStore
from helpers.observations import DOCK, YARD, coverage, entity, event, observation

STREAM = Stream(id=DOCK, name="dock", source="x", shown_source="x")
ANN = entity(1)
LEFT = spec_of({"name": "r", "when": {"kind": "left"}, "cooldown": "2s"})


def memory(*moments: float) -> MemoryStore:
    store = MemoryStore()
    for index in range(6):
        here = [event("left", at, None, ANN) for at in moments if index * 10 <= at < index * 10 + 10]
        store.write(observation(index, ANN, coverage(index * 10, index * 10 + 10), *here))
    return store


def truths(*spans: tuple[float, float]) -> list[Truth]:
    return [Truth(span=Span.of_seconds(a, b)) for a, b in spans]


def test_hits_are_what_would_have_been_told() -> None:
    hits = backtest(LEFT, memory(3, 4, 30), [STREAM])
    assert [(i.span.start // SECOND, len(i.alerts)) for i in hits.incidents] == [(3, 2), (30, 1)]
    assert sorted(hits.fired_at.values()) == [3 * SECOND, 30 * SECOND]
    assert hits.score is None


def test_the_score_against_the_truth() -> None:
    score = backtest(LEFT, memory(3, 30, 50), [STREAM], truths((2, 5), (28.5, 35), (40, 42))).score
    assert score is not None
    assert (score.right, score.wrong, score.missed) == (2, 1, 1)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(2 / 3)
    assert score.time_to_detect_s == pytest.approx(1.25)


def test_nothing_to_count_is_none_and_not_a_number() -> None:
    silent = backtest(LEFT, memory(), [STREAM], truths((1, 2))).score
    assert silent is not None
    assert (silent.precision, silent.recall, silent.time_to_detect_s) == (None, 0.0, None)
    untold = backtest(LEFT, memory(3), [STREAM], []).score
    assert untold is not None
    assert (untold.precision, untold.recall) == (0.0, None)


def test_the_truth_of_another_stream_does_not_count() -> None:
    other = [replace(truth, stream="yard") for truth in truths((2, 5))]
    score = backtest(LEFT, memory(3), [STREAM], other).score
    assert score is not None
    assert (score.right, score.missed) == (0, 1)


def test_several_streams_are_tried_one_by_one() -> None:
    store = memory(3)
    bob = entity(1, stream=YARD)
    store.write(
        observation(
            0, bob, event("left", 5, None, bob, stream=YARD), coverage(0, 10, stream=YARD), stream=YARD
        )
    )
    yard = replace(STREAM, id=YARD, name="yard")
    assert [i.stream for i in backtest(LEFT, store, [STREAM, yard]).incidents] == ["dock", "yard"]


def test_a_time_of_day_without_a_known_start_is_noted() -> None:
    spec = spec_of({"name": "r", "when": {"kind": "left", "between": ["22:00", "06:00"]}})
    assert "its start is not known" in backtest(spec, memory(3), [STREAM]).notes[0]


def test_the_truth_is_read_in_its_forms() -> None:
    read = parse_truth('[{"t0": 1, "t1": 2.5}, {"t": 7, "stream": "dock"}, 9]', "truth.json")
    assert [t.span for t in read] == [Span.of_seconds(1, 2.5), Span.at(7 * SECOND), Span.at(9 * SECOND)]
    assert read[1].stream == "dock"


@pytest.mark.parametrize(
    ("text", "line"),
    [("{}", 1), ("[\n{},\n]", 2), ('[\n{"t": 1},\n{"t0": 5, "t1": 2}]', 3), ('[\n{"t": "x"}]', 2)],
)
def test_a_bad_truth_names_its_line(text: str, line: int) -> None:
    with pytest.raises(Invalid, match=rf"truth\.json:{line}: "):
        parse_truth(text, "truth.json")
