"""The worst mistakes with their pictures: what was asked, what was said, and what the memory holds of those seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from agent.answer import answer
from api.wiring import build
from core.answers import Answer, Question
from core.clock import Micros, Span, clock_text
from core.media import Frame, Stream
from core.memory import Query, Want
from core.ports import House
from core.settings import read_settings
from core.sight import Track

WIDTH = 320
"""Pixels across of each of a mistake's pictures."""
MOMENTS = 3
LAG: Micros = 400_000
"""How far from a moment a track's point may lie to be drawn there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A wrong answer: the question with its choices, the right one and the given one, and how sure it was."""

    clip: str
    question: str
    choices: tuple[str, ...]
    want: int
    said: Answer
    span: Span

    def words(self) -> str:
        """The mistake as a Markdown paragraph."""
        given = "nothing" if self.said.choice is None else f"*{self.choices[self.said.choice]}*"
        return (
            f"**{self.clip}, {clock_text(self.span.start)}–{clock_text(self.span.end)}.** {self.question} "
            f"Said {given} ({self.said.status.value}, confidence {self.said.confidence:.2f}), "
            f"true is *{self.choices[self.want]}*. “{self.said.text}”"
        )


def worst(data: Path, home: Path, most: int = 10) -> list[Mistake]:
    """The wrong answers that are surest of themselves, of all questions in the test data, asked of the memory in `home`.

    A guess that is marked as one misleads nobody: those come last.
    """
    house = build(read_settings(home=home))
    lines = (data / "data" / "ground_truth.jsonl").read_text().splitlines()
    known = {stream.name for stream in house.ledger.find(Stream)}
    found = [
        _mistake(house, clip["clip"], put)
        for clip in map(json.loads, lines)
        for put in clip.get("questions", ())
        if Path(clip["clip"]).stem in known
    ]
    wrong = [one for one in found if one.said.choice != one.want]
    return sorted(wrong, key=lambda m: (m.said.status.value != "answered", -m.said.confidence))[:most]


def _mistake(house: House, clip: str, put: dict[str, object]) -> Mistake:
    choices = tuple(str(choice) for choice in put["choices"])  # type: ignore[attr-defined]
    text = str(put["question"])
    said = answer(
        Question(text=text, streams=(Path(clip).stem,), choices=choices),
        store=house.store,
        ledger=house.ledger,
    )
    start, end = put.get("evidence") or (0.0, 1.0)  # type: ignore[misc]
    span = Span.of_seconds(float(start), max(float(end), float(start) + 0.1))
    want = int(put["answer_index"])  # type: ignore[call-overload]
    return Mistake(clip=clip, question=text, choices=choices, want=want, said=said, span=span)


def draw(home: Path, mistakes: Sequence[Mistake], folder: Path) -> list[Path]:
    """One picture a mistake: moments of its span side by side, with the boxes and labels the memory holds."""
    house = build(read_settings(home=home))
    folder.mkdir(parents=True, exist_ok=True)
    known = {stream.name: stream for stream in house.ledger.find(Stream)}
    out = []
    for number, mistake in enumerate(mistakes, 1):
        picture = sheet(house, known[Path(mistake.clip).stem], mistake.span)
        path = folder / f"{number:02d}_{Path(mistake.clip).stem}.jpg"
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
