"""Labelled events from files: what a renderer writes, what a person writes, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import Span, micros
from core.errors import Invalid
from evaluate.events import Mark
from evaluate.truth import read_events


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_object_with_events_and_what_is_labelled(tmp_path: Path) -> None:
    text = """{"kind": "dock", "seed": 3, "duration_s": 78.0, "domain": "warehouse", "kinds": ["stopped", "fell"],
      "events": [{"kind": "stopped", "start_s": 4.5, "end_s": 9, "due_s": 6.5, "zone": "dock 2", "entities": []},
                 {"kind": "fell", "start_s": 3, "end_s": 3, "zone": null}]}"""
    truth = read_events(written(tmp_path, "a.truth.json", text))
    assert truth.kinds == {"stopped", "fell"}
    assert (truth.duration, truth.domain) == (micros(78), "warehouse")
    rest, fall = truth.marks
    assert rest == Mark(kind="stopped", span=Span.of_seconds(4.5, 9), zone="dock 2", at=micros(6.5))
    assert fall == Mark(kind="fell", span=Span.at(micros(3)), at=micros(3))


def test_a_plain_list_and_a_table_say_the_same(tmp_path: Path) -> None:
    listed = read_events(
        written(
            tmp_path,
            "a.truth.json",
            '[{"kind": "fell", "start_s": 3}, {"kind": "queue", "start_s": 5, "end_s": 9.5, "zone": "till", "optional": true}]',
        )
    )
    table = read_events(
        written(
            tmp_path,
            "a.truth.csv",
            "kind, start_s, end_s, zone, optional, remark\nfell,3,,,,on the left\nqueue,5,9.5,till,true,\n",
        )
    )
    assert listed == table
    assert listed.kinds is None
    assert [mark.optional for mark in listed.marks] == [False, True]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.truth.json", "[{", "cannot be read"),
        ("a.truth.json", '[{"kind": "fell"}]', "events 0 start_s"),
        ("a.truth.json", '[{"kind": "fell", "start_s": 9, "end_s": 8}]', "events 0: .*end_s lies before start_s"),
        ("a.truth.json", '{"happenings": []}', "events: field required"),
        ("a.truth.json", "3", "valid"),
        ("a.truth.csv", "kind,start_s\nfell,soon\n", "events 0 start_s"),
        ("a.truth.csv", "kind,start_s\nfell,nan\n", "events 0 start_s"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_the_place(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(Invalid, match=f"(?s){name}.*{says}"):
        read_events(written(tmp_path, name, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        read_events(tmp_path / "none.truth.json")
