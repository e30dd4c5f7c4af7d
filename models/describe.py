"""Captions without a model: plain words made from the tracks and events of a chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.clock import SECOND, Micros, Span, seconds
from core.memory import CoverageState, Entity, Event, Observation
from core.ports import Ask, Reply
from core.sight import THING

MOST_SENTENCES = 4
UNUSUAL = ("sitting", "lying")
"""Poses worth a word; people mostly stand."""
PEOPLE = frozenset({"person", "player", "worker", "pedestrian"})
URGENT = (
    "collision", "near_miss", "fell", "wrong_way", "on_road", "speeding", "goal", "object_left", "blocked", "stalled",
    "object_removed", "shelf_empty", "camera_covered", "camera_dark", "camera_frozen", "camera_moved", "camera_blurred",
)  # fmt: skip
"""Kinds that are told before anything else."""
EARLY = ("appeared", "crossed_line", "entered_zone", "stopped", "dwelled")
"""At one and the same moment, these are told in this order and before all others."""
PLURALS = {"person": "people", "bus": "buses", "box": "boxes", "bench": "benches", "sheep": "sheep"}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

PHRASES: dict[str, str] = {
    "appeared": "enters{from_side}",
    "left": "leaves{to_side}",
    "entered_zone": "enters {zone}",
    "left_zone": "leaves {zone}",
    "crossed_line": "crosses {zone}",
    "stopped": "stops{long}{in_zone}",
    "started": "moves on",
    "dwelled": "stays{long}{in_zone}",
    "turned": "turns{turn}",
    "running": "runs",
    "fell": "falls",
    "approached": "comes near {other}",
    "together": "is together with {other}",
    "parted": "parts from {other}",
    "near_miss": "has a near miss with {other}",
    "collision": "collides with {other}",
    "object_left": "is left behind{in_zone}",
    "object_removed": "is taken away{from_zone}",
    "blocked": "blocks {zone}",
    "wrong_way": "goes the wrong way{in_zone}",
    "speeding": "is too fast{pace}{in_zone}",
    "on_road": "is on the road{long}",
    "stalled": "stands broken down{long}{in_zone}",
    "queue": "waits in a queue{long}{in_zone}",
    "crowd": "is in a crowd{long}{in_zone}",
    "possession": "has the ball{long}",
    "pass": "passes the ball{to_other}",
    "shot": "takes a shot",
    "goal": "scores",
    "goal_area": "is in {zone}{long}",
    "fast_break": "runs a fast break",
}
"""What the first participant does, by kind of event; other kinds are told by their names."""
IMPERSONAL: dict[str, str] = {
    "scene_changed": "the scene changes", "camera_moved": "the camera moves", "camera_dark": "the picture is dark{long}",
    "camera_frozen": "the picture is frozen{long}", "camera_blurred": "the picture is blurred{long}",
    "camera_covered": "the camera is covered{long}", "stream_down": "the stream is down{long}", "stream_up": "the stream is back",
    "shelf_empty": "{zone} is empty{long}", "shelf_restocked": "{zone} is restocked", "ball_out": "the ball goes out",
    "team_shape": "{team} stands in its shape", "text_changed": "the text changes{to_text}", "score_changed": "the score changes{to_text}", "text_seen": "text is read{as_text}",
    "described": "a model tells{as_said}", "action": "a model tells{as_said}", "hazard": "a model sees a hazard{as_said}",
}  # fmt: skip
"""What happens to the picture, a zone or the play: nobody does it."""


class Describer:
    """Writes what the tracks and events of a chunk say, in one to four plain sentences with times; invents nothing.

    It works from the observation in `ask.about` and cannot look at pictures: an ask without one gets a reply that
    says so.
    """

    @property
    def name(self) -> str:
        """Says that no model is behind it."""
        return "describe:1"

    @property
    def sees(self) -> bool:
        """No: it works from memory."""
        return False

    @property
    def at_once(self) -> int:
        """One: it takes no time."""
        return 1

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order."""
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Reply:
        if not isinstance(ask.about, Observation):
            return Reply(
                text="",
                problem="describe: cannot look at pictures or answer; set SIGHTLINE_VLM to a vision-language model",
            )
        words = describe(ask.about)
        return Reply(text=words, data=None if ask.schema is None else {"summary": words, "facts": []})


def describe(observation: Observation) -> str:
    """The chunk in one to four sentences."""
    span = observation.chunk.span
    entities = [e for e in observation.entities if e.span.overlaps(span)]
    events = [e for e in observation.events if e.span.overlaps(span)]
    between = f"Between {_time(span.start)} and {_time(span.end)}"
    blind = _blind(observation)
    if not entities and not events:
        return f"{between} {blind or 'nothing is seen to move'}."
    names = _Names(entities)
    opening = f"{between}: {_count(entities, names)}" if entities else between
    told = _sentences(events, names, span)
    if not told:
        opening += "; nothing happens" if not blind else ""
    shown, rest = told[: MOST_SENTENCES - 1], told[MOST_SENTENCES - 1 :]
    if rest:
        hidden = sum(weight for _, weight in rest)
        text, weight = shown[-1]
        shown[-1] = (f"{text}; {hidden} more {'event' if hidden == 1 else 'events'}", weight)
    parts = [opening + (f" ({blind} for part of it)" if blind else ""), *(text for text, _ in shown)]
    return " ".join(part[0].upper() + part[1:] + "." for part in parts)


def _blind(observation: Observation) -> str:
    """What of the chunk could not be looked at, in words, or nothing."""
    dark = [c for c in observation.coverage if c.state in (CoverageState.FAILED, CoverageState.DOWN)]
    if not dark:
        return ""
    return f"the pictures could not be looked at: {dark[0].reason}" if dark[0].reason else "nobody could look"


def _time(at: Micros) -> str:
    """A moment to the second, as people say it."""
    whole = round(seconds(at))
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def _count(entities: Sequence[Entity], names: _Names) -> str:
    """`two people and a red car`: what is there once is named with its looks."""
    alike: dict[str, list[Entity]] = {}
    for entity in entities:
        alike.setdefault(_label(entity.label), []).append(entity)
    words = []
    for label, group in sorted(alike.items(), key=lambda item: -len(item[1])):
        if len(group) == 1:
            words.append(names.of(group[0].id))
        else:
            amount = NUMBERS[len(group)] if len(group) < len(NUMBERS) else str(len(group))
            words.append(f"{amount} {_plural(label)}")
    return _joined(words)


def _label(label: str) -> str:
    return "moving thing" if label == THING else label


def _plural(label: str) -> str:
    return PLURALS.get(label, f"{label}s")


def _a(words: str) -> str:
    return f"{'an' if words[0].lower() in 'aeiou' else 'a'} {words}"


class _Names:
    """What to call each entity: `a person in orange` first, `the person in orange` afterwards."""

    def __init__(self, entities: Sequence[Entity]) -> None:
        self._words = {entity.id: _looks(entity) for entity in entities}
        self._known: set[str] = set()
        self._said: Counter[str] = Counter()

    def of(self, id: str) -> str:
        """The entity's name in the sentence that is being written."""
        words = self._words.get(id)  # type: ignore[call-overload]
        if words is None:
            return "something"
        first = id not in self._known
        self._known.add(id)
        if not first:
            return f"the {words}"
        self._said[words] += 1
        return _a(words) if self._said[words] == 1 else f"another {words}"


def _looks(entity: Entity) -> str:
    """`red car AB 123`, `sitting person in blue of the red team`: label, looks, and what was read on it."""
    known = entity.attributes
    label = _label(entity.label)
    if entity.name or known.get("text"):
        label = f"{label} {entity.name or known['text']}"
    upper, colour = known.get("upper"), known.get("colour")
    if entity.label not in PEOPLE:
        return f"{colour} {label}" if colour else label
    if known.get("pose") in UNUSUAL:
        label = f"{known['pose']} {label}"
    if team := known.get("team"):
        return f"{label} of the {team} team"
    clothes = upper or colour
    return f"{label} in {clothes}" if clothes else label


def _sentences(events: Sequence[Event], names: _Names, span: Span) -> list[tuple[str, int]]:
    """Sentences and how many events each tells: what is urgent in one, then one per entity in order of time."""
    ordered = _without_echoes(sorted(events, key=_order))
    urgent = sorted((e for e in ordered if e.kind in URGENT), key=lambda e: URGENT.index(e.kind))
    out = [(_joined([_clause(e, names, span, who=True) for e in urgent]), len(urgent))] if urgent else []
    by_subject: dict[str, list[Event]] = {}
    for event in ordered:
        if event.kind not in URGENT:
            subject = event.participants[0].entity_id if event.participants else ""
            subject = "" if event.kind in IMPERSONAL else subject or "nobody named"
            by_subject.setdefault(subject, []).append(event)
    told = [
        (_joined([_clause(e, names, span, who=i == 0) for i, e in enumerate(mine)]), len(mine))
        for mine in by_subject.values()
    ]
    return [*out, *told]


def _order(event: Event) -> tuple[int, int, str]:
    """In order of time; what comes in is told before what it does there."""
    return event.span.start, EARLY.index(event.kind) if event.kind in EARLY else len(EARLY), event.kind


def _joined(clauses: Sequence[str]) -> str:
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])} and {clauses[-1]}"


def _without_echoes(events: Sequence[Event]) -> list[Event]:
    """The events without a `started` that only says that a rest told of has ended."""
    ends = {(e.entity_ids, e.span.end) for e in events if e.kind == "stopped"}
    near = SECOND // 2

    def echo(event: Event) -> bool:
        return event.kind == "started" and any(
            who == event.entity_ids and abs(event.span.start - end) <= near for who, end in ends
        )

    return [event for event in events if not echo(event)]


def _clause(event: Event, names: _Names, span: Span, *, who: bool) -> str:
    people = event.participants
    pattern = (
        PHRASES.get(event.kind) or IMPERSONAL.get(event.kind) or event.kind.replace("_", " ") + "{in_zone}"
    )
    impersonal = event.kind in IMPERSONAL
    subject = names.of(people[0].entity_id) if people and not impersonal else "the picture"
    other = ""
    if ("{other}" in pattern or "{to_other}" in pattern) and len(people) > 1:
        other = names.of(people[1].entity_id)
    words = pattern.format(**_details(event, other))
    told = f"{subject} {words}" if who and not impersonal else words
    if event.kind not in PHRASES and not impersonal:
        told = f"{words} ({subject})" if people else words
    if event.span.start < span.start:
        return f"{told} since {_time(event.span.start)}"
    return f"{told} at {_time(event.span.start)}"


def _details(event: Event, other: str) -> dict[str, str]:
    """What the phrases have places for; what is not known is left out of them."""
    known = event.attributes
    side, text, speed = (str(known.get(key, "")) for key in ("side", "text", "speed"))
    zone = event.zone
    return {
        "from_side": f" from the {side}" if side else "",
        "to_side": f" at the {side}" if side else "",
        "turn": f" {side}" if side else "",
        "zone": zone or "the zone",
        "in_zone": f" in {zone}" if zone else "",
        "from_zone": f" from {zone}" if zone else "",
        "long": _how_long(event),
        "other": other or "something",
        "to_other": f" to {other}" if other else "",
        "pace": f" at {float(speed):.0f} m/s" if speed and known.get("speed_unit") == "m/s" else "",
        "team": f"the {known['team']} team" if known.get("team") else "the team",
        "to_text": f" to “{text}”" if text else "",
        "as_text": f": “{text}”" if text else "",
        "as_said": f": “{known['said']}”" if known.get("said") else "",
    }


def _how_long(event: Event) -> str:
    """How long it lasted, or that it still goes on."""
    whole = max(1, round(seconds(event.span.duration)))
    return f" for {whole} s" + (" and longer" if event.open else "")
