"""A vision-language model that is shown the operator's labelled pictures before it is asked about others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.example import Example
from core.ports import Ask, Reply, Turn, Vlm
from core.spending import Use
from graph.examples import Shelf

SHOWN_FOR = frozenset({Use.CAPTION, Use.DEEP, Use.INSPECTION})
"""Never for verdicts and questions: what others were told about another picture is no evidence."""
INTRODUCED = "An example from this place, described by its operator."


class Exampled:
    """A `Vlm` whose asks go with at most so many examples, those most alike to their pictures. Asks that bring examples
    of their own, or whose replies have a form in which what an example says cannot be put, go as they are.
    """

    def __init__(self, vlm: Vlm, shelf: Shelf, most: int) -> None:
        self._vlm, self._shelf, self._most = vlm, shelf, most

    def __getattr__(self, name: str) -> Any:  # what only one kind of model has: `close`
        return getattr(self._vlm, name)

    @property
    def name(self) -> str:
        """The model's own."""
        return self._vlm.name

    @property
    def sees(self) -> bool:
        """The model's own."""
        return self._vlm.sees

    @property
    def at_once(self) -> int:
        """The model's own."""
        return self._vlm.at_once

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order. Raises as the model does."""
        return self._vlm.ask([self._with_examples(ask) for ask in asks])

    def _with_examples(self, ask: Ask) -> Ask:
        if ask.examples or not ask.pictures or ask.use not in SHOWN_FOR or not self._vlm.sees:
            return ask
        turns = []
        for shown in self._shelf.nearest(ask.pictures, self._most):
            reply = reply_of(shown.example, ask.schema)
            if reply is not None:
                turns.append(Turn(prompt=INTRODUCED, pictures=(shown.picture,), reply=reply))
        return replace(ask, examples=tuple(turns)) if turns else ask


def reply_of(example: Example, schema: Mapping[str, Any] | None) -> str | None:
    """What a good model says of the example, in the form that is asked for; None where the form has no place for it, as
    a yes or no has not.
    """
    if schema is None:
        return example.said
    value = _filled(example, schema, inside=False)
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _filled(example: Example, schema: Mapping[str, Any], *, inside: bool) -> Any:
    """A value of the schema that says what the example says, with no more than what must be there; None for none."""
    if "enum" in schema:
        return example.label if example.label in schema["enum"] else None
    match schema.get("type"):
        case "string":
            return example.said
        case "number" if schema.get("maximum") == 1:
            return 1.0  # how sure: an operator is
        case "integer" if inside and "maximum" not in schema:
            return 0  # the number of a picture that shows it, and there is one picture
        case "array" if schema.get("minItems", 0) <= 1:
            item = _filled(example, schema.get("items", {}), inside=True)
            return None if item is None else [item]
        case "object":
            parts = {
                name: _filled(example, schema["properties"][name], inside=inside)
                for name in schema.get("required", ())
            }
            return None if not parts or None in parts.values() else parts
    return None
