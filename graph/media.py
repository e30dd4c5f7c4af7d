"""Bytes under keys: in a folder, in a bucket (any fsspec URL), or in memory."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import fsspec

from core.errors import Invalid, NotFound, StoreUnavailable

_PART = ".part-"


def checked_key(key: str, *, prefix: bool = False) -> str:
    """The key, if it stays inside the store; else raises `Invalid`. Keys are parts joined by `/`, relative, without `..`.

    A prefix may be empty or end in the middle of a part.
    """
    parts = key.split("/")
    if prefix and parts[-1] == "":
        parts.pop()
    bad = (
        any(part in ("", ".", "..") or part.startswith(_PART) for part in parts)
        or "\\" in key
        or any(ord(c) < 32 or ord(c) == 127 for c in key)
    )
    if bad:
        raise Invalid(f"{key!r} is no key", next_step="give parts joined by '/', as in 'uploads/dock.mp4'")
    return key


class MemoryMedia:
    """A `MediaStore` that lives as long as the object. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, bytes] = {}

    def put(self, key: str, data: BinaryIO | bytes, /) -> int:
        """Stores under the key, replacing."""
        checked_key(key)
        content = data if isinstance(data, bytes) else data.read()
        with self._lock:
            self._kept[key] = bytes(content)
        return len(content)

    def open(self, key: str, /) -> BinaryIO:
        """The bytes, seekable. Raises `NotFound`."""
        try:
            return io.BytesIO(self._kept[checked_key(key)])
        except KeyError:
            raise _missing(key) from None

    def keys(self, prefix: str = "", /) -> list[str]:
        """The keys that begin so, sorted."""
        checked_key(prefix, prefix=True)
        with self._lock:
            return sorted(key for key in self._kept if key.startswith(prefix))

    def remove(self, prefix: str, /) -> int:
        """Removes every key that begins so."""
        gone = self.keys(prefix)
        with self._lock:
            return sum(self._kept.pop(key, None) is not None for key in gone)

    def path(self, key: str, /) -> Path | None:
        """Where the bytes lie on this machine's disk: nowhere."""
        checked_key(key)
        return None


def _missing(key: str) -> NotFound:
    return NotFound(f"nothing is stored under {key!r}", next_step="it was removed, or never stored")


class FolderMedia:
    """A `MediaStore` in a folder (a path or `file://`) or in anything fsspec opens (`s3://bucket/folder`, `memory://`)."""

    def __init__(self, url: str | Path) -> None:
        try:
            self._fs, root = fsspec.core.url_to_fs(str(url))
        except (ImportError, ValueError) as error:
            raise StoreUnavailable(
                f"media cannot be kept at {str(url)!r}: {error}",
                next_step="set SIGHTLINE_MEDIA to a folder, or install what its kind of address needs",
            ) from error
        self._root: str = root.rstrip("/")
        protocol = self._fs.protocol
        self._local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)
        if self._local:
            with _reported(self._root):
                private_folder(Path(self._root))

    def put(self, key: str, data: BinaryIO | bytes, /) -> int:
        """Stores under the key, replacing; a reader sees the old bytes or the new ones, nothing between."""
        checked_key(key)
        source = io.BytesIO(data) if isinstance(data, bytes) else data
        with _reported(key):
            return self._put_file(key, source) if self._local else self._put_object(key, source)

    def _put_file(self, key: str, source: BinaryIO) -> int:
        target = Path(self._root, key)
        handle, part = _part_in(target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return size

    def _put_object(self, key: str, source: BinaryIO) -> int:
        # Whole on this machine first, so that a source that fails midway leaves nothing in the bucket.
        with tempfile.NamedTemporaryFile(prefix="sightline-") as whole:
            shutil.copyfileobj(source, whole, 1 << 20)
            whole.flush()
            size = whole.tell()
            self._fs.put_file(whole.name, f"{self._root}/{key}")
        return size

    def open(self, key: str, /) -> BinaryIO:
        """The bytes, seekable. Raises `NotFound`."""
        checked_key(key)
        with _reported(key):
            try:
                return cast("BinaryIO", self._fs.open(f"{self._root}/{key}", "rb"))
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError, FileExistsError) as error:
                raise _missing(key) from error

    def keys(self, prefix: str = "", /) -> list[str]:
        """The keys that begin so, sorted."""
        checked_key(prefix, prefix=True)
        folder = prefix.rpartition("/")[0]
        with _reported(prefix):
            self._fs.invalidate_cache()
            found = self._fs.find(f"{self._root}/{folder}" if folder else self._root)
        names = (str(path)[len(self._root) + 1 :] for path in found)
        return sorted(n for n in names if n.startswith(prefix) and not n.rpartition("/")[2].startswith(_PART))

    def remove(self, prefix: str, /) -> int:
        """Removes every key that begins so."""
        gone = 0
        for key in self.keys(prefix):
            # Another who removes the same may have been faster.
            with _reported(prefix), contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(f"{self._root}/{key}")
                gone += 1
            if self._local:
                self._prune(Path(self._root, key).parent)
        return gone

    def _prune(self, folder: Path) -> None:
        """Removes folders that hold nothing any more; a bucket has none."""
        with contextlib.suppress(OSError):
            while folder != Path(self._root):
                folder.rmdir()
                folder = folder.parent

    def path(self, key: str, /) -> Path | None:
        """Where the bytes lie on this machine's disk, or would lie; None where they are kept elsewhere."""
        checked_key(key)
        return Path(self._root, key) if self._local else None


def _part_in(folder: Path) -> tuple[int, str]:
    """A new file in the folder, which is made; again where someone who removes keys takes it away meanwhile."""
    for _ in range(10):
        # Python tells a folder that is gone again by the time it looks as one that exists and is none.
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            private_folder(folder)
            return tempfile.mkstemp(prefix=_PART, dir=folder)
    private_folder(folder)
    return tempfile.mkstemp(prefix=_PART, dir=folder)


@contextmanager
def _reported(what: str) -> Iterator[None]:
    """Turns what file systems raise into our errors."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"the media store failed at {what!r}: {error.strerror or error}",
            next_step="check that the folder or bucket is there, may be written to and has room (SIGHTLINE_MEDIA)",
        ) from error


def private_folder(folder: Path) -> None:
    """Makes the folder and those above it, readable by their owner alone; leaves alone what is there already."""
    for part in (*reversed(folder.parents), folder):
        if not part.is_dir():
            part.mkdir(mode=0o700, exist_ok=True)
