"""What every `Decoder` promises, on the clips of `tests/data/footage`: each picture at its moment, however it is asked for."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import absent

from core.clock import SECOND, Micros
from core.errors import BadMedia
from core.ports import Decoded, Decoder
from helpers.footage import FOOTAGE, Truth, number_in, picture, truths
from ingest.decode.choice import DECORD, FOLDER, PYAV, open_source
from ingest.decode.sample import Sampler
from ingest.decode.tasks import shown_at

Opened = tuple[Callable[[], Decoder], Truth]
REFUSED_BY_DECORD = ("open_gop.ts", "refreshed.ts", "late.ts", "untimed.h264", "edited.mp4")
FOLDERS = {"even folder": 25.0, "uneven folder": 0.0}


def silent() -> None:
    pass


def cases() -> Iterator[tuple[str, str]]:
    for clip in truths():
        yield PYAV, clip
        if clip not in REFUSED_BY_DECORD:
            yield DECORD, clip
    for folder in FOLDERS:
        yield FOLDER, folder


def folder_of(clip: str, target: Path, *, fps: float) -> Truth:
    """A folder with the pictures of a clip, its clock the given rate or the files' times."""
    import cv2

    of = truths()[clip]
    for place, (at, number) in enumerate(zip(of.moments, of.numbers, strict=True)):
        file = target / f"shot-{place}.png"
        cv2.imwrite(str(file), picture(number)[:, :, ::-1])
        os.utime(file, ns=(0, (1_700_000_000 * SECOND + at) * 1000))
    return of


@pytest.fixture(params=list(cases()), ids=lambda case: f"{case[0]}{case[1]}")
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    decoder, clip = request.param
    if decoder == DECORD and find_spec("decord") is None:
        absent("decord")
    if decoder == FOLDER:
        fps = FOLDERS[clip]
        truth = folder_of("even.mp4" if fps else "uneven.mp4", tmp_path, fps=fps)
        name = f"{FOLDER}{tmp_path}" + (f"?fps={fps:g}" if fps else "")
        return lambda: open_source(name, PYAV, silent), truth
    return lambda: open_source(str(FOOTAGE / clip), decoder, silent), truths()[clip]


def number(shown: Decoded, truth: Truth) -> int:
    upright = shown.picture().mean(axis=2)
    return number_in(np.rot90(upright, -truth.rotation // 90))


def close(at: Micros, true: Micros) -> bool:
    return abs(at - true) <= 1000  # dumps round to the microsecond, and containers to the millisecond


def assert_true(shown: list[Decoded], truth: Truth, *, all_of_them: bool) -> None:
    """Every picture carries the number that its moment has in the truth."""
    for one in shown:
        place = min(range(len(truth.moments)), key=lambda n: abs(truth.moments[n] - one.at))
        assert close(one.at, truth.moments[place])
        assert number(one, truth) == truth.numbers[place], f"another picture at {one.at}"
    if all_of_them:
        assert len(shown) == len(truth.moments)


def test_all_pictures_come_in_order_each_at_its_moment(source: Opened) -> None:
    open_it, truth = source
    shown = list(open_it().pictures())
    assert_true(shown, truth, all_of_them=True)
    assert all(a.at < b.at for a, b in itertools.pairwise(shown))
    assert shown[0].at == 0


def test_moments_are_told_without_the_pictures(source: Opened) -> None:
    open_it, truth = source
    told = list(open_it().moments())
    assert len(told) == len(truth.moments)
    assert all(close(at, true) for at, true in zip(told, truth.moments, strict=True))


def test_what_is_known_of_it_is_true(source: Opened) -> None:
    open_it, truth = source
    video = open_it()
    first = next(iter(video.pictures()))
    assert first.size == truth.size
    rgb = first.picture()
    assert (rgb.shape, rgb.dtype, rgb.flags["C_CONTIGUOUS"]) == (
        (truth.size[1], truth.size[0], 3),
        np.uint8,
        True,
    )
    assert first.picture((24, 16)).shape == (16, 24, 3)
    assert max(first.grey(32).shape) == 32
    assert first.grey(1000).shape == (truth.size[1], truth.size[0])
    assert video.length() == pytest.approx(truth.moments[-1] + 40_000, abs=360_000)
    assert video.broken == ""


@pytest.mark.parametrize("rate", [0.4, 1.0, 3.0, 8.0, 60.0])
def test_what_is_wanted_comes_as_if_everything_were_decoded(source: Opened, rate: float) -> None:
    open_it, truth = source

    def due(shown: list[Decoded]) -> list[Micros]:
        sampler = Sampler(rate, rate, 25.0)
        return [one.at for one in shown if sampler.due(one.at)]

    whole = list(open_it().pictures())
    part = list(open_it().pictures(0, Sampler(rate, rate, 25.0)))
    assert due(part) == due(whole)
    assert part[-1].at == whole[-1].at  # the last picture is always wanted
    assert_true(part, truth, all_of_them=False)


@pytest.mark.parametrize("step", [70_000, 550_000, 1_370_000])
def test_the_picture_on_the_screen_at_any_moment(source: Opened, step: int) -> None:
    open_it, truth = source
    asked = list(range(0, truth.moments[-1] + 2 * step, step))
    shown = dict(shown_at(open_it(), asked))
    for place, moment in enumerate(asked):
        true = max(n for n, at in enumerate(truth.moments) if at <= moment + 1000)
        near = [true, *([true - 1] if truth.moments[true] > moment - 1000 and true else [])]
        assert number(shown[place], truth) in [truth.numbers[n] for n in near]


@pytest.mark.parametrize("share", [0.2, 0.55, 0.97])
def test_a_later_start_shows_the_rest(source: Opened, share: float) -> None:
    open_it, truth = source
    start = int(truth.moments[-1] * share)
    shown = list(open_it().pictures(start))
    assert shown[0].at <= start
    assert_true(shown, truth, all_of_them=False)
    assert shown[-1].at == pytest.approx(truth.moments[-1], abs=1000)
    after = [one for one in shown if one.at >= start]
    assert len(after) == pytest.approx(sum(at >= start for at in truth.moments), abs=1)


def test_key_pictures_come_alone_and_are_themselves(source: Opened) -> None:
    open_it, truth = source
    keys = list(open_it().keys())
    assert 1 <= len(keys) <= len(truth.moments)
    assert_true(keys, truth, all_of_them=False)
    assert all(a.at < b.at for a, b in itertools.pairwise(keys))
    later = list(open_it().keys(keys[-1].at))
    assert later[-1].at == keys[-1].at


@pytest.mark.parametrize("clip", REFUSED_BY_DECORD)
def test_decord_refuses_what_it_would_read_wrongly(clip: str) -> None:
    if find_spec("decord") is None:
        absent("decord")
    with pytest.raises(BadMedia, match="decord") as caught:
        open_source(str(FOOTAGE / clip), DECORD, silent)
    assert "SIGHTLINE_DECODER" in caught.value.next_step
