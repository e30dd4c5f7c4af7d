"""A memory in Neo4j through the front doors: chosen by a setting, migrated, examined, never giving its password away."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from api import doctor
from api.wiring import memory
from api.wiring.house import build
from core.errors import Invalid, StoreUnavailable
from core.memory import Query, Want
from core.settings import Settings
from graph.neo4j.database import Neo4jDatabase
from helpers.command import Sightline, free_port
from helpers.observations import entity, event, observation


@pytest.fixture
def url(neo4j_url: str, neo4j_database: Neo4jDatabase) -> str:
    """A memory of its own."""
    return f"{neo4j_url}?memory=d{secrets.token_hex(6)}"


def password(url: str) -> str:
    return url.split("@")[0].rsplit(":")[-1]


@pytest.mark.service
def test_a_setting_puts_the_memory_into_neo4j(home: Path, url: str) -> None:
    ann = entity(1)
    house = build(Settings(home=home, store=url))
    house.store.write(observation(0, ann, event("appeared", 2, None, ann)))
    again = build(Settings(home=home, store=url))
    assert [e.kind for e in again.store.find(Query(want=Want.EVENTS)).events] == ["appeared"]
    for built in (house, again):
        built.store.close()  # type: ignore[attr-defined]


@pytest.mark.service
def test_the_command_line_works_over_neo4j_and_keeps_the_password_to_itself(home: Path, url: str) -> None:
    line = Sightline(home, store=url)
    made = line.run("migrate", "--json")
    assert [(row["what"], row["after"]) for row in made.json] == [("memory", 3), ("ledger", 1)]
    told = [made, *(line.run(*words.split()) for words in ("migrate", "doctor", "doctor --json", "export -"))]
    assert all(password(url) not in ran.out + ran.err for ran in told)
    assert "up to date" in told[1].out


@pytest.mark.service
def test_a_wrong_password_is_told_and_not_repeated(home: Path, neo4j_url: str) -> None:
    wrong = neo4j_url.replace(password(neo4j_url), "not-the-password")
    ran = Sightline(home, store=wrong).run("migrate", expect=3)
    assert "refuses this user and password" in ran.err
    assert "not-the-password" not in ran.out + ran.err


@pytest.mark.slow
def test_doctor_says_that_the_server_does_not_answer(home: Path) -> None:
    store = f"neo4j://ann:secret-word@127.0.0.1:{free_port()}"
    settings = Settings(home=home, store=store)
    (memory,) = [found for found in doctor.examine(settings) if found.what == "memory"]
    assert memory.state == "broken"
    assert "does not answer" in memory.how
    assert "docs/howto/neo4j.md" in memory.next_step
    listed = str(doctor.listed(settings)) + str(memory.as_json()) + repr(settings)
    assert "secret-word" not in listed


@pytest.mark.parametrize(
    "store",
    [
        "neo4j://ann:secret/word@h",
        "neo4j://ann:secret/word@h?x=y",
        "neo4j://ann:1234/secret@h:7687",
        "neo4js://ann:secret@h",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(home: Path, store: str) -> None:
    settings = Settings(home=home, store=store)
    with pytest.raises(Invalid) as raised:
        build(settings)
    assert "secret" not in str(raised.value) + str(doctor.listed(settings))


def test_without_its_driver_the_extra_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "find_spec", lambda _: None)
    with pytest.raises(StoreUnavailable, match=r"sightline\[neo4j\]"):
        build(Settings(home=home, store="neo4j://h"))
