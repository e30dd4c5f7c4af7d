"""The weights Sightline knows how to run: one table, and how a file is found, checked and fetched."""

from __future__ import annotations

import hashlib
import json
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


COCO_BY_ID: tuple[str, ...] = tuple(
    "" if number in (0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83) else COCO[number - 1 - skipped]
    for number in range(91)
    for skipped in [sum(gone < number for gone in (12, 26, 29, 30, 45, 66, 68, 69, 71, 83))]
)
"""The same labels at their numbers in COCO's own files (1 to 90, with gaps), as RF-DETR counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One file of weights: where it comes from, how it is known, and what it takes and gives.

    `family` names the way it is fed and read (`models/detect/onnx_families.py`; '' = to be told from the file). `url` is where
    the file of this `sha256` can be fetched, '' where nobody keeps one; `also` are the hashes of other exports of the same
    network. `size` is in bytes. No `sha256` stands for a file that a user named himself: it is run as it is.
    """

    name: str
    file: str
    family: str
    licence: str
    source: str
    url: str = ""
    sha256: str = ""
    also: tuple[str, ...] = ()
    size: int = 0
    classes: tuple[str, ...] = COCO


_YOLOX = "https://github.com/Megvii-BaseDetection/YOLOX"
_RELEASE = f"{_YOLOX}/releases/download/0.1.1rc0"
_HUB = "https://huggingface.co"

TABLE: tuple[Weights, ...] = (
    Weights(
        name="yolox_nano",
        file="yolox_nano_416.onnx",
        family="yolox",
        licence="Apache-2.0",
        source=_YOLOX,
        url=f"{_RELEASE}/yolox_nano.onnx",
        sha256="c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
        also=("e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",),
        size=3_659_407,
    ),
    Weights(
        name="yolox_tiny",
        file="yolox_tiny_416.onnx",
        family="yolox",
        licence="Apache-2.0",
        source=_YOLOX,
        url=f"{_RELEASE}/yolox_tiny.onnx",
        sha256="427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7",
        size=20_219_662,
    ),
    Weights(
        name="yolox_s",
        file="yolox_s_640.onnx",
        family="yolox",
        licence="Apache-2.0",
        source=_YOLOX,
        url=f"{_RELEASE}/yolox_s.onnx",
        sha256="c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
        size=35_858_002,
    ),
    Weights(
        name="nanodet_m_416",
        file="nanodet_m_416.onnx",
        family="nanodet",
        licence="Apache-2.0",
        source="https://github.com/RangiLyu/nanodet",
        url=f"{_HUB}/opencv/object_detection_nanodet/resolve/5bfd47077350a726ad440dd7bd1e1e35e8ebcfb2"
        "/object_detection_nanodet_2022nov.onnx",
        sha256="4b82da9944b88577175ee23a459dce2e26e6e4be573def65b1055dc2d9720186",
        size=3_800_954,
    ),
    Weights(
        name="nanodet_m_320",
        file="nanodet_m_320.onnx",
        family="nanodet",
        licence="Apache-2.0",
        source="https://github.com/RangiLyu/nanodet",
        sha256="c59b6c947ce475d27023327808aed655fa000981fe144c4fd2026828999e19f8",
        size=3_795_445,
    ),
    Weights(
        name="fastestdet",
        file="fastestdet_352.onnx",
        family="fastestdet",
        licence="BSD-3-Clause",
        source="https://github.com/dog-qiuqiu/FastestDet",
        sha256="ff3f62a1c86db3c144b969dd3085502311f86363c7ac920e54606ee9f3135b0f",
        size=1_029_727,
    ),
    Weights(
        name="dfine_n",
        file="dfine_n_coco.onnx",
        family="dfine",
        licence="Apache-2.0",
        source="https://github.com/Peterande/D-FINE",
        url=f"{_HUB}/onnx-community/dfine_n_coco-ONNX/resolve/380d2839c327efaf65dd0fe0c2c10ab7fadd5473/onnx/model.onnx",
        sha256="0f684f409618ee8a822410e754a29caa817d1aa16283ce89cad936d0a48e2f35",
        size=15_258_358,
    ),
    Weights(
        name="dfine_s",
        file="dfine_s_coco.onnx",
        family="dfine",
        licence="Apache-2.0",
        source="https://github.com/Peterande/D-FINE",
        url=f"{_HUB}/onnx-community/dfine_s_coco-ONNX/resolve/a3cf03147a9b86c78475139115c8ac142577352d/onnx/model.onnx",
        sha256="cd8a49a945feda6d28c6304ae8ae85c2759ba1d78a5a83a22c5ce8db82ef7238",
        size=41_535_197,
    ),
    Weights(
        name="dfine_m",
        file="dfine_m_coco.onnx",
        family="dfine",
        licence="Apache-2.0",
        source="https://github.com/Peterande/D-FINE",
        url=f"{_HUB}/onnx-community/dfine_m_coco-ONNX/resolve/489756db2825cb068a588fe930af239a656d1fe1/onnx/model.onnx",
        sha256="70aaa837978a06ba44ad17398c7079ae5a1a7b1a9032b5d7053981e1ada02d6b",
        size=78_624_257,
    ),
    Weights(
        name="rtdetr_v2_r18",
        file="rtdetr_v2_r18_coco.onnx",
        family="rtdetr",
        licence="Apache-2.0",
        source="https://github.com/lyuwenyu/RT-DETR",
        url=f"{_HUB}/onnx-community/rtdetr_v2_r18vd-ONNX/resolve/936f90b6a476c6da4dfe053fc521af55285976ba/onnx/model.onnx",
        sha256="583a236ac21c95a7fd94f284fc21485e42355bfef82c27011ba78fbc09ee87e2",
        size=81_057_510,
    ),
    Weights(
        name="rfdetr_nano",
        file="rfdetr_nano_coco.onnx",
        family="rfdetr",
        licence="Apache-2.0",
        source="https://github.com/roboflow/rf-detr",
        url=f"{_HUB}/onnx-community/rfdetr_nano-ONNX/resolve/eae21cee0687a91bcf9fa071605c48d7705d2d91/onnx/model.onnx",
        sha256="9cbac6b11ce34a03034e4d5a24cfac5f18632fd6761d1311dd640232088d7fee",
        size=108_074_865,
        classes=COCO_BY_ID,
    ),
    Weights(
        name="rfdetr_small",
        file="rfdetr_small_coco.onnx",
        family="rfdetr",
        licence="Apache-2.0",
        source="https://github.com/roboflow/rf-detr",
        url=f"{_HUB}/onnx-community/rfdetr_small-ONNX/resolve/63463b68b200177d1fea7015f11f3cebb0ba4eeb/onnx/model.onnx",
        sha256="121cc1476a7b69d865ca4bdc2bca59a3239020d227e4c3f35a811bef81aeb7f1",
        size=114_680_416,
        classes=COCO_BY_ID,
    ),
)
"""What is known to run. The hashes of files that are not beside us are those their hubs and several projects publish."""


def own(path: Path, *, family: str = "", classes: Path | None = None) -> Weights:
    """What is known of a file that a user named himself: its family, as said or as the model's `config.json` beside it (or
    one folder up) says, and its labels, from the file `classes` with one a line or from that `config.json`.

    Raises `ModelUnavailable` where there is no such file, `Invalid` where its classes cannot be read.
    """
    if not path.is_file():
        raise ModelUnavailable(f"there is no file {path}", next_step="name an ONNX file that is there")
    config = _config(path)
    named = tuple(row for row in TABLE if row.sha256 == sha256(path) or sha256(path) in row.also)
    if named and not family and classes is None:
        return named[0]
    return Weights(
        name=path.stem if path.stem != "model" else path.resolve().parent.name,
        file=path.name,
        family=family or _FAMILY_OF.get(str(config.get("model_type", "")), ""),
        licence="",
        source=str(path),
        size=path.stat().st_size,
        classes=_labels(classes, config),
    )


_FAMILY_OF = {"d_fine": "dfine", "rt_detr": "rtdetr", "rt_detr_v2": "rtdetr", "rf_detr": "rfdetr"}
"""What the hub's configurations call the families."""


def _config(path: Path) -> dict[str, object]:
    for file in (path.parent / "config.json", path.parent.parent / "config.json"):
        if file.is_file():
            try:
                read = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise Invalid(
                    f"{file} cannot be read: {error}", next_step="mend it, or move it away"
                ) from error
            return read if isinstance(read, dict) else {}
    return {}


def _labels(classes: Path | None, config: dict[str, object]) -> tuple[str, ...]:
    if classes is not None:
        try:
            lines = classes.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise Invalid(
                f"the labels {classes} cannot be read: {error}", next_step="write one label a line"
            ) from error
        return tuple(line.strip() for line in lines)
    names = config.get("id2label")
    if not isinstance(names, dict) or not names:
        return ()
    numbered = {int(number): str(name) for number, name in names.items()}
    told = [numbered.get(number, "") for number in range(max(numbered) + 1)]
    return tuple("" if name in ("N/A", "background") else name for name in told)


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
    if not row.url or not row.sha256:
        raise ModelUnavailable(
            f"nobody keeps the file {row.file} where it could be fetched and checked",
            next_step=f"export it from {row.source} and put it into a folder named by SIGHTLINE_MODELS",
        )
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
    found = sha256(path)
    if row.sha256 and found not in (row.sha256, *row.also):
        raise ModelUnavailable(
            f"{path} is not the {row.name} we know: its SHA-256 is {found[:12]}…, not {row.sha256[:12]}…",
            next_step="remove it, or put the right file there",
        )


def sha256(path: Path) -> str:
    """The SHA-256 of a file, read once for as long as it does not change."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=32)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
