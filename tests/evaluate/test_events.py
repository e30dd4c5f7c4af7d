"""Events against truth: who matches whom, what is counted, and what is nobody's mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import Span, micros
from evaluate.events import Comparison, Mark, by_domain, compare, score, temporal_iou

MINUTE = micros(60)


def mark(kind: str, start: float, end: float | None = None, **more: object) -> Mark:
    span = Span.at(micros(start)) if end is None else Span.of_seconds(start, end)
    return Mark(kind=kind, span=span, **more)  # type: ignore[arg-type]


def counted(done: Comparison) -> tuple[int, int, int]:
    return len(done.pairs), len(done.missed), len(done.false)


@pytest.mark.parametrize(
    ("true", "found", "right"),
    [
        ((10, 20), (10, 20), True),
        ((10, 20), (14, 24), True),  # 6 of 14 s shared
        ((10, 20), (16, 30), False),  # 4 of 20
        ((10, None), (11, None), True),
        ((10, None), (11.2, None), False),
        ((10, 10.6), (10.2, 10.4), True),
        ((0, None), (1.0, None), True),  # an instant at the start is widened to before it
        ((0, None), (1.2, None), False),
    ],
)
def test_spans_match_by_overlap_and_instants_within_about_a_second(
    true: tuple[float, float | None], found: tuple[float, float | None], right: bool
) -> None:
    done = compare([mark("stopped", *true)], [mark("stopped", *found)])
    assert counted(done) == ((1, 0, 0) if right else (0, 1, 1))


def test_one_true_event_is_found_once_and_the_second_finding_is_a_false_alarm() -> None:
    done = compare([mark("fell", 10, 20)], [mark("fell", 10, 19), mark("fell", 11, 20), mark("fell", 30, 40)])
    assert counted(done) == (1, 0, 2)


def test_as_many_pairs_as_can_be_even_where_the_best_overlap_would_leave_one_alone() -> None:
    true = [mark("stopped", 0, 10), mark("stopped", 8, 18)]
    found = [mark("stopped", 5, 15), mark("stopped", 0, 9)]  # the first overlaps both, the second only one
    assert counted(compare(true, found)) == (2, 0, 0)
    done = compare(
        [mark("stopped", 0, 10), mark("stopped", 4, 14)], [mark("stopped", 3, 13), mark("stopped", 7, 17)]
    )
    assert {(p.true.span.start, p.found.span.start) for p in done.pairs} == {
        (0, micros(3)),
        (micros(4), micros(7)),
    }


def test_kinds_are_kept_apart_and_what_is_not_labelled_is_no_mistake() -> None:
    true, found = [mark("stopped", 10, 20)], [mark("fell", 10, 20), mark("stopped", 10, 20)]
    assert counted(compare(true, found)) == (1, 0, 0)
    assert counted(compare(true, found, kinds=["stopped", "fell"])) == (1, 0, 1)
    assert counted(compare([], found, kinds=["fell"])) == (0, 0, 1), (
        "nothing happened, and something was told"
    )


def test_zones_must_agree_where_both_name_one() -> None:
    at_a, at_b, nowhere = (mark("dwelled", 10, 20, zone=zone) for zone in ("a", "b", None))
    assert counted(compare([at_a], [at_b])) == (0, 1, 1)
    assert counted(compare([at_a], [at_b], zones=False)) == (1, 0, 0)
    assert counted(compare([at_a], [nowhere])) == counted(compare([nowhere], [at_b])) == (1, 0, 0)


def test_an_optional_event_is_neither_missed_nor_a_false_alarm_when_found() -> None:
    doubtful = mark("near_miss", 10, 12, optional=True)
    assert counted(compare([doubtful], [])) == (0, 0, 0)
    assert counted(compare([doubtful], [mark("near_miss", 10, 12)])) == (0, 0, 0)
    sure = mark("near_miss", 11, 13)
    done = compare([doubtful, sure], [mark("near_miss", 10, 12)])
    assert counted(done) == (1, 0, 0), "the one finding goes to the event that is asked for"


def test_the_delay_runs_from_when_it_could_be_known() -> None:
    due = mark("stopped", 10, 20, at=micros(12))
    noticed = mark("stopped", 10, 20, at=micros(12.8))
    early = mark("stopped", 10, 20, at=micros(11))
    (pair,) = compare([due], [noticed]).pairs
    assert pair.delay_s == pytest.approx(0.8)
    (pair,) = compare([due], [early]).pairs
    assert pair.delay_s == 0
    (pair,) = compare([mark("stopped", 10, 20)], [noticed]).pairs
    assert pair.delay_s == pytest.approx(2.8), "without a due moment, from the start"
    (pair,) = compare([due], [mark("stopped", 10, 20)]).pairs
    assert pair.delay_s is None


def test_counts_over_streams_kinds_and_domains() -> None:
    one = compare(
        [mark("fell", 5, 8), mark("stopped", 20, 30, at=micros(22))],
        [mark("stopped", 20, 30, at=micros(23)), mark("stopped", 40, 50)],
        duration=MINUTE, domain="warehouse",
    )  # fmt: skip
    other = compare([mark("fell", 5, 8)], [mark("fell", 5, 8)], duration=MINUTE, domain="sports")
    whole = score([one, other])
    assert (whole.streams, whole.duration) == (2, 2 * MINUTE)
    assert (whole.total.right, whole.total.missed, whole.total.false) == (2, 1, 1)
    assert whole.total.f1 == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert whole.total.precision == pytest.approx(2 / 3)
    assert whole.total.recall == pytest.approx(2 / 3)
    assert whole.total.false_per_hour == pytest.approx(30)
    assert whole.total.delay_s == pytest.approx(1.0)
    assert whole.kinds["fell"].f1 == pytest.approx(2 / 3)
    assert whole.kinds["stopped"].false_per_hour == pytest.approx(60), (
        "only the stream that labels rests counts"
    )
    domains = by_domain([one, other])
    assert list(domains) == ["sports", "warehouse"]
    assert domains["sports"].total.f1 == 1
    assert domains["warehouse"].total.f1 == pytest.approx(2 / 4)


def test_what_is_told_in_pieces_is_false_but_not_unfounded() -> None:
    done = compare(
        [mark("stalled", 10, 60), mark("near_miss", 30, 30.5)],
        [mark("stalled", 10, 40), mark("stalled", 42, 60), mark("stalled", 70, 80), mark("near_miss", 15, 15.5)],
        duration=MINUTE,
    )  # fmt: skip
    assert len(done.false) == 3
    assert sorted((m.kind, m.span.start) for m in done.unfounded) == [
        ("near_miss", micros(15)), ("stalled", micros(70))
    ]  # fmt: skip
    counts = score([done]).total
    assert (counts.false, counts.unfounded) == (3, 2)
    elsewhere = replace(mark("stalled", 20, 30), zone="b")
    assert compare([replace(mark("stalled", 10, 60), zone="a")], [elsewhere]).unfounded == (elsewhere,)


def test_where_there_is_nothing_to_count_there_is_no_number() -> None:
    empty = score([compare([], [], kinds=["fell"], duration=MINUTE)]).total
    assert (empty.f1, empty.precision, empty.recall, empty.delay_s) == (None, None, None, None)
    assert empty.false_per_hour == 0
    assert score([]).total.false_per_hour is None


def spans() -> st.SearchStrategy[Span]:
    return st.tuples(st.integers(0, 200), st.integers(1, 80)).map(
        lambda t: Span(t[0] * 100_000, (t[0] + t[1]) * 100_000)
    )


@given(spans(), spans())
def test_overlap_is_even_handed_and_whole_only_for_the_same_span(a: Span, b: Span) -> None:
    assert temporal_iou(a, b) == temporal_iou(b, a)
    assert 0 <= temporal_iou(a, b) <= 1
    assert temporal_iou(a, a) == 1


@given(st.lists(st.tuples(spans(), st.booleans()), max_size=8), st.lists(spans(), max_size=8), st.randoms())
def test_nothing_is_matched_twice_or_lost_whatever_the_order(
    true: list[tuple[Span, bool]], found: list[Span], random: object
) -> None:
    wanted = [Mark(kind="k", span=span, optional=optional) for span, optional in true]
    given_ = [Mark(kind="k", span=span) for span in found]
    done = compare(wanted, given_, kinds=["k"])
    required = [m for m in wanted if not m.optional]
    assert len(done.pairs) + len(done.missed) == len(required)
    assert len(done.pairs) + len(done.false) <= len(given_)
    assert all(pair.overlap >= 0.3 for pair in done.pairs)
    random.shuffle(wanted)  # type: ignore[attr-defined]
    random.shuffle(given_)  # type: ignore[attr-defined]
    assert counted(compare(wanted, given_, kinds=["k"])) == counted(done)


@given(st.lists(spans(), max_size=10))
def test_the_truth_against_itself_is_perfect(true: list[Span]) -> None:
    marks = [Mark(kind="k", span=span) for span in true]
    assert counted(compare(marks, marks, kinds=["k"])) == (len(marks), 0, 0)
