"""Inspections as the command line and the API share them: who is asked, what is shown, and the shape of the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from agent.inspection.inspect import Eyes, inspect
from agent.inspection.tasks import Task
from agent.inspection.video import sum_up
from api.exhibits import Place, exhibits_of, span_of
from api.find import stream_named
from api.wire import Out
from core.errors import NotFound, Unavailable
from core.inspection import Exhibit, Inspection, InspectionStatus
from core.ports import House, Vlm
from core.settings import Settings


class LocatedOut(Out):
    """Something that was pointed at."""

    label: str
    box: list[float] = Field(description="x1, y1, x2, y2 in pixels of the picture.")
    confidence: float
    source: str = Field(description="Who found it; several are joined by +.")


class InspectionOut(Out):
    """What came of an inspection: a result only where `status` is `answered`."""

    task: str
    status: InspectionStatus
    text: str
    data: dict[str, Any] = Field(description="The typed result; its fields depend on the task.")
    located: list[LocatedOut] = Field(default=[], description="Boxes, surest first.")
    confidence: float
    model: str
    problem: str = Field(default="", description="Why it is no result, where it is none.")
    calls: int
    tokens: int


def wire(value: Inspection) -> InspectionOut:
    """An inspection in its shape for outside."""
    return InspectionOut(
        task=value.task,
        status=value.status,
        text=value.text,
        data=value.data,
        located=[
            LocatedOut(
                label=each.detection.label,
                box=each.detection.box.rounded(),
                confidence=each.detection.score,
                source=each.detection.source,
            )
            for each in value.located
        ],
        confidence=round(value.confidence, 4),
        model=value.model,
        problem=value.problem,
        calls=value.calls,
        tokens=value.tokens,
    )


def looking_model(house: House) -> Vlm | None:
    """Who is asked what somebody waits for: the dearer model where there is one; None where no model looks."""
    return house.deep or (house.vlm if house.vlm.sees else None)


def eyes_of(house: House, task: Task) -> Eyes:
    """Who can be asked for the task."""
    if not task.locates:
        return Eyes(vlm=looking_model(house))
    finder = house.finder() if house.finder is not None else None
    return Eyes(vlm=looking_model(house), detector=house.detector(), finder=finder)


def inspected(
    task: Task, exhibits: Sequence[Exhibit], house: House, *, words: str = "", labels: Sequence[str] = ()
) -> Inspection:
    """What came of the task. Text is read by the reader of text where no model looks."""
    if task.name == "read" and looking_model(house) is None and exhibits:
        return _read(exhibits, house)
    return inspect(task, exhibits, eyes=eyes_of(house, task), words=words, labels=labels)


def of_places(
    task: Task,
    places: Sequence[str],
    house: House,
    settings: Settings,
    *,
    words: str = "",
    labels: Sequence[str] = (),
) -> Inspection:
    """What came of the task over what is named; a stretch of one stream is summed up part by part."""
    if task.name == "summarize" and len(places) == 1:
        place = Place.of(places[0])
        try:
            stream = stream_named(house.ledger, place.what)
        except NotFound:
            stream = None
        if stream is not None and not (place.start is not None and place.end is None):
            span, model = span_of(stream, place), looking_model(house)
            return sum_up(stream, span, store=house.store, frames=house.frames, vlm=model, words=words)
    return inspected(task, exhibits_of(list(places), house, settings), house, words=words, labels=labels)


def _read(exhibits: Sequence[Exhibit], house: House) -> Inspection:
    """What the reader of text reads. Raises `Unavailable` where there is none either."""
    try:
        reader = house.reader()
    except Unavailable as error:
        error.next_step = f"{error.next_step}, or set SIGHTLINE_VLM to a vision-language model"
        raise
    pages = reader.read([exhibit.picture for exhibit in exhibits])
    lines = [line for page in pages for line in page]
    text = "\n".join(line.text for line in lines)
    return Inspection(
        task="read",
        status=InspectionStatus.ANSWERED,
        text=text or "there is no text to be read",
        model=reader.name,
        data={"lines": [{"text": line.text, "box": line.box.rounded()} for line in lines]},
        confidence=min((line.score for line in lines), default=1.0),
        calls=0,
    )
