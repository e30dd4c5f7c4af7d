"""How things look and move: colour, direction, sides, place, order, and which one it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from agent import course, lookup_sum, lookup_time, narrow
from agent.finding import Finding, name_of, sentence, visit_words
from agent.outcome import edge_words, facts_of, none_seen, place_words, points_in, spot, sure_of
from agent.plan import Plan
from agent.recall import View, Visit
from core.answers import AnswerStatus
from core.clock import SECOND
from core.memory import Event


def colour(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """What colour it is, of its clothes where those are asked."""
    visits = narrow.ordinal(plan, visits)
    if not visits:
        return none_seen(plan, view, 0.4)
    ranked = (
        sorted(visits, key=lambda v: -v.size * v.span.duration)
        if plan.ordinal is None and not plan.other
        else visits
    )
    told = [v for v in ranked if v.colours(plan.part)]
    if not told:
        return Finding(
            status=AnswerStatus.UNSUPPORTED, head="No colour is known of it.", facts=facts_of(view, ranked[:2]), visits=tuple(ranked),
            hint=True, sure=0.2,
        )  # fmt: skip
    colours = list(dict.fromkeys(c for v in told for c in v.colours(plan.part)[:1]))
    colours += [c for v in told for c in v.colours(plan.part)[1:] if c not in colours]
    word = name_of(plan.subject.word, 1) if plan.subject else "thing"
    second = () if plan.part else tuple(dict.fromkeys(c for v in told[:2] for c in v.second_colour()))
    if plan.ordinal is not None or len(told) == 1:
        head = f"The {word} is {' and '.join((told[0].colours(plan.part)[0], *second))}"
    else:
        head = f"Colours: {', '.join(dict.fromkeys([*colours[:3], *second]))}"
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts_of(view, told[:4]), colours=tuple(colours), second_colours=second, visits=tuple(told), sure=sure_of(told[:2]) * 0.85
    )  # fmt: skip


_HEADING_WORDS = {
    "left": "to the left", "right": "to the right", "up": "upwards", "down": "downwards",
    "towards": "towards the camera", "away": "away from the camera", "still": "nowhere (it stays)",
}  # fmt: skip


def direction(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """Which way it goes (or turns, where that is asked), in the span if one is asked."""
    if "turned" in plan.kinds and (
        turns := lookup_time.at_place(plan, lookup_time.events_of(replace(plan, turn=""), view, visits))
    ):
        found = lookup_time.of_events(plan, view, turns)
        return replace(found, headings=tuple(frozenset({str(e.attributes.get("side", ""))}) for e in turns))
    visits = narrow.ordinal(plan, visits)
    if "three" in plan.text.lower() or "group" in plan.text.lower():
        visits = max(narrow.groups(visits), key=len, default=[])
    if not visits:
        return none_seen(plan, view, 0.4)
    within = view.span if plan.bound else None
    ranked = [v for v in visits if v.moved()] or visits
    if not plan.moving and "leave" not in plan.text.lower():
        ranked = sorted(ranked, key=lambda v: -v.size)
    headings = tuple(v.heading(within) for v in ranked)
    shares: dict[str, int] = {}
    for heading in headings:
        for word in heading:
            shares[word] = shares.get(word, 0) + 1
    common = [
        w for w, n in sorted(shares.items(), key=lambda p: (-p[1], p[0])) if n * 2 > len(headings)
    ] or sorted(headings[0])
    sides = tuple(v.side("left") for v in ranked)
    head = (
        sentence(" and ".join(_HEADING_WORDS[w] for w in common))
        if common
        else "It goes in no clear direction"
    )
    if drawn := course.told(ranked):
        head = (
            sentence(drawn) + (f" ({head[0].lower()}{head[1:]})" if common else "")
            if course.asks_for(plan)
            else f"{head}, {drawn}"
        )

    def detail(visit: Visit) -> str:
        ways = ["/".join(sorted(visit.heading(within)))] if visit.heading(within) else []
        return (
            f", heading {', '.join((*ways, *course.courses(visit)))},"
            if ways or course.courses(visit)
            else ""
        )

    return Finding(
        status=AnswerStatus.ANSWERED, head=head, headings=headings, sides=sides, visits=tuple(ranked), sure=sure_of(ranked[:3]) * 0.9,
        facts=facts_of(view, ranked, detail), courses=tuple(course.courses(v) for v in ranked),
    )  # fmt: skip


def side(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """The side of the picture by which they come or go."""
    visits = narrow.ordinal(plan, visits)
    key = "left" if plan.leaving else "entered" if plan.arriving or "come" in plan.text.lower() else ""
    if not key:
        return where(plan, view, visits)
    if not visits:
        return none_seen(plan, view, 0.3)
    told = [v for v in visits if v.side(key)]
    if not told:
        edge = tuple(edge_words(view, v, last=key == "left") for v in visits)
        verb = "leave" if key == "left" else "come in"
        return Finding(
            status=AnswerStatus.NOT_SEEN, head=f"Nobody was seen to {verb} over an edge of the picture",
            facts=facts_of(view, visits[:3]), sides=edge, headings=tuple(v.heading() for v in visits), visits=tuple(visits), sure=0.3,
        )  # fmt: skip
    corners = tuple(
        (
            *v.side(key),
            *(s for s in edge_words(view, v, last=key == "left") if s not in (*v.side(key), "centre")),
        )
        for v in told
    )
    counts: dict[str, int] = {}
    for visit in told:
        for side in visit.side(key):
            counts[side] = counts.get(side, 0) + 1
    words = ", ".join(f"{side} ({n})" for side, n in sorted(counts.items(), key=lambda p: -p[1]))
    head = f"{'They leave' if key == 'left' else 'They come in'} at the {words}"
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, sides=corners, visits=tuple(told), sure=sure_of(told[:3]) * 0.85,
        headings=tuple(v.heading() for v in told), facts=facts_of(view, told, lambda v: f", {'leaving' if key == 'left' else 'entering'} at the {' '.join(v.side(key))},"),
    )  # fmt: skip


def where(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """Where in the picture, and in which zone; where it was last, if that is asked."""
    if not visits:
        return none_seen(plan, view, 0.5)
    zones = {id: e.zone for e in view.events() if e.zone for id in e.entity_ids}
    told = narrow.ordinal(plan, visits) if plan.ending else sorted(visits, key=lambda v: -v.size)[:4]

    def place(visit: Visit) -> tuple[tuple[str, ...], str | None]:
        if plan.ending and (points := points_in(view, visit)):
            last = points[-1].box
            return spot(view, last), view.stream.layout.zone_at(last.foot)
        return place_words(view, visit), zones.get(visit.entity.id)

    def detail(visit: Visit) -> str:
        words, zone = place(visit)
        at = f", at the {' '.join(reversed(words))}" if words else ""
        return at + (f", in {zone.replace('_', ' ')}" if zone else "") + ","

    head = sentence(f"{visit_words(told[0])}{detail(told[0]).rstrip(',')}")
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts_of(view, told, detail), sides=tuple(place(v)[0] for v in told),
        headings=tuple(v.heading() for v in told), visits=tuple(told), sure=sure_of(told[:2]) * 0.8,
    )  # fmt: skip


def order(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """Who came in which order."""
    if not visits:
        return none_seen(plan, view, 0.5)
    head = "In this order: " + ", ".join(visit_words(v) for v in visits[:10])
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts_of(view, visits), visits=tuple(visits), sure=sure_of(visits) * 0.8,
        colours=tuple((v.colours() or ("?",))[0] for v in visits),
    )  # fmt: skip


def which(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """Which one it is: the doer of an event, or the one that comes at the asked place in the order."""
    if plan.scene_use in ("after", "before", "which"):
        return lookup_time.which_scene(plan, view)
    if plan.by:
        return lookup_sum.which_of(plan, view, visits)
    if plan.kinds:
        events = lookup_time.events_of(plan, view, visits)
        if events:
            return lookup_time.of_events(plan, view, ranked_events(plan, view, events))
        visits = _changed(plan, view, visits)
    chosen = narrow.neighbour(plan, visits) if plan.next_to else narrow.ordinal(plan, visits)
    if not chosen:
        return none_seen(plan, view, 0.6)
    if plan.bound is not None and plan.ordinal is None:
        chosen = sorted(chosen, key=lambda v: abs(v.span.middle - view.span.middle))
    head = sentence(", ".join(visit_words(v) for v in chosen[:4]))
    place = lookup_time.rank_words if plan.kinds or plan.alone is not None else place_words
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts_of(view, chosen), visits=tuple(chosen), yes=True, sure=sure_of(chosen[:3]) * 0.8,
        sides=tuple(place(view, v) for v in chosen), headings=tuple(v.heading() for v in chosen),
        colours=tuple(c for v in chosen for c in v.colours()), events=lookup_time.around(view, chosen),
    )  # fmt: skip


def _changed(plan: Plan, view: View, visits: list[Visit]) -> list[Visit]:
    """What was taken (or put there), where no event says so: what stood still and then was gone (or had come)."""
    if "object_removed" in plan.kinds:
        gone = [
            v
            for v in visits
            if not v.moved() and v.span.end in view.span and v.span.end < view.stream.duration - SECOND // 2
        ]
        return sorted(gone, key=lambda v: v.span.end)
    if "object_left" in plan.kinds:
        return [
            v for v in visits if not v.moved() and v.span.start in view.span and v.span.start > SECOND // 2
        ]
    return visits


def ranked_events(plan: Plan, view: View, events: list[Event]) -> list[Event]:
    """The events with the one first that the question picks: the longest, who did it most often, or at a place in order."""
    if plan.most in ("longest", "shortest"):
        return sorted(events, key=lambda e: e.span.duration * (-1 if plan.most == "longest" else 1))
    if plan.most in ("most", "fewest"):
        often = Counter(id for e in events for id in e.entity_ids[:1])
        sign = -1 if plan.most == "most" else 1
        return sorted(events, key=lambda e: sign * often[e.entity_ids[0]] if e.entity_ids else 0)
    return lookup_time.at_place(plan, events)
