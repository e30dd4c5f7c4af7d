"""A file of drawings as YAML sees it: keys, points and numbers, each error with the line it stands in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from core.errors import Invalid
from core.place import Point

HOWTO = (
    "Write e.g. `zones: [{name: dock, kind: dock, polygon: [[10, 10], [200, 10], [200, 150]]}]`; "
    "also known are lines (name, from, to), lanes (name, polygon, direction), scale and units"
)
MOST_CHARACTERS = 200_000
"""A file of drawings larger than this is something else."""
DEEPEST = 10
SCALARS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


@dataclass(frozen=True, slots=True)
class Page:
    """The file being read: its name, and the picture its numbers have to fit."""

    filename: str
    width: int
    height: int
    relative: bool = False

    def wrong(self, where: Node | yaml.Event | None, what: str, want: str) -> Invalid:
        """The error for that place in the file, with what is wanted there."""
        mark = where.start_mark if where is not None else None
        line = f", line {mark.line + 1}" if mark is not None else ""
        return Invalid(f"{self.filename}{line}: {what}", next_step=want, stage="layout")


def parse(page: Page, text: str) -> Node:
    """The root of the file. Raises `Invalid` where it is neither YAML nor JSON, empty, or a trap."""
    if len(text) > MOST_CHARACTERS:
        raise page.wrong(None, f"{len(text)} characters are too many for drawings", HOWTO)
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, YAML may not
    try:
        _refuse_traps(page, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise Invalid(
            f"{page.filename}{line}: this is neither YAML nor JSON ({error.problem})",
            next_step=HOWTO,
            stage="layout",
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        )
        raise page.wrong(None, f"this is neither YAML nor JSON ({reason})", HOWTO) from error
    if root is None or (isinstance(root, ScalarNode) and not root.value):
        raise page.wrong(None, "the file is empty", HOWTO)
    return root


def _refuse_traps(page: Page, text: str) -> None:
    """Aliases can make a small file huge, deep nesting a slow one; drawings have no use for either."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise page.wrong(
                event, f"aliases such as *{event.anchor} are not read here", "Write the value out"
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise page.wrong(event, "lists stand too deep in one another", HOWTO)


class Keys:
    """A mapping of the file, read key by key."""

    def __init__(self, page: Page, node: Node, what: str) -> None:
        if not isinstance(node, MappingNode):
            raise page.wrong(node, f"{what} is {kind_of(node)}", f"Keys and values are wanted here. {HOWTO}")
        self.of, self._page, self._what = node, page, what
        self._nodes: dict[str, Node] = {}
        self._keys: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise page.wrong(key, f"a key of {what} is {kind_of(key)}", "A key is a word")
            if key.value in self._nodes:
                raise page.wrong(key, f"{key.value!r} stands twice in {what}", "Keep one of the two")
            self._nodes[key.value], self._keys[key.value] = value, key

    def node(self, key: str) -> Node | None:
        """The value of the key, None where there is none (or null)."""
        found = self._nodes.get(key)
        return None if found is None or found.tag == "tag:yaml.org,2002:null" else found

    def need(self, key: str, want: str) -> Node:
        """The value of a key that must be there."""
        found = self.node(key)
        if found is None:
            raise self._page.wrong(self.of, f"{self._what} has no {key}", f"Add {key}: {want}")
        return found

    def text(self, key: str, otherwise: str | None = None) -> str:
        """The value of the key as words."""
        found = self.node(key)
        if found is None and otherwise is not None:
            return otherwise
        found = self.need(key, "a word")
        if not isinstance(found, ScalarNode) or not found.value.strip():
            raise self._page.wrong(
                found, f"{key} of {self._what} is {kind_of(found)}", f"{key} is a word or a few"
            )
        try:
            found.value.encode()
        except UnicodeEncodeError as error:
            raise self._page.wrong(
                found, f"{key} of {self._what} holds half a character", "Write it in UTF-8"
            ) from error
        return str(found.value.strip())

    def items(self, key: str) -> Iterator[Node]:
        """The items of a list, none where there is no such key."""
        found = self.node(key)
        if found is None:
            return iter(())
        if not isinstance(found, SequenceNode):
            raise self._page.wrong(
                found, f"{key} is {kind_of(found)}", f"{key} is a list: `{key}: [{{name: …}}]`"
            )
        return iter(found.value)

    def done(self, *known: str) -> None:
        """Raises `Invalid` for a key that nobody reads: most likely a slip of the pen."""
        for key, node in self._keys.items():
            if key not in known:
                raise self._page.wrong(
                    node, f"{self._what} has an unknown key {key!r}", f"Known are {', '.join(known)}"
                )


def named(page: Page, node: Node, what: str, drawn: dict[str, Node]) -> tuple[Keys, str]:
    """The keys of a drawing and its name; raises `Invalid` where another one in `drawn` has it."""
    keys = Keys(page, node, what)
    name = keys.text("name")
    if name in drawn:
        line = drawn[name].start_mark.line + 1
        raise page.wrong(
            keys.node("name"),
            f"the name {name!r} is taken (line {line})",
            "Give each drawing a name of its own",
        )
    drawn[name] = node
    return keys, name


def point_of(page: Page, node: Node, what: str) -> Point:
    """A point in pixels of the picture; raises `Invalid` for one outside of it."""
    x, y = pair_of_numbers(page, node, f"a point of {what}", "[x, y]")
    if page.relative:
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise page.wrong(
                node, f"{what} has the point [{x:g}, {y:g}]", "With `units: relative`, x and y are 0 to 1"
            )
        return x * page.width, y * page.height
    if not (0.0 <= x <= page.width and 0.0 <= y <= page.height):
        raise page.wrong(
            node,
            f"{what} has the point [{x:g}, {y:g}], outside the picture of {page.width} × {page.height}",
            f"x is 0 to {page.width}, y is 0 to {page.height}",
        )
    return x, y


def pair_of_numbers(page: Page, node: Node, what: str, want: str) -> Point:
    """Two numbers as they stand there."""
    if not isinstance(node, SequenceNode) or len(node.value) != 2:
        raise page.wrong(node, f"{what} is {kind_of(node)}", f"Two numbers are wanted: {want}")
    x, y = node.value
    return number_of(page, x, what), number_of(page, y, what)


def number_of(page: Page, node: Node, what: str) -> float:
    """A finite number."""
    if isinstance(node, ScalarNode) and (node.tag in SCALARS or _is_exponential(node)):
        try:
            value = float(node.value.replace("_", ""))
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
    raise page.wrong(node, f"{what} holds {kind_of(node)}", "A finite number is wanted")


def _is_exponential(node: ScalarNode) -> bool:
    """YAML 1.1 takes JSON's `1e3` for a word, because it has no point."""
    return node.style is None and "e" in node.value.lower() and not node.value.lower().startswith("e")


def kind_of(node: Node) -> str:
    """What stands there instead of what was wanted, in words."""
    if isinstance(node, MappingNode):
        return "keys and values"
    if isinstance(node, SequenceNode):
        return "a list"
    return repr(node.value) if node.value else "empty"


def shown(point: Point) -> str:
    """A point as people write it."""
    return f"[{point[0]:g}, {point[1]:g}]"
