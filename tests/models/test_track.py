"""OC-SORT as we use it."""

from __future__ import annotations

import pytest

from core.place import Box
from core.sight import Detection, Sighting
from models.track import OcSortTracker

STEP = 125_000


def seen(
    label: str,
    x: float,
    y: float,
    width: float = 40,
    height: float = 90,
    score: float = 0.6,
    look: tuple[float, ...] = (),
) -> Detection:
    box = Box(x, y, x + width, y + height)
    return Detection(label=label, box=box, score=score, source="test", appearance=look)


def run(rows: list[list[Detection]], step: int = STEP) -> list[list[Sighting]]:
    tracker = OcSortTracker(8.0)
    return [tracker.update(row, i * step) for i, row in enumerate(rows)]


def test_a_flicker_of_one_look_is_never_confirmed() -> None:
    rows = [[seen("thing", 10, 10)] if i in (3, 9, 15) else [] for i in range(20)]
    assert not any(run(rows))


def test_a_thing_hidden_for_less_than_a_second_keeps_its_number() -> None:
    rows = [[] if 10 <= i < 16 else [seen("thing", 20 + 10 * i, 50)] for i in range(26)]
    assert {s.number for row in run(rows) for s in row} == {1}


def test_looks_left_out_while_nothing_moves_do_not_count_as_hidden() -> None:
    rows = [[seen("thing", 20, 50)] for _ in range(8)]
    assert {s.number for row in run(rows, step=2_000_000) for s in row} == {1}
    assert run(rows, step=2_000_000)[-1]


def test_a_thin_fast_thing_that_never_overlaps_itself_is_followed() -> None:
    rows = [[seen("thing", 10 + 36 * i, 20, width=34, height=180)] for i in range(10)]
    assert {s.number for row in run(rows) for s in row} == {1}


def test_a_name_that_comes_and_goes_does_not_break_the_track() -> None:
    rows = [[seen(["car", "truck", "thing"][i % 3], 20 + 8 * i, 50, 90, 60)] for i in range(15)]
    assert {s.number for row in run(rows) for s in row} == {1}


def test_a_person_passing_a_resting_chair_does_not_become_it() -> None:
    rows = [[seen("chair", 200, 60), seen("person", 40 + 14 * i, 55)] for i in range(24)]
    labels: dict[int, set[str]] = {}
    for row in run(rows):
        for s in row:
            labels.setdefault(s.number, set()).add(s.label)
    assert sorted(labels.values(), key=sorted) == [{"chair"}, {"person"}]


def test_players_who_hide_each_other_keep_their_numbers_by_their_shirts() -> None:
    """They meet, turn round behind each other and part again the way they came: straight on would be a swap."""
    red, blue = (1.0, 0.0), (0.0, 1.0)
    rows = []
    for i in range(30):
        off = abs(i - 15)
        one, other = (
            seen("person", 200 - 9 * off, 60, 18, 60, look=red),
            seen("person", 204 + 9 * off, 64, 18, 60, look=blue),
        )
        rows.append([other] if off < 2 else [one, other])
    worn: dict[int, set[float]] = {}
    for row, found in zip(rows, run(rows), strict=True):
        for s in found:
            (mine,) = (d for d in row if d.box == s.box)
            worn.setdefault(s.number, set()).add(mine.appearance[0])
    assert all(len(colours) == 1 for colours in worn.values()), worn
    assert len(worn) == 2


@pytest.mark.parametrize("score", [0.3, 0.5, 0.95])
def test_scores_of_motion_and_of_names_are_both_used(score: float) -> None:
    assert any(run([[seen("thing", 10 + 5 * i, 50, score=score)] for i in range(8)]))


def test_a_nameless_thing_keeps_its_track_when_it_is_given_a_name() -> None:
    rows = [[seen("thing" if i < 6 else "person", 20 + 9 * i, 50)] for i in range(16)]
    assert {s.number for row in run(rows) for s in row} == {1}


def test_the_vehicle_goes_on_with_the_track_when_its_load_is_put_down() -> None:
    """A forklift that came in load first was called a pallet; when they part the larger one is it."""
    came = [[seen("pallet", 10 + 8 * i, 60, 100, 90)] for i in range(6)]
    parted = [[seen("forklift", 50 - 6 * i, 60, 70, 90), seen("pallet", 128, 110, 44, 40)] for i in range(6)]
    labels: dict[int, list[str]] = {}
    for row in run(came + parted):
        for s in row:
            labels.setdefault(s.number, []).append(s.label)
    assert labels[1][-1] == "forklift"
    assert sorted({names[-1] for names in labels.values()}) == ["forklift", "pallet"]
