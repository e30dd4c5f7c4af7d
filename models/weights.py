"""The weights Sightline knows how to run: one table, and how a file is found, checked and fetched."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.errors import Invalid, ModelUnavailable

COCO: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""The 80 labels of the COCO detection task, in the order detectors trained on it number them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One file of weights: where it comes from, how it is known, and what it takes and gives.

    `side` is the side of the square input in pixels; `kind` names the decoder (`yolox`, `nanodet`).
    """

    name: str
    file: str
    sha256: str
    url: str
    licence: str
    side: int
    kind: str
    classes: tuple[str, ...] = COCO


TABLE: tuple[Weights, ...] = (
    Weights(
        name="yolox_nano",
        file="yolox_nano_416.onnx",
        sha256="e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",
        url="https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
        licence="Apache-2.0",
        side=416,
        kind="yolox",
    ),
    Weights(
        name="nanodet_m_416",
        file="nanodet_m_416.onnx",
        sha256="4b82da9944b88577175ee23a459dce2e26e6e4be573def65b1055dc2d9720186",
        url="https://github.com/RangiLyu/nanodet/releases/download/v0.4.2/nanodet_m_416.onnx",
        licence="Apache-2.0",
        side=416,
        kind="nanodet",
    ),
    Weights(
        name="nanodet_m_320",
        file="nanodet_m_320.onnx",
        sha256="c59b6c947ce475d27023327808aed655fa000981fe144c4fd2026828999e19f8",
        url="https://github.com/RangiLyu/nanodet/releases/download/v0.4.2/nanodet_m_320.onnx",
        licence="Apache-2.0",
        side=320,
        kind="nanodet",
    ),
)


def known(name: str) -> Weights:
    """The table's row of that name (or file name). Raises `Invalid` naming the known ones."""
    for row in TABLE:
        if name in (row.name, row.file):
            return row
    raise Invalid(
        f"there are no weights called {name!r}",
        next_step="known are " + ", ".join(row.name for row in TABLE),
    )


def find(name: str, folders: Sequence[Path]) -> Path | None:
    """The named weights' file in the first folder that has it, or None where no folder does.

    Raises `ModelUnavailable` when a file of that name is there but is not the one the table names: running unknown
    weights would give unknown answers.
    """
    row = known(name)
    for folder in folders:
        path = folder / row.file
        if path.is_file():
            _verify(path, row)
            return path
    return None


def fetch(
    row: Weights, cache: Path, *, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Path:
    """The weights' file in the cache folder, downloaded and verified first if it is not there yet.

    `progress` is told bytes done and bytes in all (0 when the server does not say). Raises `ModelUnavailable` when
    the server does not answer or sends another file; nothing half-written stays behind.
    """
    path = cache / row.file
    if path.is_file():
        _verify(path, row)
        return path
    cache.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=cache, suffix=".part")
    os.close(handle)
    try:
        _download(row, Path(part), progress)
        _verify(Path(part), row)
        Path(part).replace(path)
    finally:
        Path(part).unlink(missing_ok=True)
    return path


def _download(row: Weights, to: Path, progress: Callable[[int, int], None]) -> None:
    import httpx  # only who downloads pays for it

    try:
        with httpx.stream("GET", row.url, follow_redirects=True, timeout=30.0) as reply, to.open("wb") as out:
            reply.raise_for_status()
            total = int(reply.headers.get("content-length", 0))
            done = 0
            for part in reply.iter_bytes():
                out.write(part)
                done += len(part)
                progress(done, total)
    except httpx.HTTPError as error:
        raise ModelUnavailable(
            f"the weights {row.name} could not be downloaded from {row.url}: {error}",
            next_step=f"put {row.file} into a folder named by SIGHTLINE_MODELS",
        ) from error


def _verify(path: Path, row: Weights) -> None:
    stat = path.stat()
    found = _sha256(path, stat.st_size, stat.st_mtime_ns)
    if found != row.sha256:
        raise ModelUnavailable(
            f"{path} is not the {row.name} we know: its SHA-256 is {found[:12]}…, not {row.sha256[:12]}…",
            next_step="remove it, or put the right file there",
        )


@lru_cache(maxsize=32)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
