"""Draws what was seen over time: one bar per visit, one mark per event, what nobody looked at hatched."""

from __future__ import annotations

import io
from collections.abc import Sequence

from agent.recall import View
from agent.summarize import WEIGHT
from core.clock import SECOND, clock_text

PALETTE = ("#2f6fde", "#e07a1f", "#2a9d74", "#b8434e", "#7a5cc0", "#8a6d3b", "#3a9bb5", "#c2579a")
MOST_ROWS = 40


def timeline_png(view: View) -> bytes:
    """A PNG of the view: visits as bars by label, telling events as marks under them, time along the bottom."""
    # matplotlib takes half a second to load: only reports pay for it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter

    visits = view.visits()[:MOST_ROWS]
    events = [e for e in view.events() if e.kind not in ("appeared", "left")]
    kinds = sorted({e.kind for e in events}, key=lambda k: -WEIGHT.get(k, 4))[:8]
    rows = len(visits) + len(kinds)
    figure = Figure(figsize=(10, max(1.8, 0.9 + 0.24 * rows)), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    labels = sorted({v.entity.label for v in visits})
    colour = {label: PALETTE[at % len(PALETTE)] for at, label in enumerate(labels)}
    for row, visit in enumerate(visits):
        shown = visit.span.intersect(view.span) or visit.span
        axes.barh(
            row,
            shown.duration / SECOND,
            left=shown.start / SECOND,
            height=0.62,
            color=colour[visit.entity.label],
        )
    for at, kind in enumerate(kinds):
        row = len(visits) + at
        for event in (e for e in events if e.kind == kind):
            long = max(event.span.duration / SECOND, view.span.duration / SECOND * 0.006)
            axes.barh(row, long, left=event.span.start / SECOND, height=0.5, color="#333a45")
    for missed in view.unlooked():
        axes.axvspan(
            missed.start / SECOND,
            missed.end / SECOND,
            facecolor="#f3e3e3",
            edgecolor="#c99",
            hatch="//",
            lw=0,
        )
    axes.set_yticks(
        range(rows),
        [
            *(_row_name(v.entity.label, n) for n, v in enumerate(visits, 1)),
            *(k.replace("_", " ") for k in kinds),
        ],
        fontsize=7,
    )
    axes.set_ylim(max(rows, 1) - 0.4, -0.6)
    axes.set_xlim(view.span.start / SECOND, view.span.end / SECOND)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: clock_text(round(max(s, 0) * SECOND))))
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color="#dfe3ea", lw=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    if labels:
        handles = [Patch(color=colour[label], label=label) for label in labels[:8]]
        axes.legend(
            handles=handles, fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=8, frameon=False
        )
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    return out.getvalue()


def _row_name(label: str, number: int) -> str:
    return f"{label} {number}"


def words_for(views: Sequence[View]) -> str:
    """What the picture shows, for those who cannot see it."""
    return "; ".join(f"{v.stream.name}: {len(v.visits())} visits and {len(v.events())} events" for v in views)
