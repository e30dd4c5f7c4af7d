"""Sources: what a file or URL is, how it is shown to people, and what it holds."""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from core.clock import SECOND, Micros, clock_text
from core.errors import BadMedia, Invalid, NotFound
from core.media import Stream
from core.ports import MediaStore
from ingest.decode.choice import FOLDER, PYAV
from ingest.decode.supervise import supervised
from ingest.folder import folder_source, located_folder, pictures_in

MEDIA = "media:"
"""What a source begins with that lies in the media store; its key follows."""

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)://")
_SECRET = re.compile(
    r"(?i)^(?:key|token|secret|pass(?:word|wd)?|pwd|sig(?:nature)?|auth.*|x-amz-.*|access.*)$"
)
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"<?xml", b"<smil", b"<asx", b"v=0")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What a source is: its length, its picture as shown (after rotation), its codec, and its average rate.

    `started_at` is when the file says it was recorded. `timed` is false where a file holds no timestamps at all: then
    moments are counted off its nominal rate.
    """

    duration: Micros
    width: int
    height: int
    codec: str
    fps: float
    rotation: int = 0
    started_at: datetime | None = None
    timed: bool = True


def is_remote(source: str) -> bool:
    """Whether the source is a URL and not a path."""
    return _SCHEME.match(source) is not None and not source.startswith("file://")


def shown_source(source: str) -> str:
    """The source as it may be shown: a URL without user, password and secret parameters; of a path the file's name."""
    if not is_remote(source):
        return source.rpartition("/")[2] if source.startswith(MEDIA) else Path(_path_of(source)).name
    try:
        parts = urlsplit(source)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return source.partition("://")[0] + "://…"
    shown = [_shown_parameter(pair) for pair in parts.query.split("&") if pair]
    return f"{parts.scheme}://{host}{parts.path}" + (f"?{'&'.join(shown)}" if shown else "")


def _path_of(source: str) -> str:
    """The path of a file, or of a folder of pictures without its clock."""
    return source.removeprefix(FOLDER).partition("?")[0] if source.startswith(FOLDER) else source


def _shown_parameter(pair: str) -> str:
    name, found, _ = pair.partition("=")
    return f"{name}=…" if found and _SECRET.match(name) else pair


def digest(path: Path | str) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits; of a folder of pictures, of their names, clock and bytes."""
    if str(path).startswith(FOLDER):
        return _folder_digest(str(path))
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_digest(source: str) -> str:
    folder, fps = folder_source(source)
    whole = hashlib.sha256()
    for file in pictures_in(folder):
        clock = fps or file.stat().st_mtime_ns
        whole.update(f"{file.name}\n{clock}\n{digest(file)}\n".encode())
    return whole.hexdigest()


def locate(source: str) -> str:
    """The source as the decoder takes it: an http(s) URL as it is, the absolute path of a file that is there, or
    `images:` with that of a folder of pictures.

    Raises `NotFound`, `BadMedia` or `Invalid` with the cause and the way out.
    """
    if source.startswith(FOLDER):
        return located_folder(source)
    scheme = _SCHEME.match(source)
    if scheme and scheme[1].lower() in ("http", "https"):
        return source
    if scheme and scheme[1].lower() != "file":
        raise Invalid(
            f"{scheme[1]}:// sources cannot be watched by this version",
            next_step="give a file, or an http(s) URL of a file; record a camera to a file first",
            stage="source",
        )
    path = Path(source.removeprefix("file://")).expanduser().absolute()
    if path.is_dir():
        return located_folder(f"{FOLDER}{path}")
    _check_file(path)
    return str(path)


def _check_file(path: Path) -> None:
    shown = repr(path.name or str(path))
    try:
        if not path.exists():
            raise NotFound(f"there is no file {str(path)!r}", next_step="check the path", stage="source")
        if not path.is_file():
            raise BadMedia(f"{shown} is no regular file", next_step="copy it to a file", stage="source")
        if path.stat().st_size == 0:
            raise BadMedia(f"the file {shown} is empty", next_step="copy it again", stage="source")
        with path.open("rb") as file:
            head = file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")
    except PermissionError as error:
        raise BadMedia(
            f"the file {shown} may not be read by this user", next_step="give read permission", stage="source"
        ) from error
    except OSError as error:
        raise BadMedia(
            f"the file {shown} cannot be read: {error.strerror}", next_step="check the disk", stage="source"
        ) from error
    if head.startswith(_PLAYLISTS):
        raise BadMedia(
            f"{shown} is a playlist or a text, not a video",
            next_step="give the video files themselves: a playlist may point anywhere",
            stage="source",
        )


def probe(
    source: str,
    *,
    decoder: str = PYAV,
    max_hours: float = 48.0,
    memory_mb: int = 2048,
    stall_s: float = 20.0,
) -> SourceInfo:
    """What the source is, found out in a child process by decoding its first picture.

    Raises `NotFound` for a missing file, `BadMedia` for one that holds no video that can be read, is absurdly large or
    longer than `max_hours`, and `SourceUnavailable` for a URL that does not answer.
    """
    where = locate(source)
    info = None
    for message in supervised(
        "probe",
        {"source": where, "decoder": decoder},
        stall_s=stall_s,
        memory_mb=memory_mb,
        remote=is_remote(where),
    ):
        info = message.head
    if info is None:  # the child always says one of both, unless its own code is broken
        raise BadMedia("the decoder found nothing to say", stage="source")
    if info["duration"] > max_hours * 3600 * SECOND:
        raise BadMedia(
            f"the video is {clock_text(info['duration'])} long, more than the {max_hours:g} hours allowed",
            next_step="cut it into parts, or raise SIGHTLINE_MAX_HOURS",
            stage="source",
        )
    recorded = info["recorded_at"]
    return SourceInfo(
        duration=info["duration"],
        width=info["width"],
        height=info["height"],
        codec=info["codec"],
        fps=info["fps"],
        rotation=info["rotation"],
        started_at=datetime.fromisoformat(recorded) if recorded else None,
        timed=info["timed"],
    )


@runtime_checkable
class HasPaths(Protocol):
    """A media store whose bytes may lie on this machine's disk."""

    def path(self, key: str, /) -> Path | None:
        """The file under a key, None where it is kept elsewhere."""


def resolve_source(stream: Stream, media: MediaStore) -> str:
    """What the decoder opens for a stream: its path or URL; for an upload its file, fetched once if it lies elsewhere.

    Raises `NotFound` where the upload is gone.
    """
    if not stream.source.startswith(MEDIA):
        return stream.source
    key = stream.source.removeprefix(MEDIA)
    path = media.path(key) if isinstance(media, HasPaths) else None
    if path is None:
        return str(_COPIES.fetch(key, stream.digest, media))
    if not path.is_file():
        raise NotFound(
            f"the upload of stream {stream.name!r} is gone from the media store",
            next_step="upload it again, or forget the stream",
            stage="source",
        )
    return str(path)


class _Copies:
    """The few files last fetched from a bucket, kept on disk while this process lives."""

    MOST = 4

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._kept: dict[str, Path] = {}

    def fetch(self, key: str, content: str, media: MediaStore) -> Path:
        """The file's copy; the oldest copy goes when there are too many (who reads it keeps it open)."""
        name = hashlib.sha256(f"{key}\n{content}".encode()).hexdigest()
        with self._lock:
            found = self._kept.pop(name, None)
            if found is None or not found.exists():
                found = self._copy(key, name, media)
            self._kept[name] = found
            while len(self._kept) > self.MOST:
                self._kept.pop(next(iter(self._kept))).unlink(missing_ok=True)
            return found

    def _copy(self, key: str, name: str, media: MediaStore) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="sightline-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        target = self._folder / (name + Path(key).suffix)
        with media.open(key) as stored, target.open("wb") as out:
            shutil.copyfileobj(stored, out, 1 << 20)
        return target


_COPIES = _Copies()
