"""Events of text in the picture: scoreboards, signs and displays are read when their pixels change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from core.clock import SECOND, Micros
from core.media import Frame, Picture
from core.place import Box, Layout, Zone
from core.sight import Attributes, Reading
from ingest.decode.looks import Look
from ingest.events.book import Book
from ingest.perception.presence import Moment
from ingest.view import Grey

READ_KINDS = frozenset({"scoreboard", "display", "sign", "screen", "board", "text"})
"""Kinds of zones that are read."""
ROOM = 0.06
"""How much round a zone is read with it, of its longer side: text that touches the edge of a picture is hard to find."""
WRITTEN: Micros = SECOND // 2
"""How long a zone has to keep still before it is read: digits that roll are no digits yet."""
READ_EVERY: Micros = 2 * SECOND
"""The shortest time between two readings of one zone: a running clock must not keep the reader busy."""
CHANGED = 18.0
"""Grey levels, over 3 by 3 pixels, by which a zone has to differ somewhere to be read anew: above noise and compression."""
SURE = 0.6
"""Lines read with less than this score say nothing."""

_PAIR = re.compile(r"(?<![\d:.,-])(\d{1,3})\s*([:\-–—])\s*(\d{1,3})(?![\d:.,-])")
_NUMBER = re.compile(r"(?<![\w:.,-])\d{1,3}(?![\w:.,-])")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToRead:
    """A zone that is to be read: its picture, the moment it is of and where it lies in source pixels."""

    zone: Zone
    at: Micros
    picture: Picture
    box: Box


@dataclass(slots=True)
class _Board:
    """One zone, and what is known of its text: as read, as doubted (read once, otherwise), and since when it differs."""

    zone: Zone
    before: Grey | None = None
    read: Grey | None = None
    still_since: Micros = 0
    changed_at: Micros | None = None
    asked_at: Micros | None = None
    text: str | None = None
    doubted: str | None = None
    boxes: list[Box] = field(default_factory=list)


class TextMaker:
    """`text_seen` at the first reading of a zone of one of `READ_KINDS`, `text_changed` when it reads otherwise; of a
    scoreboard `score_changed`, once two numbers are known to be the score. A change has to be read twice alike.

    Sighted: it says what is `to_read`, and is `told` what a reader made of it; it knows no reader.
    """

    def __init__(self, book: Book, layout: Layout) -> None:
        self._book = book
        self._boards = [_Board(zone) for zone in layout.zones if zone.kind.lower() in READ_KINDS]
        self._to_read: list[ToRead] = []

    def see(self, look: Look, moment: Moment) -> None:
        """Takes in one look's picture."""
        if look.frame is None:
            for (
                board
            ) in self._boards:  # the gate saw nothing move: it may be read, but there is no picture of it
                board.still_since = min(board.still_since, look.at)
            return
        for board in self._boards:
            self._look(board, look.frame)

    def to_read(self) -> list[ToRead]:
        """What should be read now, each but once."""
        out, self._to_read = self._to_read, []
        return out

    def told(self, asked: ToRead, readings: Sequence[Reading], by: str) -> None:
        """Takes in what was read, and by whom; boxes are in source pixels."""
        board = next(board for board in self._boards if board.zone.name == asked.zone.name)
        sure = [reading for reading in readings if reading.score >= SURE]
        text = " ".join(reading.text for reading in sure)
        confidence = min((reading.score for reading in sure), default=0.0)
        if not text or text == board.text:
            board.doubted, board.changed_at = None, None
            return
        if board.text is not None and text != board.doubted:
            board.doubted, board.read = text, None  # once more at the next look
            return
        at = board.changed_at if board.changed_at is not None else asked.at
        before, board.text, board.doubted, board.changed_at = board.text, text, None, None
        for kind, attributes in _told(board.zone, before, text):
            draft = self._book.note(
                kind, at, (), zone=board.zone.name, confidence=confidence, attributes=attributes
            )
            draft.source, draft.first = by, ((at, asked.box),)
            draft.show(asked.at, *(reading.box for reading in sure))

    def _look(self, board: _Board, frame: Frame) -> None:
        box = with_room(board.zone.polygon, frame.width * frame.scale, frame.height * frame.scale)
        picture = cut(frame, box)
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        if board.before is None or _differs(board.before, grey):
            board.still_since = frame.at
        board.before = grey
        if board.read is not None and not _differs(board.read, grey):
            return
        if board.changed_at is None:
            board.changed_at = frame.at
        rested = frame.at - board.still_since >= WRITTEN or board.text is None
        waited = (
            board.asked_at is None or board.doubted is not None or frame.at - board.asked_at >= READ_EVERY
        )
        if rested and waited:
            board.read, board.asked_at = grey, frame.at
            self._to_read.append(ToRead(zone=board.zone, at=frame.at, picture=picture, box=box))


def with_room(polygon: Sequence[tuple[float, float]], width: float, height: float) -> Box:
    """The box of the polygon with some room round it, inside the picture."""
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    room = ROOM * max(max(xs) - min(xs), max(ys) - min(ys))
    x1, y1 = max(0.0, min(xs) - room), max(0.0, min(ys) - room)
    return Box(x1, y1, max(x1 + 1, min(width, max(xs) + room)), max(y1 + 1, min(height, max(ys) + room)))


def cut(frame: Frame, box: Box) -> Picture:
    """The part of the frame that lies in the box (source pixels)."""
    small = box.scaled(1 / frame.scale)
    rows = slice(max(0, int(small.y1)), max(int(small.y1) + 1, int(np.ceil(small.y2))))
    columns = slice(max(0, int(small.x1)), max(int(small.x1) + 1, int(np.ceil(small.x2))))
    return np.ascontiguousarray(frame.picture[rows, columns])


def _differs(one: Grey, other: Grey) -> bool:
    if one.shape != other.shape:
        return True
    gap = cv2.blur(cv2.absdiff(one, other).astype(np.float32), (3, 3))
    return float(gap.max()) > CHANGED


def _told(zone: Zone, before: str | None, text: str) -> list[tuple[str, Attributes]]:
    """The events that follow from a zone's text before and now."""
    if before is None:
        attributes: Attributes = {"text": text}
        score = score_of(text) if zone.kind.lower() == "scoreboard" else None
        return [("text_seen", attributes | ({"score": _shown(score)} if score else {}))]
    if zone.kind.lower() == "scoreboard":
        was, now = score_of(before), score_of(text)
        if now is not None and was is not None:
            if was == now:
                return []  # a clock that runs beside the score
            return [("score_changed", {"score": _shown(now), "before": _shown(was), "text": text})]
    return [("text_changed", {"text": text, "before": before})]


def score_of(text: str) -> tuple[int, int] | None:
    """The two numbers of a score in a scoreboard's text; None where there are no two that may be one.

    A pair with a dash between is one; then a pair with a colon that cannot be a clock (seconds have two digits) or is the
    only such pair without two other numbers; then the first two numbers that stand alone.
    """
    pairs = [(int(a), mark, b) for a, mark, b in _PAIR.findall(text)]
    for a, mark, b in pairs:
        if mark != ":":
            return a, int(b)
    for a, _, b in pairs:
        if len(b) != 2:
            return a, int(b)
    alone = [int(number) for number in _NUMBER.findall(_PAIR.sub(" ", text))]
    if len(alone) >= 2:
        return alone[0], alone[1]
    return (pairs[0][0], int(pairs[0][2])) if len(pairs) == 1 else None


def _shown(score: tuple[int, int]) -> str:
    return f"{score[0]}:{score[1]}"
