"""The URL of a memory in Neo4j, read and shown."""

from __future__ import annotations

import pytest
from neo4j import GraphDatabase

from core.errors import Invalid
from graph.neo4j.address import Address
from graph.neo4j.rows import MAIN, Names, zone_id


def test_a_url_is_taken_apart() -> None:
    address = Address.of("neo4j+s://ann:p%40ss%3A%2Fword@graph.example:7688/films?memory=site-a")
    assert (address.url, address.user, address.password) == (
        "neo4j+s://graph.example:7688",
        "ann",
        "p@ss:/word",
    )
    assert (address.database, address.memory) == ("films", "site-a")
    plain = Address.of("bolt://[::1]")
    assert (plain.url, plain.user, plain.database, plain.memory) == ("bolt://[::1]:7687", "neo4j", None, MAIN)


def test_the_password_is_never_shown() -> None:
    address = Address.of("neo4j://ann:secret@h:1/db?memory=a")
    assert address.shown == "neo4j://h:1/db?memory=a"
    assert "secret" not in f"{address!r}{address}"


@pytest.mark.parametrize(
    "url",
    [
        "neo4j://ann:sec/ret@host",
        "neo4j://neo4j:1234/secret@host:7687",
        "neo4j://neo4j:1234?secret@host:7687",
        "neo4j://neo4j:1234?memory=secret@host:7687",
        "neo4j://neo4j:1234#secret@host:7687",
        "neo4j://neo4j:1234/secret:5678",
        "neo4j://ann:secret@",
        "neo4j://ann:secret@host:port",
        "neo4j://ann:secret@[::1",
        "http://ann:secret@host",
        "neo4j://ann:secret@host?memory=A b",
        "neo4j://ann:secret@host?memroy=a",
    ],
)
def test_a_url_that_names_no_memory_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Invalid) as raised:
        Address.of(url)
    assert "secret" not in str(raised.value)
    assert "sec/ret" not in str(raised.value)
    assert "1234" not in str(raised.value)


@pytest.mark.parametrize("url", ["neo4j://host?memory=", "neo4j://host?memory"])
def test_a_memory_needs_a_name_where_one_is_spoken_of(url: str) -> None:
    with pytest.raises(Invalid, match="a memory cannot be named ''"):
        Address.of(url)


def test_the_main_memory_has_plain_ids_and_the_others_their_name_before() -> None:
    assert Names().into("ev_1") == "ev_1"
    other = Names("site-a")
    assert (other.into("ev_1"), other.out("site-a/ev_1")) == ("site-a/ev_1", "ev_1")
    assert zone_id(other.into("st_1"), "dock") == other.into(zone_id("st_1", "dock"))


def test_the_driver_can_send_a_transaction_s_beginning_with_its_first_statement() -> None:
    with GraphDatabase.driver("bolt://127.0.0.1:1") as driver, driver.session() as session:
        assert not session._pipelined_begin
        with session._pipelined_begin:
            assert session._pipelined_begin
