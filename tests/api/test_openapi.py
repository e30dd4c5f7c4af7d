"""The description of the API is complete: a stranger can write a client from it alone."""

from __future__ import annotations

import pytest

OPEN = {("get", "/v1/health"), ("get", "/v1/ready"), ("post", "/v1/session")}
CONTRACT = {
    "/v1/streams": {"post", "get"},
    "/v1/streams/{id}": {"get", "delete"},
    "/v1/jobs/{id}": {"get", "delete"},
    "/v1/jobs/{id}/events": {"get"},
    "/v1/events": {"get"},
    "/v1/entities": {"get"},
    "/v1/entities/{id}/timeline": {"get"},
    "/v1/captions": {"get"},
    "/v1/coverage": {"get"},
    "/v1/questions": {"post"},
    "/v1/summaries": {"post"},
    "/v1/reports": {"post"},
    "/v1/reports/{id}": {"get"},
    "/v1/rules": {"post", "get"},
    "/v1/rules/{id}": {"get", "put", "delete"},
    "/v1/rules/compile": {"post"},
    "/v1/rules/{id}/test": {"post"},
    "/v1/rules/{id}/arm": {"post"},
    "/v1/incidents": {"get"},
    "/v1/incidents/{id}/ack": {"post"},
    "/v1/incidents/{id}/resolve": {"post"},
    "/v1/incidents/{id}/feedback": {"post"},
    "/v1/webhooks": {"post", "get"},
    "/v1/webhooks/{id}": {"get", "patch", "delete"},
    "/v1/webhooks/{id}/test": {"post"},
    "/v1/webhooks/{id}/deliveries": {"get"},
    "/v1/webhooks/{id}/redeliver": {"post"},
    "/v1/clips/{stream}": {"get"},
    "/v1/clips/{stream}/annotated": {"get"},
    "/v1/heatmaps/{stream}": {"get"},
    "/v1/frames/{stream}": {"get"},
    "/v1/texts/{stream}": {"get"},
    "/v1/chat/completions": {"post"},
    "/v1/models": {"get"},
    "/v1/alerts/live": {"get"},
    "/v1/health": {"get"},
    "/v1/ready": {"get"},
    "/metrics": {"get"},
}


_KEPT: dict = {}


@pytest.fixture
def described(request: pytest.FixtureRequest) -> dict:
    """The document as a stranger gets it; fetched once, for it is the same for every house."""
    if not _KEPT:
        _KEPT.update(request.getfixturevalue("door").anonymous().get("/openapi.json").json())
    return _KEPT


def operations(described: dict):
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_every_path_of_the_contract_is_there(described) -> None:
    for path, methods in CONTRACT.items():
        assert methods <= described["paths"][path].keys(), path


def test_every_operation_is_told_whole(described) -> None:
    known = {tag["name"] for tag in described["tags"]}
    for method, path, operation in operations(described):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert set(operation["tags"]) <= known, where
        good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert good, where
        assert all("content" in answer or "204" in operation["responses"] for answer in good), where
        for answer in good:
            for media in answer.get("content", {}).values():
                assert media["schema"], where


def test_every_operation_but_the_open_ones_asks_for_a_key(described) -> None:
    assert described["components"]["securitySchemes"].keys() == {"key", "session"}
    for method, path, operation in operations(described):
        if (method, path) in OPEN:
            continue
        assert {"key": []} in operation["security"], (method, path)
        assert "401" in operation["responses"], (method, path)


def test_failures_are_described_as_problems(described) -> None:
    for method, path, operation in operations(described):
        for status, answer in operation["responses"].items():
            if status in ("401", "403", "404", "409", "413", "422", "502"):
                assert "application/problem+json" in answer["content"], (method, path, status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/v1/forget"), ("delete", "/v1/entities/{id}"), ("delete", "/v1/streams/{id}"),
        ("get", "/v1/entities/{id}/timeline"), ("post", "/v1/entities/{id}/merge"),
        ("post", "/v1/entities/{id}/split"), ("get", "/v1/changes"), ("get", "/v1/events"), ("get", "/v1/search"),
    ],
)  # fmt: skip
def test_what_asks_the_memory_says_that_it_may_be_away(described, method: str, path: str) -> None:
    answer = described["paths"][path][method]["responses"]["503"]
    assert "application/problem+json" in answer["content"]


def test_every_operation_has_a_name_of_its_own(described) -> None:
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_every_reference_leads_somewhere(described) -> None:
    def refs(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            for each in value.values():
                yield from refs(each)
        elif isinstance(value, list):
            for each in value:
                yield from refs(each)

    for ref in set(refs(described)):
        kind, name = ref.removeprefix("#/components/").split("/")
        assert name in described["components"][kind], ref


def test_examples_are_given_where_a_body_is_sent(described) -> None:
    text = str(described["components"]["schemas"])
    assert text.count("'examples'") > 15
