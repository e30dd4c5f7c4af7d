"""The background model and the motion detector, on scenes rendered here with known truth."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from core.media import Frame, Picture
from core.place import Box
from core.sight import Detection
from models.detect.background import within_core
from models.detect.motion import MotionDetector, joined

STEP = 125_000
WIDTH, HEIGHT = 480, 270


def ground(seed: int = 1) -> npt.NDArray[np.float64]:
    """A softly mottled floor with a painted line and a dark post."""
    rng = np.random.default_rng(seed)
    floor = cv2.resize(
        rng.integers(90, 140, (14, 24, 3)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    floor[200:206] = 225
    floor[20:150, 400:412] = 30
    return floor.astype(np.float64)


def shot(
    floor: npt.NDArray[np.float64],
    *boxes: tuple[int, int, int, int],
    colour: tuple[int, int, int] = (200, 40, 40),
    seed: int = 0,
    light: float = 1.0,
) -> Picture:
    """The floor with plain boxes (left, top, right, bottom) on it, sensor noise and a level of light."""
    scene = floor.copy()
    for left, top, right, bottom in boxes:
        scene[max(0, top) : bottom, max(0, left) : right] = colour
    noise = np.random.default_rng(seed).normal(0, 2.0, scene.shape)
    return np.clip(scene * light + noise, 0, 255).astype(np.uint8)


def play(
    detector: MotionDetector, pictures: list[Picture], start: int = 0, scale: float = 1.0
) -> list[list[Detection]]:
    frames = [Frame(at=(start + i) * STEP, picture=p, scale=scale) for i, p in enumerate(pictures)]
    return [detector.detect([f])[0] for f in frames]


def empty(floor: npt.NDArray[np.float64], looks: int, light: float = 1.0) -> list[Picture]:
    return [shot(floor, seed=i, light=light) for i in range(looks)]


def learnt() -> tuple[MotionDetector, npt.NDArray[np.float64]]:
    floor = ground()
    detector = MotionDetector()
    play(detector, empty(floor, 12))
    return detector, floor


def test_an_empty_noisy_scene_holds_nothing() -> None:
    detector = MotionDetector()
    assert all(found == [] for found in play(detector, empty(ground(), 40)))


def test_a_moving_thing_is_boxed_within_a_few_pixels_at_source_size() -> None:
    detector, floor = learnt()
    boxes = [(40 + 12 * i, 90, 80 + 12 * i, 170) for i in range(20)]
    found = play(detector, [shot(floor, b, seed=i) for i, b in enumerate(boxes)], 12, scale=2.0)
    for box, row in zip(boxes, found, strict=True):
        assert len(row) == 1
        assert row[0].box.iou(Box(*box).scaled(2.0)) > 0.8


def test_what_came_and_rests_is_not_absorbed_until_it_leaves() -> None:
    detector, floor = learnt()
    play(detector, [shot(floor, (200 - 10 * i, 90, 240 - 10 * i, 150), seed=i) for i in range(12)], 12)
    rest = [
        Frame(at=24 * STEP + i * 500_000, picture=shot(floor, (90, 90, 130, 150), seed=i)) for i in range(120)
    ]
    assert all(len(detector.detect([frame])[0]) == 1 for frame in rest)
    gone = play(detector, empty(floor, 12), 24 + 4 * 120)
    assert gone[-1] == []


def test_the_still_middle_of_a_trembling_thing_is_not_taken_for_a_hole() -> None:
    """A plain load on a running forklift: its rim trembles, its middle has no edge, and the floor behind is striped."""
    floor = ground()
    for row in range(120, 210, 16):
        floor[row : row + 6] = 235
    detector = MotionDetector()
    play(detector, empty(floor, 12))

    def load(i: int, left: int) -> Picture:
        off = 3 * (i % 2)
        return shot(
            floor, (left + off, 110 + off, left + 90 + off, 212 + off), colour=(190, 150, 100), seed=i
        )

    play(detector, [load(i, 40 + 10 * i) for i in range(12)], 12)
    for row in play(detector, [load(i, 160) for i in range(60)], 24):
        assert len(row) == 1
        assert row[0].box.iou(Box(160, 110, 253, 215)) > 0.8


def test_what_stood_there_from_the_start_leaves_no_ghost() -> None:
    floor = ground()
    detector = MotionDetector()
    play(detector, [shot(floor, (220, 80, 260, 160), seed=i) for i in range(12)])
    play(detector, [shot(floor, (220 + 14 * i, 80, 260 + 14 * i, 160), seed=i) for i in range(20)], 12)
    after = play(detector, empty(floor, 32), 32)
    assert after[-1] == []


def test_what_was_put_down_half_behind_a_post_in_a_strong_colour_stays() -> None:
    """Most of its outline is the post's, which is steeper where the thing is not."""
    floor = ground()
    floor[60:220, 260:300] = (250, 200, 10)
    detector = MotionDetector()
    play(detector, empty(floor, 12))
    for i in range(48):
        picture = shot(floor, (230, 100, 260, 180), colour=(165, 140, 100), seed=i)
        (found,) = play(detector, [picture], 12 + i)
        detector.keep([], Frame(at=(12 + i) * STEP, picture=picture))  # nobody knows what it is
        assert [d.box.iou(Box(230, 100, 260, 180)) > 0.7 for d in found] == [True], i


def test_seeded_with_a_batch_it_knows_what_stood_behind_what_moves() -> None:
    floor = ground()
    pictures = [shot(floor, (10 + 25 * i, 80, 50 + 25 * i, 160), seed=i) for i in range(16)]
    found = MotionDetector().detect([Frame(at=i * STEP, picture=p) for i, p in enumerate(pictures)])
    for i, row in enumerate(found):
        assert len(row) == 1
        assert row[0].box.iou(Box(10 + 25 * i, 80, 50 + 25 * i, 160)) > 0.75


def test_a_change_of_exposure_is_no_thing_and_hides_none() -> None:
    detector, floor = learnt()
    dimmed = [
        shot(floor, (60 + 12 * i, 60, 100 + 12 * i, 140), seed=i, light=1 - 0.03 * i) for i in range(12)
    ]
    for row in play(detector, dimmed, 12):
        assert len(row) == 1


def test_a_flash_is_no_thing() -> None:
    detector, floor = learnt()
    flash = [np.full((HEIGHT, WIDTH, 3), 250, np.uint8)] * 4
    found = play(detector, [*empty(floor, 4), *flash, *empty(floor, 30, light=1.3)], 12)
    assert sum(len(row) for row in found) == 0


def test_a_soft_shadow_is_not_part_of_the_thing() -> None:
    detector, floor = learnt()
    rows = []
    for i in range(14):
        left = 60 + 14 * i
        shadow = np.ones((HEIGHT, WIDTH))
        shadow[120:160, left : left + 90] = 0.8
        lit = floor * cv2.GaussianBlur(shadow, (15, 15), 0)[..., None]
        rows.append((left, shot(lit, (left, 60, left + 36, 140), seed=i)))
    for (left, _), found in zip(rows, play(detector, [p for _, p in rows], 12), strict=True):
        assert len(found) == 1
        assert found[0].box.x2 < left + 62


def test_a_dark_soft_shadow_at_the_feet_does_not_move_the_place() -> None:
    detector, floor = learnt()
    for i in range(14):
        left = 60 + 14 * i
        light = np.ones((HEIGHT, WIDTH))
        cv2.ellipse(light, (left + 40, 168), (42, 12), 0, 0, 360, 0.58, -1)
        lit = floor * cv2.GaussianBlur(light, (21, 21), 0)[..., None]
        (row,) = play(detector, [shot(lit, (left, 60, left + 36, 164), seed=i)], 12 + i)
        assert len(row) == 1
        assert abs(row[0].box.y2 - 164) <= 6
        assert row[0].box.x2 <= left + 46


def test_grey_legs_are_not_cut_off_as_a_shadow() -> None:
    inside = np.ones((100, 30), bool)
    legs_too = np.ones((100, 30), bool)
    legs_too[55:] = False
    assert within_core(legs_too, inside).all()
    feet_only = np.ones((100, 30), bool)
    feet_only[85:] = False
    assert within_core(feet_only, inside)[:85].all()
    assert not within_core(feet_only, inside)[85:].any()


def test_leaves_in_the_wind_stop_being_seen() -> None:
    floor = ground()
    rng = np.random.default_rng(9)
    leaves = rng.integers(20, 120, (80, 120, 3))

    def windy(i: int) -> Picture:
        scene = floor.copy()
        scene[:80, :120] = np.roll(leaves, (i * 7 % 3, i * 5 % 4), axis=(0, 1))
        return shot(scene, seed=i)

    found = play(MotionDetector(), [windy(i) for i in range(100)])
    assert sum(len(row) for row in found[-30:]) <= 3


def test_a_panning_camera_gives_no_things() -> None:
    wide = np.random.default_rng(3).integers(20, 230, (34, 120, 3)).astype(np.float32)
    wide = cv2.resize(wide, (WIDTH * 2, HEIGHT), interpolation=cv2.INTER_LINEAR)
    pan = [wide[:, 10 * i : 10 * i + WIDTH].astype(np.uint8) for i in range(30)]
    found = play(MotionDetector(), pan)
    assert sum(len(row) for row in found[8:]) == 0


def test_specks_are_dropped() -> None:
    detector, floor = learnt()
    specks = [shot(floor, (50 + 9 * i, 100, 54 + 9 * i, 104), seed=i) for i in range(10)]
    assert all(row == [] for row in play(detector, specks, 12))


def test_two_things_side_by_side_stay_two() -> None:
    detector, floor = learnt()
    pictures = [
        shot(floor, (60 + 9 * i, 60, 96 + 9 * i, 150), (114 + 9 * i, 60, 150 + 9 * i, 150), seed=i)
        for i in range(10)
    ]
    assert [len(row) for row in play(detector, pictures, 12)] == [2] * 10


def test_the_appearance_is_of_the_thing_and_not_of_the_ground() -> None:
    detector, floor = learnt()
    red, blue = (
        play(
            detector,
            [shot(floor, (200 + 8 * i, 60, 250 + 8 * i, 160), colour=colour, seed=i) for i in range(6)],
            12 + n,
        )[-1][0]
        for n, colour in ((0, (210, 30, 30)), (40, (30, 50, 210)))
    )
    assert sum(a * b for a, b in zip(red.appearance, red.appearance, strict=True)) > 0.99
    assert sum(a * b for a, b in zip(red.appearance, blue.appearance, strict=True)) < 0.3


def test_a_head_above_a_body_is_one_thing_and_neighbours_are_two() -> None:
    assert joined([(10, 30, 40, 90), (18, 12, 32, 28)]) == [(10, 12, 40, 90)]
    assert len(joined([(10, 30, 40, 90), (50, 30, 80, 90)])) == 2
