"""Rules as both front doors handle them: stored, armed, and tried on history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from alerts.backtest import Hits, Truth, backtest
from alerts.rule import RuleSpec, rule_id, to_rule
from api.wire import Out
from api.wire.work import IncidentOut, incident
from core.clock import seconds
from core.errors import NotFound
from core.media import Stream
from core.ports import House, Ledger
from core.watch import Rule


class HitOut(Out):
    """An incident the rule would have opened, and when its first alert would have come."""

    fired_at_s: float
    incident: IncidentOut


class ScoreOut(Out):
    """How well the alarms fit the truth; null where there is nothing to count."""

    precision: float | None
    recall: float | None
    time_to_detect_s: float | None = Field(
        description="Median seconds from a true stretch's start to its alarm."
    )
    right: int
    wrong: int
    missed: int


class TrialOut(Out):
    """A rule tried on history; nothing was changed by it."""

    rule: str
    hits: list[HitOut]
    notes: list[str] = Field(default=[])
    score: ScoreOut | None = None


def trial(
    spec: RuleSpec, house: House, streams: Sequence[Stream], truth: Sequence[Truth] | None = None
) -> TrialOut:
    """Tries the rule on all that is remembered of the streams."""
    return _out(spec, backtest(spec, house.store, streams, truth))


def _out(spec: RuleSpec, hits: Hits) -> TrialOut:
    score = hits.score
    return TrialOut(
        rule=spec.name,
        hits=[
            HitOut(fired_at_s=seconds(hits.fired_at[each.id]), incident=incident(each))
            for each in hits.incidents
        ],
        notes=list(hits.notes),
        score=ScoreOut(
            precision=score.precision,
            recall=score.recall,
            time_to_detect_s=score.time_to_detect_s,
            right=score.right,
            wrong=score.wrong,
            missed=score.missed,
        )
        if score
        else None,
    )


def store_rule(spec: RuleSpec, house: House, *, armed: bool | None = None) -> Rule:
    """Stores the rule under its name. `armed` None: as it was before, or not armed where it is new."""
    before = house.ledger.get(Rule, rule_id(spec.name))
    wanted = (before is not None and before.armed) if armed is None else armed
    return house.ledger.put(replace(to_rule(spec, armed=wanted), changed_at=house.clock.now()))


def set_armed(rule: Rule, armed: bool, house: House) -> Rule:
    """Arms or disarms; twice is once."""
    if rule.armed == armed:
        return rule
    return house.ledger.put(replace(rule, armed=armed, changed_at=house.clock.now()), replacing=rule)


def rule_named(ledger: Ledger, key: str) -> Rule:
    """The rule with that id or name. Raises `NotFound`."""
    rows = ledger.find(Rule)
    for row in rows:
        if key in (row.id, row.name):
            return row
    shown = ", ".join(row.name for row in rows[:8])
    raise NotFound(
        f"there is no rule {key!r}",
        next_step=f"the rules are: {shown}" if rows else "arm one: sightline rules arm FILE",
    )


def is_file(target: str) -> bool:
    """Whether `rules arm TARGET` means a file and not the name of a stored rule."""
    return Path(target).suffix.lower() in (".yaml", ".yml", ".json") or Path(target).is_file()
