"""The score of all that was labelled, as one value: for a file, and as tables for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evaluate.coco import BoxScore
from evaluate.events import Comparison, by_domain, score
from evaluate.questions import Marked, accuracies, citing
from evaluate.show import (
    EVENT_TITLES,
    TRACK_TITLES,
    Rows,
    event_figures,
    event_rows,
    number,
    share,
    track_figures,
    track_row,
)  # fmt: skip
from evaluate.tracks import TrackScore, together

Table = tuple[str, tuple[str, ...], Rows]
"""A title, the columns' titles, and the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was scored; what was not labelled is empty."""

    tracks: tuple[TrackScore, ...] = ()
    events: tuple[Comparison, ...] = ()
    boxes: tuple[BoxScore, ...] = ()
    questions: tuple[Marked, ...] = ()

    def figures(self) -> dict[str, Any]:
        """The score as JSON has it; only what was labelled is there."""
        out: dict[str, Any] = {}
        if self.tracks:
            out["tracks"] = {
                "all": track_figures(together(self.tracks)),
                "videos": [track_figures(each) for each in self.tracks],
            }
        if self.events:
            out["events"] = {
                **event_figures(score(self.events)),
                "domains": {domain: event_figures(each) for domain, each in by_domain(self.events).items()},
            }
        if self.boxes:
            out["boxes"] = [_box_figures(each) for each in self.boxes]
        if self.questions:
            out["questions"] = self._question_figures()
        return out

    def _question_figures(self) -> dict[str, Any]:
        overlapping, known = citing(self.questions)
        return {
            "accuracy": [
                {"name": a.name, "right": a.right, "asked": a.asked, "share": a.share, "chance": a.chance}
                for a in accuracies(self.questions)
            ],
            "citations_on_evidence": {
                "right": overlapping, "cited": known, "share": overlapping / known if known else None
            },
        }  # fmt: skip

    def tables(self) -> Iterator[Table]:
        """What people read, part by part."""
        if self.tracks:
            rows = [track_row(each.name, each) for each in self.tracks]
            rows += [track_row("all", together(self.tracks))] if len(rows) > 1 else []
            yield "Tracks", TRACK_TITLES, rows
        domains = by_domain(self.events)
        for domain, each in domains.items():
            yield f"Events: {domain or 'all'}", EVENT_TITLES, event_rows(each)
        if len(domains) > 1:
            yield "Events: all", EVENT_TITLES, event_rows(score(self.events))
        if self.boxes:
            yield "Boxes", ("file", "AP", "AP50", "AP75", "pictures", "true", "found"), [
                (b.name, share(b.ap), share(b.ap50), share(b.ap75), str(b.images), str(b.true_boxes), str(b.found_boxes))
                for b in self.boxes
            ]  # fmt: skip
        if self.questions:
            yield "Questions", ("which", "right", "asked", "accuracy", "chance"), self._question_rows()

    def _question_rows(self) -> Rows:
        rows = [
            (a.name, str(a.right), str(a.asked), number(100 * a.share, 1) + " %", number(100 * a.chance, 1) + " %")
            for a in accuracies(self.questions)
        ]  # fmt: skip
        overlapping, known = citing(self.questions)
        percent = number(100 * overlapping / known, 1) + " %" if known else ""
        return [*rows, ("citations that overlap the evidence", str(overlapping), str(known), percent, "")]


def _box_figures(of: BoxScore) -> dict[str, Any]:
    return {
        "name": of.name, "ap": of.ap, "ap50": of.ap50, "ap75": of.ap75, "categories": dict(of.categories),
        "images": of.images, "true_boxes": of.true_boxes, "found_boxes": of.found_boxes,
    }  # fmt: skip
