"""Sums up what was seen: how much was looked at, who was there, what happened in order, and when it was quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agent import prompts
from agent.cite import checked
from agent.finding import cite, counted, event_words, sentence, visit_words
from agent.kinds import SUBJECTLESS
from agent.lookup_time import gaps
from agent.recall import View, whole_span
from core.answers import Answer, AnswerStatus, Citation
from core.clock import SECOND, Span, clock_text, covered, merge
from core.errors import SightlineError, Uncited
from core.media import Stream
from core.memory import CoverageState, Event
from core.ports import Ask, GraphStore, Vlm

WEIGHT = {
    "collision": 9, "goal": 9, "near_miss": 8, "fell": 8, "wrong_way": 7, "on_road": 7, "object_left": 7, "object_removed": 7,
    "hazard": 7, "action": 3, "described": 1, "blocked": 6, "stalled": 6, "speeding": 6, "running": 6, "camera_dark": 6, "camera_covered": 6, "camera_frozen": 6,
    "shelf_empty": 6, "shot": 6, "score_changed": 6, "stream_down": 6, "camera_moved": 5, "camera_blurred": 5, "crowd": 5, "queue": 5,
    "crossed_line": 5, "entered_zone": 5, "fast_break": 5, "goal_area": 5, "shelf_restocked": 5, "ball_out": 4, "text_changed": 4,
    "scene_changed": 4, "dwelled": 4, "stopped": 4, "possession": 3, "team_shape": 3, "pass": 3, "approached": 3,
    "left_zone": 3, "started": 2, "turned": 2, "appeared": 1, "left": 0,
}  # fmt: skip
"""How much a kind of event matters to a reader in a hurry."""
MOST_SENTENCES = 14
GROUP_GAP = 8 * SECOND
QUIET = 10 * SECOND


@dataclass(slots=True)
class _Text:
    """Sentences as they are written, with the citations they point at."""

    sentences: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)

    def say(self, words: str, citations: Sequence[Citation | None]) -> None:
        """One sentence with its citations; one that cannot be cited is not written."""
        marks = []
        for citation in citations:
            if citation is not None:
                if citation not in self.citations:
                    self.citations.append(citation)
                marks.append(self.citations.index(citation) + 1)
        if marks:
            self.sentences.append(f"{sentence(words)} {''.join(f'[{m}]' for m in dict.fromkeys(marks))}.")


def summarize(
    streams: Sequence[Stream], span: Span | None = None, *, store: GraphStore, llm: Vlm | None = None
) -> Answer:
    """A short cited text about the streams within the span (None: all of it). A model that writes may smooth the
    words; its text is kept only if every citation still holds.
    """
    text = _Text()
    for view in views_within(streams, span, store):
        _tell(view, text, several=len(streams) > 1)
    if not text.sentences:
        return Answer(
            text="Nothing of that span was looked at, so there is nothing to sum up.",
            status=AnswerStatus.NOT_COVERED,
        )
    known = {s.id: s for s in streams}
    plain = Answer(
        text="\n".join(text.sentences),
        status=AnswerStatus.ANSWERED,
        citations=tuple(text.citations),
        confidence=0.8,
    )
    sound = checked(plain, store, known.get)
    return (_smoothed(sound, store, known, llm) if llm is not None else None) or sound


def views_within(streams: Sequence[Stream], span: Span | None, store: GraphStore) -> list[View]:
    """Each stream with the part of the span that lies in it."""
    out = []
    for stream in streams:
        whole = whole_span(stream, store)
        inside = whole if span is None else whole.intersect(span)
        if inside is not None:
            out.append(View(store=store, stream=stream, span=inside))
    return out


def _smoothed(plain: Answer, store: GraphStore, known: dict, llm: Vlm) -> Answer | None:  # type: ignore[type-arg]
    try:
        (reply,) = llm.ask([Ask(prompt=prompts.summary_prompt(plain.text), system=prompts.SYSTEM)])
        if reply.problem:
            return None
        return checked(replace(plain, text=reply.text.strip()), store, known.get)
    except (Uncited, SightlineError):
        return None


def _tell(view: View, text: _Text, *, several: bool) -> None:
    coverage = view.coverage()
    if not coverage:
        return
    _tell_coverage(view, text)
    _tell_who(view, text, several)
    for group in _main(view):
        _tell_group(view, text, group)
    _tell_quiet(view, text)


def _tell_coverage(view: View, text: _Text) -> None:
    def seconds(*states: CoverageState) -> float:
        return (
            covered(s for c in view.coverage() if c.state in states and (s := c.span.intersect(view.span)))
            / SECOND
        )

    looked, gated = seconds(CoverageState.LOOKED), seconds(CoverageState.GATED)
    failed = seconds(CoverageState.FAILED, CoverageState.DOWN)
    words = f"of {view.stream.name} from {view.span}, {looked:.1f} s were looked at closely"
    words += f", {gated:.1f} s in which nothing moved" if gated >= 0.1 else ""
    words += f", {failed:.1f} s that could not be seen" if failed >= 0.1 else ""
    missing = covered(view.unlooked()) / SECOND - failed
    words += f", {missing:.1f} s at which nobody looked" if missing >= 0.1 else ""
    text.say(words, [cite(view, view.span)])


def _tell_who(view: View, text: _Text, several: bool) -> None:
    visits = view.visits()
    where = f"In {view.stream.name}, " if several else ""
    labels: dict[str, list[Citation | None]] = {}
    for visit in visits:
        labels.setdefault(visit.entity.label, []).append(
            cite(view, visit.span.intersect(view.span) or visit.span)
        )
    if not labels:
        text.say(f"{where}nobody and nothing that moves was seen", [cite(view, s) for s in view.looked()[:1]])
        return
    ranked = sorted(labels.items(), key=lambda pair: -len(pair[1]))
    seen = ", ".join(_visits_of(label, len(spans)) for label, spans in ranked[:8])
    text.say(f"{where}{seen} came by", [c for _, spans in ranked[:8] for c in spans[:2]])


def _visits_of(label: str, number: int) -> str:
    return (
        f"{counted(number, label)}"
        if label != "thing"
        else f"{counted(number, 'thing')} that moved but that nobody could name"
    )


def _main(view: View) -> list[list[Event]]:
    """The weightiest events, like ones close together grouped, in order of time."""
    events = [e for e in view.events() if e.kind != "left"]
    groups: list[list[Event]] = []
    last: dict[tuple[str, str], list[Event]] = {}
    for event in sorted(events, key=lambda e: e.span.start):
        key = (event.kind, event.zone or str(event.attributes.get("said", "")))
        group = last.get(key)
        if group is not None and event.span.start - group[-1].span.start <= GROUP_GAP:
            group.append(event)
        else:
            last[key] = [event]
            groups.append(last[key])
    heaviest = sorted(groups, key=lambda g: (-WEIGHT.get(g[0].kind, 4), -len(g)))[:MOST_SENTENCES]
    told = [g for g in heaviest if g[0].kind != "appeared"]
    heaviest = told if len(told) >= 3 else heaviest  # who came by was said already
    return sorted(heaviest, key=lambda g: g[0].span.start)


def _tell_group(view: View, text: _Text, group: list[Event]) -> None:
    first = group[0]
    citations = [cite(view, e.span, e.id) for e in group[:4]]
    if len(group) == 1:
        text.say(f"at {clock_text(first.span.start)} {event_words(view, first)}{_lasting(first)}", citations)
        return
    between = f"between {clock_text(first.span.start)} and {clock_text(group[-1].span.start)}"
    if first.kind in SUBJECTLESS:
        text.say(f"{between} {event_words(view, first)}, {len(group)} times", citations)
        return
    who = [visit_words(v) for e in group for id in e.entity_ids[:1] if (v := view.visit_of(id))]
    named = list(dict.fromkeys(who))[:4]
    # the last one's words: of several arrivals, only the first may have been there from the start
    verb = event_words(view, replace(group[-1], participants=())).removeprefix("something ")
    text.say(f"{between} {', '.join(named) or 'several'} {verb} ({len(group)} times in all)", citations)


def _lasting(event: Event) -> str:
    return f" for {event.span.duration / SECOND:.1f} s" if event.span.duration >= 2 * SECOND else ""


def _tell_quiet(view: View, text: _Text) -> None:
    """The long stretches that were looked at and in which nobody was there."""
    empty = [s for s in gaps(view.visits(), view.span) if s.duration >= QUIET]
    seen = merge(s for quiet in empty for look in view.looked() if (s := quiet.intersect(look)))
    longest = sorted((s for s in seen if s.duration >= QUIET), key=lambda s: -s.duration)[:4]
    if longest:
        words = "; ".join(str(s) for s in sorted(longest))
        text.say(
            f"nobody was in the picture at {words}",
            [cite(view, Span(s.start, min(s.end, s.start + 30 * SECOND))) for s in sorted(longest)],
        )
