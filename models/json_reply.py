"""How a model is asked for JSON, and what its words are worth: the object in them, checked against the schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.ports import Ask, Reply
from models.refusal import refusal_in

MOST_TEXT = 200_000
"""Characters of a reply that are looked at; more than any model is allowed to say."""
MOST_TRIES = 64
"""Opening braces that are tried."""

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def parse(text: str, schema: Mapping[str, Any], *, alone: bool = False) -> tuple[dict[str, Any] | None, str]:
    """The first JSON object in the text that fits the schema, or None and the reason why there is none.

    What a reasoning model wrote before `</think>` is not part of its reply, nor is thinking that never ended. Prose
    around the object is ignored, but with `alone` it is a problem: an object in a sentence may be somebody else's words
    (of a sign in the picture). Words that are no JSON are never read as if they were.
    """
    words = re.sub(r"(?s)^.*</think>", "", text[:MOST_TEXT])
    if "<think>" in words:
        return None, "the model was cut off while it was thinking"
    if alone:
        return _all_of(words, schema)
    problem = "the reply holds no JSON object"
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at, tries = words.find("{"), 0
    while at >= 0 and tries < MOST_TRIES:
        tries += 1
        try:
            found, end = decoder.raw_decode(words, at)
        except (ValueError, RecursionError):
            at = words.find("{", at + 1)
            continue
        wrong = misfit(found, schema)
        if not wrong:
            return found, ""
        problem = f"the reply's JSON does not fit: {wrong}"
        at = words.find("{", end)
    if "{" in words and problem.startswith("the reply holds"):
        problem = "the reply's JSON is broken or cut off"
    return None, problem


def system_of(ask: Ask) -> str:
    """What never changes for a kind of ask, in one text: its fixed words, and the schema of the reply where it has one."""
    if ask.schema is None:
        return ask.system
    form = json.dumps(ask.schema, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{ask.system}\n\nReply with one JSON object of this schema and nothing else:\n{form}".strip()


def cut_off(ask: Ask, reply: Reply) -> Reply:
    """The reply of a model that was stopped before its end: where it is of no use, that is why."""
    if not reply.problem or not reply.text.strip():
        return reply
    return replace(reply, problem=f"the reply was cut off after {ask.max_tokens} tokens")


def reply_to(ask: Ask, text: str, *, tokens_in: int = 0, tokens_out: int = 0) -> Reply:
    """What a model's words are worth as the reply to an ask: checked against its schema, where it has one.

    Items of lists that do not fit are left out of the object and named in `left_out`, so that one bad item costs no
    more than itself; but where the ask wants the object `alone` all of it must fit.
    """

    def reply(data: dict[str, Any] | None, problem: str, left_out: Sequence[str] = ()) -> Reply:
        return Reply(
            text=text,
            data=data,
            problem=problem,
            left_out=tuple(left_out),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
        )

    if not text.strip():
        return reply(None, "the model's reply is empty")
    if ask.schema is None:
        return reply(None, "")
    data, problem = parse(text, ask.schema, alone=ask.alone)
    if data is not None and (refusal := refusal_in(data)):
        return reply(None, f"the model refused: {refusal}"[:300])
    if data is not None or ask.alone:
        return reply(data, problem)
    loose, _ = parse(text, _without_items(ask.schema))
    if loose is None:
        return reply(None, problem)
    left_out: list[str] = []
    whole = _fitting(loose, ask.schema, "reply", left_out)
    wrong = misfit(whole, ask.schema)
    if not wrong and (refusal := refusal_in(whole)):
        return reply(None, f"the model refused: {refusal}"[:300])
    return reply(None, f"the reply's JSON does not fit: {wrong}") if wrong else reply(whole, "", left_out)


def _without_items(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema that says nothing of what stands in lists."""
    inner = {name: _without_items(part) for name, part in schema.get("properties", {}).items()}
    kept = {key: value for key, value in schema.items() if key != "items"}
    return {**kept, "properties": inner} if inner else kept


def _fitting(value: Any, schema: Mapping[str, Any], at: str, left_out: list[str]) -> Any:
    """The value without the items of lists that do not fit; what is wrong with them goes into `left_out`."""
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {
            name: _fitting(part, known[name], f"{at}.{name}", left_out) if name in known else part
            for name, part in value.items()
        }
    if not isinstance(value, list) or "items" not in schema:
        return value
    kept = []
    for number, item in enumerate(value):
        wrong = misfit(item, schema["items"], f"{at}[{number}]")
        if wrong:
            left_out.append(wrong)
        else:
            kept.append(item)
    return kept


def _all_of(words: str, schema: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The object that is the whole text, at most in a code fence, or None and why it is not."""
    fenced = re.fullmatch(r"(?s)\s*```(?:json)?\s*(.*?)\s*```\s*", words)
    try:
        found = json.loads(fenced[1] if fenced else words, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None, "the reply is not one JSON object and nothing else"
    wrong = misfit(found, schema) if isinstance(found, dict) else "reply should be object"
    return (None, f"the reply's JSON does not fit: {wrong}") if wrong else (found, "")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def misfit(value: Any, schema: Mapping[str, Any], at: str = "reply") -> str:
    """What is wrong with the value by the schema, in words; empty when it fits.

    Knows `type`, `enum`, `required`, `properties`, `items`, `minItems`, `maxItems`, `minimum` and `maximum`: what the
    prompts here use.
    """
    kinds = schema.get("type")
    if kinds is not None and not _is_one_of(value, [kinds] if isinstance(kinds, str) else list(kinds)):
        return f"{at} should be {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at} should be one of {schema['enum']}"
    if isinstance(value, dict):
        return _misfit_of_object(value, schema, at)
    if isinstance(value, list):
        low, high = schema.get("minItems", 0), schema.get("maxItems", len(value))
        if not low <= len(value) <= high:
            return f"{at} should have {low} to {high} items"
    if isinstance(value, list) and "items" in schema:
        wrong = (misfit(item, schema["items"], f"{at}[{i}]") for i, item in enumerate(value))
        return next((w for w in wrong if w), "")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return "" if low <= value <= high else f"{at} should lie between {low} and {high}"
    return ""


def _misfit_of_object(value: dict[str, Any], schema: Mapping[str, Any], at: str) -> str:
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{at} lacks {', '.join(missing)}"
    known = schema.get("properties", {})
    wrong = (misfit(part, known[name], f"{at}.{name}") for name, part in value.items() if name in known)
    return next((w for w in wrong if w), "")


def _is_one_of(value: Any, kinds: list[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _KINDS.get(kind, (object,))) for kind in kinds)
