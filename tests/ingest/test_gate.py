from __future__ import annotations

import numpy as np
import pytest

from core.clock import SECOND, Micros
from core.media import Grey
from helpers.videos import background
from ingest.decode.gate import SIDE, Gate
from ingest.decode.picture import PlainPicture, fitted, shrunk

STEP: Micros = SECOND // 8
SIZE = (640, 360)


def scene(seed: int = 7) -> np.ndarray:
    return background(*SIZE, seed=seed)[:, :, 0].astype(np.float32)


class Camera:
    """A still scene as a camera gives it: with noise, and with whatever a test puts into it."""

    def __init__(self, noise: float = 2.0, seed: int = 7) -> None:
        self.still = scene(seed)
        self.random = np.random.default_rng(1)
        self.grain = self.random.normal(0, noise, (4, *self.still.shape)).astype(np.float32)

    def take(
        self, gain: float = 1.0, box: tuple[int, int, int, int] | None = None, contrast: float = 40
    ) -> Grey:
        picture = self.still * gain
        if box is not None:
            x, y, w, h = box
            picture[y : y + h, x : x + w] += contrast
        # a few sheets of grain, each time shifted elsewhere: as good as new ones and much quicker
        grain = np.roll(self.grain[self.random.integers(4)], self.random.integers(self.still.size))
        picture = picture + grain
        return shrunk(np.clip(picture, 0, 255).astype(np.uint8), fitted(picture.shape[1::-1], SIDE))


def settle(gate: Gate, camera: Camera, looks: int = 24) -> Micros:
    for n in range(looks):
        gate.see(camera.take(), n * STEP)
        gate.keep()
    return looks * STEP


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0])
def test_noise_is_not_movement(noise: float) -> None:
    gate, camera = Gate(), Camera(noise)
    at = settle(gate, camera)
    moved = [gate.see(camera.take(), at + n * STEP).moved > 0 for n in range(80)]
    assert sum(moved) <= 4  # one in twenty


def test_light_that_changes_slowly_is_not_movement() -> None:
    gate, camera = Gate(), Camera()
    at = settle(gate, camera)
    moved = []
    for n in range(80):
        moved.append(gate.see(camera.take(gain=1 + 0.003 * n), at + n * STEP).moved > 0)
        if n % 16 == 0:
            gate.keep()
    assert sum(moved) <= 4


@pytest.mark.parametrize("step", [1, 3, 12])
@pytest.mark.parametrize("contrast", [-45, 25, 60])
def test_a_person_far_away_is_never_missed_while_walking(step: int, contrast: float) -> None:
    gate, camera = Gate(), Camera()
    at = settle(gate, camera)
    seen = []
    for n in range(24):
        change = gate.see(camera.take(box=(60 + n * step, 200, 10, 25), contrast=contrast), at + n * STEP)
        seen.append(change.moved > 0)
        if change.moved:
            gate.keep()
    assert seen[0]
    longest_blind = max(len(run) for run in "".join("x" if s else " " for s in seen).split("x"))
    assert longest_blind * STEP < SECOND


def test_what_creeps_adds_up_until_it_shows() -> None:
    gate, camera = Gate(), Camera(noise=1.0)
    at = settle(gate, camera)
    gate.see(camera.take(box=(300, 100, 60, 60)), at)
    gate.keep()
    moved = [
        gate.see(camera.take(box=(300 + n // 6, 100, 60, 60)), at + n * STEP).moved > 0 for n in range(1, 49)
    ]
    assert any(moved)


def test_a_burnt_in_clock_is_learnt_but_a_thing_elsewhere_still_counts() -> None:
    gate, camera = Gate(), Camera(noise=1.0)

    def at(second: float, **more: object) -> Grey:
        digit = (600, 10, 10, 6 + int(second) % 2 * 8)
        picture = camera.take(**more)  # type: ignore[arg-type]
        x, y, w, h = (v // 2 for v in digit)
        picture[y : y + h, x : x + w] = 250
        return picture

    early = late = 0
    for n in range(8 * 60):
        moved = gate.see(at(n / 8), n * STEP).moved > 0
        gate.keep()
        early += moved and n < 8 * 10
        late += moved and n >= 8 * 40
    assert early >= 8
    assert late == 0
    assert gate.see(at(60, box=(100, 200, 10, 25), contrast=45), 60 * SECOND).moved > 0


def test_a_cut_is_told_from_everything_else() -> None:
    gate, here, there = Gate(), Camera(seed=7), Camera(seed=8)
    at = settle(gate, here)
    assert not gate.see(here.take(box=(100, 50, 300, 250), contrast=80), at).cut
    assert not gate.see(here.take(gain=1.5), at + STEP).cut
    assert gate.see(there.take(), at + 2 * STEP).cut
    assert not gate.see(there.take(), at + 3 * STEP).cut


def test_a_first_picture_counts_and_a_picture_of_one_pixel_does_no_harm() -> None:
    gate = Gate()
    assert gate.see(np.zeros((1, 1), np.uint8), 0).moved == 1.0
    assert gate.see(np.full((1, 1), 200, np.uint8), STEP).moved == 0.0


@pytest.mark.parametrize(
    ("shape", "small"), [((1728, 3072), (180, 320)), ((320, 20), (320, 20)), ((100, 178), (100, 178))]
)
def test_pictures_are_made_small_but_never_large(shape: tuple[int, int], small: tuple[int, int]) -> None:
    assert PlainPicture(0, np.zeros((*shape, 3), np.uint8)).grey(SIDE).shape == small
