"""Picks the visits a plan is about."""

from __future__ import annotations

import re
from itertools import pairwise
from math import log
from statistics import median

from agent import lexicon
from agent.aspects import PICKS
from agent.grammar import Asked
from agent.plan import Plan
from agent.recall import View, Visit
from agent.subject import Subject
from core.clock import SECOND, Micros, Span
from core.sight import THING

SIMILAR = 0.5
"""Colours at least this much alike may be the same paint seen twice."""
SAME = 0.7
"""Colours at least this much alike are counted as one."""
LESSER = 0.7
"""How much a colour besides the main one says of whom a question means."""
_LOWER = "|".join(sorted(lexicon.LOWER_WORDS))
KIN = 3.0
"""Areas that differ by at most this factor may be of the same kind of thing."""
OWN_NAME = frozenset({"van", "bus", "forklift", "motorcycle", "pallet", "box"})
"""Labels that whoever knows them does not give to their kin: a van is a van where vans are looked for."""
ROADS = frozenset({"road", "lane", "crossing", "junction", "parking", "rails"})
"""Kinds of zone where vehicles are: what moves there unnamed may be one."""
WHOLE_MOVERS = frozenset({"person", *lexicon.VEHICLES, "bicycle", "motorbike", "cyclist"})
"""Labels for which a moving thing that nobody could name may stand in."""


def can_stand_in(subject: Subject) -> bool:
    """Whether unnamed moving things are a fair answer to a question about the subject."""
    return not subject.labels or bool(WHOLE_MOVERS & set(subject.labels))


def looked_for(subject: Subject, view: View) -> bool:
    """Whether anything that the subject's word may mean was looked for."""
    known = view.looked_for() | {v.entity.label for v in view.visits()}
    return not subject.labels or bool(known & set(subject.labels)) or not known


def of_subject(subject: Subject | None, view: View) -> tuple[list[Visit], bool]:
    """The visits of the subject, and whether others had to stand in for it because the stream holds none so named."""
    visits = list(view.visits())
    if subject is None:
        return visits, True
    if not subject.labels:
        named = [v for v in visits if v.entity.label != THING]
        return (visits if not named else [v for v in visits if v.entity.label != THING or v.moved()]), False
    labels = subject.labels
    if (
        labels[0] == "cyclist"
    ):  # one cyclist is seen as a bicycle and as a person: only one of the two may count
        labels = next(((label,) for label in labels if view.whole_has((label,))), labels)
    exact = labels[:1]
    if exact[0] in OWN_NAME and (exact[0] in view.looked_for() or view.whole_has(exact)):
        labels = exact
    named = [v for v in visits if v.entity.label in labels]
    if named and can_stand_in(subject):
        return sorted([*named, *_alike(subject, named, visits)], key=lambda v: v.span.start), False
    if named or view.whole_has(labels):
        return named, False
    road = any(zone.kind in ROADS for zone in view.stream.layout.zones) or bool(view.stream.layout.lanes)
    return ([v for v in visits if _stands_in(subject, v, road=road)] if can_stand_in(subject) else []), True


def _stands_in(subject: Subject, visit: Visit, *, road: bool) -> bool:
    """Whether the visit may be of the subject though nobody named it so.

    For people: unnamed things. For vehicles: whatever went through the picture by itself and is neither a person nor an
    animal; detectors taught on pictures from the street name a car seen from above after what it looks like from there.
    Where no road is drawn it has to have gone as far as it is long, and not back out where it came in: a hand does that.
    """
    label = visit.entity.label
    if not set(subject.labels) & {*lexicon.VEHICLES, "bicycle", "motorbike"}:
        return label == THING
    back = bool(visit.side("entered")) and visit.side("entered") == visit.side("left")
    if not road and (back or visit.travel() < 1.0):
        return False
    alive = label == "person" or label in lexicon.LABELS["animal"]
    through = bool(visit.side("entered") and visit.side("left"))
    return not alive and visit.moved() and (label == THING or label in lexicon.VEHICLES or through)


def _alike(subject: Subject, named: list[Visit], visits: list[Visit]) -> list[Visit]:
    """Things nobody could name that went through the picture as those named so do: a coarse detector names but some.

    Such a thing comes in and goes out over the picture's edge, is as large as they are (within a factor of `KIN`), is
    nearer to their size than to that of anything else that was named, and is no part of something named.
    """
    size = median(v.size for v in named)
    others: dict[str, list[float]] = {}
    for visit in visits:
        if visit.entity.label not in (*subject.labels, THING) and visit.moved():
            others.setdefault(visit.entity.label, []).append(visit.size)
    rivals = [median(sizes) for sizes in others.values()]

    def fits(visit: Visit) -> bool:
        through = bool(visit.side("entered") and visit.side("left"))
        if visit.entity.label != THING or not through or visit.size <= 0 or size <= 0:
            return False
        unlike = abs(log(visit.size / size))
        nearer = all(unlike < abs(log(visit.size / rival)) for rival in rivals if rival > 0)
        return unlike <= log(KIN) and nearer and not any(_inside(visit, other) for other in named)

    return [v for v in visits if fits(v)]


def _inside(visit: Visit, other: Visit) -> bool:
    """Whether the visit mostly goes along within the other's box."""
    shared = visit.span.intersect(other.span)
    if shared is None or shared.duration * 2 < visit.span.duration:
        return False
    at = shared.middle
    mine, theirs = visit.box_at(at), other.box_at(at)
    return bool(mine and theirs and mine.overlap(theirs) >= 0.5 * min(mine.area, theirs.area))


def narrowed(plan: Plan, view: View, visits: list[Visit]) -> list[Visit]:
    """Those of the visits that fit everything else the plan says."""
    for fits in (
        _is_here,
        _moves,
        _rests,
        _comes_or_goes,
        _fits_sides,
        _fits_heading,
        _fits_place,
        _fits_colour,
        _fits_pose,
    ):
        visits = [v for v in visits if fits(plan, view, v)]
    if plan.zones:
        inside = {id for e in view.events(zones=plan.zones) for id in e.entity_ids}
        visits = [v for v in visits if v.entity.id in inside]
    if plan.near and visits:
        largest = max(
            v.size for v in view.whole().visits() if v.entity.label in {w.entity.label for w in visits}
        )
        visits = [v for v in visits if v.size >= 0.25 * largest]
    if plan.other:
        visits = _meeting(plan, visits, list(view.visits()))
    if plan.colours and plan.asked not in (Asked.COUNT, Asked.ORDER, Asked.COMPARE) and visits:
        agreements = [_in_colour(plan, v) for v in visits]
        best = max(agreements)
        visits = [v for v, agreement in zip(visits, agreements, strict=True) if agreement >= best - 0.25]
    return visits


def _is_here(plan: Plan, view: View, visit: Visit) -> bool:
    """In the picture during the asked span; at an asked moment, nearly then."""
    shared = visit.span.intersect(view.span)
    if shared is None:
        return False
    least = min(visit.span.duration, view.span.duration) // 5
    return shared.duration >= min(least, SECOND // 2)


def _moves(plan: Plan, view: View, visit: Visit) -> bool:
    return not plan.moving or (plan.asked is Asked.WHEN and bool(plan.kinds)) or visit.moved()


def _rests(plan: Plan, view: View, visit: Visit) -> bool:
    return not plan.resting or not visit.heading(view.span) & {"left", "right", "up", "down"}


def _comes_or_goes(plan: Plan, view: View, visit: Visit) -> bool:
    """Within a bounded span, what arrives there arrives inside it, and likewise what leaves."""
    if plan.bound is None or plan.bound.kind == "share":
        return True
    slack = SECOND
    if plan.arriving and not view.span.widen(slack).start <= visit.span.start < view.span.end + slack:
        return False
    return not plan.leaving or view.span.start - slack <= visit.span.end < view.span.end + slack


def _fits_sides(plan: Plan, view: View, visit: Visit) -> bool:
    return all(
        not asked or bool(set(asked) & set(visit.side(key)))
        for key, asked in (("entered", plan.entered), ("left", plan.left))
    )


def _fits_heading(plan: Plan, view: View, visit: Visit) -> bool:
    if not plan.heading or (plan.asked is Asked.WHEN and plan.kinds):
        return True
    seen = visit.heading()
    if seen & {lexicon.OPPOSITE[h] for h in plan.heading if h in lexicon.OPPOSITE}:
        return False
    alike = {"towards": "down", "away": "up"}
    return all(h in seen or alike.get(h) in seen for h in plan.heading)


def _fits_place(plan: Plan, view: View, visit: Visit) -> bool:
    if not plan.place or not visit.points or not view.stream.width:
        return True
    inside = [p.box for p in visit.points if p.at in view.span] or [visit.points[0].box]
    x, y = inside[len(inside) // 2].centre
    across, down = x / view.stream.width, y / max(view.stream.height, 1)
    fits = {
        "left": across < 0.5,
        "right": across > 0.5,
        "top": down < 0.5,
        "bottom": down > 0.5,
        "centre": 0.25 < across < 0.75,
    }
    return all(fits[side] for side in plan.place)


def _fits_colour(plan: Plan, view: View, visit: Visit) -> bool:
    if not plan.colours:
        return True
    least = SAME if plan.asked is Asked.COUNT else SIMILAR
    team = lexicon.colours_in(str(visit.entity.attributes.get("team", "")))
    if team and re.search(r"\bteam\b", plan.text.lower()):
        return agrees(plan.colours, team) >= least
    return agrees(plan.colours, visit.colours()) >= least


def _fits_pose(plan: Plan, view: View, visit: Visit) -> bool:
    return not plan.pose or visit.entity.attributes.get("pose") == plan.pose


def _in_colour(plan: Plan, visit: Visit) -> float:
    """How well it agrees with the colour asked for, 0 to 1: somebody `in blue` rather wears a blue shirt than blue trousers."""
    seen = visit.colours()
    if visit.entity.label != "person":
        return agrees(plan.colours, seen)
    if any(re.search(rf"\b{colour} (?:{_LOWER})\b", plan.text.lower()) for colour in plan.colours):
        return agrees(plan.colours, visit.colours("lower") or seen)
    return max(agrees(plan.colours, seen[:1]), LESSER * agrees(plan.colours, seen[1:]))


def agrees(asked: tuple[str, ...], seen: tuple[str, ...]) -> float:
    """How well the best pair of an asked and a seen colour agrees, 0 to 1."""
    return max((lexicon.colour_likeness(a, s) for a in asked for s in seen), default=0.0)


def _meeting(plan: Plan, visits: list[Visit], everyone: list[Visit]) -> list[Visit]:
    """Those in the picture together with somebody else of the other colour, who is not that somebody."""
    others = sorted(everyone, key=lambda v: -agrees(plan.other, v.colours()))
    for other in (v for v in others if agrees(plan.other, v.colours()) >= SIMILAR):
        met = [v for v in visits if v.entity.id != other.entity.id and v.span.overlaps(other.span)]
        if met:
            return sorted(met, key=lambda v: -(v.span.intersect(other.span) or v.span).duration)
    return visits


def neighbour(plan: Plan, visits: list[Visit]) -> list[Visit]:
    """The one that came next after (or last before) whom the plan describes; none where nobody is like that."""
    colours = lexicon.colours_in(plan.next_to)
    labels = lexicon.label_families(plan.next_to.split())
    visits = in_passing(visits) if plan.passing else visits
    for at, visit in enumerate(visits):
        if labels and visit.entity.label not in labels:
            continue
        if (labels or colours) and (not colours or agrees(colours, visit.colours()) >= SIMILAR):
            return visits[at + plan.step : at + plan.step + 1] if at + plan.step >= 0 else []
    return []


def ordinal(plan: Plan, visits: list[Visit]) -> list[Visit]:
    """The one that comes at the asked place in the order of appearance (of leaving, where that is asked)."""
    if plan.most in PICKS and plan.asked not in (Asked.SPEED, Asked.COMPARE):
        return by_superlative(plan, visits)[:1]
    if plan.ordinal is None or not visits:
        return visits
    if plan.leaving:
        visits = sorted(visits, key=lambda v: v.span.end)
    elif plan.passing:
        visits = in_passing(visits)
    at = plan.ordinal - 1 if plan.ordinal > 0 else plan.ordinal
    return [visits[at]] if -len(visits) <= at < len(visits) else []


def by_superlative(plan: Plan, visits: list[Visit]) -> list[Visit]:
    """The visits with the one first that `fastest`, `slowest`, `largest`, `smallest`, `longest` or `shortest` means."""
    measures = {
        "fastest": lambda v: -(v.speed() or v.pace() or 0.0), "slowest": lambda v: v.speed() or v.pace() or 0.0,
        "largest": lambda v: -v.size, "smallest": lambda v: v.size,
        "longest": lambda v: -v.span.duration, "shortest": lambda v: v.span.duration,
    }  # fmt: skip
    measure = measures.get(plan.most)
    return sorted(visits, key=measure) if measure else visits


def in_passing(visits: list[Visit]) -> list[Visit]:
    """In order of passing by: who was in view from afar has not passed before it goes out of the picture."""
    return sorted(visits, key=lambda v: v.span.end)


def levels(visits: list[Visit], span: Span) -> list[tuple[Span, int]]:
    """How many of the visits are in the picture at once, stretch after stretch of the span."""
    cuts: dict[Micros, int] = {span.start: 0, span.end: 0}
    for visit in visits:
        if shared := visit.span.intersect(span):
            cuts[shared.start] = cuts.get(shared.start, 0) + 1
            cuts[shared.end] = cuts.get(shared.end, 0) - 1
    out: list[tuple[Span, int]] = []
    number = 0
    moments = sorted(cuts)
    for at, following in pairwise(moments):
        number += cuts[at]
        out.append((Span(at, following), number))
    return out


def groups(visits: list[Visit], gap: Micros = 2_500_000) -> list[list[Visit]]:
    """Visits that began together: each no more than `gap` after the one before, and in the picture at one time."""
    out: list[list[Visit]] = []
    for visit in sorted(visits, key=lambda v: v.span.start):
        last = out[-1][-1] if out else None
        if last and visit.span.start - last.span.start <= gap and visit.span.overlaps(last.span):
            out[-1].append(visit)
        else:
            out.append([visit])
    return out
