"""What lies beyond the memory: questions about what nothing here looks for, and why it does not."""

from __future__ import annotations

import re

from agent import lexicon
from agent.grammar import Asked
from agent.kinds import NEEDS_DRAWN, NEEDS_LABEL, NEVER, NOUNS, OF_MODELS
from agent.plan import Plan
from agent.recall import View, by_eyes
from core.memory import Query, Want


def beyond(plan: Plan, view: View) -> tuple[str, str] | None:
    """What the plan asks for that nothing looked for, and why not (or nothing); None where all of it was looked for."""
    if NEVER & set(plan.kinds):
        return next(kind for kind in plan.kinds if kind in NEVER), ""
    if plan.undrawn:
        return plan.undrawn, f"no such zone, lane or line is drawn on {view.stream.name}"
    if plan.pose and not any(v.entity.attributes.get("pose") == plan.pose for v in view.whole().visits()):
        return plan.pose, "nothing here tells how people hold themselves"
    if plan.kinds and (lacking := _lacking(plan.kinds[0], view)):
        return NOUNS.get(plan.kinds[0], plan.kinds[0].replace("_", " ")), lacking
    if plan.part != "unseen" or plan.asked is not Asked.COLOUR:
        return None
    parts = sorted(set(re.findall(r"[a-z-]+", plan.text.lower().replace("'s", " "))) & lexicon.UNSEEN_PARTS)
    return (f"the colour of {parts[0]}" if parts else "that colour"), ""


def _lacking(kind: str, view: View) -> str:
    """What must be there before such events are looked for and is not, or nothing."""
    if view.store.find(Query(want=Want.EVENTS, streams=(view.stream.id,), kinds=(kind,), limit=1)).events:
        return ""
    if kind in OF_MODELS and not any(by_eyes(caption) for caption in view.captions()):
        return "no model that looks at pictures has told what they show (SIGHTLINE_VLM)"
    layout = view.stream.layout
    drawn = {zone.kind for zone in layout.zones} | ({"lane"} if layout.lanes else set())
    drawn |= {"line"} if layout.lines else set()
    needed = NEEDS_DRAWN.get(kind, ())
    if needed and not drawn & set(needed):
        return f"no {' or '.join(needed)} is drawn on {view.stream.name}"
    labels = NEEDS_LABEL.get(kind, ())
    if labels and not view.looked_for() & set(labels):
        return f"nothing that names a {labels[0]} has looked"
    return ""
