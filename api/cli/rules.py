"""The commands for rules: checked, compiled, tried, armed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.io import (
    Json,
    StreamNames,
    command,
    emit,
    emit_lines,
    group,
    note,
    opened,
    out,
    read_file,
    table,
)

if TYPE_CHECKING:
    from api.ruling import ScoreOut, TrialOut

rules = group("Rules: a condition as data, tried on history before it is armed.")

RuleFile = Annotated[Path, typer.Argument(metavar="FILE", help="Rules as YAML or JSON.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(rules, name="rules")


@command(rules)
def check(file: RuleFile, json: Json = False) -> None:
    """Check a file of rules; a fault is named with its line.

    Example:
      sightline rules check dock.rules.yaml
    """
    from alerts.rule import parse_rules

    specs = parse_rules(read_file(file, "rules file"), file.name)
    if json:
        emit({"file": str(file), "rules": [spec.name for spec in specs]})
    else:
        out(
            f"{file}: {len(specs)} {'rule' if len(specs) == 1 else 'rules'}, no fault: "
            + ", ".join(s.name for s in specs)
        )


@command(rules, "compile")
def compile_words(
    words: Annotated[str, typer.Argument(metavar="TEXT", help="The rule in plain words.")],
    name: Annotated[
        str, typer.Option("--name", "-n", help="The rule's name; default: made from its words.")
    ] = "",
    json: Json = False,
) -> None:
    """Make a rule of plain words and print it as YAML; nothing is stored.

    Examples:
      sightline rules compile "when a forklift comes near a person"
      sightline rules compile "alert when a person enters zone dock for more than 5 seconds" > dock.rules.yaml
    """
    from alerts.compile import compile_rule
    from alerts.rule import to_yaml

    spec = compile_rule(words, name=name)
    if json:
        emit(spec.document())
    else:
        out(to_yaml(spec).rstrip())


@command(rules, "test")
def try_rules(
    file: RuleFile,
    stream: StreamNames = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", "-t", help="What should fire: a list of {t0, t1} or {t}.")
    ] = None,
    json: Json = False,
) -> None:
    """Try rules on what is remembered; with the truth, say how well they do. Nothing is changed.

    Examples:
      sightline rules test dock.rules.yaml
      sightline rules test dock.rules.yaml --stream dock --truth dock.truth.json --json
    """
    from alerts.backtest import parse_truth
    from alerts.rule import parse_rules
    from api.find import streams_named
    from api.ruling import trial

    specs = parse_rules(read_file(file, "rules file"), file.name)
    true = None if truth is None else parse_truth(read_file(truth, "truth file"), truth.name)
    _, house = opened()
    streams = streams_named(house.ledger, stream or ())
    trials = [trial(spec, house, streams, true) for spec in specs]
    if json:
        emit_lines(trials)
        return
    for each in trials:
        _tell(each)


def _tell(found: TrialOut) -> None:
    out(f"{found.rule}: {len(found.hits)} {'incident' if len(found.hits) == 1 else 'incidents'}")
    if found.hits:
        _hits(found)
    for each in found.notes:
        note(f"note: {each}")
    if found.score is not None:
        _score(found.score)


def _hits(found: TrialOut) -> None:
    from api.wire import span_text
    from core.clock import clock_text, micros

    table(
        ("stream", "time", "fires at", "what"),
        (
            (
                hit.incident.stream,
                span_text(hit.incident.start_s, hit.incident.end_s),
                clock_text(micros(hit.fired_at_s)),
                hit.incident.message,
            )
            for hit in found.hits
        ),
        empty="",
    )


def _score(score: ScoreOut) -> None:
    share = {"precision": score.precision, "recall": score.recall}
    said = [f"{name} {value:.0%}" if value is not None else f"{name} –" for name, value in share.items()]
    if score.time_to_detect_s is not None:
        said.append(f"detected after {score.time_to_detect_s:.1f} s")
    out("  " + ", ".join(said) + f" ({score.right} right, {score.wrong} wrong, {score.missed} missed)")


@command(rules)
def arm(
    target: Annotated[
        str, typer.Argument(metavar="FILE", help="A file of rules, or the name of a stored rule.")
    ],
    json: Json = False,
) -> None:
    """Store rules and arm them: from the next chunk on they may fire.

    Examples:
      sightline rules arm dock.rules.yaml
      sightline rules arm blocked-aisle
    """
    from alerts.rule import parse_rules
    from api.ruling import is_file, rule_named, set_armed, store_rule
    from api.wire import work as wire_work

    specs = parse_rules(read_file(Path(target), "rules file"), Path(target).name) if is_file(target) else None
    _, house = opened()
    if specs is None:
        rows = [set_armed(rule_named(house.ledger, target), True, house)]
    else:
        rows = [store_rule(spec, house, armed=True) for spec in specs]
    if json:
        emit_lines(wire_work.rule(row) for row in rows)
    else:
        out("armed: " + ", ".join(row.name for row in rows))


@command(rules)
def disarm(name: Annotated[str, typer.Argument(metavar="RULE", help="The rule's name or id.")]) -> None:
    """Disarm a rule; it stays stored.

    Example:
      sightline rules disarm blocked-aisle
    """
    from api.ruling import rule_named, set_armed

    _, house = opened()
    row = set_armed(rule_named(house.ledger, name), False, house)
    note(f"disarmed: {row.name}")


@command(rules, "list")
def list_rules(json: Json = False) -> None:
    """List the stored rules.

    Example:
      sightline rules list
    """
    from api.wire import work as wire_work
    from core.watch import Rule

    _, house = opened()
    found = [wire_work.rule(row) for row in house.ledger.find(Rule)]
    if json:
        emit_lines(found)
        return
    table(
        ("name", "armed", "severity", "what it looks for"),
        (
            (
                r.name,
                "yes" if r.armed else "no",
                str(r.spec.get("severity", "medium")),
                str(r.spec.get("when", "")),
            )
            for r in found
        ),
        empty="no rule yet: sightline rules arm FILE",
    )
