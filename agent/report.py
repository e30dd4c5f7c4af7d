"""Writes a report: one self-contained HTML page (and the same as Markdown) about streams within a span."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, select_autoescape

from agent import plot
from agent.finding import cite, event_words, sentence, visit_words
from agent.recall import View
from agent.summarize import WEIGHT, summarize, views_within
from core.answers import Answer
from core.clock import SECOND, Micros, Span, clock_text, covered
from core.errors import SightlineError
from core.media import Frame, Stream
from core.memory import CoverageState, Event
from core.place import Box
from core.ports import FrameSource, GraphStore, Ledger
from core.watch import Incident

log = logging.getLogger(__name__)

MOST_SNAPSHOTS = 9
SNAPSHOT_WIDTH = 480
MOST_EVENTS = 400
_TEMPLATES = Path(__file__).parent / "templates"
_MARKUP = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=select_autoescape(("html", "j2"), default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
# Markdown is text: nothing in it is run, and HTML entities would only spoil it. `md` guards its own marks.
_PLAIN = Environment(  # noqa: S701
    loader=FileSystemLoader(_TEMPLATES), trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report in both forms."""

    html: str
    markdown: str


def write_report(
    streams: Sequence[Stream],
    span: Span | None = None,
    *,
    store: GraphStore,
    ledger: Ledger,
    frames: FrameSource | None,
    title: str,
) -> ReportFile:
    """The report; without reopened frames it has no snapshots and says why."""
    views = views_within(streams, span, store)
    summary = summarize(streams, span, store=store)
    page = {
        "title": title,
        "streams": [_about(view) for view in views],
        "summary": _lines(summary),
        "citations": [{"n": n, "text": f"{c.stream} {c.span}"} for n, c in enumerate(summary.citations, 1)],
        "sections": [_section(view, frames) for view in views],
        "incidents": _incidents(views, ledger),
    }
    return ReportFile(
        html=_MARKUP.get_template("report.html.j2").render(page), markdown=_PLAIN.get_template("report.md.j2").render(page)
    )  # fmt: skip


def _md(value: object) -> str:
    """Text that cannot break out of a Markdown table cell or start markup of its own."""
    text = str(value).replace("\n", " ").replace("\\", "\\\\").replace("|", "\\|")
    return (
        text.replace("<", "&lt;")
        .replace("*", "\\*")
        .replace("_", "\\_")
        .replace("`", "'")
        .replace("![", "!\\[")
    )


_PLAIN.filters["md"] = _md


def _lines(summary: Answer) -> list[str]:
    return [line for line in summary.text.split("\n") if line.strip()]


def _about(view: View) -> dict[str, Any]:
    """The stream as the report's head shows it: never its source, only what may be shown of it."""
    stream = view.stream
    return {
        "name": stream.name,
        "source": stream.shown_source,
        "span": str(view.span),
        "picture": f"{stream.width} × {stream.height}" if stream.width else "",
        "started": stream.started_at.strftime("%Y-%m-%d %H:%M:%S UTC") if stream.started_at else "",
    }


def _section(view: View, frames: FrameSource | None) -> dict[str, Any]:
    """Everything about one stream."""
    events = sorted(view.events(), key=lambda e: (e.span.start, e.id))
    snapshots, problem = _snapshots(view, events, frames)
    return {
        "name": view.stream.name,
        "plot": _data_uri(plot.timeline_png(view), "png"),
        "plot_words": plot.words_for([view]),
        "snapshots": snapshots,
        "snapshot_problem": problem,
        "events": [_event_row(view, event) for event in events[:MOST_EVENTS]],
        "more_events": max(0, len(events) - MOST_EVENTS),
        "entities": [_entity_row(view, n) for n in range(min(len(view.visits()), MOST_EVENTS))],
        "coverage": _coverage(view),
    }


def _event_row(view: View, event: Event) -> dict[str, Any]:
    where = cite(view, event.span, event.id)
    return {
        "start": clock_text(event.span.start),
        "end": clock_text(event.span.end) if event.span.duration > SECOND // 2 else "",
        "kind": event.kind.replace("_", " "),
        "words": sentence(event_words(view, event)),
        "zone": (event.zone or "").replace("_", " "),
        "sure": f"{event.confidence:.0%}",
        "citation": str(where.span) if where else "",
        "open": event.open,
        "heavy": WEIGHT.get(event.kind, 4) >= 6,
    }


def _entity_row(view: View, number: int) -> dict[str, Any]:
    visit = view.visits()[number]
    shown = {k: v for k, v in visit.entity.attributes.items() if k != "speed_unit"}
    words = ", ".join(f"{k} {v:g}" if isinstance(v, float) else f"{k} {v}" for k, v in sorted(shown.items()))
    return {
        "what": sentence(visit_words(visit)),
        "span": str(visit.span),
        "stay": f"{visit.span.duration / SECOND:.1f} s",
        "attributes": words,
        "sure": f"{visit.entity.confidence:.0%}",
    }


def _coverage(view: View) -> dict[str, Any]:
    """How the span was treated, and what nobody looked at."""

    def seconds(*states: CoverageState) -> str:
        spans = (s for c in view.coverage() if c.state in states and (s := c.span.intersect(view.span)))
        return f"{covered(spans) / SECOND:.1f} s"

    reasons = sorted(
        {
            c.reason
            for c in view.coverage()
            if c.reason and c.state not in (CoverageState.LOOKED, CoverageState.GATED)
        }
    )
    labels = sorted(view.looked_for())
    return {
        "looked": seconds(CoverageState.LOOKED),
        "gated": seconds(CoverageState.GATED),
        "failed": seconds(CoverageState.FAILED, CoverageState.DOWN),
        "missing": [str(s) for s in view.unlooked()[:50]],
        "reasons": reasons[:10],
        "by": ", ".join(sorted({c.by for c in view.coverage() if c.by})),
        "looked_for": ", ".join(labels[:30]) + (f" and {len(labels) - 30} more" if len(labels) > 30 else ""),
    }


def _incidents(views: Sequence[View], ledger: Ledger) -> list[dict[str, Any]]:
    spans = {view.stream.id: view.span for view in views}
    rows = [i for i in ledger.find(Incident) if i.stream_id in spans and i.span.overlaps(spans[i.stream_id])]
    return [
        {
            "rule": i.rule, "stream": i.stream, "span": str(i.span), "severity": i.severity, "state": i.state.value,
            "message": i.message, "alerts": len(i.alerts),
        }
        for i in sorted(rows, key=lambda i: (i.stream, i.span.start))
    ]  # fmt: skip


def _snapshots(
    view: View, events: Sequence[Event], frames: FrameSource | None
) -> tuple[list[dict[str, str]], str]:
    """Pictures of the weightiest moments with boxes, in order of time; or none, and why."""
    moments = _moments(view, events)
    if frames is None or not moments:
        return [], "" if not moments else "Pictures cannot be reopened here, so there are no snapshots."
    try:
        shown = frames.frames_at(view.stream.id, [at for at, _ in moments])
    except SightlineError as error:
        log.warning("no snapshots of %s: %s", view.stream.name, error.message)
        return [], f"The pictures could not be reopened, so there are no snapshots: {error.message}."
    out = []
    for (at, words), frame in zip(moments, shown, strict=False):
        picture = _drawn(view, frame, at)
        out.append({"uri": _data_uri(picture, "jpeg"), "words": f"{clock_text(at)} · {sentence(words)}"})
    return out, ""


def _moments(view: View, events: Sequence[Event]) -> list[tuple[Micros, str]]:
    """The moments worth a picture: the weightiest events first, then visits' middles, none twice within a second."""
    ranked = sorted(events, key=lambda e: (-WEIGHT.get(e.kind, 4), -e.confidence))
    wished = [
        (min(e.span.start + min(e.span.duration // 2, SECOND), e.span.end), event_words(view, e))
        for e in ranked
        if e.kind not in ("appeared", "left")
    ]
    wished += [(v.span.middle, visit_words(v)) for v in sorted(view.visits(), key=lambda v: -v.size)]
    chosen: list[tuple[Micros, str]] = []
    for at, words in wished:
        at = min(at, max(view.span.end - 1, 0))
        if view.stream.is_forgotten(Span.at(at)):
            continue
        if len(chosen) < MOST_SNAPSHOTS and all(abs(at - other) > SECOND for other, _ in chosen):
            chosen.append((at, words))
    return sorted(chosen)


def _drawn(view: View, frame: Frame, at: Micros) -> bytes:
    """The frame as JPEG, no wider than `SNAPSHOT_WIDTH`, with the box and label of everyone there."""
    small = min(1.0, SNAPSHOT_WIDTH / frame.width)
    size = (max(1, round(frame.width * small)), max(1, round(frame.height * small)))
    picture = cv2.cvtColor(cv2.resize(frame.picture, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
    for visit in view.visits():
        near = [p for p in visit.points if abs(p.at - at) <= SECOND // 2]
        if at not in visit.span.widen(SECOND // 4) or not near:
            continue
        box = min(near, key=lambda p: abs(p.at - at)).box.scaled(small / frame.scale)
        _draw_box(picture, box, visit.entity.label)
    ok, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 82])
    if not ok:
        raise SightlineError("a snapshot could not be written as JPEG", stage="report")
    return bytes(data)


def _draw_box(picture: np.ndarray[Any, Any], box: Box, label: str) -> None:
    x1, y1, x2, y2 = (round(v) for v in (box.x1, box.y1, box.x2, box.y2))
    cv2.rectangle(picture, (x1, y1), (x2, y2), (255, 255, 255), 3)
    cv2.rectangle(picture, (x1, y1), (x2, y2), (40, 90, 230), 2)
    (width, height), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    top = max(y1, height + 6)
    cv2.rectangle(picture, (x1, top - height - 6), (x1 + width + 6, top), (40, 90, 230), -1)
    cv2.putText(
        picture, label, (x1 + 3, top - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA
    )


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
