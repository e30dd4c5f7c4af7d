"""Reads YAML or JSON so that every error can name the line it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.errors import Invalid

MOST_CHARACTERS = 256_000
"""No rule file written by a person is longer."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read: its plain value, and where each part of it stands."""

    filename: str
    value: Any
    root: yaml.Node | None

    def line(self, path: Sequence[str | int]) -> int:
        """The line (from 1) of the deepest part of the path that is there."""
        node = self.root
        at = 1 if node is None else node.start_mark.line + 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            key, node = found
            at = key.start_mark.line + 1
        return at

    def wrong(self, path: Sequence[str | int], message: str, *, next_step: str) -> Invalid:
        """The error to raise about the part at that path."""
        return Invalid(f"{self.filename}:{self.line(path)}: {message}", next_step=next_step)


def read(text: str, filename: str) -> Document:
    """Reads one document. Raises `Invalid` with file and line for what is not YAML or JSON, for a key that stands
    twice, and for aliases (a small file can unfold to a huge one through them).
    """
    if len(text) > MOST_CHARACTERS:
        raise Invalid(
            f"{filename}: {len(text)} characters are too many",
            next_step=f"split it into files of at most {MOST_CHARACTERS} characters",
        )
    if text.lstrip()[:1] in ("{", "["):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_aliases(text, filename)
        _refuse_doubles(root, filename)
        return Document(filename, None if root is None else _value(root), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{filename}:{mark.line + 1}" if mark else filename
        raise Invalid(
            f"{where}: {error.problem or 'cannot be read'}",
            next_step="check indentation, quotes and brackets around that line",
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(
            f"{filename}: cannot be read as YAML or JSON", next_step="save it as UTF-8 text"
        ) from error


def _value(root: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_document(root)


def _refuse_aliases(text: str, filename: str) -> None:
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            mark = event.start_mark
            raise Invalid(
                f"{filename}:{mark.line + 1 if mark else 1}: aliases (*{event.anchor}) are not taken",
                next_step="write the part out where it is needed",
            )


def _refuse_doubles(root: yaml.Node | None, filename: str) -> None:
    for node in _mappings(root):
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise Invalid(
                    f"{filename}:{key.start_mark.line + 1}: {key.value!r} stands twice",
                    next_step="keep one of the two",
                )
            seen.add(str(key.value))


def _mappings(node: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value node under that step; a plural is found by its singular and the other way round."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step or str(key.value).rstrip("s") == str(step).rstrip("s"):
                return key, value
    return None
