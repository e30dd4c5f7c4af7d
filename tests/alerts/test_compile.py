"""Plain language to rules: what is understood, and that the rest is refused and not guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.compile import EXAMPLES, compile_rule
from alerts.rule import parse_rules, to_yaml
from core.errors import Invalid

PERSON = {"label": ["person"]}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("alert when a person enters zone dock for more than 5 seconds",
         {"when": {"kind": ["present"], **PERSON, "zone": ["dock"]}, "for": "5s"}),
        ("Alert me when someone enters zone Dock-A.", {"when": {"kind": ["entered_zone"], **PERSON, "zone": ["Dock-A"]}}),
        ("when a forklift comes near a person",
         {"when": {"kind": ["near_miss", "approached"], "all_labels": [["forklift"], ["person"]]}}),
        ("if more than 3 people are in zone X within 1 minute",
         {"when": {"kind": ["entered_zone"], **PERSON, "zone": ["X"]},
          "count": {"at_least": 4, "within": "1 min", "of": "entities"}}),
        ("when at least two cars cross line gate in 30 s",
         {"when": {"kind": ["crossed_line"], "label": ["car"], "line": ["gate"]},
          "count": {"at_least": 2, "within": "30s", "of": "entities"}}),
        ("if nobody is in zone desk for 10 minutes",
         {"when": {"kind": ["present"], **PERSON, "zone": ["desk"]}, "absent": {"for": "10 min"}}),
        ("if nothing crosses line gate for 1 h", {"when": {"kind": ["crossed_line"], "line": ["gate"]}, "absent": {"for": "1 h"}}),
        ("there is no forklift in zone bay for 1 min",
         {"when": {"kind": ["present"], "label": ["forklift"], "zone": ["bay"]}, "absent": {"for": "1 min"}}),
        ("warn me if a red car stops in lane north for 2 min",
         {"when": {"kind": ["stopped"], "label": ["car"], "zone": ["north"], "attributes": {"colour": "red"}}, "for": "2 min"}),
        ("when anything crosses line gate between 22:00 and 6:00",
         {"when": {"kind": ["crossed_line"], "line": ["gate"], "between": ["22:00", "6:00"]}}),
        ("there is a near miss", {"when": {"kind": ["near_miss"]}}),
        ("when a truck drives the wrong way", {"when": {"kind": ["wrong_way"], "label": ["truck"]}}),
        ("a person falls", {"when": {"kind": ["fell"], **PERSON}}),
        ("when a person leaves a bag and nobody takes it within 60 s", {"when": {"kind": ["object_left"]}, "for": "1 min"}),
        ("when a worker leaves zone yard", {"when": {"kind": ["left_zone"], **PERSON, "zone": ["yard"]}}),
    ],
)  # fmt: skip
def test_what_is_understood(text: str, rule: dict[str, Any]) -> None:
    document = compile_rule(text, name="it").document()
    assert document.pop("name") == "it"
    assert document.pop("description") == text
    assert document == rule


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_compile_to_rules_that_can_be_written_down(text: str) -> None:
    spec = compile_rule(text)
    assert parse_rules(to_yaml(spec), "compiled.yaml") == [spec]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "frobnicate",
        "when the moon is full of cheese",
        "if nobody is in zone desk",
        "when a person enters zone dock within 5 seconds",
        "when a person crosses line gate for 5 seconds",
        "when a person enters zone dock and dances",
        "if more than 0 people are in zone x",
    ],
)
def test_what_is_not_understood_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        compile_rule(text)
    assert EXAMPLES[0] in caught.value.next_step


def test_the_refusal_names_what_was_understood() -> None:
    with pytest.raises(Invalid, match=r"understood 'for 5 minutes', but not 'the moon shines'"):
        compile_rule("alert me when the moon shines for 5 minutes")


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "person",
                "3",
                "cars",
                "enters",
                "zone",
                "x",
                "for",
                "5",
                "s",
                "within",
                "near",
                "nobody",
                "is",
                "in",
                "the",
                "line",
                "between",
                "22:00",
                "and",
            ]
        ),
        max_size=14,
    )
)
def test_any_words_are_a_rule_or_an_error(words: list[str]) -> None:
    try:
        assert compile_rule(" ".join(words)).name
    except Invalid as error:
        assert error.next_step  # noqa: PT017 - either way is right, silence is not
