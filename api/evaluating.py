"""Scoring the product on what is labelled: every video is watched once, apart from what is remembered, and judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from agent.answer import answer
from api.apart import Apart, apart
from api.cli.io import note, read_file
from api.formats import moments_of, mot_rows
from api.wiring.language import language_model
from core.answers import Answer, Question
from core.clock import SECOND, Micros, micros
from core.errors import Invalid
from core.media import Frame, Stream
from core.sight import Detection, Track
from evaluate.coco import BoxScore, CocoBoxes, read_coco, score_boxes
from evaluate.events import Comparison, compare, mark_of
from evaluate.labelled import Found, Labelled, labelled
from evaluate.mot import between, read_mot
from evaluate.questions import Choice, Marked, Sheet, examine, read_questions
from evaluate.report import Report
from evaluate.tracks import TrackScore, score_tracks
from evaluate.truth import EventTruth, read_events, read_found


def evaluate(paths: Sequence[Path], *, home: Path | None = None) -> Report:
    """Watches and scores all that is labelled there. Truth files are read first: a fault in one is told at once."""
    found = labelled(paths)
    truths = {row.events: read_events(row.events) for row in found.videos if row.events is not None}
    sheets = [sheet for file in found.questions for sheet in read_questions(file)]
    with apart(home) as here:
        return _Judge(here, truths).report(found, sheets)


class _Judge:
    """Watches each video once, however many truths speak of it."""

    def __init__(self, here: Apart, truths: Mapping[Path, EventTruth]) -> None:
        self._here, self._truths = here, truths
        self._streams: dict[Path, Stream] = {}
        self._labelled = frozenset(mark.kind for truth in truths.values() for mark in truth.marks)

    def report(self, found: Found, sheets: Sequence[Sheet]) -> Report:
        """The score of everything."""
        rows = found.videos
        return Report(
            tracks=tuple(self._tracks(row.video, row.tracks) for row in rows if row.tracks is not None),
            events=tuple(self._events(row, row.events) for row in rows if row.events is not None),
            boxes=(
                *(self._boxes(row.video, row.boxes) for row in rows if row.boxes is not None),
                *(self._pictures(file) for file in found.pictures),
            ),
            questions=tuple(marked for sheet in sheets for marked in self._asked(sheet)),
        )

    def _watched(self, video: Path) -> Stream:
        key = video.resolve()
        if key not in self._streams:
            note(f"watching {video}")
            self._streams[key] = self._here.watch(video)
        return self._streams[key]

    def _moments(self, stream: Stream) -> Sequence[Micros]:
        return moments_of(stream, self._here.house.media, self._here.settings)

    def _tracks(self, video: Path, file: Path) -> TrackScore:
        true = read_mot(read_file(file, "truth file"), file.name)
        stream, here = self._watched(video), self._here
        own = mot_rows(here.tracks(stream), here.entities(stream), self._moments(stream))
        return score_tracks(true, own, name=video.stem)

    def _events(self, row: Labelled, file: Path) -> Comparison:
        truth, stream = self._truths[file], self._watched(row.video)
        return compare(
            truth.marks,
            [mark_of(event) for event in self._here.events(stream)],
            kinds=self._labelled if truth.kinds is None else truth.kinds,
            duration=stream.duration,
            name=row.video.stem,
            domain=truth.domain or row.domain,
        )

    def _boxes(self, video: Path, file: Path) -> BoxScore:
        """A video's labelled frames, against where its tracks were then."""
        true = read_coco(read_file(file, "truth file"), file.name)
        stream = self._watched(video)
        moments = self._moments(stream)
        shown = _by_frame(self._here.tracks(stream), moments)
        found = {}
        for image in true.images:
            frame = image.frame
            if frame is None and image.time_s is not None:
                frame = _frame_at(micros(image.time_s), moments)
            if frame is None:
                raise Invalid(
                    f"{file.name}: image {image.id} names no frame of {video.name}",
                    next_step="give each image a 'frame' (from 1) or a 'time_s'",
                )
            found[image.id] = shown.get(frame, [])
        return score_boxes(true, found, name=video.stem)

    def _pictures(self, file: Path) -> BoxScore:
        """Pictures of their own, each looked at by a detector that has seen nothing before."""
        true = read_coco(read_file(file, "truth file"), file.name)
        detector = self._here.house.detector()
        found = {}
        for image in true.images:
            detector.reset()
            frame = Frame(at=SECOND, picture=_picture(file.parent, image.file_name, file))
            (found[image.id],) = detector.detect([frame])
        return score_boxes(true, found, name=file.name)

    def _asked(self, sheet: Sheet) -> Iterator[Marked]:
        stream, house = self._watched(sheet.video), self._here.house
        llm = language_model(self._here.settings)

        def ask(choice: Choice) -> Answer:
            asked = Question(text=choice.text, streams=(stream.name,), choices=choice.choices)
            return answer(
                asked, store=house.store, ledger=house.ledger, llm=llm, vlm=house.vlm, frames=house.frames
            )

        yield from examine(sheet, ask)


def _by_frame(tracks: Sequence[Track], moments: Sequence[Micros]) -> dict[int, list[Detection]]:
    out: dict[int, list[Detection]] = {}
    for track in tracks:
        for index, point in between(track.points, moments):
            seen = Detection(label=track.label, box=point.box, score=point.score, source=track.source)
            out.setdefault(index + 1, []).append(seen)
    return out


def _frame_at(at: Micros, moments: Sequence[Micros]) -> int:
    from core.clock import nearest

    return nearest(moments, at) + 1


def _picture(folder: Path, name: str, file: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    from PIL import Image, UnidentifiedImageError

    places = [folder / name, folder / "images" / name]
    path = next((place for place in places if name and place.is_file()), None)
    if path is None:
        raise Invalid(
            f"{file.name}: there is no picture {name!r}",
            next_step="put the pictures beside the file, or into the folder 'images' beside it",
        )
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, UnidentifiedImageError) as error:
        raise Invalid(
            f"{path.name} is no picture that can be read: {error}", next_step="save it as PNG or JPEG"
        ) from error


def against(truth: Path, found: Path) -> Report:
    """Scores one file by another, without watching anything: MOT tracks, COCO boxes, or events, by the truth's ending."""
    name = truth.name.lower()
    text = read_file(truth, "truth file")
    if name.endswith(".txt"):
        given = read_mot(read_file(found, "file to score"), found.name)
        return Report(tracks=(score_tracks(read_mot(text, truth.name), given, name=found.stem),))
    if name.endswith((".csv", ".truth.json")):
        true = read_events(truth)
        return Report(
            events=(compare(true.marks, read_found(found), kinds=true.kinds, duration=true.duration,
                            name=found.stem, domain=true.domain),)
        )  # fmt: skip
    if name.endswith(".json"):
        boxes: CocoBoxes = read_coco(text, truth.name)
        results = read_coco(read_file(found, "file to score"), found.name, of=boxes)
        return Report(boxes=(score_boxes(boxes, results.boxes, name=found.name),))
    raise Invalid(
        f"{truth.name} is no truth file",
        next_step="give a MOT file (.txt), a COCO file (.json), or events (.truth.json, .csv)",
    )
