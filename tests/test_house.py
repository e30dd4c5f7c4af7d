"""The laws of the house that no linter knows."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "models", "graph", "ingest", "agent", "alerts", "evaluate", "jobs", "api")


def modules(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def attributes_used(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(
    ("names", "only_in"),
    [
        ({"datetime.now", "datetime.utcnow", "time.time", "datetime.datetime.now"}, {"core/clock.py"}),
        ({"os.environ", "os.getenv"}, {"core/settings.py"}),
        ({"pickle.loads", "pickle.load"}, {"ingest/checkpoint.py"}),
    ],
)
def test_some_things_are_asked_in_one_place_alone(names: set[str], only_in: set[str]) -> None:
    users = {str(p.relative_to(ROOT)) for p in modules(*ROOMS) if attributes_used(p) & names}
    assert users <= only_in


def nouns() -> Iterator[type]:
    for path in modules("core"):
        module = importlib.import_module(f"core.{path.stem}")
        for _, value in inspect.getmembers(module, inspect.isclass):
            if dataclasses.is_dataclass(value) and value.__module__ == module.__name__:
                yield value


def test_every_noun_stands_in_the_glossary() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text()
    missing = sorted(
        {noun.__name__ for noun in nouns()} - set(text.replace("*", " ").replace(",", " ").split())
    )
    assert not missing


def test_every_noun_is_frozen() -> None:
    assert all(noun.__dataclass_params__.frozen for noun in nouns())  # type: ignore[attr-defined]


def test_every_port_is_small() -> None:
    ports = importlib.import_module("core.ports")
    for name, port in inspect.getmembers(ports, inspect.isclass):
        if getattr(port, "_is_protocol", False) and port.__module__ == ports.__name__:
            methods = [n for n, v in vars(port).items() if inspect.isfunction(v) and not n.startswith("_")]
            assert len(methods) <= 4, f"{name} has {methods}"


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    import re

    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} points at {target}"


def test_the_version_is_said_once() -> None:
    import tomllib
    from importlib.metadata import version

    with (ROOT / "pyproject.toml").open("rb") as file:
        assert version("sightline") == tomllib.load(file)["project"]["version"]
