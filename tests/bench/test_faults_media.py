"""The short form of `python -m bench faults media`: damaged videos and bombs end in typed errors or honest parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.faults import media
from bench.faults.bombs import bombs
from bench.faults.damage import damaged, healthy


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return healthy(tmp_path_factory.mktemp("sound"))


def test_a_seed_is_always_the_same_damage(sound: dict[str, bytes]) -> None:
    files = [damaged(seed, sound) for seed in range(50)]
    assert files == [damaged(seed, sound) for seed in range(50)]
    assert len({name for name, _ in files}) == 50
    assert sum(data not in sound.values() for _, data in files) > 45


def test_there_are_thirty_bombs_and_they_are_small(sound: dict[str, bytes]) -> None:
    built = bombs(sound, Path("/canary.mp4"), "127.0.0.1:9")
    assert len({name for name, _ in built}) == len(built) == 30
    assert max(len(data) for _, data in built) < 10_000_000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_damaged_videos_and_bombs_harm_nothing() -> None:
    report = media.run(range(60), with_bombs=True)
    assert len(report.outcomes) == 90
    assert report.failures == []
    assert (report.canary_opened, report.knocks, report.unwell) == (0, 0, "")
    assert 0 < report.child_mb < media.RESIDENT_MB
    assert {"whole", "part", "BadMedia"} <= set(report.counts)
