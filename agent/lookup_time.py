"""When, how long, what happened, and whether: questions that events and stretches of time answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent import narrow, scenes
from agent.finding import (
    Fact,
    Finding,
    cite,
    event_fact,
    event_words,
    name_of,
    quoted,
    sentence,
    visit_fact,
    visit_words,
)
from agent.kinds import LASTING, OF_CAMERA
from agent.outcome import facts_of, none_seen, place_words, sure_of, when_words
from agent.plan import Plan
from agent.recall import View, Visit
from core.answers import AnswerStatus
from core.clock import SECOND, Micros, Span, clock_text, covered, merge, subtract
from core.memory import Event

QUIET_KINDS = frozenset({"appeared", "left"})
"""Kinds so common that a summary of what happened mentions them only where nothing else did."""


def kinds_of(plan: Plan) -> tuple[str, ...]:
    """The kinds of event a plan asks for; at a zone `enter` and `leave` mean the zone's events."""
    kinds = plan.kinds
    if plan.zones and plan.arriving:
        kinds += ("entered_zone",)
    if "crossed_line" in kinds and plan.zones:
        kinds += ("entered_zone",)
    if plan.zones and plan.leaving:
        kinds += ("left_zone",)
    if (
        plan.zones
        and "stopped" not in kinds
        and ("stay" in plan.text.lower() or "spend" in plan.text.lower())
    ):
        kinds += ("dwelled",)
    return kinds


def events_of(plan: Plan, view: View, visits: Sequence[Visit]) -> list[Event]:
    """The events the plan asks for, done by its subject where it names one."""
    kinds = kinds_of(plan)
    if not kinds:
        return []
    found = view.events(kinds, plan.zones)
    if plan.subject and plan.subject.labels:
        ids = {v.entity.id for v in visits}
        found = tuple(e for e in found if not e.entity_ids or e.kind in OF_CAMERA or ids & set(e.entity_ids))
    found = tuple(e for e in found if fits_turn(plan, e))
    exact = [e for e in found if e.kind == kinds[0]]
    chosen = exact if exact and len(kinds) > 1 else list(found)
    if plan.bound and plan.bound.kind in ("around", "between"):
        chosen = [e for e in chosen if _begins_in(e, view.span)] or chosen
    return chosen


BACK = 150.0
"""A turn of at least so many degrees leads back."""


def fits_turn(plan: Plan, event: Event) -> bool:
    """Whether a turn goes the way that the plan asks for; anything else fits."""
    if not plan.turn or event.kind != "turned":
        return True
    angle = event.attributes.get("angle", 0)
    back = isinstance(angle, int | float) and abs(angle) >= BACK
    return back if plan.turn == "back" else not back and event.attributes.get("side") == plan.turn


def at_place(plan: Plan, events: list[Event]) -> list[Event]:
    """The event at the asked place in their order, or all where none is asked."""
    if plan.ordinal is None:
        return events
    at = plan.ordinal - 1 if plan.ordinal > 0 else plan.ordinal
    return [events[at]] if -len(events) <= at < len(events) else []


def _begins_in(event: Event, span: Span) -> bool:
    return span.start - SECOND // 2 <= event.span.start < span.end + SECOND // 2


def of_events(plan: Plan, view: View, events: Sequence[Event]) -> Finding:
    """A finding that rests on events: what, when, who, for how long."""
    if not events:
        return none_seen(plan, view)
    visits = [v for e in events for id in e.entity_ids[:1] if (v := view.visit_of(id))]
    head = sentence(event_words(view, events[0]))
    if len(events) > 1:
        head += f", and {len(events) - 1} more such event{'s' if len(events) > 2 else ''}"
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=tuple(event_fact(view, e) for e in events), yes=True,
        numbers=((len(events), 1.0),), seconds=tuple(e.span.start / SECOND for e in events), events=tuple(events),
        visits=tuple(visits), colours=tuple(c for v in visits for c in v.colours()[:1]), sides=tuple(rank_words(view, v) for v in visits),
        sure=sum(e.confidence for e in events) / len(events) * 0.85,
    )  # fmt: skip


def rank_words(view: View, visit: Visit) -> tuple[str, ...]:
    """Where something stands among its like in the stream, from left to right: `left`, `centre` or `right`."""
    if visit.middle is None:
        return ()
    like = [v.middle for v in view.whole().visits() if v.entity.label == visit.entity.label and v.middle]
    stands: list[float] = []
    for box in sorted(like, key=lambda box: box.centre[0]):
        if not stands or box.centre[0] - stands[-1] > box.width / 2:
            stands.append(box.centre[0])
    if len(stands) < 2:
        return place_words(view, visit)
    at = max(k for k, stand in enumerate(stands) if stand <= visit.middle.centre[0])
    return ("left" if at == 0 else "right" if at == len(stands) - 1 else "centre",)


def around(view: View, visits: Sequence[Visit]) -> tuple[Event, ...]:
    """The telling events of some visits within the span."""
    ids = {v.entity.id for v in visits}
    return tuple(e for e in view.events() if e.kind not in QUIET_KINDS and ids & set(e.entity_ids))[:20]


def gaps(visits: Sequence[Visit], span: Span, *, least: Micros = 300_000) -> list[Span]:
    """The stretches of the span in which none of the visits is in the picture."""
    return [g for g in subtract(span, merge(v.span for v in visits)) if g.duration >= least]


def when(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """The moments at which it happened: of events, of absence, or of coming and going."""
    if plan.empty and visits:
        return _spans(
            view,
            gaps(visits, view.span),
            f"No {name_of(plan.subject.word if plan.subject else 'thing', 1)} is in the picture",
            sure_of(visits),
        )
    loose = plan.subject is not None and not plan.subject.labels and not kinds_of(plan)
    if (plan.scene or loose) and (said := _told(plan, view)):
        return said
    if kinds_of(plan):
        events = at_place(plan, events_of(plan, view, visits))
        return of_events(plan, view, events) if events else none_seen(plan, view, 0.5)
    visits = narrow.ordinal(plan, visits)
    if not visits:
        return none_seen(plan, view, 0.5)
    moments = [v.span.end if plan.leaving else v.span.start for v in visits]
    verb = "leaves" if plan.leaving else "comes into the picture"
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"{sentence(visit_words(visits[0]))} {verb} at {clock_text(moments[0])}",
        facts=facts_of(view, visits), seconds=tuple(m / SECOND for m in moments), visits=tuple(visits), yes=True, sure=sure_of(visits[:3]) * 0.85,
    )  # fmt: skip


def _told(plan: Plan, view: View) -> Finding | None:
    """When what the question describes in its own words begins: the scene that fits best, else the best caption."""
    if plan.scene:
        cut = scenes.scenes_of(view)
        at, lead = scenes.best(cut, plan.scene)
        if len(cut) > 1 and lead > 0:
            return scene_found(view, cut[at], lead)
    found = [c for c in view.captions(plan.scene or plan.text) if c.text]
    if not found:
        return None
    facts = tuple(
        Fact(text=f"“{quoted(c.text)}” at {c.span}", citation=cite(view, c.span)) for c in found[:3]
    )
    begins = found[0].span.start
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"It is told of at {clock_text(begins)}", facts=facts,
        seconds=tuple(c.span.start / SECOND for c in found[:5]), sure=0.35,
    )  # fmt: skip


def scene_found(view: View, scene: scenes.Scene, lead: float) -> Finding:
    """A finding about one scene of a longer recording: when it begins."""
    fact = Fact(text=f"that scene runs {scene.span}", citation=cite(view, scene.span))
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"It begins at {clock_text(scene.span.start)}", facts=(fact,),
        seconds=(scene.span.start / SECOND,), sure=min(0.7, 0.35 + lead / 4),
    )  # fmt: skip


def which_scene(plan: Plan, view: View) -> Finding:
    """The scenes, and the one that comes next to the one described; without a description, all of them."""
    cut = scenes.scenes_of(view)
    if len(cut) < 2:
        return Finding(status=AnswerStatus.NOT_SEEN, head="The recording is one scene", sure=0.3,
                       facts=tuple(Fact(text=f"looked at {s}", citation=cite(view, s)) for s in view.looked()[:1]))  # fmt: skip
    if not plan.scene:
        facts = tuple(Fact(text=f"a scene at {s.span}", citation=cite(view, s.span)) for s in cut)
        return Finding(
            status=AnswerStatus.ANSWERED,
            head=f"There are {len(cut)} scenes",
            facts=facts,
            scenes=tuple(cut),
            sure=0.4,
        )
    at, lead = scenes.best(cut, plan.scene)
    beside = at + (-1 if plan.scene_use == "before" else 1)
    if not 0 <= beside < len(cut) or lead <= 0:
        return none_seen(plan, view, 0.3)
    found = scene_found(view, cut[beside], lead)
    return replace(found, scenes=tuple(cut), scene_at=beside, sure=found.sure * 0.8)


def _spans(view: View, spans: list[Span], head: str, sure: float) -> Finding:
    """A finding about stretches of time: when they are and how long."""
    if not spans:
        return Finding(status=AnswerStatus.NOT_SEEN, head=f"{head} at no time", numbers=((0, 1.0),), sure=sure * 0.7, yes=False,
                       facts=tuple(Fact(text=f"looked at {s}", citation=cite(view, s)) for s in view.looked()[:2]))  # fmt: skip
    ranked = sorted(spans, key=lambda s: -s.duration)
    facts = tuple(Fact(text=f"{s}, {s.duration / SECOND:.1f} s", citation=cite(view, s)) for s in ranked[:5])
    inner = [s for s in ranked if s.start > view.span.start and s.end < view.span.end]
    lead = (inner or ranked)[0]
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"{head} for {lead.duration / SECOND:.1f} s from {clock_text(lead.start)}", facts=facts, yes=True,
        seconds=tuple(s.middle / SECOND for s in [lead, *[r for r in ranked if r != lead]]), numbers=((lead.duration / SECOND, 1.0),), sure=sure * 0.8,
    )  # fmt: skip


def duration(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """How long: nobody was there, so many were there, an event lasted, or someone stayed; seconds in `numbers`."""
    word = plan.subject.word if plan.subject else "thing"
    if plan.empty:
        movers = [v for v in visits if v.moved()] or visits
        spans = gaps(_settled(movers), view.span)
        text = plan.text.lower()
        if "between" in text and plan.bound is None and len(movers) > 1:
            inner = [s for s in spans if s.start > movers[0].span.start]
            spans = inner[:1] or spans
        return _spans(
            view,
            spans,
            "Nothing is there" if word == "thing" else f"No {name_of(word, 1)} is there",
            sure_of(visits) if visits else 0.6,
        )
    if plan.alone is not None:
        levels = [span for span, number in narrow.levels(visits, view.span) if number == plan.alone]
        head = f"{'Only ' if plan.alone else ''}{plan.alone} {name_of(word, plan.alone)} {'is' if plan.alone == 1 else 'are'} there"
        return _spans(view, merge(levels, gap=500_000), head, sure_of(visits) if visits else 0.4)
    events = at_place(plan, [e for e in events_of(plan, view, visits) if e.kind in LASTING])
    if events and plan.summed:
        total = covered(s for e in events if (s := e.span.intersect(view.span))) / SECOND
        found = of_events(plan, view, events)
        return _with_length(
            found, f"{sentence(event_words(view, events[0]))} for {total:.1f} s in all", [total]
        )
    if events:
        longest = sorted(events, key=lambda e: -e.span.duration)
        found = of_events(plan, view, longest)
        seconds = longest[0].span.duration / SECOND
        head = f"{sentence(event_words(view, longest[0]))} for {seconds:.1f} s"
        return _with_length(found, head, [e.span.duration / SECOND for e in longest])
    if plan.kinds:
        return none_seen(plan, view, 0.5)
    if plan.pair and len(visits) >= plan.pair[1]:
        return _apart(plan, view, visits)
    visits = narrow.ordinal(plan, visits)
    if not visits:
        return none_seen(plan, view, 0.5)
    ranked = sorted(visits, key=lambda v: -v.span.duration)
    lengths = [v.span.duration / SECOND for v in ranked]
    head = f"{sentence(visit_words(ranked[0]))} is in the picture for {lengths[0]:.1f} s"
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts_of(view, ranked), numbers=tuple((n, 1.0 if k == 0 else 0.4) for k, n in enumerate(lengths)),
        visits=tuple(ranked), sure=sure_of(ranked[:2]) * 0.8, yes=True,
    )  # fmt: skip


def _apart(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """The time from the coming of one to the coming of another, by their places in the order."""
    one, other = (visits[place - 1] for place in plan.pair or (1, 2))
    length = (other.span.start - one.span.start) / SECOND
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"{length:.1f} s pass between {visit_words(one)} and {visit_words(other)}",
        facts=facts_of(view, [one, other]), numbers=((length, 1.0),), visits=(one, other), yes=True, sure=sure_of([one, other]) * 0.8,
    )  # fmt: skip


def _with_length(found: Finding, head: str, lengths: list[float]) -> Finding:
    return replace(
        found, head=head, numbers=tuple((n, 1.0 if k == 0 else 0.4) for k, n in enumerate(lengths))
    )


def _settled(visits: Sequence[Visit]) -> list[Visit]:
    """The visits without flickers: what was seen for less than 0.4 s does not make a lane busy."""
    return [v for v in visits if v.span.duration >= 400_000] or list(visits)


def happens(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """What happened: the telling events of the span in order, and who was there."""
    ids = {v.entity.id for v in visits}
    named = plan.subject is not None and bool(plan.subject.labels)
    events = [
        e
        for e in view.events(kinds_of(plan), plan.zones)
        if not (named or plan.near or plan.place) or ids & set(e.entity_ids)
    ]
    within = [e for e in events if _begins_in(e, view.span) or e.kind in LASTING]
    telling = [e for e in within if e.kind not in QUIET_KINDS]
    moved = [v for v in visits if v.moved()]
    if not telling and not visits:
        return none_seen(plan, view, 0.75)
    parts = [event_words(view, e) for e in telling[:4]]
    if not parts:
        still = [v for v in visits if not v.moved()]
        parts = [f"{visit_words(v)} moves" for v in moved[:4]] or [
            f"{visit_words(v)} stays where it is" for v in still[:3]
        ]
    facts = tuple(event_fact(view, e) for e in telling[:8]) or facts_of(view, visits[:8])
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"{sentence('; '.join(dict.fromkeys(parts)))}{when_words(plan, view)}", facts=facts, events=tuple(within),
        visits=tuple(visits), headings=tuple(v.heading(view.span) for v in visits), sides=tuple(v.side("left") or place_words(view, v) for v in visits),
        numbers=((len(visits), 1.0),), yes=True, sure=(sure_of(visits) if visits else 0.6) * 0.7,
    )  # fmt: skip


def whether(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """Yes or no: whether such an event was seen, the place was ever empty, or such a one was there."""
    if plan.empty:
        movers = _settled([v for v in visits if v.moved()] or visits)
        inside = (
            Span(movers[0].span.start, max(movers[-1].span.end, movers[0].span.start + 1))
            if movers and plan.bound is None
            else view.span
        )
        spans = gaps(movers, inside, least=200_000)
        return _spans(
            view,
            spans,
            "Yes: nothing is there" if spans else "It is empty",
            sure_of(movers) if movers else 0.6,
        )
    if kinds_of(plan):
        events = events_of(plan, view, visits)
        if not events:
            return replace(none_seen(plan, view, 0.75), yes=plan.denied)
        found = of_events(plan, view, events)
        head = f"{'No' if plan.denied else 'Yes'}: {event_words(view, events[0])}"
        return replace(found, head=head, yes=not plan.denied)
    if not visits:
        return none_seen(plan, view)
    head = f"Yes: {', '.join(visit_words(v) for v in visits[:3])}{when_words(plan, view)}"
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=tuple(visit_fact(view, v) for v in visits), yes=True, visits=tuple(visits),
        numbers=((len(visits), 1.0),), sure=sure_of(visits[:3]) * 0.9,
    )  # fmt: skip
