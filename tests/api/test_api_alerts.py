"""Rules, incidents and webhooks over the API, and the incidents as they happen."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
import uvicorn

from api.find import row_of
from core.watch import Delivery, DeliveryState, Incident, Receipt, Rule
from core.work import Job
from helpers import observations as say

NEAR = {
    "name": "too-close",
    "when": {"kind": "near_miss"},
    "severity": "high",
    "message": "{label} too close at {time}",
}


def armed(door) -> str:
    made = door.client.post("/v1/rules", json={"spec": NEAR, "armed": True})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def fire(door) -> dict:
    """The known scene is watched under the armed rule: one incident."""
    from core import ids

    stream = door.add_stream(learned=False)
    executor = door.app.state.context.executor
    executor.submit(
        Job(id=ids.JobId(ids.fresh("job")), kind="ingest.stream", key="w", args={"stream_id": stream.id})
    )
    (incident,) = door.get("/v1/incidents")["items"]
    return incident


def test_a_rule_is_stored_changed_armed_and_removed(door) -> None:
    id = armed(door)
    assert door.get("/v1/rules")["items"][0]["armed"] is True
    assert door.client.post("/v1/rules", json={"spec": NEAR}).status_code == 409
    changed = door.client.put(f"/v1/rules/{id}", json={"spec": NEAR | {"severity": "low"}}).json()
    assert (changed["spec"]["severity"], changed["armed"]) == ("low", True)
    assert door.client.post(f"/v1/rules/{id}/disarm").json()["armed"] is False
    assert door.client.post("/v1/rules/too-close/arm").json()["armed"] is True
    assert door.client.delete(f"/v1/rules/{id}").status_code == 204
    assert door.house.ledger.find(Rule) == []
    assert door.client.get(f"/v1/rules/{id}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": {"name": "x"}},
        {"spec": NEAR, "yaml": "x"},
        {"yaml": "rules: ["},
        {"spec": {"name": "x", "when": {"kind": "stoped"}}},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(door, body: dict) -> None:
    assert door.client.post("/v1/rules", json=body).status_code == 422
    assert door.house.ledger.find(Rule) == []


def test_plain_words_become_a_rule_that_is_shown_and_not_stored(door) -> None:
    made = door.client.post("/v1/rules/compile", json={"text": "when a forklift comes near a person"}).json()
    assert "near_miss" in made["yaml"] or "approached" in made["yaml"]
    assert door.house.ledger.find(Rule) == []
    assert door.client.post("/v1/rules", json={"yaml": made["yaml"]}).status_code == 201
    assert door.client.post("/v1/rules/compile", json={"text": "colourless green ideas"}).status_code == 422


def test_a_rule_is_tried_on_history_and_changes_nothing(door) -> None:
    door.add_stream()
    armed(door)
    found = door.client.post("/v1/rules/too-close/test", json={"truth": [{"t0": 10, "t1": 12}]}).json()
    (hit,) = found["hits"]
    assert hit["incident"]["start_s"] == 10.5
    assert found["score"]["recall"] == 1.0
    assert door.house.ledger.find(Incident) == []
    wrong = door.client.post("/v1/rules/too-close/test", json={"truth": [{"t0": 3, "t1": 1}]})
    assert wrong.status_code == 422


def test_an_incident_is_worked_by_people(door) -> None:
    armed(door)
    incident = fire(door)
    assert incident["rule"] == "too-close"
    assert incident["alerts"][0]["evidence"][0]["chunk"] == say.chunk(1).id
    id = incident["id"]
    assert (
        door.client.post(f"/v1/incidents/{id}/ack", json={"note": "seen"}).json()["state"] == "acknowledged"
    )
    assert door.client.post(f"/v1/incidents/{id}/ack").json()["note"] == "seen"
    assert door.client.post(f"/v1/incidents/{id}/feedback", json={"verdict": "maybe"}).status_code == 422
    assert door.client.post(f"/v1/incidents/{id}/resolve").json()["state"] == "closed"
    assert door.client.post(f"/v1/incidents/{id}/ack").status_code == 409
    assert door.get("/v1/incidents", params={"state": "closed"})["items"][0]["id"] == id
    assert door.get("/v1/incidents", params={"state": "provisional"})["items"] == []
    assert door.client.post("/v1/incidents/none/ack").status_code == 404


def test_a_webhooks_secret_is_shown_once(door) -> None:
    made = door.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in door.client.get("/v1/webhooks").text
    assert made["secret"] not in door.client.get(f"/v1/webhooks/{made['id']}").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": "ftp://example.org"}, 422),
        ({"url": "https://me:hush@example.org/"}, 422),
        ({"url": "https://example.org/", "rules": ["unknown"]}, 404),
        ({}, 422),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(door, body: dict, status: int) -> None:
    assert door.client.post("/v1/webhooks", json=body).status_code == status


def test_a_webhook_is_tried_changed_and_removed(door) -> None:
    id = door.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()["id"]
    tried = door.client.post(f"/v1/webhooks/{id}/test").json()
    assert (tried["state"], tried["attempts"][0]["status"]) == ("delivered", 200)
    assert json.loads(door.notifier.sent[0].body)["type"] == "webhook.test"
    assert door.client.patch(f"/v1/webhooks/{id}", json={"enabled": False}).json()["enabled"] is False
    assert door.client.post(f"/v1/webhooks/{id}/test").status_code == 422
    assert door.client.delete(f"/v1/webhooks/{id}").status_code == 204
    assert door.client.delete(f"/v1/webhooks/{id}").status_code == 404


def test_what_died_is_sent_again_under_its_old_message_id(door) -> None:
    id = door.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()["id"]
    first = door.client.post(f"/v1/webhooks/{id}/test").json()
    row = row_of(door.house.ledger, Delivery, first["id"], "delivery")
    door.house.ledger.put(replace(row, state=DeliveryState.DEAD))
    (again,) = door.client.post(f"/v1/webhooks/{id}/redeliver").json()["items"]
    assert (again["state"], again["message_id"]) == ("pending", first["message_id"])
    listed = door.get(f"/v1/webhooks/{id}/deliveries")["items"]
    assert {row["id"] for row in listed} == {first["id"], again["id"]}
    assert door.client.post(f"/v1/webhooks/{id}/redeliver", json={"deliveries": ["de_no"]}).status_code == 404


def test_a_try_that_fails_is_told(door) -> None:
    door.notifier._receipts.append(Receipt(status=500, delivered=False, problem="it said 500"))
    id = door.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/hook"}).json()["id"]
    tried = door.client.post(f"/v1/webhooks/{id}/test").json()
    assert tried["state"] == "pending"
    assert tried["attempts"][0]["problem"] == "it said 500"


@pytest.fixture
def served(door):
    """The app on a real port: the one way to read events while they are still coming."""
    import socket

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(door.app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    door.app.state.context.closing.set()
    server.should_exit = True
    thread.join(timeout=20)
    listening.close()


def test_incidents_are_told_as_they_open(door, served: str) -> None:
    import httpx2

    armed(door)
    headers = {"Authorization": door.client.headers["authorization"]}
    with httpx2.stream("GET", f"{served}/v1/alerts/live", headers=headers, timeout=30) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": hello"
        fire(door)
        assert next(line for line in lines if line.startswith("event")) == "event: incident"
        told = json.loads(next(lines).removeprefix("data: "))
    assert (told["rule"], told["severity"]) == ("too-close", "high")
