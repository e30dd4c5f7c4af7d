"""A memory goes into a file and comes back as it was, whichever the form."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import Conflict, Invalid
from core.media import Stream
from core.memory import HAND, Link, Observation, Query, Want
from core.ports import Memory
from graph import exchange, graphml
from graph.ledger import MemoryLedger
from graph.plain.store import MemoryStore
from helpers.memories import everything, written
from helpers.observations import (
    DOCK,
    YARD,
    caption,
    entity,
    event,
    histories,
    links,
    observation,
    relation,
    track,
    vector,
)

SOME = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
STREAMS = [
    Stream(
        id=DOCK,
        name="dock",
        source="rtsp://joe:hunter2@cam/1",
        evidence_source="rtsp://joe:hunter2@cam/2",
        shown_source="rtsp://cam/1",
        started_at=datetime(2026, 3, 1, tzinfo=UTC),
    ),
    Stream(id=YARD, name="yard", source="yard.mp4", shown_source="yard.mp4"),
]


def as_lines(store: Memory) -> str:
    return "".join(exchange.written(exchange.lines_of(store, STREAMS)))


def from_lines(text: str, store: Memory, ledger: MemoryLedger) -> exchange.Moved:
    return exchange.take_in(exchange.read(io.StringIO(text)), store, ledger)


def as_graphml(store: Memory) -> str:
    file = io.StringIO()
    graphml.write(exchange.lines_of(store, STREAMS), file)
    return file.getvalue()


def from_graphml(text: str, store: Memory, ledger: MemoryLedger) -> exchange.Moved:
    return exchange.take_in(graphml.read(io.BytesIO(text.encode())), store, ledger)


FORMS = {"lines": (as_lines, from_lines), "graphml": (as_graphml, from_graphml)}
Form = tuple[Callable[[Memory], str], Callable[[str, Memory, MemoryLedger], exchange.Moved]]


@pytest.fixture(params=sorted(FORMS))
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


@SOME
@given(history=histories(), said=links())
def test_a_memory_comes_back_as_it_was(form: Form, history: list[Observation], said: list[Link]) -> None:
    out, back = form
    store, copy = written(MemoryStore, history, said), MemoryStore()
    text = out(store)
    moved = back(text, copy, MemoryLedger())
    assert everything(copy) == everything(store)
    assert copy.models() == store.models()
    assert moved.chunks == len({o.chunk.id for o in history})
    assert out(copy) == text
    back(text, copy, MemoryLedger())
    assert everything(copy) == everything(store)


@pytest.fixture
def dock() -> Memory:
    ann, truck = entity(1), entity(2, "forklift")
    store = MemoryStore()
    store.write(
        observation(
            0, ann, truck, track(1, 0, 3), event("near_miss", 1, 2, ann, truck, zone="aisle"),
            relation(ann, "near", truck, 1, 2), caption(0, "<a & b> \x00 \ud83d"), vector(ann.id, 1, 2),
        )
    )  # fmt: skip
    store.write(observation(1))
    store.link([Link(one=ann.id, other=truck.id, score=0.5, source="test")])
    return store


def test_passwords_stay_at_home_and_streams_are_registered_once(dock: Memory, form: Form) -> None:
    out, back = form
    text = out(dock)
    assert "hunter2" not in text
    ledger = MemoryLedger()
    mine = replace(STREAMS[1], source="/elsewhere/yard.mp4", problem="cut short")
    ledger.put(mine)
    back(text, MemoryStore(), ledger)
    assert ledger.get(Stream, YARD) == mine
    taken = ledger.get(Stream, DOCK)
    assert taken is not None
    assert (taken.name, taken.source, taken.started_at) == ("dock", "rtsp://cam/1", STREAMS[0].started_at)


def test_graph_tools_read_nodes_and_edges_of_the_schema(dock: Memory) -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.parse_graphml(as_graphml(dock))
    types = sorted(data["type"] for _, data in graph.nodes(data=True))
    assert types == [
        "Caption",
        "Chunk",
        "Chunk",
        "Entity",
        "Entity",
        "Event",
        "Stream",
        "Stream",
        "Track",
        "Unknown",
        "Zone",
    ]
    types_of = dict(graph.nodes(data="type"))
    edges = {(types_of[one], data["type"], types_of[other]) for one, other, data in graph.edges(data=True)}
    assert edges == {
        ("Chunk", "IN", "Stream"),
        ("Event", "IN", "Stream"),
        ("Chunk", "NEXT", "Chunk"),
        ("Chunk", "SHOWS", "Entity"),
        ("Track", "SEEN_IN", "Chunk"),
        ("Event", "SEEN_IN", "Chunk"),
        ("Track", "SAME_AS", "Entity"),
        ("Unknown", "SAME_AS", "Entity"),
        ("Entity", "SAME_AS", "Entity"),
        ("Entity", "TOOK_PART", "Event"),
        ("Event", "AT", "Zone"),
        ("Entity", "REL", "Entity"),
        ("Caption", "OF", "Chunk"),
    }


def test_who_was_split_is_not_the_same_in_a_graph_tool_either(dock: Memory) -> None:
    dock.link([Link(one=entity(1).id, other=entity(2).id, score=1, source=HAND, same=False)])
    said = re.findall(
        rf'<edge source="{entity(1).id}" target="{entity(2).id}">(.*?)</edge>', as_graphml(dock)
    )
    said += re.findall(
        rf'<edge source="{entity(2).id}" target="{entity(1).id}">(.*?)</edge>', as_graphml(dock)
    )
    kinds = {re.search(r'<data key="type">(\w+)</data>', each)[1] for each in said}  # type: ignore[index]
    assert kinds == {"NOT_SAME_AS", "REL"}


def test_what_is_there_already_stays(dock: Memory) -> None:
    text, ledger, here = as_lines(dock), MemoryLedger(), MemoryStore()
    assert from_lines(text, here, ledger).chunks == 2
    split = Link(one=entity(1).id, other=entity(2).id, score=1, source=HAND, same=False)
    here.link([split])
    here.write(replace(observation(0, replace(entity(1), name="Ann")), vectors=()))
    again = from_lines(text, here, ledger)
    assert again == exchange.Moved()
    assert here.find(Query(want=Want.LINKS)).links == (split,)
    assert "Ann" in {e.name for e in here.find(Query(want=Want.ENTITIES)).entities}


def test_whole_numbers_among_the_attributes_move_too(form: Form) -> None:
    out, back = form
    store, copy = MemoryStore(), MemoryStore()
    store.write(observation(0, event("goal", 1, 2, score=1, share=0.5, team="red")))
    back(out(store), copy, MemoryLedger())
    assert everything(copy) == everything(store)


def test_a_cut_off_import_goes_on(dock: Memory) -> None:
    lines = as_lines(dock).splitlines(keepends=True)
    ledger, here = MemoryLedger(), MemoryStore()
    from_lines("".join(lines[:4]), here, ledger)
    moved = from_lines("".join(lines), here, ledger)
    assert (moved.streams, moved.chunks, moved.links) == (0, 1, 1)
    assert everything(here) == everything(dock)


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        ({"shown_source": "other.mp4"}, "other content"),
        ({"digest": "ab"}, "other content"),
        ({"recipe": "older"}, "another way"),
    ],
)
def test_a_name_that_stands_for_something_else_here_is_refused_before_anything_is_mixed(
    dock: Memory, mine: dict[str, str], said: str
) -> None:
    ledger, here = MemoryLedger(), MemoryStore()
    ledger.put(replace(STREAMS[0], source="cam", **mine))
    here.write(observation(7, entity(5)))
    before = everything(here)
    with pytest.raises(Conflict, match=said):
        from_lines(as_lines(dock), here, ledger)
    assert everything(here) == before


def test_every_node_an_edge_names_is_there(dock: Memory) -> None:
    text = as_graphml(dock)
    nodes = re.findall(r'<node id="([^"]+)"', text)
    assert len(nodes) == len(set(nodes))
    assert {*re.findall(r'(?:source|target)="([^"]+)"', text)} <= set(nodes)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "not JSON", '{"sightline": "report"}', '{"sightline": "memory", "version": 99}'],
)
def test_a_file_that_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        from_lines(text, MemoryStore(), MemoryLedger())


def test_a_broken_line_is_named_and_what_came_before_it_is_kept(dock: Memory) -> None:
    lines = as_lines(dock).splitlines(keepends=True)
    broken = [*lines[:4], '{"observation": {"chunk": "secret"}}\n', *lines[4:]]
    store = MemoryStore()
    with pytest.raises(Invalid, match="line 5") as told:
        from_lines("".join(broken), store, MemoryLedger())
    assert "secret" not in str(told.value)
    assert len(store.find(Query(want=Want.CHUNKS)).chunks) == 1
    with pytest.raises(Invalid, match="not one"):
        from_lines("".join([lines[0], json.dumps({}) + "\n"]), MemoryStore(), MemoryLedger())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html/>",
        "<graphml><node>",
        '<!DOCTYPE graphml [<!ENTITY a "aaaa">]><graphml><data key="line">&a;</data></graphml>',
        '<graphml><data key="line">{"observation": 3}</data></graphml>',
    ],
)
def test_graphml_that_is_none_or_defines_entities_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        from_graphml(text, MemoryStore(), MemoryLedger())
