"""Somebody who walks by one camera and then by another is known again by watching alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.wiring.house import build
from bench.scenes.camera import Camera
from bench.scenes.conditions import Conditions
from bench.scenes.dock_stage import paint_dock
from bench.scenes.people import Clothes, worker
from bench.scenes.render import render_scene
from bench.scenes.scene import Actor, Scene, Walk
from bench.scenes.shapes import Rgb
from bench.seeing.exact import ExactDetector
from core.memory import Query, Want
from core.place import EMPTY_LAYOUT
from core.settings import read_settings
from graph.identity import identity
from graph.resolve import SOURCE
from ingest.pipeline import watch
from ingest.register import register

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)
RED, BLUE = (206, 36, 40), (34, 92, 206)


def passes(vest: Rgb, height: float, folder: Path, name: str) -> Path:
    """Somebody in that vest crosses the picture of a camera that high up, in nine seconds."""
    camera = Camera(width=480, height_px=270, height=height, pitch=17.0, focal=400.0)
    clothes = Clothes(
        vest=vest, hat=(240, 240, 236), trousers=(52, 74, 128), sleeves=vest, skin=(198, 146, 110)
    )
    walk = Walk(0.7, -7.5, 10.4).to(7.5, 10.4, speed=1.9).path()
    actor = Actor(name="p", label="person", colour="", paths=(walk,), figure=worker(clothes, camera))
    scene = Scene(
        kind="pass", seed=1, camera=camera, fps=8, duration=10.0, actors=(actor,), layout=EMPTY_LAYOUT,
        stage=paint_dock, title="", conditions=Conditions(),
    )  # fmt: skip
    return render_scene(scene, folder, name).video


@pytest.mark.slow
def test_who_passes_two_cameras_is_one_and_who_is_dressed_otherwise_is_not(
    home: Path, tmp_path: Path
) -> None:
    settings = read_settings()
    house = build(settings)
    people = {}
    for n, (name, vest, height) in enumerate((("a", RED, 4.6), ("b", BLUE, 4.0), ("c", RED, 4.0))):
        video = passes(vest, height, tmp_path, name)
        stream = register(str(video), name=name, house=house, settings=settings)
        stream = house.ledger.put(replace(stream, started_at=BEGAN + timedelta(minutes=n)))
        watch(stream, replace(house, detector=lambda v=video: ExactDetector(v)), settings)
        (people[name],) = house.store.find(Query(want=Want.ENTITIES, streams=(stream.id,))).entities
    assert set(identity(house.store, people["a"].id)) == {people["a"].id, people["c"].id}
    assert identity(house.store, people["b"].id) == (people["b"].id,)
    (link,) = house.store.find(Query(want=Want.LINKS)).links
    assert link.source == SOURCE
    house.ledger.close()  # type: ignore[attr-defined]
    house.store.close()  # type: ignore[attr-defined]
