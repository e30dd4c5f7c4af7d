"""docker-compose.yml and the Dockerfile say what the product says; no engine is needed to see that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from api.cli.main import app
from api.wish import scheme
from core.settings import Settings
from graph.neo4j.address import SCHEMES, Address
from jobs import crew
from jobs.celery_executor import shown

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service.get("image") == "sightline"]


def filled(text: str) -> str:
    """The text with the values that stand in for variables nobody set."""
    return re.sub(r"\$\{\w+(?::-([^}]*))?\}", lambda found: found[1] or "", text)


def test_the_four_services_are_there() -> None:
    assert {"api", "worker", "neo4j", "redis"} <= set(SERVICES)
    assert set(OURS) == {"api", "worker", "migrate"}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_is_one_that_there_is(name: str) -> None:
    known = {f"SIGHTLINE_{field.upper()}" for field in Settings.model_fields}
    assert set(SERVICES[name]["environment"]) <= known


@pytest.mark.parametrize("name", OURS)
def test_the_command_is_one_that_there_is_with_its_options(name: str) -> None:
    program, command, *words = SERVICES[name]["command"]
    assert program == "sightline"
    found = get_command(app).commands[command]  # type: ignore[attr-defined]
    found.make_context(command, list(words), resilient_parsing=True)
    known = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_urls_lead_to_the_services_with_their_passwords() -> None:
    settings = SERVICES["worker"]["environment"]
    queue, store = filled(settings["SIGHTLINE_QUEUE"]), filled(settings["SIGHTLINE_STORE"])
    assert shown(queue) == "redis://redis:6379/0"
    assert scheme(store) in SCHEMES
    address = Address.of(store)
    assert f"{address.user}/{address.password}" == filled(SERVICES["neo4j"]["environment"]["NEO4J_AUTH"])
    words = [filled(word) for word in SERVICES["redis"]["command"]]
    assert f":{words[words.index('--requirepass') + 1]}@" in queue


def test_both_work_in_one_data_folder() -> None:
    assert SERVICES["api"]["volumes"] == SERVICES["worker"]["volumes"]
    assert SERVICES["api"]["environment"] == SERVICES["worker"]["environment"]
    named = {volume.split(":")[0] for each in SERVICES.values() for volume in each.get("volumes", ())}
    assert {name for name in named if not name.startswith("$")} == set(COMPOSE["volumes"])


def test_what_is_waited_for_is_there_and_can_tell_how_it_is() -> None:
    for service in SERVICES.values():
        for name, how in service.get("depends_on", {}).items():
            assert name in SERVICES
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[name]


def test_a_worker_has_the_time_to_put_its_jobs_back() -> None:
    assert int(SERVICES["worker"]["stop_grace_period"].rstrip("s")) > crew.END_S


def test_only_the_api_is_reached_from_outside_and_from_this_machine_alone() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["api"]["ports"])


def test_the_image_installs_what_these_settings_need() -> None:
    lines = (ROOT / "Dockerfile").read_text()
    (locked,) = re.findall(r"-r (requirements/\S+)", lines)
    installed = {line.split("==")[0] for line in (ROOT / locked).read_text().splitlines() if "==" in line}
    assert {"celery", "redis", "neo4j", "av", "onnxruntime"} <= installed
    assert "torch" not in installed
