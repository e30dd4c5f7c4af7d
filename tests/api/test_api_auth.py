"""Keys, roles and sessions: who may do what, and that nothing secret is kept or shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.auth import COOKIE
from api.keys import SESSION_LIFE, create_key, list_keys
from core.work import ApiKey

OPEN = {"/v1/health", "/v1/ready", "/v1/session", "/openapi.json", "/", "/static/page.js"}


def test_nothing_but_health_is_open_to_strangers(door) -> None:
    stranger = door.anonymous()
    for path, methods in door.app.openapi()["paths"].items():
        for method in methods:
            answer = stranger.request(method.upper(), path.replace("{", "").replace("}", ""), json={})
            if path in ("/v1/health", "/v1/ready"):
                assert answer.status_code == 200
            elif (method, path) == ("post", "/v1/session"):
                assert answer.status_code == 422
            else:
                assert answer.status_code == 401, (method, path, answer.text)
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.json()["next_step"]


def test_a_wrong_key_is_refused(door) -> None:
    assert (
        door.anonymous().get("/v1/streams", headers={"Authorization": "Bearer slk_wrong"}).status_code == 401
    )


def test_a_key_in_the_url_is_no_key(door) -> None:
    _, text = create_key(door.house.ledger, door.house.clock, name="x")
    assert door.anonymous().get("/v1/streams", params={"key": text}).status_code == 401


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("viewer", "GET", "/v1/streams", 200),
        ("viewer", "DELETE", "/v1/streams/dock", 403),
        ("operator", "DELETE", "/v1/streams/dock", 403),
        ("admin", "DELETE", "/v1/streams/dock", 200),
        ("viewer", "POST", "/v1/streams", 403),
        ("viewer", "POST", "/v1/entities/en_1/merge", 403),
        ("viewer", "POST", "/v1/entities/en_1/split", 403),
        ("viewer", "PUT", "/v1/passages", 403),
        ("operator", "POST", "/v1/entities/en_1/split", 404),
        ("operator", "POST", "/v1/webhooks", 403),
        ("operator", "GET", "/v1/keys", 403),
    ],
)
def test_roles_may_do_what_they_may(door, role: str, method: str, path: str, status: int) -> None:
    door.add_stream()
    answer = door.anonymous().request(
        method, path, headers=door.key(role), json={"url": "https://example.org"}
    )
    assert answer.status_code == status


def test_only_the_digest_of_a_key_is_stored(door, home) -> None:
    made = door.client.post("/v1/keys", json={"name": "wall", "role": "viewer"}).json()
    assert made["key"].startswith("slk_")
    stored = b"".join(path.read_bytes() for path in home.glob("ledger.db*"))
    assert made["key"].encode() not in stored
    assert all("key" not in row for row in door.get("/v1/keys"))


def test_a_removed_key_opens_nothing_and_its_sessions_end(door) -> None:
    row, text = create_key(door.house.ledger, door.house.clock, name="gone")
    browser = door.anonymous()
    browser.post("/v1/session", json={"key": text})
    assert browser.get("/v1/streams").status_code == 200
    assert door.client.delete(f"/v1/keys/{row.id}").status_code == 204
    assert browser.get("/v1/streams").status_code == 401
    assert door.anonymous().get("/v1/streams", headers={"Authorization": f"Bearer {text}"}).status_code == 401


def test_a_session_is_a_cookie_that_scripts_cannot_read_and_is_not_the_key(door) -> None:
    _, text = create_key(door.house.ledger, door.house.clock, name="page", role="viewer")
    browser = door.anonymous()
    answer = browser.post("/v1/session", json={"key": text})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert text not in cookie
    assert text not in answer.text
    assert browser.get("/v1/session").json()["role"] == "viewer"
    assert len(list_keys(door.house.ledger)) == 2, "a session is no key"
    assert browser.delete("/v1/session").status_code == 204
    assert browser.get("/v1/session").status_code == 401


def test_a_session_ends_by_itself(door) -> None:
    _, text = create_key(door.house.ledger, door.house.clock, name="page")
    browser = door.anonymous()
    browser.post("/v1/session", json={"key": text})
    door.house.clock.sleep((SESSION_LIFE + timedelta(seconds=1)).total_seconds())
    assert browser.get("/v1/session").status_code == 401


def test_a_session_token_is_no_bearer_key(door) -> None:
    _, text = create_key(door.house.ledger, door.house.clock, name="page")
    browser = door.anonymous()
    browser.post("/v1/session", json={"key": text})
    token = browser.cookies[COOKIE]
    stranger = door.anonymous()
    assert stranger.get("/v1/streams", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_another_sites_page_changes_nothing_with_our_cookie(door) -> None:
    _, text = create_key(door.house.ledger, door.house.clock, name="page")
    door.add_stream()
    browser = door.anonymous()
    browser.post("/v1/session", json={"key": text})
    there = browser.delete("/v1/streams/dock", headers={"Sec-Fetch-Site": "cross-site"})
    assert there.status_code == 401
    assert browser.get("/v1/streams/dock").status_code == 200


def test_an_unknown_role_is_refused(door) -> None:
    answer = door.client.post("/v1/keys", json={"name": "x", "role": "king"})
    assert answer.status_code == 422
    assert "viewer" in answer.json()["next_step"]
    assert len(door.house.ledger.find(ApiKey)) == 1
