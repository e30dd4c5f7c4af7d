"""Pictures as they are sent to servers: JPEG in a data URL, each made once."""

from __future__ import annotations

import base64
import threading
import weakref
from concurrent.futures import Future

import cv2

from core.media import Picture

LONGEST_SIDE = 1024
"""Pixels: pictures are made no larger than this before they are sent, unless a server is said to take more."""
QUALITY = 88


class Jpegs:
    """Data URLs of pictures, each encoded once as long as the picture lives, however many asks, threads and models show
    it. `made` counts the encodings. A picture that was shown must not be drawn on afterwards.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._urls: dict[tuple[int, int], Future[str]] = {}
        self.made = 0

    @property
    def kept(self) -> int:
        """How many data URLs are held at present."""
        return len(self._urls)

    def url(self, picture: Picture, longest: int = LONGEST_SIDE) -> str:
        """The picture as `data:image/jpeg;base64,…`, its longer side at most so many pixels."""
        key = id(picture), longest
        with self._lock:
            known = self._urls.get(key)
            if known is None:
                mine = self._urls[key] = Future()
                self.made += 1
                # The picture's id is another's once it is gone: its URL goes with it.
                weakref.finalize(picture, self._urls.pop, key, None).atexit = False
        if known is not None:
            return known.result()
        try:
            mine.set_result(data_url(picture, longest))
        except BaseException as error:
            mine.set_exception(error)
            raise
        return mine.result()


SHARED = Jpegs()
"""What every model of this process sends from: a dear model is shown what a cheap one was, at no further cost."""


def data_url(picture: Picture, longest: int = LONGEST_SIDE) -> str:
    """An RGB picture as `data:image/jpeg;base64,…`, its longer side at most so many pixels."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    shrink = longest / max(picture.shape[:2])
    if shrink < 1:
        size = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
        bgr = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
