"""A detector for large pictures: it looks at the whole, and at their tiles with eyes of their own that see small things."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

import cv2

from core.media import Frame, Tile
from core.ports import Detector
from core.sight import Detection

SAME_THING = 0.5
"""Overlap (IoU) from which on two boxes, of the whole and of a tile or of two tiles, are one thing."""
EXPLAINED = 0.4
"""What the whole picture shows of which so much is covered by what its tiles show is better known from them …"""
SMALL = 0.5
"""… if it is smaller, each way, than this part of a tile; what is larger is better known from the whole."""
CUT = 3.0
"""A box that comes this near (picture pixels) to a tile's edge within the picture may be a part of a thing."""

Place = tuple[float, float]


class TiledDetector:
    """The detector given, and for each tile of the pictures another one like it, made when the tile is first seen: each
    remembers its own part of the scene. What they find is merged by OpenCV's non-maximum suppression.

    In pictures without tiles it finds what the detector finds. A tile that is left out of a picture shows what it showed.
    """

    def __init__(self, whole: Detector) -> None:
        self._whole = whole
        self._fresh = copy.deepcopy(whole)
        self._eyes: dict[Place, Detector] = {}
        self._found: dict[Place, list[Detection]] = {}
        self._small: tuple[float, float] = (0.0, 0.0)

    @property
    def name(self) -> str:
        """The detector's name: tiles are the stream's, not the model's."""
        return self._whole.name

    @property
    def vocabulary(self) -> frozenset[str]:
        """What it can say of the whole."""
        return self._whole.vocabulary

    @property
    def needs_fixed(self) -> frozenset[str]:
        """What it can say only while the camera stands still."""
        return self._whole.needs_fixed

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""
        self._whole.reset()
        self._eyes, self._found = {}, {}

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame, in order of time; boxes in source pixels."""
        found = self._whole.detect(frames)
        if not self._found and not any(frame.tiles for frame in frames):
            return found
        fine = self._in_tiles(frames)
        out = []
        for index, (frame, coarse) in enumerate(zip(frames, found, strict=True)):
            for place in fine:
                if index in fine[place]:
                    self._found[place] = fine[place][index]
            small = [d for mine in self._found.values() for d in mine]
            out.append(_merged(self._unexplained(coarse, small), small) if frame.tiles or small else coarse)
        return out

    def _in_tiles(self, frames: Sequence[Frame]) -> dict[Place, dict[int, list[Detection]]]:
        """By tile and frame what is in it: each tile's pictures in one call, which seeds what it remembers."""
        pictures: dict[Place, dict[int, Frame]] = {}
        tiles: dict[Place, Tile] = {}
        for index, frame in enumerate(frames):
            for tile in frame.tiles:
                place = (tile.left, tile.top)
                tiles[place] = tile
                picture = Frame(at=frame.at, picture=tile.picture, scale=tile.scale)
                pictures.setdefault(place, {})[index] = picture
        out: dict[Place, dict[int, list[Detection]]] = {}
        for place, mine in pictures.items():
            eyes = self._eyes.get(place)
            if eyes is None:
                eyes = self._eyes[place] = copy.deepcopy(self._fresh)
            tile, size = tiles[place], _size(frames[next(iter(mine))])
            self._small = (tile.width * SMALL, tile.height * SMALL)
            seen = eyes.detect(list(mine.values()))
            out[place] = {
                index: [_placed(d, tile) for d in found if _is_whole(d, tile, size)]
                for index, found in zip(mine, seen, strict=True)
            }
        return out

    def _unexplained(self, coarse: Sequence[Detection], fine: Sequence[Detection]) -> list[Detection]:
        """What the whole picture shows and the tiles do not show better."""
        out = []
        for one in coarse:
            small = one.box.width < self._small[0] and one.box.height < self._small[1]
            covered = sum(one.box.overlap(other.box) for other in fine)
            if not small or covered < EXPLAINED * one.box.area:
                out.append(one)
        return out


def _size(frame: Frame) -> tuple[float, float]:
    return frame.width * frame.scale, frame.height * frame.scale


def _placed(found: Detection, tile: Tile) -> Detection:
    return replace(found, box=found.box.moved(tile.left, tile.top))


def _is_whole(found: Detection, tile: Tile, size: tuple[float, float]) -> bool:
    """Whether the box, in source pixels of the tile, is cut off by no edge of the tile but the picture's own."""
    box, near = found.box, CUT * tile.scale
    return (
        (box.x1 > near or tile.left <= 0)
        and (box.y1 > near or tile.top <= 0)
        and (box.x2 < tile.width - near or tile.left + tile.width >= size[0] - 1)
        and (box.y2 < tile.height - near or tile.top + tile.height >= size[1] - 1)
    )


def _merged(coarse: Sequence[Detection], fine: Sequence[Detection]) -> list[Detection]:
    """Both together, each thing once, the surer box of two; those of the whole first."""
    found = [*coarse, *fine]
    if not fine:
        return found
    boxes = [[d.box.x1, d.box.y1, d.box.width, d.box.height] for d in found]
    kept = cv2.dnn.NMSBoxes(boxes, [d.score for d in found], 0.0, SAME_THING)
    return [found[index] for index in sorted(int(i) for i in kept)]
