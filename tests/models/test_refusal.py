"""What is a refusal dressed as a reply, and what only reads like one."""

from __future__ import annotations

import pytest

from core.ports import Ask
from models.json_reply import reply_to
from models.refusal import refuses


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I can’t assist with identifying people.",
        "Sorry, but I cannot describe this image.",
        "I cannot assist with that request.",
        "I can't identify the person in this picture.",
        "As an AI language model, I do not have the ability to see.",
        "Unfortunately, I am unable to view images.",
        "I apologize, but this content is not allowed.",
        "  “I won't describe that.”",
    ],
)
def test_a_refusal_is_told(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "A person holds a sign that says: I'm sorry, I can't help you.",
        "I'm sorry, we are closed",
        "Sorry for the inconvenience: lift out of order",
        "The driver cannot see the cyclist behind the van.",
        "I can see two people near a forklift.",
        "Nothing moves.",
        "As a person enters, the door closes.",
    ],
)
def test_what_is_seen_is_no_refusal(text: str) -> None:
    assert not refuses(text)


def test_a_form_filled_in_with_a_refusal_is_a_problem() -> None:
    schema = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
    reply = reply_to(
        Ask(prompt="what happens?", schema=schema), '{"summary": "I\'m sorry, but I can\'t help with that."}'
    )
    assert reply.data is None
    assert reply.problem.startswith("the model refused")
