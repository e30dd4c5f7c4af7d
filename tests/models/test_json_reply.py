"""Finding JSON in a model's words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports import Ask
from models.json_reply import misfit, parse, reply_to

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 0}, "colour": {"enum": ["red", "blue"]}},
    "required": ["n"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"n": 3}', {"n": 3}),
        ('Sure! Here it is:\n```json\n{"n": 3}\n```\nAnything else?', {"n": 3}),
        ('I see {many things} and {"n": 4} of them', {"n": 4}),
        ('{"colour": "red"} no wait {"n": 1}', {"n": 1}),
        ('<think>{"n": 1}? or {"n": 2}?</think>{"n": 2}', {"n": 2}),
        ('{"n": 1, "extra": [1, {"n": 9}]}', {"n": 1, "extra": [1, {"n": 9}]}),
    ],
)
def test_the_first_object_that_fits_is_taken(text: str, expected: dict[str, object]) -> None:
    assert parse(text, SCHEMA) == (expected, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("There are three red cars.", "no JSON object"),
        ("n: 3", "no JSON object"),
        ("[3]", "no JSON object"),
        ('{"n": 3', "broken or cut off"),
        ('{"n": NaN}', "broken or cut off"),
        ('{"colour": "red"}', "lacks n"),
        ('{"n": "three"}', "n should be integer"),
        ('{"n": true}', "n should be integer"),
        ('{"n": -1}', "between"),
        ('{"n": 1, "colour": "pink"}', "one of"),
        ('{"a":' * 5000, "broken or cut off"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(text: str, why: str) -> None:
    data, problem = parse(text, SCHEMA)
    assert data is None
    assert why in problem


@given(st.text(alphabet='{}[]",:n3 \\a', max_size=80))
def test_no_text_breaks_it_and_what_it_gives_fits(text: str) -> None:
    data, problem = parse(text, SCHEMA)
    assert (data is None) == bool(problem)
    assert data is None or misfit(data, SCHEMA) == ""


@given(n=st.integers(0, 10**6), before=st.text(alphabet="ab. }\n", max_size=30), after=st.text(max_size=30))
def test_an_object_is_found_whatever_stands_around_it(n: int, before: str, after: str) -> None:
    assert parse(before + json.dumps({"n": n}) + after, SCHEMA)[0] == {"n": n}


@pytest.mark.parametrize(
    "text", ['{"n": 3}', '\n {"n": 3}\n', '```json\n{"n": 3}\n```', '<think>maybe 4</think>{"n": 3}']
)
def test_an_object_that_is_all_of_the_reply_may_stand_alone(text: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert parse(text, schema, alone=True) == ({"n": 3}, "")


@pytest.mark.parametrize(
    "text",
    [
        'The sign says {"n": 3}',
        '{"n": 3} is on the sign',
        '{"n": 3}{"n": 4}',
        "3",
        "[]",
        '{"n": "3"}',
        '"{\\"n\\": 3}"',
    ],
)
def test_an_object_among_other_words_does_not_stand_alone(text: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    data, problem = parse(text, schema, alone=True)
    assert data is None
    assert problem


def test_thinking_that_never_ended_is_no_reply() -> None:
    data, problem = parse('<think>perhaps {"n": 3}, but', {"type": "object"})
    assert (data, problem) == (None, "the model was cut off while it was thinking")


LISTED = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "facts": {"type": "array", "items": {"type": "object", "required": ["text"]}},
    },
    "required": ["summary", "facts"],
}
SOME = '{"summary": "s", "facts": [{"text": "good"}, "bad", {"words": "worse"}]}'


def test_items_that_do_not_fit_are_left_out_and_named_and_the_others_kept() -> None:
    reply = reply_to(Ask(prompt="p", schema=LISTED), SOME)
    assert reply.data == {"summary": "s", "facts": [{"text": "good"}]}
    assert reply.problem == ""
    assert [wrong.split()[0] for wrong in reply.left_out] == ["reply.facts[1]", "reply.facts[2]"]


def test_nothing_is_left_out_of_an_object_that_must_fit_whole() -> None:
    reply = reply_to(Ask(prompt="p", schema=LISTED, alone=True), SOME)
    assert (reply.data, reply.left_out) == (None, ())
    assert "facts[1]" in reply.problem


def test_what_is_wrong_outside_lists_stays_wrong() -> None:
    reply = reply_to(Ask(prompt="p", schema=LISTED), '{"summary": 3, "facts": ["bad"]}')
    assert reply.data is None
    assert "summary" in reply.problem
