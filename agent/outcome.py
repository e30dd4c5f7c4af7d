"""What several look-ups say alike: nothing seen, how sure, the facts about visits, where in the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.finding import Fact, Finding, cite, name_of, visit_fact
from agent.plan import Plan
from agent.recall import View, Visit
from core.answers import AnswerStatus
from core.clock import SECOND, Span, clock_text, covered
from core.place import Box
from core.sight import TrackPoint


def when_words(plan: Plan, view: View) -> str:
    """` between 0:35.5 and 0:42.5`, or nothing where the whole stream is meant."""
    if plan.bound is None and not plan.scene:
        return ""
    return f" between {clock_text(view.span.start)} and {clock_text(view.span.end)}"


def none_seen(plan: Plan, view: View, sure: float = 0.7) -> Finding:
    """Looked at, and nothing of the kind there; cited by what was looked at."""
    word = plan.subject.word if plan.subject else "thing"
    traits = " ".join([*plan.colours])
    what = name_of(word, 2) if word != "thing" else "nothing"
    head = (
        f"Nothing was seen{when_words(plan, view)}"
        if what == "nothing"
        else f"No {f'{traits} ' if traits else ''}{what} were seen{when_words(plan, view)}"
    )
    if (
        plan.heading
        or plan.kinds
        or plan.left
        or plan.entered
        or plan.zones
        or plan.place
        or plan.moving
        or plan.resting
        or plan.near
        or plan.pose
        or (traits and what == "nothing")
    ):
        head = f"Nothing that fits was seen{when_words(plan, view)}"
    looked = view.looked()
    total = covered(looked) / SECOND
    facts = tuple(
        Fact(
            text=f"looked at {span}",
            citation=cite(
                view, span if span.duration < 60 * SECOND else Span(span.start, span.start + 60 * SECOND)
            ),
        )
        for span in looked[:3]
    )
    return Finding(
        status=AnswerStatus.NOT_SEEN, head=head, facts=facts, numbers=((0, 1.0),), yes=False, sure=sure,
        note="" if total > 0.05 else "Very little was looked at.",
    )  # fmt: skip


def sure_of(visits: Sequence[Visit]) -> float:
    """How sure the memory is of the visits: their mean confidence, a little less for each more."""
    mean = sum(v.entity.confidence for v in visits) / len(visits)
    return max(0.2, mean * 0.95 ** min(len(visits), 12))


def facts_of(
    view: View, visits: Sequence[Visit], detail: Callable[[Visit], str] = lambda _: ""
) -> tuple[Fact, ...]:
    """One fact per visit, with a detail about each where one is given."""
    return tuple(visit_fact(view, v, detail=detail(v)) for v in visits)


def points_in(view: View, visit: Visit) -> Sequence[TrackPoint]:
    """Where it was in the span; where it was at all if it was not seen then."""
    return [p for p in visit.points if p.at in view.span] or visit.points


def place_words(view: View, visit: Visit) -> tuple[str, ...]:
    """Where in the picture something is: `left`, `centre` or `right`, with `top` or `bottom` in the outer thirds."""
    points = points_in(view, visit)
    return spot(view, points[len(points) // 2].box) if points else ()


def edge_words(view: View, visit: Visit, *, last: bool) -> tuple[str, ...]:
    """Where it was when it was seen last (or first)."""
    return spot(view, visit.points[-1 if last else 0].box) if visit.points else ()


def spot(view: View, box: Box) -> tuple[str, ...]:
    """The part of the picture in which a box's middle lies."""
    if not view.stream.width or not view.stream.height:
        return ()
    across, down = box.centre[0] / view.stream.width, box.centre[1] / view.stream.height
    out = ["left" if across < 0.4 else "right" if across > 0.6 else "centre"]
    if down < 1 / 3 or down > 2 / 3:
        out.append("top" if down < 1 / 3 else "bottom")
    return tuple(out)
