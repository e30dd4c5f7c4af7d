"""The worst mistakes with their pictures: what was asked, what was said, and what the memory holds of those seconds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from agent.answer import answer
from api.wiring.house import build
from core.answers import Answer, Question
from core.clock import SECOND, Micros, Span, clock_text
from core.media import Frame, Stream
from core.memory import Query, Want
from core.ports import House
from core.settings import read_settings
from core.sight import Track
from evaluate.questions import Choice, Marked, examine, read_questions

WIDTH = 320
"""Pixels across of each of a mistake's pictures."""
MOMENTS = 3
LAG: Micros = 400_000
"""How far from a moment a track's point may lie to be drawn there."""


def words(mistake: Marked) -> str:
    """A wrong answer as a Markdown paragraph: what was asked, what was said and how surely, and what is true."""
    choice, said = mistake.choice, mistake.answer
    given = "nothing" if said.choice is None else f"*{choice.choices[said.choice]}*"
    span = shown(mistake)
    return (
        f"**{mistake.sheet.domain}/{mistake.sheet.video.name}, {clock_text(span.start)}–{clock_text(span.end)}.** "
        f"{choice.text} Said {given} ({said.status.value}, confidence {said.confidence:.2f}), "
        f"true is *{choice.choices[choice.right]}*. “{said.text}”"
    )


def shown(mistake: Marked) -> Span:
    """The span that shows what is true; the first second where none is known."""
    return mistake.choice.evidence or Span(0, SECOND)


def worst(data: Path, home: Path, most: int = 10) -> list[Marked]:
    """The wrong answers that are surest of themselves, of all questions in the test data, asked of the memory in `home`.

    A guess that is marked as one misleads nobody: those come last.
    """
    house = build(read_settings(home=home))
    known = {stream.name for stream in house.ledger.find(Stream)}
    sheets = read_questions(data / "data" / "ground_truth.jsonl")
    marked = [
        one
        for sheet in sheets
        if sheet.video.stem in known
        for one in examine(sheet, partial(_ask, house, sheet.video.stem))
    ]
    wrong = [one for one in marked if not one.right]
    return sorted(wrong, key=lambda one: (one.answer.status.value != "answered", -one.answer.confidence))[
        :most
    ]


def _ask(house: House, stream: str, choice: Choice) -> Answer:
    question = Question(text=choice.text, streams=(stream,), choices=choice.choices)
    return answer(question, store=house.store, ledger=house.ledger)


def draw(home: Path, mistakes: Sequence[Marked], folder: Path) -> list[Path]:
    """One picture a mistake: moments of its span side by side, with the boxes and labels the memory holds."""
    house = build(read_settings(home=home))
    folder.mkdir(parents=True, exist_ok=True)
    known = {stream.name: stream for stream in house.ledger.find(Stream)}
    out = []
    for number, mistake in enumerate(mistakes, 1):
        name = mistake.sheet.video.stem
        picture = sheet(house, known[name], shown(mistake))
        path = folder / f"{number:02d}_{name}.jpg"
        cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 72])
        out.append(path)
    return out


def sheet(house: House, stream: Stream, span: Span) -> np.ndarray:
    """Moments of a span side by side, RGB, with what was followed then."""
    moments = [span.start + span.duration * (2 * i + 1) // (2 * MOMENTS) for i in range(MOMENTS)]
    tracks = house.store.find(Query(want=Want.TRACKS, streams=(stream.id,), span=span.widen(LAG))).tracks
    frames = house.frames.frames_at(stream.id, moments)
    return np.hstack([_drawn(frame, at, tracks) for frame, at in zip(frames, moments, strict=True)])


def _drawn(frame: Frame, at: Micros, tracks: Sequence[Track]) -> np.ndarray:
    by = WIDTH / frame.width
    picture = cv2.resize(frame.picture, (WIDTH, round(frame.height * by)), interpolation=cv2.INTER_AREA)
    for track in tracks:
        near = min(track.points, key=lambda point: abs(point.at - at), default=None)
        if near is None or abs(near.at - at) > LAG:
            continue
        box = near.box.scaled(by / frame.scale)
        corner = (round(box.x1), round(box.y1))
        cv2.rectangle(picture, corner, (round(box.x2), round(box.y2)), (255, 210, 0), 1)
        _write(picture, f"{track.label} {track.number}", (corner[0] + 2, max(9, corner[1] - 3)))
    _write(picture, clock_text(at), (4, picture.shape[0] - 5))
    return picture


def _write(picture: np.ndarray, words: str, at: tuple[int, int]) -> None:
    for rgb, thick in (((0, 0, 0), 2), ((255, 255, 255), 1)):
        cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, 0.35, rgb, thick, cv2.LINE_AA)
