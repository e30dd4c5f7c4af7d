"""Decoded pictures as the decoders give them: nothing is copied before it is known at which size it is wanted."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np

from core.clock import Micros
from core.media import Grey, Picture

_PLANAR = frozenset(
    [
        "yuv420p",
        "yuvj420p",
        "yuv422p",
        "yuvj422p",
        "yuv444p",
        "yuvj444p",
        "yuv440p",
        "yuvj440p",
        "yuv411p",
        "yuv410p",
        "nv12",
        "nv21",
        "gray",
    ]
)
"""Formats whose first plane is the picture's brightness in bytes."""


def fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size with its longest side at most `longest`."""
    by = longest / max(size)
    return size if by >= 1 else (max(1, round(size[0] * by)), max(1, round(size[1] * by)))


def shrunk(pixels: Picture | Grey, size: tuple[int, int]) -> Picture | Grey:
    """The pixels at a smaller size (width, height), each the mean of what it stands for; a copy.

    Halving comes first, which OpenCV does five times as fast as anything else and comes to the same within a grey level.
    """
    if (pixels.shape[1], pixels.shape[0]) == size:
        return np.ascontiguousarray(pixels)
    import cv2  # loading it takes a third of a second, which a probe need not spend

    while min(pixels.shape[1] // size[0], pixels.shape[0] // size[1]) >= 4 and _even(pixels):
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _thirds(pixels: Grey, size: tuple[int, int]) -> Grey:
    """The same of a plane, from every third row where the size goes a multiple of three times into it, as 320 does into 1,920.

    Means of three are what OpenCV is slow at. A third of the rows is enough to compare pictures by, and neighbours in a row
    are weighed by a half, a third and a tenth, as it weighs colours for a grey picture, which it does ten times as fast.
    """
    if pixels.shape[1] % (3 * size[0]) or pixels.shape[0] % (3 * size[1]):
        return shrunk(pixels, size)
    import cv2

    triples = shrunk(pixels[1::3], (3 * size[0], size[1])).reshape(size[1], size[0], 3)
    return np.asarray(cv2.cvtColor(triples, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _even(pixels: Picture | Grey) -> bool:
    return not (pixels.shape[0] % 2 or pixels.shape[1] % 2)


@dataclass(frozen=True, slots=True, eq=False)
class AvPicture:
    """A picture in libav's own frame."""

    at: Micros
    frame: av.VideoFrame
    timed: bool = True

    @property
    def rotation(self) -> int:
        """Quarter turns counter-clockwise, in degrees (0, 90, 180 or 270), by which the picture is to be shown."""
        return round(self.frame.rotation / 90) % 4 * 90

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""
        return self._turned((self.frame.width, self.frame.height))

    def grey(self, longest: int, /) -> Grey:
        """Its brightness, upright, the longest side at most so long."""
        frame = self.frame
        size = fitted((frame.width, frame.height), longest)
        if frame.format.name in _PLANAR:
            plane = frame.planes[0]
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            small = _thirds(rows[: frame.height, : frame.width], size)
        else:
            small = _bytes(frame.reformat(*size, "gray", interpolation="AREA"))
        return self._upright(small)

    def picture(self, size: tuple[int, int] | None = None, /) -> Picture:
        """It at a size (width, height as shown), by default its own; scaled before anything is copied."""
        width, height = self._turned(size or self.size)
        how = "AREA" if width < self.frame.width else "BILINEAR"
        return self._upright(_bytes(self.frame.reformat(width, height, "rgb24", interpolation=how)))

    def _turned(self, size: tuple[int, int]) -> tuple[int, int]:
        return (size[1], size[0]) if self.rotation in (90, 270) else size

    def _upright(self, pixels: Picture) -> Picture:
        return np.ascontiguousarray(np.rot90(pixels, self.rotation // 90), dtype=np.uint8)


def _bytes(frame: av.VideoFrame) -> Picture:
    return np.asarray(frame.to_ndarray(), dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class PlainPicture:
    """A picture in memory as it is shown, H × W × 3, in the order of the colours that `blue_first` says."""

    at: Micros
    pixels: Picture
    timed: bool = True
    blue_first: bool = False

    @property
    def rotation(self) -> int:
        """None: it stands upright."""
        return 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    def grey(self, longest: int, /) -> Grey:
        """Its brightness, the longest side at most so long."""
        import cv2

        small = shrunk(self.pixels, fitted(self.size, longest))
        how = cv2.COLOR_BGR2GRAY if self.blue_first else cv2.COLOR_RGB2GRAY
        return np.asarray(cv2.cvtColor(small, how), dtype=np.uint8)

    def picture(self, size: tuple[int, int] | None = None, /) -> Picture:
        """It at a size, by default its own."""
        small = shrunk(self.pixels, size or self.size)
        return np.ascontiguousarray(small[:, :, ::-1] if self.blue_first else small)
