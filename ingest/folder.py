"""Folders as sources: numbered pictures that are one stream, and files that arrive one by one."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from core.errors import BadMedia, Invalid, NotFound
from ingest.decode.choice import FOLDER

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEOS = frozenset(
    [
        ".3gp",
        ".avi",
        ".dv",
        ".flv",
        ".h264",
        ".h265",
        ".hevc",
        ".m2ts",
        ".m4v",
        ".mjpeg",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".mxf",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    ]
)
MOST_PICTURES = 2_000_000
MOST_RATE = 1000.0


def folder_source(source: str) -> tuple[Path, float]:
    """The folder that a source names (`images:PATH?fps=10`), and the rate of its pictures, 0.0 for their own times.

    Raises `Invalid` for a rate that is none.
    """
    path, _, options = source.removeprefix(FOLDER).partition("?")
    if not options:
        return Path(path), 0.0
    name, _, value = options.partition("=")
    try:
        fps = float(value)
    except ValueError:
        fps = 0.0
    if name != "fps" or not 0 < fps <= MOST_RATE:
        raise Invalid(
            f"{options!r} is no clock for a folder of pictures",
            next_step=f"write images:FOLDER?fps=10 (at most {MOST_RATE:g} a second), or leave it out: then the files' times count",
            stage="source",
        )
    return Path(path), fps


def pictures_in(folder: Path) -> list[Path]:
    """The picture files in a folder by the numbers in their names. Raises `BadMedia` for a folder that cannot be read."""
    try:
        found = [p for p in folder.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith(".")]
    except OSError as error:
        raise BadMedia(
            f"the folder {folder.name!r} cannot be read: {error.strerror}",
            next_step="check that it is there and may be read",
            stage="source",
        ) from error
    if len(found) > MOST_PICTURES:
        raise BadMedia(
            f"{len(found)} pictures in one folder are too many",
            next_step="give them in parts",
            stage="source",
        )
    return sorted((p for p in found if p.is_file()), key=by_number)


def by_number(path: Path) -> list[tuple[int, int, str]]:
    """What sorts names as people count: `shot-9` before `shot-10`."""
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in parts if part]


def located_folder(source: str) -> str:
    """A folder of pictures as the decoder takes it. Raises `NotFound`, `BadMedia` or `Invalid` with the way out."""
    path, fps = folder_source(source)
    folder = path.expanduser().absolute()
    if not folder.is_dir():
        raise NotFound(f"there is no folder {str(folder)!r}", next_step="check the path", stage="source")
    if "?" in str(folder):
        raise Invalid("a folder's path may hold no question mark", next_step="rename it", stage="source")
    if not pictures_in(folder):
        raise BadMedia(
            f"{folder.name!r} is a folder without pictures",
            next_step="name the files in it, or let it be followed: `sightline watch FOLDER --follow`",
            stage="source",
        )
    return f"{FOLDER}{folder}" + (f"?fps={fps:g}" if fps else "")


SETTLED = timedelta(seconds=3)
"""A file that has not grown or changed for so long is complete."""


@dataclass(slots=True)
class _Waiting:
    size: int
    written: int
    since: datetime


class Arrivals:
    """The video files that arrive in a folder, each once and only when it is complete: when it has kept its size and time
    for `SETTLED`. Hidden files, and those still under another name (`.part`, `.tmp`), are not looked at.

    Raises `NotFound` where there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise NotFound(
                f"there is no folder {str(folder)!r} to follow", next_step="check the path", stage="source"
            )
        self._folder = folder
        self._waiting: dict[Path, _Waiting] = {}
        self._given: dict[Path, tuple[int, int]] = {}

    def complete(self, now: datetime) -> list[Path]:
        """Those that are complete at `now` and were not given before, the longest settled first."""
        ready = []
        for path, size, written in self._files():
            if self._given.get(path) == (size, written):
                continue
            known = self._waiting.get(path)
            if known is None or (known.size, known.written) != (size, written):
                known = self._waiting[path] = _Waiting(size, written, now)
            if size and now - known.since >= SETTLED:
                ready.append((known.since, by_number(path), path))
                self._given[path] = (size, written)
        return [path for *_, path in sorted(ready)]

    def _files(self) -> list[tuple[Path, int, int]]:
        found = []
        for path in self._folder.iterdir():
            if path.name.startswith(".") or path.suffix.lower() not in VIDEOS:
                continue
            with suppress(OSError):  # it went again
                if path.is_file():
                    stat = path.stat()
                    found.append((path, stat.st_size, stat.st_mtime_ns))
        return found
