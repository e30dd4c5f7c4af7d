"""Events of the camera itself, from pictures painted by hand."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.clock import micros
from core.media import Frame, Picture
from core.memory import Event
from helpers.moments import chunk_at, maker
from helpers.videos import background
from ingest.decode.looks import DecodePlan, Look, looks
from ingest.events.maker import EventMaker
from ingest.perception.presence import Moment

RATE = 8.0
SCENE = background(320, 180)


def show(one: EventMaker, at: float, picture: Picture | None) -> None:
    """One look at that second; None is the gate's word that nothing moved."""
    when = micros(at)
    frame = None if picture is None else Frame(at=when, picture=picture, scale=2.0)
    moment = Moment(at=when, present=(), quiet=picture is None)
    one.see(Look(at=when, frame=frame, moved=0.0 if picture is None else 0.1), moment)
    one.update(moment)


NOISE = np.random.default_rng(0).normal(0, 1, (400, 500, 3)).astype(np.float32)


def noisy(picture: Picture, seed: int, by: float = 3.0) -> Picture:
    """The picture with a sensor's noise: another piece of one large field for each seed."""
    y, x = np.random.default_rng(seed).integers(0, (400 - picture.shape[0], 500 - picture.shape[1]))
    noise = NOISE[y : y + picture.shape[0], x : x + picture.shape[1]]
    return np.clip(picture + by * noise, 0, 255).astype(np.uint8)


def lights(at: float) -> Picture:
    """A scene whose lights are out from second 4 to second 9."""
    return noisy((SCENE * (0.04 if 4 <= at < 9 else 1.0)).astype(np.uint8), round(at * 100))


def only(events: list[Event], kind: str) -> Event:
    found = [e for e in events if e.kind == kind]
    assert len(found) == 1, [(e.kind, e.span) for e in events]
    return found[0]


def test_lights_that_go_out_and_on_again_are_one_dark_spell() -> None:
    one = maker()
    for step in range(round(14 * RATE)):
        show(one, step / RATE, lights(step / RATE))
    dark = only(one.flush(micros(14), final=True), "camera_dark")
    assert dark.span.start / 1e6 == pytest.approx(4.0, abs=0.15)
    assert dark.span.end / 1e6 == pytest.approx(9.0, abs=0.15)
    assert dark.confidence > 0.9
    assert not dark.open
    assert [(e.chunk_id, e.box) for e in dark.evidence] == [
        (chunk_at(micros(4)), None),
        (chunk_at(micros(8.9)), None),
    ]


def test_a_dark_spell_goes_on_while_the_gate_sees_nothing_move_and_over_a_chunks_end() -> None:
    one = maker()
    for step in range(round(10 * RATE)):
        at = step / RATE
        beat = step % round(2 * RATE) == 0
        show(one, at, lights(at) if at < 6 or beat else None)
    first = only(one.flush(micros(8), final=False), "camera_dark")
    assert first.open
    again = pickle.loads(pickle.dumps(one))
    for step in range(round(10 * RATE), round(13 * RATE)):
        show(again, step / RATE, lights(step / RATE))
    last = only(again.flush(micros(13), final=True), "camera_dark")
    assert (last.id, last.open) == (first.id, False)
    assert last.span.start == first.span.start


def test_a_dim_scene_with_a_lamp_in_it_is_not_dark() -> None:
    one = maker()
    scene = (SCENE * 0.15).astype(np.uint8)
    scene[20:70, 40:120] = 140
    for step in range(round(6 * RATE)):
        show(one, step / RATE, noisy(scene, step))
    assert one.flush(micros(6), final=True) == []


# -- what else can be wrong with a camera ------------------------------------------------------------------------

WIDE = cv2.GaussianBlur(background(480, 300, seed=3), (3, 3), 0)
"""More of the scene than one picture shows: the camera may be turned."""


def world(
    at: float, *, right: float = 0, down: float = 0, noise: float = 2.0, size: tuple[int, int] = (320, 180)
) -> Picture:
    """What the camera sees at that second, turned by so many pixels: the scene, a walker and the sensor's noise."""
    scene = WIDE.copy()
    x = 60 + round(40 * at) % 340
    scene[120:190, x : x + 22] = (200, 40, 40)
    matrix = np.array([[1, 0, -60 - right], [0, 1, -50 - down]], np.float32)
    view = cv2.warpAffine(scene, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return noisy(view, round(at * 1000), noise) if noise else view.astype(np.uint8)


def hand(at: float) -> Picture:
    """Something skin-coloured and out of focus before all but a corner of the view."""
    picture = world(at, noise=0)
    cover = np.zeros(picture.shape[:2], np.float32)
    cover[:, 50:] = 1.0
    cover = cv2.GaussianBlur(cover, (0, 0), 6)[..., None]
    return noisy(picture * (1 - cover) + np.array([150, 110, 90]) * cover, round(at * 1000), 2.0)


def watched(shown: Callable[[float], Picture], until: float, rate: float = RATE) -> list[Event]:
    """The events of those pictures, shown so many times a second."""
    one = maker()
    for step in range(round(until * rate)):
        show(one, step / rate, shown(step / rate))
    return one.flush(micros(until), final=True)


def between(start: float, end: float, then: Callable[[float], Picture]) -> Callable[[float], Picture]:
    """The world, but from `start` to `end` as `then` shows it."""
    return lambda at: then(at) if start <= at < end else world(at)


def kinds(events: list[Event]) -> list[str]:
    return [e.kind for e in events]


SPELLS: dict[str, Callable[[float], Picture]] = {
    "camera_dark": lambda at: (world(at) * 0.05).astype(np.uint8),
    "camera_blurred": lambda at: noisy(cv2.GaussianBlur(world(at, noise=0), (0, 0), 5), round(at * 999), 2.0),
    "camera_covered": hand,
    "camera_frozen": lambda at: world(4.0),
}


@pytest.mark.parametrize("kind", sorted(SPELLS))
@pytest.mark.parametrize("rate", [5.0, 8.0])
def test_each_fault_is_one_spell_with_its_true_times(kind: str, rate: float) -> None:
    event = only(watched(between(4, 12, SPELLS[kind]), 18, rate), kind)
    assert event.span.start / 1e6 == pytest.approx(4, abs=0.35)
    assert event.span.end / 1e6 == pytest.approx(12, abs=0.35)
    assert event.confidence >= 0.7


@pytest.mark.parametrize("kind", sorted(SPELLS))
def test_a_fault_brings_no_other_with_it(kind: str) -> None:
    assert kinds(watched(between(4, 12, SPELLS[kind]), 18)) == [kind]


@pytest.mark.parametrize("kind", sorted(SPELLS))
def test_half_a_second_of_it_is_no_fault(kind: str) -> None:
    assert kinds(watched(between(4, 4.5, SPELLS[kind]), 9)) == []


def test_a_fault_that_lasts_is_still_open_at_the_end_of_a_chunk() -> None:
    one = maker()
    for step in range(round(8 * RATE)):
        show(one, step / RATE, between(4, 20, SPELLS["camera_covered"])(step / RATE))
    assert only(one.flush(micros(8), final=False), "camera_covered").open


def test_an_ordinary_scene_has_nothing_wrong_with_its_camera() -> None:
    assert watched(world, 12) == []


def test_a_scene_without_noise_that_stands_still_is_not_frozen() -> None:
    assert watched(lambda at: world(min(at, 4), noise=0), 14) == []


def test_a_frozen_camera_is_told_from_heartbeats_alone() -> None:
    """A frozen picture is quiet: the gate hands on one in two seconds."""
    one = maker()
    for step in range(round(20 * RATE)):
        at = step / RATE
        still = 6 <= at < 16
        show(one, at, world(min(at, 6)) if still and step % 16 == 0 else None if still else world(at))
    frozen = only(one.flush(micros(20), final=True), "camera_frozen")
    assert frozen.span.start / 1e6 == pytest.approx(6, abs=2.1)
    assert frozen.span.end / 1e6 == pytest.approx(16, abs=0.3)


def test_light_that_falls_by_half_is_neither_blur_nor_cover() -> None:
    assert watched(between(4, 10, lambda at: (world(at) * 0.5).astype(np.uint8)), 14) == []


def test_a_camera_that_is_turned_and_stays_so_has_moved_once() -> None:
    event = only(watched(between(5, 99, lambda at: world(at, right=40, down=5)), 14), "camera_moved")
    assert event.span.start / 1e6 == pytest.approx(5, abs=1.2)
    assert event.attributes["shift_share"] == pytest.approx(40 / 320, rel=0.15)
    assert event.attributes["direction"] == "right"


def test_a_knock_so_hard_that_it_looks_like_a_cut_is_a_move() -> None:
    one = maker()
    for step in range(round(12 * RATE)):
        at = step / RATE
        picture = world(at, right=50 if at >= 6 else 0)
        moment = Moment(at=micros(at), present=(), cut=at == 6)
        one.see(
            Look(at=micros(at), frame=Frame(at=micros(at), picture=picture), moved=0.9, cut=at == 6), moment
        )
        one.update(moment)
    moved = only(one.flush(micros(12), final=True), "camera_moved")
    assert moved.span.start / 1e6 == pytest.approx(6, abs=1.2)


def test_another_scene_after_a_cut_is_no_moved_camera() -> None:
    other = background(320, 180, seed=99)
    one = maker()
    for step in range(round(12 * RATE)):
        at = step / RATE
        picture = noisy(other, step) if at >= 6 else world(at)
        moment = Moment(at=micros(at), present=(), cut=at == 6)
        one.see(
            Look(at=micros(at), frame=Frame(at=micros(at), picture=picture), moved=0.9, cut=at == 6), moment
        )
        one.update(moment)
    assert "camera_moved" not in kinds(one.flush(micros(12), final=True))


def test_a_pan_lasts_as_long_as_the_camera_moves() -> None:
    def panned(at: float) -> Picture:
        return world(at, right=14 * (min(max(at, 4), 9) - 4))

    event = only(watched(panned, 15), "camera_moved")
    assert event.span.start / 1e6 == pytest.approx(4, abs=0.5)
    assert event.span.end / 1e6 == pytest.approx(9, abs=0.8)


def test_a_handheld_camera_is_told_of_once() -> None:
    rng = np.random.default_rng(5)
    path = np.cumsum(rng.normal(0, 5, (200, 2)), axis=0)
    path = 25 * np.sin(path / 25)

    def shaken(at: float) -> Picture:
        x, y = path[round(at * RATE)]
        return world(at, right=x, down=y)

    event = only(watched(shaken, 15), "camera_moved")
    assert event.span.start / 1e6 < 1.5
    assert event.span.end / 1e6 > 13.5


def test_a_mast_that_sways_by_a_pixel_is_no_moved_camera() -> None:
    assert watched(lambda at: world(at, right=0.8 * np.sin(7 * at), down=0.5 * np.cos(5 * at)), 12) == []


def test_what_it_remembers_is_small_and_can_be_put_away() -> None:
    one = maker()
    for step in range(round(20 * RATE)):
        show(one, step / RATE, world(step / RATE))
    assert len(pickle.dumps(one)) < 8_000_000


REAL = {
    "sports/gym_two_players.mp4": ["camera_moved"],  # handheld
    "sports/tennis_clay.mp4": ["camera_moved"],  # pans
    "traffic/dashcam_white_right.mp4": ["camera_moved"],
    "traffic/topdown_cars.mp4": [],  # two cars that fill half of the picture, on plain ground
    "warehouse_retail/conveyor_produce.mp4": [],  # all that can be followed moves as one
    "warehouse_retail/conveyor_bolt.mp4": [],
    "misc/tea_box_hand.mp4": [],  # the same, and turns
    "people/plaza_crowd_topdown.mp4": [],
    "people/highstreet_walkers.mp4": [],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(REAL))
def test_real_cameras_are_told_of_as_they_are(clips: Path, name: str) -> None:
    one, last = maker(), 0
    for look in looks(str(clips / name), DecodePlan()):
        last = look.at
        moment = Moment(at=look.at, present=(), quiet=look.frame is None, cut=look.cut)
        one.see(look, moment)
        one.update(moment)
    told = one.flush(last + 1, final=True)
    assert [e.kind for e in told if e.kind.startswith("camera_")] == REAL[name]
