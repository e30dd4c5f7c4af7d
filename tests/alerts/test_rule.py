"""The rule language: what it reads, what it refuses and on which line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rule import (
    RuleSpec,
    duration,
    duration_text,
    from_rule,
    parse_rules,
    rule_id,
    spec_of,
    to_rule,
    to_yaml,
)
from core.clock import SECOND
from core.errors import Invalid

ROOT = Path(__file__).parents[2]
WHOLE = """\
name: all of it
description: every field once
when:
  kinds: [entered_zone, crossed_line]
  labels: person
  attributes: {colour: red, speed: ">= 2"}
  zone: dock
  lines: [gate]
  all_labels: [forklift, [person, bicycle]]
  roles: {vehicle: [car, truck]}
  streams: cam
  min_confidence: 0.4
  between: [22:00, 6:30]
  tz: Europe/Vienna
for: 1.5 s
then: {kind: left_zone, within: 2 min, for: 1s, same: true}
cooldown: 1h
severity: high
message: "{label} {zone} {stream} {time}"
judge: Is it so?
"""


def test_every_field_is_read() -> None:
    (spec,) = parse_rules(WHOLE, "whole.yaml")
    assert spec.when.kind == ("entered_zone", "crossed_line")
    assert spec.when.label == ("person",)
    assert spec.when.between == ("22:00", "06:30")
    assert spec.when.all_labels == (("forklift",), ("person", "bicycle"))
    assert spec.for_ == 1_500_000
    assert spec.then is not None
    assert (spec.then.within, spec.then.for_, spec.then.same) == (120 * SECOND, SECOND, True)
    assert spec.cooldown == 3600 * SECOND


def test_a_rule_reads_back_as_itself_from_every_form() -> None:
    (spec,) = parse_rules(WHOLE, "whole.yaml")
    assert parse_rules(to_yaml(spec), "again.yaml") == [spec]
    assert parse_rules(json.dumps(spec.document(), indent="\t"), "again.json") == [spec]
    assert from_rule(to_rule(spec)) == spec
    assert to_rule(spec, armed=True).id == rule_id("all of it")


def test_several_rules_stand_under_rules_or_in_a_list() -> None:
    two = [{"name": name, "when": {"kind": "left"}} for name in "ab"]
    assert parse_rules(json.dumps({"rules": two}), "x") == parse_rules(json.dumps(two), "x")
    assert parse_rules(to_yaml(*parse_rules(json.dumps(two), "x")), "x") == parse_rules(json.dumps(two), "x")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: x\nwhen:\n  knd: left", 3, "'when.knd' is not a field"),
        ("name: x\nwhen: {kind: left}\nfoo: 1", 3, "'foo' is not a field"),
        ("name: x\nwhen: {kind: enterd_zone}", 2, "did you mean 'entered_zone'"),
        ("name: x\nwhen: {kind: left}\nfor: 5 parsecs", 3, "'parsecs' is no unit"),
        ("name: x\nwhen: {kind: left}\nfor: true", 3, "a duration is"),
        ("name: x\nwhen: {kind: left}\nfor: -5", 3, "a duration is"),
        ("name: x\nwhen: {kind: left}\nabsent: {for: 0}", 3, "longer than 0"),
        ("name: x\nwhen: {kind: left}\ncount:\n  at_least: 1\n  within: 5s", 4, "greater than or equal to 2"),
        ("name: x\nwhen: {kind: left}\ncount: {at_least: 2}", 3, "'count.within' is missing"),
        ("name: x\nwhen: {kind: left}\nthen: {within: 5s}", 1, "need a filter"),
        ("name: x\nwhen: {kind: left}\nabsent: {for: 5}\ncount: {at_least: 2, within: 5}", 1, "one of"),
        ("name: x\nwhen: {kind: left}\nabsent: {for: 5}\nfor: 3", 1, "stands in it"),
        ("name: x\nwhen: {}", 1, "'when' says nothing"),
        ("name: x\nwhen: {kind: left}\nmessage: '{label.upper}'", 1, "not {label.upper}"),
        ("name: x\nwhen: {kind: left}\nmessage: '{oops'", 1, "cannot be read"),
        ("name: x\nwhen: {kind: left}\nseverity: dire", 3, "severity"),
        ("name: x\nwhen:\n  kind: left\n  between: [7, '25:00']", 4, "time of day"),
        ("name: x\nwhen:\n  kind: left\n  between: ['07:00', '07:00']", 2, "two different"),
        ("name: x\nwhen:\n  kind: left\n  tz: Mars/Base", 2, "no time zone"),
        ("name: x\nwhen:\n  kind: left\n  kinds: stopped", 2, "say the same"),
        ("name: x\nwhen:\n  kind: left\n  min_confidence: .nan", 4, "finite"),
        ("when: {kind: left}", 1, "'name' is missing"),
        ("- name: x\n  when: {kind: left}\n- name: x\n  when: {kind: left}", 3, "a second rule"),
        ("rules:\n- name: x\n  when: {kind: left}\nother: 1", 4, "beside 'rules'"),
        ("rules: []", 1, "not a list of rules"),
        ("- 5", 1, "a rule is a mapping"),
        ("", 1, "no rule stands in it"),
        ("name: x\nname: y", 2, "stands twice"),
        ("a: [1, 2\nb: 3", 2, ""),
        ("a: &x {b: 1}\nc: *x", 2, "aliases"),
        ("a: !!python/object:os.system x", 1, "could not determine a constructor"),
    ],
)
def test_an_error_names_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_rules(text, "my.yaml")
    assert caught.value.message.startswith(f"my.yaml:{line}: ")
    assert says in caught.value.message
    assert caught.value.next_step


def test_a_huge_file_is_refused() -> None:
    with pytest.raises(Invalid, match="too many"):
        parse_rules("#" * 300_000, "big.yaml")


def test_a_rule_from_a_request_body_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match=r"the rule: 'when\.zoom' is not a field"):
        spec_of({"name": "x", "when": {"zoom": 1}})


@pytest.mark.parametrize(
    ("text", "micros"),
    [("5s", 5_000_000), ("2 min", 120_000_000), (3, 3_000_000), (0.25, 250_000), ("1 hour", 3_600_000_000)],
)
def test_durations(text: object, micros: int) -> None:
    assert duration(text) == micros


@given(st.integers(0, 400 * 3600 * SECOND))
def test_a_duration_is_written_so_that_it_reads_back(length: int) -> None:
    assert duration(duration_text(length)) == length


@given(st.text(max_size=60) | st.text(alphabet="[]{}:-&*!#|>%@ \n\tabc\"'", max_size=60))
def test_any_text_is_rules_or_an_error_with_its_place(text: str) -> None:
    try:
        told = [type(spec).__name__ for spec in parse_rules(text, "any.yaml")]
    except Invalid as error:
        told = [error.message.partition(":")[0]]
    assert {*told} in ({"RuleSpec"}, {"any.yaml"})


@pytest.mark.parametrize("pack", sorted((ROOT / "alerts" / "packs").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_packs_are_rules(pack: Path) -> None:
    specs = parse_rules(pack.read_text(), pack.name)
    assert len(specs) >= 4
    assert parse_rules(to_yaml(*specs), "again") == specs


def test_the_howto_shows_rules_that_hold() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "howto" / "rules.md").read_text(), re.DOTALL)
    assert len(blocks) >= 6
    specs = [spec for block in blocks for spec in parse_rules(block, "rules.md")]
    shown = {field for spec in specs for field in spec.document()}
    assert set(RuleSpec.model_json_schema(by_alias=True)["properties"]) - shown <= {"description"}
