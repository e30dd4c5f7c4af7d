"""The statements of the reference page run on a real file."""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import pytest

from core.memory import Link
from graph.sqlite.store import SqliteStore
from helpers.observations import DOCK, YARD, coverage, entity, event, observation

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "memory.md"
STATEMENTS = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

ANN = entity(1, "person", upper="red")
CAR = entity(2, "car", colour="red")
BACK = entity(3, "car", colour="blue", stream=YARD)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "memory.db"
    store = SqliteStore(path)
    store.write(
        observation(0, ANN, CAR, event("near_miss", 1, 3, ANN, CAR, zone="forklift lane"), coverage(0, 10))
    )
    store.write(observation(0, BACK, event("left", 5, None, BACK, stream=YARD), stream=YARD))
    store.link([Link(one=CAR.id, other=BACK.id, score=0.9, source="test")])
    store.close()
    return path


@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_every_documented_statement_runs_and_finds_something(file: Path, number: int) -> None:
    db = apsw.Connection(str(file))
    bound = {"stream": DOCK} if ":stream" in STATEMENTS[number] else None
    assert list(db.execute(STATEMENTS[number], bound))
    db.close()


def test_the_way_across_cameras_follows_the_links(file: Path) -> None:
    (statement,) = (s for s in STATEMENTS if "RECURSIVE" in s)
    db = apsw.Connection(str(file))
    assert [(stream, kind) for stream, kind, _ in db.execute(statement)] == [
        (DOCK, "near_miss"),
        (YARD, "left"),
    ]
    db.close()
