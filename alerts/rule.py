"""The rule language: a condition over events as data, read from YAML or JSON and checked to the line."""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from alerts import document
from core import ids
from core.clock import SECOND, Micros, micros
from core.errors import Invalid
from core.ids import RuleId
from core.memory import ALARMS, EVENT_KINDS, WAKES_FROM
from core.watch import Rule

PRESENT = "present"
"""A kind every rule may use beside the stored ones: a thing's stay in the picture, or in a zone where one is named."""

HOWTO = "docs/howto/rules.md shows every field with an example"
PLACEHOLDERS = frozenset({"rule", "label", "kind", "zone", "stream", "time", "count"})
"""What a message may hold in braces."""

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600}
_UNITS |= {"hour": 3600, "d": 86400, "day": 86400}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
COMPARISON = re.compile(r"\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*")


def duration(value: object) -> Micros:
    """Microseconds of `5s`, `2 min`, `1.5 h` or a number of seconds. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a duration is a number of seconds or like '5s', '2 min', '1h', not {value!r}")
    if isinstance(value, int | float):
        value = f"{value}s"
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f"a duration is a number of seconds or like '5s', '2 min', '1h', not {value!r}")
    unit = match[2].lower() or "s"
    scale = _UNITS.get(unit, _UNITS.get(unit.rstrip("s")))
    if scale is None:
        raise ValueError(f"{match[2]!r} is no unit of time; use s, min, h or d")
    length = micros(float(match[1]) * scale)
    if length > 366 * 86400 * SECOND:
        raise ValueError(f"{value!r} is longer than a year")
    return length


def duration_text(length: Micros) -> str:
    """A duration as it is written in a rule, in the largest unit that fits whole."""
    for unit, scale in (("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3)):
        if length and length % round(scale * SECOND) == 0:
            return f"{length // round(scale * SECOND)}{unit if unit in ('s', 'ms') else ' ' + unit}"
    return f"{length}us" if length else "0s"


def _positive(length: Micros) -> Micros:
    if length <= 0:
        raise ValueError("a duration here is longer than 0")
    return length


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _clock(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value // 60:02d}:{value % 60:02d}"  # YAML reads an unquoted 22:00 as a number to base 60
    if not isinstance(value, str) or not re.fullmatch(r"(?:[01]?\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f"a time of day is like '22:00', not {value!r}")
    return value


def _known_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    for kind in kinds:
        known = (*EVENT_KINDS, PRESENT)
        near = difflib.get_close_matches(kind, known, n=1, cutoff=0.8) if kind not in known else []
        if near:
            raise ValueError(f"there is no kind {kind!r}; did you mean {near[0]!r}?")
    return kinds


def _written(length: Micros) -> str:
    return duration_text(length)


Duration: TypeAlias = Annotated[Micros, BeforeValidator(duration), PlainSerializer(_written)]
Length: TypeAlias = Annotated[
    Micros, BeforeValidator(duration), AfterValidator(_positive), PlainSerializer(_written)
]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Names: TypeAlias = Annotated[tuple[Word, ...], BeforeValidator(_names)]
ClockTime: TypeAlias = Annotated[str, BeforeValidator(_clock)]

_PLURALS = {
    "kinds": "kind",
    "labels": "label",
    "zones": "zone",
    "lines": "line",
    "streams": "stream",
    "role": "roles",
}


class _Part(BaseModel):
    """The base of every part of a rule: nothing unknown is taken, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Filter(_Part):
    """Which events are meant. Empty fields do not restrict; several values in one field mean any of them.

    `zone` and `line` name what is drawn on the stream. `attributes` hold of the event or of one who takes part; a
    number may be compared (`speed: ">= 2"`). `all_labels` must all take part, each by a thing of its own. `roles` maps a role to the label that plays it. `between` is a window
    of the day, over midnight too, in the time zone `tz`; it needs a stream whose start is known. Without `min_confidence`
    alarms (`ALARMS`) have to be as sure as `WAKES_FROM`, and whatever else happens is taken as it is told.
    """

    kind: Annotated[Names, AfterValidator(_known_kinds)] = ()
    label: Names = ()
    all_labels: Annotated[tuple[Names, ...], Field(max_length=4)] = ()
    attributes: dict[Word, str | float] = Field(default_factory=dict)
    zone: Names = ()
    line: Names = ()
    roles: dict[Word, Names] = Field(default_factory=dict)
    stream: Names = ()
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    between: tuple[ClockTime, ClockTime] | None = None
    tz: str = "UTC"

    @model_validator(mode="before")
    @classmethod
    def _singular(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        out: dict[object, object] = {}
        for key, item in value.items():
            name = _PLURALS.get(str(key), key)
            if name in out:
                raise ValueError(f"{key!r} and {name!r} say the same: keep one")
            out[name] = item
        return out

    @model_validator(mode="after")
    def _makes_sense(self) -> Filter:
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {self.tz!r}; write one like 'Europe/Vienna'") from error
        if self.between is not None and self.between[0] == self.between[1]:
            raise ValueError("'between' needs two different times of day")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are meant: a line alone means that it is crossed."""
        return self.kind or (("crossed_line",) if self.line and not self.zone else ())

    def least_sure(self, kind: str) -> float:
        """The confidence from which an event of that kind is meant."""
        if self.min_confidence is not None:
            return self.min_confidence
        return WAKES_FROM if kind in ALARMS else 0.0

    @property
    def restricts(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.model_dump(exclude_defaults=True))


class Count(_Part):
    """So many events (or, with `of: entities`, different things) within a time."""

    at_least: int = Field(ge=2, le=10_000)
    within: Length
    of: Literal["events", "entities"] = "events"


class Next(Filter):
    """A second filter, looked for within a time after the first; `same` asks that one thing take part in both."""

    within: Length
    for_: Duration = Field(default=0, alias="for")
    same: bool = False


class Absent(_Part):
    """How long nothing of the filter may happen."""

    for_: Length = Field(alias="for")


class RuleSpec(_Part):
    """One rule: which events, under which temporal condition, and what is made of them.

    At most one of `count`, `then`, `without` and `absent` is given. `for` is how long an event must have lasted.
    Alerts of one stream no further apart than `cooldown` are one incident.
    """

    name: Word
    description: str = ""
    when: Filter = Filter()
    for_: Duration = Field(default=0, alias="for")
    count: Count | None = None
    then: Next | None = None
    without: Next | None = None
    absent: Absent | None = None
    cooldown: Duration = 30 * SECOND
    severity: Literal["low", "medium", "high", "critical"] = "medium"
    message: str = Field(default="", max_length=500)
    judge: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _makes_sense(self) -> RuleSpec:
        given = [name for name in ("count", "then", "without", "absent") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"one rule has one of count, then, without, absent, not {' and '.join(given)}")
        if self.absent is None and not self.when.restricts:
            raise ValueError("'when' says nothing: name at least a kind, a label or a zone")
        if self.absent is not None and self.for_:
            raise ValueError("with 'absent' the duration stands in it: absent: {for: 60s}")
        for part in (self.then, self.without):
            if part is not None and not part.model_dump(
                exclude_defaults=True, exclude={"within", "for_", "same"}
            ):
                raise ValueError("'then' and 'without' need a filter, such as kind: left_zone")
        _check_message(self.message)
        return self

    def document(self) -> dict[str, Any]:
        """The rule as plain data that reads back as the same rule."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _check_message(message: str) -> None:
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(message) if name is not None]
    except ValueError as error:
        raise ValueError(f"the message cannot be read: {error}") from error
    unknown = sorted(set(fields) - PLACEHOLDERS)
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
        raise ValueError(f"a message knows {known}, not {{{unknown[0]}}}")


def parse_rules(text: str, filename: str) -> list[RuleSpec]:
    """The rules of a file that holds one rule, a list of them, or `rules: […]`.

    Raises `Invalid`, which begins with `file:line`, for anything that is not a rule.
    """
    doc = document.read(text, filename)
    items, path = _items(doc)
    specs: list[RuleSpec] = []
    for number, item in enumerate(items):
        where: tuple[str | int, ...] = (*path, number) if path is not None else ()
        specs.append(_spec(doc, item, where))
        if specs[-1].name in [spec.name for spec in specs[:-1]]:
            raise doc.wrong(
                (*where, "name"),
                f"a second rule is called {specs[-1].name!r}",
                next_step="give each rule its own name",
            )
    return specs


def _items(doc: document.Document) -> tuple[list[Any], tuple[str, ...] | None]:
    value = doc.value
    if isinstance(value, list) and value:
        return value, ()
    if isinstance(value, dict) and "rules" in value:
        if set(value) - {"rules"}:
            odd = next(key for key in value if key != "rules")
            raise doc.wrong((odd,), f"{odd!r} stands beside 'rules'", next_step="move it into a rule")
        if isinstance(value["rules"], list) and value["rules"]:
            return value["rules"], ("rules",)
        raise doc.wrong(("rules",), "'rules' is not a list of rules", next_step=HOWTO)
    if isinstance(value, dict) and value:
        return [value], None
    raise doc.wrong((), "no rule stands in it", next_step=HOWTO)


def _spec(doc: document.Document, item: Any, path: tuple[str | int, ...]) -> RuleSpec:
    if not isinstance(item, dict):
        raise doc.wrong(path, "a rule is a mapping with 'name' and 'when'", next_step=HOWTO)
    try:
        return RuleSpec.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise doc.wrong((*path, *first["loc"]), _told(first), next_step=HOWTO) from error


def _told(error: Any) -> str:
    """A pydantic error in our words."""
    where = ".".join(str(part) for part in error["loc"] if not str(part).startswith(("function-", "tuple[")))
    message = str(error["msg"]).removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            return f"{where!r} is not a field of a rule"
        case "missing":
            return f"{where!r} is missing"
        case "value_error":
            return message
    return f"{where}: {message[:1].lower()}{message[1:]}" if where else message


def rule_id(name: str) -> RuleId:
    """A rule is known by its name."""
    return RuleId(ids.derive("ru", name))


def to_rule(spec: RuleSpec, *, armed: bool = False) -> Rule:
    """The rule as a row of the ledger; a rule of the same name is the same row."""
    return Rule(id=rule_id(spec.name), name=spec.name, spec=spec.document(), armed=armed)


def from_rule(rule: Rule) -> RuleSpec:
    """The rule's condition, read back from its row. Raises `Invalid`."""
    return spec_of(rule.spec, name=rule.name)


def spec_of(value: Mapping[str, Any], *, name: str = "the rule") -> RuleSpec:
    """A rule from plain data, such as the body of a request. Raises `Invalid`."""
    try:
        return RuleSpec.model_validate(dict(value))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Invalid(f"{name}: {_told(first)}", next_step=HOWTO) from error


def to_yaml(*specs: RuleSpec) -> str:
    """The rules as a YAML file that `parse_rules` reads back as the same."""
    value = {"rules": [spec.document() for spec in specs]} if len(specs) != 1 else specs[0].document()
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
