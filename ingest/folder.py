"""Folders as sources: numbered pictures that are one stream, and files that arrive one by one."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import BadMedia, Invalid, NotFound
from ingest.decoders import FOLDER

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
