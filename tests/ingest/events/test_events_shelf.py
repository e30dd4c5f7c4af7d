"""Shelves: emptied and stocked again by their pixels, whoever passes before them and however the light changes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from core.clock import micros
from core.ids import EntityId, TrackId
from core.media import Frame
from core.memory import Event
from core.place import Box, Layout, Zone
from ingest.decode.looks import Look
from ingest.events.maker import EventMaker
from ingest.perception.presence import Moment, Presence
from tests.helpers.moments import GRID, STREAM

LAYOUT = Layout(zones=(Zone(name="A", kind="shelf", polygon=((100, 60), (220, 60), (220, 120), (100, 120))),))
BEFORE = Box(120, 70, 160, 190)
"""Somebody who stands before the shelf."""


def picture(
    goods: int, *, hue: int = 0, light: float = 1.0, person: bool = False, seed: int = 0
) -> np.ndarray:
    """A wall with a dark shelf of ten boxes, of which the first so many are there."""
    rng = np.random.default_rng(seed)
    out = np.full((240, 320, 3), 120.0)
    out[60:120, 100:220] = 50
    for i in range(goods):
        row, column = divmod(i, 5)
        y, x = 60 + 30 * row, 100 + 24 * column
        tone = ((180, 130, 80), (90, 130, 180))[hue]
        out[y + 3 : y + 29, x + 1 : x + 23] = np.array(tone) * (0.9 + 0.05 * (i % 3))
    if person:
        out[70:190, 120:160] = (40, 60, 120)
    return np.clip(out * light + rng.normal(0, 2.0, out.shape), 0, 255).astype(np.uint8)


BLOB = Box(110, 80, 210, 170)
"""What differs where goods were taken, with the shadow under the shelf: it reaches out of the shelf."""


def told(*parts: tuple[float, dict]) -> list[Event]:  # type: ignore[type-arg]
    """The shelf's events when it looks so for so many seconds, one after the other."""
    maker = EventMaker(STREAM, GRID, LAYOUT, size=(320, 240))
    at = 0.0
    for seconds, how in parts:
        for _ in range(round(seconds * 8)):
            blob = how.get("blob")
            shown = picture(**{k: v for k, v in how.items() if k not in ("blob", "lies")}, seed=round(at * 8))
            someone = Presence(
                entity_id=EntityId("a"), track_id=TrackId("t"), label="person", box=BEFORE, score=0.9
            )
            gap = Presence(
                entity_id=EntityId("b"), track_id=TrackId("u"), label=str(blob), box=how.get("lies", BLOB),
                score=0.6, seen="lies" not in how,
            )  # fmt: skip
            present = [one for one, there in ((someone, how.get("person")), (gap, blob)) if there]
            moment = Moment(at=micros(at), present=tuple(present))
            frame = Frame(at=micros(at), picture=shown, scale=1.0)
            maker.see(Look(at=micros(at), frame=frame, moved=0.0, cut=False), moment)
            maker.update(moment)
            at += 1 / 8
        maker = pickle.loads(pickle.dumps(maker))
    return [e for e in maker.flush(micros(at), final=True) if e.kind.startswith("shelf")]


FULL, EMPTY = {"goods": 10}, {"goods": 0}
HIDDEN = {"goods": 5, "person": True}


@pytest.mark.parametrize("hue", [0, 1])
def test_emptied_and_stocked_again_with_the_same_goods_or_others(hue: int) -> None:
    empty, stocked = told((3, FULL), (2, HIDDEN), (4, EMPTY), (2, HIDDEN), (3, {"goods": 10, "hue": hue}))
    assert (empty.kind, stocked.kind) == ("shelf_empty", "shelf_restocked")
    assert empty.zone == stocked.zone == "A"
    assert empty.span.start / 1e6 == pytest.approx(5.0, abs=0.3)
    assert empty.span.end / 1e6 == pytest.approx(11.0, abs=0.3)
    assert stocked.span.start == empty.span.end
    assert empty.noticed / 1e6 <= 6.2
    assert empty.evidence[0].box is not None


def test_one_box_taken_leaves_no_empty_shelf() -> None:
    assert told((3, FULL), (2, HIDDEN), (4, {"goods": 8})) == []


def test_who_stands_before_it_does_not_empty_it() -> None:
    assert told((3, FULL), (6, {"goods": 10, "person": True}), (3, FULL)) == []


def test_light_that_goes_down_does_not_empty_it() -> None:
    assert told((3, FULL), (3, {"goods": 10, "light": 0.6}), (3, FULL)) == []


def test_it_is_empty_until_the_end() -> None:
    (empty,) = told((3, FULL), (2, HIDDEN), (4, EMPTY))
    assert empty.span.end == micros(9.0)


def test_the_place_of_what_was_taken_does_not_hide_the_shelf_but_somebody_does() -> None:
    full, empty = {"goods": 10}, {"goods": 1}
    assert [e.kind for e in told((3, full), (4, {**empty, "blob": "car"}))] == ["shelf_empty"]
    assert told((3, full), (4, {**empty, "blob": "person"})) == []


@pytest.mark.parametrize(
    ("lies", "kinds"),
    [
        pytest.param(Box(110, 80, 210, 170), ["shelf_empty"], id="wider than high: nobody stands so"),
        pytest.param(Box(120, 80, 160, 170), [], id="upright: somebody may stand there"),
    ],
)
def test_the_place_that_goes_on_unseen_under_the_takers_name_does_not_hide_the_shelf(
    lies: Box, kinds: list[str]
) -> None:
    unseen = {"goods": 1, "blob": "person", "lies": lies}
    assert [event.kind for event in told((3, {"goods": 10}), (4, unseen))] == kinds
