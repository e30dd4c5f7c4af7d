"""Sums over what the memory holds: which team, zone or lane had most; more of these or of those; how fast; which text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent import lexicon, lookup_time, narrow
from agent.finding import Fact, Finding, cite, counted, event_fact, name_of, sentence, visit_fact, visit_words
from agent.outcome import facts_of, none_seen, sure_of
from agent.plan import Plan
from agent.recall import View, Visit
from core.answers import AnswerStatus
from core.clock import SECOND, Span, covered
from core.ids import EntityId
from core.memory import Event

OF_TEXT = ("text_changed", "score_changed", "text_seen")
"""Kinds of event that carry what was read."""


def team_of(view: View, event: Event) -> str:
    """The team that did it: as the event says, else that of its first doer, else the colour that doer wears."""
    if team := event.attributes.get("team"):
        return str(team)
    doer = view.visit_of(event.entity_ids[0]) if event.entity_ids else None
    if doer is None:
        return ""
    return str(doer.entity.attributes.get("team") or next(iter(doer.colours("upper")), ""))


def which_of(plan: Plan, view: View, visits: Sequence[Visit]) -> Finding:
    """Which team, zone, lane or line has most: of the seconds, where the question asks for the longest, else of the times."""
    groups = _event_groups(plan, view, visits)
    sizes = {name: _size(plan, events) for name, events in groups.items()}
    if not groups:
        return none_seen(plan, view, 0.5)
    least = plan.most in ("shortest", "fewest")
    ranked = sorted(groups, key=lambda name: (sizes[name] if least else -sizes[name], name))
    if not plan.most and plan.ordinal is not None:  # which zone first: in order of time
        ranked = sorted(groups, key=lambda name: groups[name][0].span.start, reverse=plan.ordinal == -1)
    unit = "s" if _lengths(plan) else ""

    def told(name: str) -> str:
        amount = f"{sizes[name]:.1f} s" if unit else f"{sizes[name]:.0f}"
        return f"{'the ' if plan.by == 'team' else ''}{_plain(name)}{' team' if plan.by == 'team' else ''} {amount}"

    leading = groups[ranked[0]]
    return Finding(
        status=AnswerStatus.ANSWERED, head=sentence("; ".join(told(name) for name in ranked[:6])), yes=True,
        facts=tuple(event_fact(view, e) for e in leading), names=tuple(_plain(n) for n in ranked), events=tuple(leading),
        numbers=((sizes[ranked[0]], 1.0),), colours=tuple(c for n in ranked for c in lexicon.colours_in(n)),
        sure=sum(e.confidence for e in leading) / len(leading) * (0.85 if _clear(ranked, sizes) else 0.5),
    )  # fmt: skip


def _event_groups(plan: Plan, view: View, visits: Sequence[Visit]) -> dict[str, list[Event]]:
    """The events the plan is about, by team or by zone; without a kind, one coming into each zone for each visit."""
    if plan.kinds or plan.by == "team":
        events = (
            lookup_time.events_of(plan, view, visits) if plan.kinds else list(view.events(("possession",)))
        )
    else:
        ids = {v.entity.id for v in visits}
        met: dict[tuple[str, EntityId], Event] = {}
        for event in view.events():
            for id in set(event.entity_ids) & ids:
                if event.zone:
                    met.setdefault((event.zone, id), event)
        events = list(met.values())
    out: dict[str, list[Event]] = {}
    for event in events:
        if name := team_of(view, event) if plan.by == "team" else event.zone or "":
            out.setdefault(name, []).append(event)
    return out


def _lengths(plan: Plan) -> bool:
    return plan.most in ("longest", "shortest") or (
        plan.kinds[:1] == ("possession",) and plan.most != "fewest"
    )


def _size(plan: Plan, events: Sequence[Event]) -> float:
    return covered(e.span for e in events) / SECOND if _lengths(plan) else float(len(events))


def _clear(ranked: Sequence[str], sizes: dict[str, float]) -> bool:
    return len(ranked) < 2 or sizes[ranked[0]] != sizes[ranked[1]]


def _plain(name: str) -> str:
    return name.replace("_", " ")


def compare(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """More of these or of those, or more this way or that; `yes` says whether there are more (or fewer) of the first."""
    words, sets = _compared(plan, view, visits)
    if len(words) < 2:
        return none_seen(plan, view, 0.2)
    first, second = (len(some) for some in sets)
    head = f"{sentence(_amount(first, words[0], plan))} and {_amount(second, words[1], plan)}"
    fewer = bool(re.search(r"\b(?:fewer|less)\b", plan.text.lower()))
    order = words if (first < second if fewer else first > second) else words[::-1]
    together = [v for some in sets for v in some]
    facts = facts_of(view, together) or tuple(
        Fact(text=f"looked at {s}", citation=cite(view, s)) for s in view.looked()[:3]
    )
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts, yes=order == words and first != second,
        names=("the same", "equal") if first == second else tuple(order), visits=tuple(together),
        sure=(sure_of(together) if together else 0.5) * 0.8,
    )  # fmt: skip


def _compared(plan: Plan, view: View, visits: list[Visit]) -> tuple[list[str], list[list[Visit]]]:
    """The two things that are compared, in words, and the visits of each: two nouns, or two ways or sides."""
    if len(plan.versus) >= 2:
        sets = [narrow.narrowed(plan, view, narrow.of_subject(one, view)[0]) for one in plan.versus]
        return [one.word for one in plan.versus], sets
    low = plan.text.lower()
    ways = [w for w in re.findall(r"\b(left|right|up|down|towards|away|top|bottom)", low) if w in WAYS]
    ways = list(dict.fromkeys(ways))[:2]
    everyone = narrow.narrowed(
        replace(plan, heading=frozenset(), left=(), entered=(), place=()),
        view,
        narrow.of_subject(plan.subject, view)[0],
    )
    return ways, [[v for v in everyone if WAYS[way] in v.heading()] for way in ways]


WAYS = {
    "left": "left",
    "right": "right",
    "up": "up",
    "down": "down",
    "towards": "towards",
    "away": "away",
    "top": "up",
    "bottom": "down",
}
"""Words for a way of moving, and the way."""


def _amount(number: int, word: str, plan: Plan) -> str:
    return f"{number} {word}" if word in WAYS and len(plan.versus) < 2 else counted(number, word)


def speed(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """How fast it went, in metres a second; `unsupported` where no scale is drawn, for then nobody can know."""
    chosen = narrow.ordinal(plan, visits)
    if not chosen:
        return none_seen(plan, view, 0.5)
    chosen = narrow.by_superlative(plan, chosen)
    told = [(v, value) for v in chosen if (value := v.speed()) is not None]
    if not told:
        ranked = sorted(chosen, key=lambda v: -(v.pace() or 0.0))
        words = [
            f", {pace:.1f} of its own heights a second," if (pace := v.pace()) is not None else ""
            for v in ranked
        ]
        facts = tuple(visit_fact(view, v, detail=w) for v, w in zip(ranked[:4], words, strict=False))
        head = f"No scale is drawn on {view.stream.name}, so nobody can say how fast in metres; only how fast for its size."
        return Finding(
            status=AnswerStatus.UNSUPPORTED, head=head, facts=facts, visits=tuple(ranked), hint=True, sure=0.2
        )
    lead, value = told[0]
    head = f"{sentence(visit_words(lead))} went {value:.1f} m/s ({value * 3.6:.0f} km/h)"
    facts = tuple(visit_fact(view, v, detail=f", {s:.1f} m/s,") for v, s in told)
    return Finding(
        status=AnswerStatus.ANSWERED, head=head, facts=facts, visits=tuple(v for v, _ in told), yes=True, sure=sure_of(chosen[:2]) * 0.7,
        numbers=tuple((s, 1.0 if k == 0 else 0.4) for k, (_, s) in enumerate(told)),
    )  # fmt: skip


def text(plan: Plan, view: View, visits: list[Visit]) -> Finding:
    """What is written: as read off things or off the picture, newest last; `unsupported` where no reader ran."""
    read: list[tuple[str, Fact]] = []
    for visit in view.visits():
        if words := str(visit.entity.attributes.get("text", "")):
            shown: Span = visit.span.intersect(view.span) or visit.span
            read.append(
                (
                    words,
                    Fact(text=f"“{words}” on {visit_words(visit)} at {shown}", citation=cite(view, shown)),
                )
            )
    told = ((e, str(e.attributes.get("text", e.attributes.get("score", "")))) for e in view.events(OF_TEXT))
    read += [(w, Fact(text=f"“{w}” at {e.span}", citation=cite(view, e.span, e.id))) for e, w in told if w]
    if not read:
        head = "No text was read here: nothing that reads text has looked at these pictures."
        return Finding(status=AnswerStatus.UNSUPPORTED, head=head, visits=tuple(visits), hint=True, sure=0.1)
    if plan.ordinal == -1 or "final" in plan.text.lower() or "score" in plan.text.lower():
        read.reverse()
    word = name_of("text", len(read))
    return Finding(
        status=AnswerStatus.ANSWERED, head=f"The {word} read: {'; '.join(f'“{w}”' for w, _ in read[:4])}", yes=True,
        facts=tuple(f for _, f in read), names=tuple(w for w, _ in read), sure=0.6,
    )  # fmt: skip
