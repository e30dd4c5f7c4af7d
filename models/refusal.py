"""Tells a refusal that is dressed as a reply: a form filled in with "I'm sorry, but I can't help with that"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CANNOT = r"(?:can(?:no|['’])?t|am (?:not able|unable)|(?:'|’)m (?:not able|unable)|won['’]t|will not|must decline|do not feel comfortable)"
_REFUSES = re.compile(
    rf"^\W*(?:(?:i(?:['’]m| am) )?(?:very |so )?(?:sorry|apologi[sz]e)\b[^.!?]{{0,40}}\bi {_CANNOT}\b"
    rf"|i apologi[sz]e\b|as an? (?:ai|artificial|language|large language)\b[^.!?]{{0,60}}\bi\b"
    rf"|(?:unfortunately,? )?i {_CANNOT} (?:to )?(?:help|assist|comply|answer|analy[sz]e|identify|describe|process|provide|view|see|fulfil|continue|do that|do this)\b)",
    re.IGNORECASE,
)


def refuses(text: str) -> bool:
    """Whether the text begins as models begin when they refuse. Words in the middle of a text are not judged."""
    return _REFUSES.match(text[:300]) is not None


def refusal_in(data: Mapping[str, Any]) -> str:
    """The first text of the object itself that is a refusal; '' where none is."""
    return next((value for value in data.values() if isinstance(value, str) and refuses(value)), "")
