"""Rules: written or compiled from plain language, tried on history, armed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from alerts.backtest import Truth
from alerts.compile import compile_rule
from alerts.rule import RuleSpec, from_rule, parse_rules, spec_of, to_yaml
from api import ruling, wire
from api.auth import OPERATOR, VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import streams_named
from api.wire import work as wire_work
from core.clock import Span, micros
from core.errors import Conflict, Invalid
from core.watch import Rule

router = APIRouter(prefix="/v1/rules", tags=["rules"])


class RuleIn(BaseModel):
    """A rule, as data in `spec` or as a file's text in `yaml`."""

    spec: dict[str, Any] | None = Field(
        default=None, examples=[{"name": "too-close", "when": {"kind": "near_miss"}, "severity": "high"}]
    )
    yaml: str = Field(default="", max_length=100_000)
    armed: bool | None = Field(default=None, description="Null: as it was, or not armed where it is new.")

    @model_validator(mode="after")
    def _one_of_both(self) -> RuleIn:
        if (self.spec is None) == (not self.yaml.strip()):
            raise ValueError("give the rule in `spec` or in `yaml`, one of both")
        return self

    def rule(self) -> RuleSpec:
        """The one rule in it. Raises `Invalid`."""
        if self.spec is not None:
            return spec_of(self.spec)
        specs = parse_rules(self.yaml, "yaml")
        if len(specs) != 1:
            raise Invalid(f"{len(specs)} rules were sent", next_step="send one rule at a time")
        return specs[0]


class Plain(BaseModel):
    """A rule in plain words."""

    text: str = Field(
        min_length=1, max_length=1000, examples=["alert when a person stays in zone dock for 10 s"]
    )
    name: str = Field(default="", max_length=200)


class Compiled(BaseModel):
    """What was understood: look at it before arming it."""

    spec: dict[str, Any]
    yaml: str


class TruthIn(BaseModel):
    """A stretch in which the rule should alarm, in seconds."""

    t0: float = Field(ge=0)
    t1: float = Field(ge=0)
    stream: str = ""

    @model_validator(mode="after")
    def _forward(self) -> TruthIn:
        if self.t1 < self.t0:
            raise ValueError(f"the stretch from {self.t0:g} to {self.t1:g} ends before it begins")
        return self

    def noun(self) -> Truth:
        """The stretch in our words."""
        start = micros(self.t0)
        return Truth(span=Span(start, max(micros(self.t1), start + 1)), stream=self.stream)


class TrialIn(BaseModel):
    """On which streams to try it (none: all), and what should be found."""

    streams: list[str] = []
    truth: list[TruthIn] | None = None

    def truths(self) -> list[Truth] | None:
        """The truth in our words; None where it is not known."""
        return None if self.truth is None else [row.noun() for row in self.truth]


@router.get("", summary="List the rules", dependencies=VIEWER, responses=problems(401))
def list_rules(ctx: Ctx) -> wire.Page[wire_work.RuleOut]:
    """Every stored rule."""
    return wire.Page(items=[wire_work.rule(row) for row in ctx.house.ledger.find(Rule)])


@router.post(
    "", summary="Store a rule", status_code=201, dependencies=OPERATOR, responses=problems(401, 403, 409, 422)
)
def add_rule(body: RuleIn, ctx: Ctx) -> wire_work.RuleOut:
    """A rule is known by its name: another one of that name is a conflict."""
    spec = body.rule()
    if any(row.name == spec.name for row in ctx.house.ledger.find(Rule)):
        raise Conflict(
            f"there is a rule {spec.name!r} already", next_step="PUT it to change it, or give another name"
        )
    return wire_work.rule(ruling.store_rule(spec, ctx.house, armed=bool(body.armed)))


@router.post(
    "/compile", summary="Make a rule of plain words", dependencies=VIEWER, responses=problems(401, 422)
)
def compile_words(body: Plain) -> Compiled:
    """Nothing is stored: look at the rule, then send it."""
    spec = compile_rule(body.text, name=body.name)
    return Compiled(spec=spec.document(), yaml=to_yaml(spec))


@router.get("/{id}", summary="One rule", dependencies=VIEWER, responses=problems(401, 404))
def get_rule(id: str, ctx: Ctx) -> wire_work.RuleOut:
    """The rule with that id or name."""
    return wire_work.rule(ruling.rule_named(ctx.house.ledger, id))


@router.put("/{id}", summary="Change a rule", dependencies=OPERATOR, responses=problems(401, 403, 404, 422))
def change_rule(id: str, body: RuleIn, ctx: Ctx) -> wire_work.RuleOut:
    """The name stays: it is how incidents know their rule."""
    before = ruling.rule_named(ctx.house.ledger, id)
    spec = body.rule()
    if spec.name != before.name:
        raise Invalid(f"the rule's name is {before.name!r}", next_step="keep the name, or store a new rule")
    return wire_work.rule(ruling.store_rule(spec, ctx.house, armed=body.armed))


@router.delete(
    "/{id}",
    summary="Remove a rule",
    status_code=204,
    dependencies=OPERATOR,
    responses=problems(401, 403, 404),
)
def remove_rule(id: str, ctx: Ctx) -> None:
    """Its incidents stay."""
    ctx.house.ledger.remove(Rule, ruling.rule_named(ctx.house.ledger, id).id)


@router.post(
    "/{id}/test", summary="Try a rule on history", dependencies=VIEWER, responses=problems(401, 404, 422)
)
def try_rule(id: str, ctx: Ctx, body: TrialIn | None = None) -> ruling.TrialOut:
    """What it would have alarmed about; with the truth, how well. Changes nothing."""
    wanted = body or TrialIn()
    spec = from_rule(ruling.rule_named(ctx.house.ledger, id))
    return ruling.trial(spec, ctx.house, streams_named(ctx.house.ledger, wanted.streams), wanted.truths())


@router.post("/{id}/arm", summary="Arm a rule", dependencies=OPERATOR, responses=problems(401, 403, 404, 409))
def arm(id: str, ctx: Ctx) -> wire_work.RuleOut:
    """From the next chunk on it may fire."""
    return wire_work.rule(ruling.set_armed(ruling.rule_named(ctx.house.ledger, id), True, ctx.house))


@router.post(
    "/{id}/disarm", summary="Disarm a rule", dependencies=OPERATOR, responses=problems(401, 403, 404, 409)
)
def disarm(id: str, ctx: Ctx) -> wire_work.RuleOut:
    """It stays stored and fires no more."""
    return wire_work.rule(ruling.set_armed(ruling.rule_named(ctx.house.ledger, id), False, ctx.house))
