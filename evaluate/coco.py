"""Boxes against labelled truth in COCO's JSON: mean average precision, by `supervision.metrics`.

Sources: COCO's detection evaluation (Lin et al., "Microsoft COCO", 2014; cocodataset.org/#detection-eval): average
precision over IoU 0.50 to 0.95 in steps of 0.05, per category, then the mean over categories that occur in the truth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from core.place import Box
from core.sight import Detection

HELP = 'COCO files hold {"images": [...], "annotations": [...], "categories": [...]}; results are a list of boxes'


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoImage:
    """One picture: a file of its own, or a frame (from 1) or a moment in seconds of a video."""

    id: int
    file_name: str = ""
    frame: int | None = None
    time_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoBoxes:
    """What a COCO file says: its pictures, its categories' names, and the boxes on each picture."""

    images: tuple[CocoImage, ...]
    categories: Mapping[int, str]
    boxes: Mapping[int, tuple[Detection, ...]]


@dataclass(frozen=True, kw_only=True)
class BoxScore:
    """Average precision over all thresholds (`ap`), at IoU 0.50 and at 0.75, and per category; None: no such boxes."""

    name: str
    ap: float | None
    ap50: float | None
    ap75: float | None
    categories: Mapping[str, float | None]
    images: int
    true_boxes: int
    found_boxes: int


class _Image(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: int
    file_name: str = ""
    frame: int | None = Field(default=None, ge=1)
    time_s: float | None = Field(default=None, ge=0)


class _Category(BaseModel):
    model_config = ConfigDict(extra="ignore")
    id: int
    name: str


class _Box(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    score: float = Field(default=1.0, ge=0, le=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore")
    images: list[_Image]
    annotations: list[_Box]
    categories: list[_Category]


def read_coco(text: str, filename: str, *, of: CocoBoxes | None = None) -> CocoBoxes:
    """Reads a COCO file, or a list of result boxes on the pictures and categories of `of`.

    Boxes without a size are left out. Raises `Invalid` with the place of what is wrong.
    """
    try:
        value = json.loads(text)
        if isinstance(value, list) and of is not None:
            given = [_Box.model_validate(each) for each in value]
            return CocoBoxes(
                images=of.images, categories=of.categories, boxes=_by_image(given, of.categories)
            )
        file = _File.model_validate(value)
        names = {each.id: each.name for each in file.categories}
        return CocoBoxes(
            images=tuple(CocoImage(**each.model_dump()) for each in file.images),
            categories=names,
            boxes=_by_image(file.annotations, names),
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = " ".join(str(part) for part in first["loc"])
        raise Invalid(f"{filename}: {where}: {str(first['msg']).lower()}", next_step=HELP) from error
    except (ValueError, KeyError) as error:
        raise Invalid(f"{filename}: cannot be read as COCO: {error}", next_step=HELP) from error


def _by_image(boxes: Sequence[_Box], names: Mapping[int, str]) -> dict[int, tuple[Detection, ...]]:
    out: dict[int, list[Detection]] = {}
    for each in boxes:
        x, y, w, h = each.bbox
        if w > 0 and h > 0:
            found = Detection(
                label=names[each.category_id], box=Box(x, y, x + w, y + h), score=each.score, source="coco"
            )
            out.setdefault(each.image_id, []).append(found)
    return {image: tuple(mine) for image, mine in out.items()}


def write_coco(
    of: CocoBoxes, *, description: str = "", tracks: Mapping[tuple[int, int], int] | None = None
) -> dict[str, Any]:
    """The file as a JSON value; `tracks` names the track of (image, place among its boxes)."""
    number_of = {name: id for id, name in of.categories.items()}
    annotations: list[dict[str, Any]] = []
    for image in of.images:
        for place, found in enumerate(of.boxes.get(image.id, ())):
            box = found.box
            row: dict[str, Any] = {
                "id": len(annotations) + 1,
                "image_id": image.id,
                "category_id": number_of[found.label],
                "bbox": [round(v, 2) for v in (box.x1, box.y1, box.width, box.height)],
                "area": round(box.area, 2),
                "iscrowd": 0,
                "score": round(found.score, 3),
            }
            if tracks and (image.id, place) in tracks:
                row["track_id"] = tracks[image.id, place]
            annotations.append(row)
    return {
        "info": {"description": description},
        "images": [_shown(image) for image in of.images],
        "categories": [{"id": id, "name": name} for id, name in of.categories.items()],
        "annotations": annotations,
    }


def _shown(image: CocoImage) -> dict[str, Any]:
    known = {"file_name": image.file_name, "frame": image.frame, "time_s": image.time_s}
    return {"id": image.id, **{name: value for name, value in known.items() if value not in (None, "")}}


def score_boxes(true: CocoBoxes, found: Mapping[int, Sequence[Detection]], *, name: str = "") -> BoxScore:
    """Scores boxes found on the truth's pictures (by their ids). Labels that are no category there are not asked for."""
    from supervision.metrics import MeanAveragePrecision

    numbers = {label: number for number, label in enumerate(sorted(set(true.categories.values())))}
    wanted = [_known(true.boxes.get(image.id, ()), numbers) for image in true.images]
    given = [_known(found.get(image.id, ()), numbers) for image in true.images]
    metric = MeanAveragePrecision()
    metric.update(
        [_detections(each, numbers) for each in given], [_detections(each, numbers) for each in wanted]
    )
    result = metric.compute()
    labels = {number: label for label, number in numbers.items()}
    per = {
        labels[int(number)]: _real(float(row[row > -1].mean()) if (row > -1).any() else -1.0)
        for number, row in zip(result.matched_classes, result.ap_per_class, strict=True)
    }
    return BoxScore(
        name=name, ap=_real(result.map50_95), ap50=_real(result.map50), ap75=_real(result.map75), categories=per,
        images=len(true.images), true_boxes=sum(map(len, wanted)), found_boxes=sum(map(len, given)),
    )  # fmt: skip


def _known(boxes: Sequence[Detection], numbers: Mapping[str, int]) -> list[Detection]:
    return [each for each in boxes if each.label in numbers]


def _detections(boxes: Sequence[Detection], numbers: Mapping[str, int]) -> Any:
    import numpy as np
    import supervision as sv

    corners = [(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for d in boxes]
    return sv.Detections(
        xyxy=np.array(corners, float).reshape(-1, 4),
        confidence=np.array([d.score for d in boxes], float),
        class_id=np.array([numbers[d.label] for d in boxes], int),
    )


def _real(value: float) -> float | None:
    """The library says -1 where there is nothing to score."""
    return None if value < 0 else float(value)
