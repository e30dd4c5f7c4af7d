"""Scores as rows for people and as plain figures for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluate.events import Counts, EventScore
from evaluate.tracks import TrackScore

Rows = list[tuple[str, ...]]
NONE = "–"

EVENT_TITLES = ("kind", "right", "missed", "false", "precision", "recall", "F1", "false/h", "delay s")


def event_rows(of: EventScore) -> Rows:
    """One row per kind, and one over all of them."""
    return [_event_row(kind, counts) for kind, counts in of.kinds.items()] + [_event_row("all", of.total)]


def _event_row(name: str, of: Counts) -> tuple[str, ...]:
    return (
        name.replace("_", " "),
        str(of.right),
        str(of.missed),
        str(of.false),
        share(of.precision),
        share(of.recall),
        share(of.f1),
        number(of.false_per_hour, 1),
        number(of.delay_s, 2),
    )


def event_figures(of: EventScore) -> dict[str, Any]:
    """The score as JSON has it: in all, and per kind; None where there was nothing to count."""
    return {
        "streams": of.streams,
        "hours": of.duration / 3.6e9,
        "all": _counts(of.total),
        "kinds": {kind: _counts(counts) for kind, counts in of.kinds.items()},
    }


def _counts(of: Counts) -> Mapping[str, float | int | None]:
    return {
        "right": of.right,
        "missed": of.missed,
        "false": of.false,
        "unfounded": of.unfounded,
        "precision": of.precision,
        "recall": of.recall,
        "f1": of.f1,
        "false_per_hour": of.false_per_hour,
        "delay_s": of.delay_s,
    }


TRACK_TITLES = ("video", "HOTA", "DetA", "AssA", "LocA", "IDF1", "MOTA", "switches", "boxes true", "found")


def track_row(name: str, of: TrackScore) -> tuple[str, ...]:
    """One row of the table of tracks."""
    shares = (of.hota, of.deta, of.assa, of.loca, of.idf1, of.mota)
    return (name, *map(share, shares), str(of.switches), str(of.true_boxes), str(of.found_boxes))


def track_figures(of: TrackScore) -> dict[str, Any]:
    """The score as JSON has it."""
    return {
        "name": of.name,
        "hota": of.hota,
        "deta": of.deta,
        "assa": of.assa,
        "loca": of.loca,
        "idf1": of.idf1,
        "mota": of.mota,
        "switches": of.switches,
        "true_boxes": of.true_boxes,
        "found_boxes": of.found_boxes,
    }


def share(value: float | None) -> str:
    """A share between 0 and 1 to three places."""
    return number(value, 3)


def number(value: float | None, places: int) -> str:
    """A number, or a dash where there is none."""
    return NONE if value is None else f"{value:.{places}f}"
