"""Every failure is a problem document that says what to do, and tells nothing of the inside."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.errors import MEDIA_TYPE, STATUS, status_of
from core import errors
from core.errors import SightlineError
from core.memory import Found, Query
from graph.plain.store import MemoryStore
from jobs.fakes import EagerExecutor


def ours() -> list[type[SightlineError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, SightlineError) and kind.__module__ == errors.__name__
    ]


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.__name__)
def test_every_error_has_its_own_status(kind: type[SightlineError]) -> None:
    assert kind in STATUS
    assert 400 <= STATUS[kind] < 600


def test_an_error_made_elsewhere_has_the_status_of_its_parent() -> None:
    class TooBlurred(errors.BadMedia):
        pass

    assert status_of(TooBlurred("x")) == 422


def test_an_unknown_path_is_a_problem(door) -> None:
    answer = door.client.get("/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json().keys() >= {"type", "title", "status", "detail", "next_step", "instance"}


def test_a_wrong_method_is_a_problem(door) -> None:
    answer = door.client.delete("/v1/events")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "GET" in answer.headers["allow"]


def test_a_wrong_field_is_named_and_its_value_is_not_repeated(door) -> None:
    answer = door.client.post("/v1/webhooks", json={"url": 5, "secret": "hush-hush"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["errors"][0]["field"] == "url"
    assert "hush" not in answer.text


def test_a_body_that_is_no_json_is_a_problem(door) -> None:
    answer = door.client.post("/v1/questions", content=b"{nope", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE


class FaultyStore(MemoryStore):
    """A memory with a mistake in it."""

    def find(self, query: Query, /) -> Found:
        raise RuntimeError("secret path /srv/x")


def test_a_fault_of_ours_tells_nothing_of_the_inside(door, caplog) -> None:
    door.add_stream()
    house = replace(door.house, store=FaultyStore())
    app = create_app(house, door.settings, EagerExecutor(house.ledger, {}, house.clock))
    calm = TestClient(app, headers=door.client.headers, raise_server_exceptions=False)
    answer = calm.get("/v1/events")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert [record.levelname for record in caplog.records if "unexpected fault" in record.message] == [
        "ERROR"
    ]
    caplog.clear()  # this one error was meant


def test_a_model_that_is_away_says_when_to_come_back(door) -> None:
    away = errors.ModelUnavailable("the model does not answer", next_step="start it")
    away.retry_after_s = 7
    door.vlm._script = [away]
    answer = door.client.post(
        "/v1/chat/completions", json={"model": "other", "messages": [{"role": "user", "content": "hello"}]}
    )
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["next_step"] == "start it"


def test_every_answer_carries_the_guards(door) -> None:
    for path in ("/", "/v1/health", "/v1/nothing", "/static/page.js"):
        headers = door.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "unsafe" not in headers["content-security-policy"]
