"""What sees: detectors, what finds by words, tracker, and reader of text."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from api.wiring.choose import choose
from api.wish import Wish
from core.errors import Invalid
from core.ports import Detector, Finder, TextReader, Tracker
from core.settings import Settings

if TYPE_CHECKING:
    from models.detect.naming import NamingDetector

log = logging.getLogger(__name__)


def detector(settings: Settings) -> Callable[[], Detector]:
    """A maker of detectors that can look into the tiles of large pictures, as SIGHTLINE_DETECTOR asks; without it motion
    and the package's own sorter, or what the weights in SIGHTLINE_MODELS name.
    """
    make = _untiled(settings)

    def tiled() -> Detector:
        from models.detect.tiled import TiledDetector

        return TiledDetector(make())

    return tiled


def _untiled(settings: Settings) -> Callable[[], Detector]:
    wish = Wish.of(settings.detector)
    if settings.detector and not wish.scheme:
        raise Invalid(
            f"SIGHTLINE_DETECTOR={settings.detector} does not say what kind of detector that is",
            next_step=f"as onnx:{settings.detector}, or motion:",
        )

    def motion() -> Detector:
        from models.detect.motion import MotionDetector

        return MotionDetector()

    def sorted_() -> Detector:
        from models.detect.sorted import SortedDetector

        return SortedDetector()

    def nothing() -> Detector:
        from models.detect.nothing import NoDetector

        return NoDetector()

    def onnx() -> Callable[[], Detector]:
        return lambda: _with_motion(_onnx(wish, settings), wish)

    def transformers() -> Callable[[], Detector]:
        from models.detect.transformers import TransformersDetector

        options = {key: float(value) for key, value in wish.options.items() if key == "threshold"}
        where, revision = wish.where, wish.options.get("revision", "")
        return lambda: _with_motion(TransformersDetector(where, revision=revision, **options), wish)

    def automatic() -> Callable[[], Detector]:
        from models.weights import find

        there = find("yolox_nano", settings.model_folders) is not None
        return (lambda: _with_motion(_onnx(Wish.of("onnx:yolox_nano"), settings), wish)) if there else sorted_

    return choose(
        "SIGHTLINE_DETECTOR",
        settings.detector,
        {
            "": automatic,
            "motion": lambda: motion,
            "none": lambda: nothing,
            "sorted": lambda: sorted_,
            "onnx": onnx,
            "transformers": transformers,
            "open": automatic,  # the model that finds by words looks at event frames alone
        },
    )


def _with_motion(naming: NamingDetector, wish: Wish) -> Detector:
    """The naming detector together with motion, which finds what it cannot name; alone with `?motion=no`."""
    from models.detect.combined import CombinedDetector
    from models.detect.motion import MotionDetector

    return naming if wish.options.get("motion") == "no" else CombinedDetector(naming, MotionDetector())


def _onnx(wish: Wish, settings: Settings) -> NamingDetector:
    """The table's weights of that name, fetched if they are not here yet, or the file that was named."""
    from models.detect.onnx import OnnxDetector
    from models.weights import own

    options = wish.options
    row, path = None, _table_weights(wish, settings)
    if path is None:
        path = Path(wish.where).expanduser()
        classes = Path(options["classes"]).expanduser() if "classes" in options else None
        row = own(path, family=options.get("family", ""), classes=classes)
    threshold = float(options.get("threshold", 0.35))
    return OnnxDetector(path, row, threshold=threshold, threads=int(options.get("threads", 1)))


def _table_weights(wish: Wish, settings: Settings) -> Path | None:
    """The file of the table's weights a wish names, or None where it names a file of its own."""
    from models.weights import TABLE, fetch, find, known

    if wish.where not in {row.name for row in TABLE}:
        if "/" in wish.where or wish.where.endswith(".onnx"):
            return None
        known(wish.where)  # says which there are
    there = find(wish.where, (*settings.model_folders, settings.weights_cache))
    return there or fetch(known(wish.where), settings.weights_cache, progress=_told(wish.where))


def _told(name: str) -> Callable[[int, int], None]:
    """Says how far a download is, a line for every tenth."""
    said = -1

    def progress(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // total if total else 0
        if tenth > said:
            said = tenth
            log.warning("fetching the weights %s: %.1f of %.1f MB", name, done / 1e6, total / 1e6)

    return progress


def awaited(settings: Settings) -> str:
    """The weights that SIGHTLINE_DETECTOR names and the first watch will fetch, with their size in words; '' for none."""
    from models.weights import TABLE, find

    wish = Wish.of(settings.detector)
    row = next((row for row in TABLE if (wish.scheme, wish.where) == ("onnx", row.name)), None)
    if row is None or find(row.name, (*settings.model_folders, settings.weights_cache)) is not None:
        return ""
    return f"{row.name} ({row.size / 1e6:.0f} MB, {row.licence}, from {row.url or row.source})"


def finder(settings: Settings) -> tuple[Callable[[], Finder] | None, tuple[str, ...]]:
    """What finds by words, and the words it looks for at every event: of SIGHTLINE_DETECTOR=open:…"""
    wish = Wish.of(settings.detector)
    if wish.scheme != "open":
        return None, ()

    @cache
    def finder() -> Finder:
        from models.detect.find_open import OpenFinder

        options = {key: float(value) for key, value in wish.options.items() if key == "threshold"}
        return OpenFinder(wish.where, revision=wish.options.get("revision", ""), **options)

    words = tuple(word.strip() for word in wish.options.get("find", "").split(",") if word.strip())
    return finder, words


def tracker(looks_per_s: float) -> Tracker:
    """A fresh tracker for one stream, looked at so often a second."""
    from models.track import OcSortTracker

    return OcSortTracker(looks_per_s)


def reader(settings: Settings) -> Callable[[], TextReader]:
    """The reader of text, loaded when it is first wanted: most streams hold no text anybody asks for."""

    @cache
    def rapid() -> TextReader:
        from models.read_rapid import RapidReader

        return RapidReader()

    return choose("SIGHTLINE_READER", settings.reader, {"rapidocr": lambda: rapid})


def reports(settings: Settings) -> tuple[str, ...]:
    """What an operator should know of what was chosen."""
    from models.weights import find

    if (
        not settings.detector
        and settings.model_folders
        and find("yolox_nano", settings.model_folders) is None
    ):
        return (
            "SIGHTLINE_MODELS is set, but no known weights are in it: things are found by motion and sorted coarsely",
        )
    return ()
