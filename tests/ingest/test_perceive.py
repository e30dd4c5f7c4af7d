"""Perception: one entity per visit, however often its track broke; real trackers, scripted detections."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from core import ids
from core.clock import SECOND, Span
from core.colour import BY_COLOURS, appearance
from core.ids import EntityId
from core.media import Frame, Picture, Stream
from core.memory import Entity
from core.place import EMPTY_LAYOUT, Box, Lane, Layout
from core.sight import Detection, TrackPoint
from ingest.chunk import Grid
from ingest.course import Course
from ingest.decode.looks import Look
from ingest.perception.identity import Carrier, fits, heir
from ingest.perception.perceive import Perception
from ingest.perception.presence import Moment, Visit
from ingest.perception.stay import Glimpse, Stay, velocity
from models.track import OcSortTracker

STEP = 125_000
WIDTH, HEIGHT = 640, 360
PICTURE = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
RED, BLUE = (
    tuple(appearance(np.full((20, 10, 3), colour, np.uint8))) for colour in ((200, 30, 30), (30, 40, 200))
)


def mixed(red: float) -> tuple[float, ...]:
    """How something looks that is red to this part, and blue."""
    return tuple(red * r + (1 - red) * b for r, b in zip(RED, BLUE, strict=True))


def thing(
    x: float,
    y: float,
    width: float = 40,
    height: float = 90,
    label: str = "person",
    score: float = 0.8,
    colours: tuple[float, ...] = RED,
    source: str = "test+motion",
) -> Detection:
    return Detection(
        label=label, box=Box(x, y, x + width, y + height), score=score, source=source, appearance=colours
    )


@dataclass
class Watcher:
    """Plays detections into a perception and keeps what it said."""

    perception: Perception
    at: int = 0
    moments: list[Moment] = field(default_factory=list)

    def see(self, *detections: Detection, cut: bool = False, picture: Picture = PICTURE) -> Moment:
        frame = Frame(at=self.at, picture=picture)
        return self._take(Look(at=self.at, frame=frame, moved=1.0, cut=cut), detections)

    def idle(self, looks: int) -> None:
        for _ in range(looks):
            self._take(Look(at=self.at, frame=None, moved=0.0, cut=False), None)

    def _take(self, look: Look, detections: Sequence[Detection] | None) -> Moment:
        moment = self.perception.look(look, detections)
        self.moments.append(moment)
        self.at += STEP
        return moment

    def nothing(self, looks: int) -> None:
        for _ in range(looks):
            self.see()

    @property
    def arrived(self) -> list[Visit]:
        return [v for m in self.moments for v in m.arrived]

    @property
    def gone(self) -> list[Visit]:
        return [v for m in self.moments for v in m.gone]

    def entities(self, *, final: bool = True) -> tuple[Entity, ...]:
        return self.perception.flush(Span(0, max(self.at, 1)), final=final).entities


@pytest.fixture
def watcher() -> Watcher:
    return watched(EMPTY_LAYOUT)


def watched(layout: Layout) -> Watcher:
    stream = Stream(
        id=ids.stream_id("s"),
        name="s",
        source="s",
        shown_source="s",
        width=WIDTH,
        height=HEIGHT,
        layout=layout,
    )
    grid = Grid(stream_id=stream.id, length=10 * SECOND, overlap=SECOND, recipe="test")
    return Watcher(Perception(stream, grid, OcSortTracker(8.0)))


def walk(watcher: Watcher, start: float, stop: float, looks: int, y: float = 120, **more: object) -> None:
    for i in range(looks):
        watcher.see(thing(start + (stop - start) * i / (looks - 1), y, **more))  # type: ignore[arg-type]


def test_a_walk_through_the_picture_is_one_visit_with_its_true_moments_and_sides(watcher: Watcher) -> None:
    watcher.nothing(4)
    walk(watcher, 0, 600, 25)
    watcher.nothing(12)
    (came,), (went,) = watcher.arrived, watcher.gone
    assert (came.at, came.side, came.there_from_start) == (4 * STEP, "left", False)
    assert (went.at, went.side) == (28 * STEP, "right")
    (entity,) = watcher.entities()
    assert entity.span == Span(4 * STEP, 28 * STEP + 1)
    assert entity.label == "person"
    assert entity.attributes["direction"] == "right"
    assert entity.attributes["entered"] == "left"
    assert entity.attributes["left"] == "right"
    assert entity.attributes["upper"] == "red"


def test_what_is_drawn_gives_a_way_its_name_across_a_broken_track() -> None:
    lane = Lane(name="left_lane", polygon=((0, 0), (640, 0), (640, 360), (0, 360)), direction=(-1, 0))
    watcher = watched(Layout(lanes=(lane,)))
    watcher.nothing(3)
    walk(watcher, 0, 250, 14)
    watcher.nothing(12)
    walk(watcher, 420, 600, 10)
    (entity,) = watcher.entities()
    assert entity.attributes["course"] == "against left_lane"


def test_a_track_that_breaks_behind_a_post_is_still_one_entity(watcher: Watcher) -> None:
    watcher.nothing(3)
    walk(watcher, 0, 250, 14)
    watcher.nothing(12)
    walk(watcher, 420, 600, 10)
    watcher.nothing(12)
    assert len(watcher.arrived) == len(watcher.gone) == 1
    (entity,) = watcher.entities()
    assert len(entity.tracks) == 2


def test_another_that_comes_where_one_was_lost_is_another(watcher: Watcher) -> None:
    watcher.nothing(3)
    walk(watcher, 0, 250, 14)
    watcher.nothing(8)
    for i in range(14):
        watcher.see(thing(340 + 18 * i, 120, colours=BLUE))
    watcher.nothing(24)
    assert {e.attributes["upper"] for e in watcher.entities()} == {"red", "blue"}


def test_a_flicker_and_a_fluttering_leaf_are_no_visits(watcher: Watcher) -> None:
    for i in range(60):
        leaf = thing(300 + 3 * (i % 3), 40 + 2 * (i % 2), 25, 20, label="thing", score=0.6)
        flicker = [thing(100, 200, label="thing")] if i % 9 == 0 else []
        watcher.see(leaf, *flicker)
    assert watcher.arrived == []
    assert watcher.entities() == ()


def test_who_was_missed_in_the_first_look_inside_the_picture_did_not_arrive(watcher: Watcher) -> None:
    watcher.nothing(2)
    for _ in range(20):
        watcher.see(thing(300, 150))
    (came,) = watcher.arrived
    assert came.there_from_start


def test_what_stands_in_the_first_picture_did_not_arrive(watcher: Watcher) -> None:
    for _ in range(20):
        watcher.see(thing(300, 100))
    (came,) = watcher.arrived
    assert came.there_from_start
    assert came.side == ""


def man(x: int, y: int) -> Picture:
    """A floor with a man on it, whose box is that of `thing(x, y)`."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    picture[y + 20 : y + 60, x + 5 : x + 35] = (200, 30, 30)
    picture[y + 60 : y + 90, x + 10 : x + 30] = (30, 30, 40)
    picture[y : y + 20, x + 12 : x + 28] = (220, 180, 150)
    return picture


def test_who_is_first_noticed_when_he_sets_off_stood_there_from_the_start(watcher: Watcher) -> None:
    for _ in range(32):
        watcher.see(picture=man(300, 120))
    for i in range(12):
        watcher.see(thing(300 + 6 * i, 120), picture=man(300 + 6 * i, 120))
    (came,) = watcher.arrived
    assert (came.at, came.there_from_start, came.box) == (0, True, thing(300, 120).box)
    assert came.path == ((0, came.box), (32 * STEP, came.box))


@pytest.mark.parametrize("step", [6, 20])
def test_who_comes_along_later_did_not_stand_there(watcher: Watcher, step: int) -> None:
    for _ in range(32):
        watcher.see(picture=man(500, 20))
    for i in range(8):
        watcher.see(thing(100 + step * i, 120), picture=man(100 + step * i, 120))
    (came,) = watcher.arrived
    assert (came.at, came.there_from_start, came.path) == (32 * STEP, False, ())


@pytest.mark.parametrize(
    ("shade", "light"),
    [(0.3, (0, 0, 0)), (0.8, (60, 60, 60)), (1.0, (25, 0, -50))],
    ids=["as a shadow of it", "in other light", "in another colour"],
)
def test_what_only_has_the_same_shape_there_did_not_stand_there(
    watcher: Watcher, shade: float, light: tuple[int, int, int]
) -> None:
    now = man(300, 120)
    then = np.clip((now.astype(float) - 90) * shade + 90 + np.array(light), 0, 255).astype(np.uint8)
    for _ in range(32):
        watcher.see(picture=then)
    for i in range(12):
        watcher.see(thing(300 + i, 120), picture=man(300 + i, 120))
    assert [visit.there_from_start for visit in watcher.arrived] == [False]


def test_a_resting_thing_the_detector_blinks_at_does_not_leave(watcher: Watcher) -> None:
    for i in range(100):
        watcher.see(*([thing(300, 100, label="car", source="test")] if i % 40 < 20 else []))
    assert len(watcher.arrived) == 1
    assert watcher.gone == []
    assert watcher.moments[35].present[0].seen is False


def test_what_is_named_no_more_was_there_until_something_came_to_its_place(watcher: Watcher) -> None:
    for _ in range(20):
        watcher.see(thing(300, 130, 40, 30, label="box", source="test"))
    watcher.nothing(80)
    walk(watcher, 200, 420, 40)
    (gone,) = watcher.gone
    came = next(m.at for m in watcher.moments for p in m.present if p.label == "person" and p.box.x2 > 300)
    assert (gone.label, gone.at) == ("box", came)


def test_while_the_gate_is_quiet_everyone_stays_and_nobody_comes_or_goes(watcher: Watcher) -> None:
    watcher.nothing(2)
    walk(watcher, 0, 300, 16)
    watcher.idle(200)
    assert len(watcher.arrived) == 1
    assert watcher.gone == []
    last = watcher.moments[-1]
    assert last.quiet
    assert [(p.seen, p.box.x1) for p in last.present] == [(False, 300.0)]


def test_at_a_cut_every_visit_ends_and_a_new_scene_begins(watcher: Watcher) -> None:
    watcher.nothing(2)
    walk(watcher, 0, 300, 16)
    watcher.see(thing(300, 120), cut=True)
    for _ in range(12):
        watcher.see(thing(300, 120))
    assert [v.at for v in watcher.gone] == [17 * STEP]
    assert [v.there_from_start for v in watcher.arrived] == [False, True]
    assert len(watcher.entities()) == 2


def test_two_that_merge_and_part_stay_two_and_keep_who_is_who(watcher: Watcher) -> None:
    watcher.nothing(2)
    for i in range(40):
        a, b = 20 + 14 * i, 560 - 14 * i
        if abs(a - b) < 50:
            left, right = min(a, b), max(a, b) + 40
            watcher.see(thing(left, 120, width=right - left, label="thing"))
        else:
            watcher.see(thing(a, 120, label="thing"), thing(b, 120, label="thing", colours=BLUE))
    entities = watcher.entities()
    assert len(entities) == 2
    where = {
        e.attributes["colour"]: p.box.x1
        for e in entities
        for p in watcher.moments[-1].present
        if p.entity_id == e.id
    }
    assert where["red"] > where["blue"]


def test_who_comes_out_from_behind_a_car_in_its_colours_does_not_become_it(watcher: Watcher) -> None:
    def car(colours: tuple[float, ...]) -> Detection:
        return thing(300, 120, 140, 80, label="car", colours=colours)

    for i in range(14):
        watcher.see(thing(60 + 18 * i, 130, 30, 70, colours=mixed(0.3)), car(RED))
    for _ in range(10):
        watcher.see(car(mixed(0.3)))
    for i in range(14):
        watcher.see(thing(330 + 4 * i, 170 + 4 * i, 30, 70, colours=mixed(0.8)), car(mixed(0.3)))
    boxes = {p.entity_id: p.box for p in watcher.moments[-1].present if p.seen}
    labels = {e.id: e.label for e in watcher.entities() if e.id in boxes}
    assert {labels[id]: box.width for id, box in boxes.items()} == pytest.approx({"car": 140, "person": 30})


def test_who_is_hidden_does_not_come_out_further_away_than_anything_could_carry_it(watcher: Watcher) -> None:
    walker = {"width": 14.0, "height": 30.0}
    truck = thing(100, 140, 320, 70, "truck", colours=BLUE)
    for i in range(10):
        watcher.see(truck, thing(440 - 4 * i, 160, **walker))
    for _ in range(2):
        watcher.see(truck)
    for i in range(10):
        watcher.see(truck, thing(80 - 4 * i, 160, **walker))
    people = [e for e in watcher.entities() if e.label == "person"]
    assert len(people) == 2


def test_a_label_is_what_most_looks_say_and_a_thing_may_get_a_name_late(watcher: Watcher) -> None:
    watcher.nothing(2)
    for i in range(24):
        label = "thing" if i % 2 else "truck" if i % 8 == 0 else "car"
        watcher.see(thing(20 * i, 120, 90, 60, label=label))
    (entity,) = watcher.entities()
    assert entity.label == "car"


def test_a_cell_phone_does_not_drive_through_the_picture(watcher: Watcher) -> None:
    watcher.nothing(2)
    walk(watcher, 0, 560, 20, width=80, label="cell phone")
    (entity,) = watcher.entities()
    assert entity.label == "thing"


def test_a_forklift_that_came_load_first_is_it_and_not_its_pallet(watcher: Watcher) -> None:
    watcher.nothing(4)
    for i in range(10):
        watcher.see(thing(10 + 14 * i, 120, 100, 90, label="pallet"))
    for i in range(6):
        watcher.see(thing(150 + 12 * i, 120, 100, 90, label="forklift"))
    for i in range(12):
        forklift = thing(220 - 12 * i, 120, 72, 90, label="forklift")
        watcher.see(forklift, thing(300, 170, 44, 40, label="pallet", colours=BLUE))
    labels = sorted(e.label for e in watcher.entities() if e.confidence > 0)
    assert labels == ["forklift", "pallet"]
    first = min(watcher.arrived, key=lambda v: v.at)
    (forklift_entity,) = (e for e in watcher.entities() if e.label == "forklift")
    assert forklift_entity.id == first.entity_id


def test_who_passes_a_pallet_does_not_move_its_place(watcher: Watcher) -> None:
    pallet = thing(300, 170, 60, 44, label="pallet", colours=BLUE)
    for i in range(16):
        watcher.see(pallet, thing(10 + 15 * i, 130))
    for i in range(5):  # one box for both
        watcher.see(thing(268 + 3 * i, 130, 92, 90, label="pallet"))
    for i in range(12):
        watcher.see(pallet, thing(366 + 15 * i, 130))
    (entity,) = (e for e in watcher.entities() if e.label == "pallet")
    places = {p.box.foot for m in watcher.moments for p in m.present if p.entity_id == entity.id}
    assert places == {pallet.box.foot}


@pytest.mark.parametrize(("width", "goes_along"), [(60, False), (80, True)])
def test_what_is_larger_than_who_hides_it_is_not_taken_along(width: float, goes_along: bool) -> None:
    stream = ids.stream_id("s")
    place, host = (ids.track_id(stream, n, "test") for n in (1, 2))
    stay = Stay(ids.entity_id(stream, place), place, 1, (640.0, 360.0), course=Course(EMPTY_LAYOUT))
    for i in range(12):
        box = Box(300, 60, 390, 124)
        stay.take(Glimpse(at=i * STEP, box=box, label="person", score=0.8, appearance=RED), clear=True)
    stay.hidden_in = ids.entity_id(stream, host)
    carriers = {stay.hidden_in: Carrier(Box(330, 70, 330 + width, 160), (0.0, 0.0))}
    below = Glimpse(at=20 * STEP, box=Box(330, 130, 374, 200), label="person", score=0.8, appearance=RED)
    assert (heir([stay], below, carriers=carriers) is stay) is goes_along


def test_who_walks_on_from_before_a_pallet_does_not_take_it_along(watcher: Watcher) -> None:
    pallet = thing(300, 170, 60, 44, label="pallet", colours=BLUE)
    for i in range(20):
        watcher.see(pallet, thing(10 + 14 * i, 130))
    for i in range(12):  # one box for both, called by either name
        watcher.see(thing(296 - 4 * i, 120, 64 + 4 * i, 100, label="pallet" if i < 4 else "person"))
    for i in range(20):  # the track goes on with the walker
        watcher.see(thing(216 - 10 * i, 120, 80, 100), pallet)
    (kept,) = (e for e in watcher.entities() if e.label == "pallet")
    assert [p.box.foot for p in watcher.moments[-1].present if p.entity_id == kept.id] == [pallet.box.foot]
    assert sorted(e.label for e in watcher.entities()) == ["pallet", "person"]


def test_who_alone_is_seen_before_a_pallet_keeps_his_name(watcher: Watcher) -> None:
    pallet = thing(300, 120, 90, 94, label="pallet", colours=BLUE)
    for i in range(20):
        watcher.see(pallet, thing(560 - 11 * i, 100, 50, 128))
    for i in range(6):  # of the two only he is seen, in much of the pallet's colour
        watcher.see(thing(322 - 3 * i, 102, 66, 130, colours=mixed(0.3)))
    for i in range(14):
        watcher.see(thing(300 - 5 * i, 92, 42, 124, colours=mixed(0.6)), *([] if i < 4 else [pallet]))
    for i in range(10):
        watcher.see(thing(230 - 5 * i, 80, 42, 120), pallet)
    assert sorted(e.label for e in watcher.entities()) == ["pallet", "person"]
    (kept,) = (e for e in watcher.entities() if e.label == "pallet")
    assert [p.box.foot for p in watcher.moments[-1].present if p.entity_id == kept.id] == [pallet.box.foot]


def test_a_load_does_not_walk_off_even_where_its_place_is_bare(watcher: Watcher) -> None:
    pallet = thing(300, 170, 60, 44, label="pallet", colours=BLUE)
    for i in range(20):
        watcher.see(pallet, thing(10 + 14 * i, 130))
    for i in range(12):
        watcher.see(thing(296 - 4 * i, 120, 64 + 4 * i, 100, label="pallet"))
    for i in range(20):
        watcher.see(thing(216 - 10 * i, 120, 80, 100))
    assert sorted(e.label for e in watcher.entities()) == ["pallet", "person"]


def test_what_stands_hidden_at_the_edge_is_not_the_truck_that_left_there(watcher: Watcher) -> None:
    car = thing(592, 119, 48, 31, label="car", colours=BLUE)
    for _ in range(20):
        watcher.see(car)
    for i in range(16):
        x = 355 + 15 * i
        truck = thing(x, 101, min(180, WIDTH - x), 72, label="truck")
        watcher.see(*([car] if x < 400 else []), truck)
    for _ in range(20):
        watcher.see(car)
    (before,) = watcher.moments[10].present
    (after,) = (p for p in watcher.moments[-1].present if p.seen)
    assert (after.entity_id, after.label) == (before.entity_id, "car")


def test_what_stays_larger_was_seen_in_part_before(watcher: Watcher) -> None:
    for i in range(60):
        watcher.see(thing(300, 170, 60, 44 if i < 16 else 80, label="pallet", colours=BLUE))
    assert watcher.moments[-1].present[0].box.height == 80


def carry(watcher: Watcher, *, taken: bool) -> None:
    """A forklift drives up to a pallet, covers it, and backs off with or without it."""
    pallet = thing(300, 170, 44, 40, label="pallet", colours=BLUE)
    for i in range(20):
        watcher.see(pallet, thing(20 + 8 * i, 120, 72, 90, label="forklift"))
    for _ in range(12):
        watcher.see(thing(236, 120, 110, 90, label="forklift"))
    for i in range(16):
        forklift = thing(236 - 12 * i, 120, 110 if taken else 72, 90, label="forklift")
        watcher.see(*([] if taken or i < 3 else [pallet]), forklift)


def test_what_is_carried_off_went_when_its_taker_hid_it(watcher: Watcher) -> None:
    carry(watcher, taken=True)
    (gone,) = watcher.gone
    assert gone.label == "pallet"
    assert 19 * STEP <= gone.at <= 20 * STEP


def test_what_was_only_covered_stays_the_same(watcher: Watcher) -> None:
    carry(watcher, taken=False)
    assert watcher.gone == []
    assert sorted(e.label for e in watcher.entities()) == ["forklift", "pallet"]


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        ("thing", "person", True),
        ("car", "truck", True),
        ("forklift", "pallet", False),
        ("person", "car", False),
        ("person", "bicycle", True),
        ("bicycle", "car", True),
        ("person", "dog", False),
    ],
)
def test_which_two_labels_may_be_said_of_one_thing(one: str, other: str, may: bool) -> None:
    assert fits(one, other) is may
    assert fits(other, one) is may


def test_two_tracks_of_one_thing_at_one_moment_say_nothing_of_its_speed() -> None:
    here, there = Box(0, 0, 40, 90), Box(10, 0, 50, 90)
    assert velocity([(STEP, here), (STEP, there)]) == (0.0, 0.0)
    assert velocity([(0, here), (SECOND, there)]) == (10.0, 0.0)


def test_points_are_handed_over_once_and_belong_to_the_looks(watcher: Watcher) -> None:
    walk(watcher, 0, 300, 20)
    first = watcher.perception.flush(Span(0, watcher.at), final=False)
    walk(watcher, 320, 600, 10)
    second = watcher.perception.flush(Span(0, watcher.at), final=True)
    points: list[TrackPoint] = [p for seen in (first, second) for t in seen.tracks for p in t.points]
    assert [p.at for p in points] == [i * STEP for i in range(30)]
    assert first.tracks[0].id == second.tracks[0].id
    assert first.entities[0].id == second.entities[0].id


def test_a_pickled_perception_goes_on_with_the_same_entities(watcher: Watcher) -> None:
    walk(watcher, 0, 300, 20)
    copy = Watcher(pickle.loads(pickle.dumps(watcher.perception)), at=watcher.at)
    for one in (watcher, copy):
        walk(one, 320, 600, 10)
        one.nothing(12)
    assert copy.gone == watcher.gone
    assert copy.entities() == watcher.entities()


def test_the_same_looks_give_the_same_ids() -> None:
    def run() -> list[EntityId]:
        stream = Stream(
            id=ids.stream_id("s"), name="s", source="s", shown_source="s", width=WIDTH, height=HEIGHT
        )
        grid = Grid(stream_id=stream.id, length=10 * SECOND, overlap=SECOND, recipe="test")
        one = Watcher(Perception(stream, grid, OcSortTracker(8.0)))
        walk(one, 0, 600, 25)
        return [e.id for e in one.entities()]

    assert run() == run()


def test_how_somebody_looked_is_kept_as_a_vector_whenever_he_is_written(watcher: Watcher) -> None:
    walk(watcher, 0, 300, 12)
    walk(watcher, 310, 600, 12, colours=BLUE)
    early = watcher.perception.seen({e.entity_id for e in watcher.moments[-1].present}, watcher.at)
    seen = watcher.perception.flush(Span(0, watcher.at), final=True)
    (entity,), (vector,) = seen.entities, seen.vectors
    assert early.vectors == (vector,)
    assert (vector.of, vector.model) == (entity.id, BY_COLOURS)
    assert float(vector.row @ np.asarray(RED)) == pytest.approx(float(vector.row @ np.asarray(BLUE)), abs=0.1)
    assert watcher.perception.seen((), watcher.at).vectors == ()
