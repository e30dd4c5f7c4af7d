"""The client for OpenAI-compatible servers, against a real server on this machine that says its script."""

from __future__ import annotations

import base64
import json
import logging
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import cv2
import numpy as np
import openai
import pytest

from core.clock import WallClock
from core.errors import Invalid, ModelUnavailable
from core.ports import Ask, Turn
from helpers.vlm_server import Line, refused, vlm_server
from models.jpegs import Jpegs, data_url
from models.openai_server import FAULTS, Fault, fault_of, read_url
from models.patience import retry_after
from models.vlm_openai import OpenAiVlm

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"count": {"type": "integer"}},
    "required": ["count"],
    "additionalProperties": False,
}
GOOD = Line(text='{"count": 3}')
KEY = "sk-very-secret-key-1234567890"


def picture(grey: int = 100, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), grey, np.uint8)


def ask(prompt: str = "how many?", *, schema: dict[str, Any] | None = SCHEMA, pictures: int = 1) -> Ask:
    return Ask(
        prompt=prompt,
        system="Count the people.",
        schema=schema,
        pictures=tuple(picture(60 + 40 * i) for i in range(pictures)),
    )


def one(script: Any, wanted: Ask | None = None, *, retries: int = 0, key: str = "") -> Any:
    with vlm_server(script) as server:
        model = OpenAiVlm(server.model(), key, retries=retries)
        try:
            (reply,) = model.ask([wanted or ask()])
        finally:
            model.close()
    return reply, server


# --- the URL ---------------------------------------------------------------------------------------------------------


def test_the_url_says_where_and_which_model() -> None:
    server = read_url("openai+https://host:8000/v1/?model=org/name&timeout_s=5&at_once=2")
    assert (server.base_url, server.model) == ("https://host:8000/v1", "org/name")
    assert (server.timeout_s, server.at_once) == (5.0, 2)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://host/v1?model=a", "not of the form"),
        ("openai+http:///v1?model=a", "not of the form"),
        ("openai+http://host/v1", "names no model"),
        ("openai+http://me:pw@host/v1?model=a", "user name or password"),
        ("openai+http://host/v1?model=a&speed=9", "unknown option 'speed'"),
        ("openai+http://host/v1?model=a&at_once=0", "numbers above 0"),
        ("openai+http://host/v1?model=a&timeout_s=soon", "numbers above 0"),
        ("openai+http://host/v1?model=a&timeout_s=inf", "numbers above 0"),
        ("openai+http://host/v1?model=a&longest=0", "numbers above 0"),
    ],
)
def test_a_wrong_url_is_refused_with_the_way_out(url: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as caught:
        read_url(url)
    assert caught.value.next_step
    assert "pw" not in str(caught.value)


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_pictures_go_as_jpeg_after_the_words_and_look_the_same() -> None:
    _, server = one([GOOD], ask(pictures=2))
    system, user = server.asked[0]["messages"]
    assert system["role"] == "system"
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "image_url"]
    url = user["content"][1]["image_url"]["url"]
    head, _, body = url.partition(",")
    assert head == "data:image/jpeg;base64"
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(body), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (48, 64, 3)
    assert abs(int(shown.mean()) - 60) <= 2


def test_colours_are_not_swapped() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 0] = 220
    body = data_url(red).partition(",")[2]
    bgr = cv2.imdecode(np.frombuffer(base64.b64decode(body), np.uint8), cv2.IMREAD_COLOR)
    assert bgr[8, 8, 2] > 180
    assert bgr[8, 8, 0] < 60


def test_large_pictures_are_made_smaller() -> None:
    body = data_url(picture(size=(1536, 3072))).partition(",")[2]
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(body), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (512, 1024, 3)


def test_what_is_fixed_comes_first_and_byte_for_byte_the_same() -> None:
    with vlm_server([GOOD]) as server:
        model = OpenAiVlm(server.model())
        model.ask([ask("chunk 1")])
        model.ask([ask("chunk 2", pictures=3)])
        model.close()
    first, second = server.raw
    until = first.index(b"chunk 1")
    assert first[:until] == second[:until]
    assert b"Count the people." in first[:until]
    assert first.index(b"count") < until < first.index(b"base64")


def test_examples_and_history_stand_between_what_is_fixed_and_what_is_asked() -> None:
    wanted = replace(
        ask(pictures=1),
        examples=(Turn(prompt="how many?", pictures=(picture(),), reply='{"count": 1}'),),
        history=(Turn(prompt="hello", reply="hello"), Turn(prompt="are you there?")),
    )
    _, server = one([GOOD], wanted)
    messages = server.asked[0]["messages"]
    assert [m["role"] for m in messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
        "user",
    ]
    assert messages[1]["content"][1]["type"] == "image_url"
    assert messages[2]["content"] == '{"count": 1}'
    assert messages[3]["content"] == "hello"
    assert messages[-1]["content"][0]["text"] == "how many?"


def test_words_alone_work_without_eyes() -> None:
    reply, server = one([Line(text="four")], Ask(prompt="two and two?"))
    assert (reply.text, reply.data, reply.problem) == ("four", None, "")
    assert server.asked[0]["messages"] == [{"role": "user", "content": "two and two?"}]
    assert "response_format" not in server.asked[0]


def test_tokens_are_counted() -> None:
    reply, _ = one([GOOD])
    assert (reply.tokens_in, reply.tokens_out) == (11, 7)


def test_several_asks_are_in_flight_and_come_back_in_order() -> None:
    def echo(body: dict[str, Any]) -> Line:
        return Line(text=body["messages"][-1]["content"])

    with vlm_server(echo, together=3) as server:
        model = OpenAiVlm(server.model(at_once=3))
        replies = model.ask([Ask(prompt=f"line {n}") for n in range(9)])
        model.close()
    assert [reply.text for reply in replies] == [f"line {n}" for n in range(9)]
    assert server.most_at_once == 3


# --- how JSON is asked for -------------------------------------------------------------------------------------------


def refuses(*ways: str) -> Any:
    """A server that knows some ways of asking only."""

    def answer(body: dict[str, Any]) -> Line:
        kind = body.get("response_format", {}).get("type", "tool" if "tools" in body else "words")
        if kind in ways:
            return refused(f"{kind} is not supported here")
        if kind == "tool":
            return Line(tool='{"count": 3}', finish="tool_calls")
        return Line(text='{"count": 3}' if kind != "words" else 'I count {"count": 3}.')

    return answer


@pytest.mark.parametrize(
    ("ways", "requests"),
    [
        ((), 1),
        (("json_schema",), 2),
        (("json_schema", "tool"), 3),
        (("json_schema", "tool", "json_object"), 4),
    ],
)
def test_a_server_is_asked_in_the_best_way_it_knows(ways: tuple[str, ...], requests: int) -> None:
    with vlm_server(refuses(*ways)) as server:
        model = OpenAiVlm(server.model(), retries=0)
        first, second = model.ask([ask()]) + model.ask([ask()])
        model.close()
    assert first.data == second.data == {"count": 3}
    assert len(server.asked) == requests + 1, "the way that worked is kept"


def test_a_tool_that_was_not_offered_is_not_heard() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "send_alert", "arguments": '{"count": 3}'}}
    body = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": None, "tool_calls": [call]}}]
    }
    reply, _ = one([Line(body=json.dumps(body).encode())])
    assert (reply.data, reply.text) == (None, "")
    assert "empty" in reply.problem


def test_one_refused_request_does_not_make_the_server_worse() -> None:
    with vlm_server([*[refused("too many pictures")] * 4, GOOD]) as server:
        model = OpenAiVlm(server.model(), retries=0)
        bad, good = model.ask([ask()]) + model.ask([ask()])
        model.close()
    assert "too many pictures" in bad.problem
    assert good.data == {"count": 3}
    assert server.asked[-1]["response_format"]["type"] == "json_schema"


# --- replies that are garbage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why", "kept"),
    [
        (Line(text='{"count": 3', finish="length"), "cut off", '{"count": 3'),
        (Line(text='{"count": '), "broken or cut off", '{"count": '),
        (Line(text="There are three people."), "no JSON object", "There are three people."),
        (Line(text='{"count": "three"}'), "count should be integer", '{"count": "three"}'),
        (Line(text=""), "empty", ""),
        (Line(text=None), "empty", ""),
        (Line(text=None, refusal="I cannot help with people."), "refused", ""),
        (Line(text="half", finish="content_filter"), "refused", "half"),
        (Line(body=b'{"choices": []}'), "not a chat completion", ""),
        (Line(body=b'{"choices": null, "usage": 3}'), "not a chat completion", ""),
        (Line(body=b'{"choices": [{"message": null}]}'), "not a chat completion", ""),
        (Line(body=b"[1, 2]"), "not a chat completion", ""),
        (Line(body=b"<html>hello</html>", media_type="text/html"), "not a chat completion", ""),
        (Line(body=b'{"choices": [{'), "cannot be read", ""),
    ],
)
def test_garbage_is_a_problem_and_its_words_are_kept(line: Line, why: str, kept: str) -> None:
    reply, _ = one([line])
    assert why in reply.problem
    assert reply.data is None
    assert reply.text == kept


# --- a server that fails ---------------------------------------------------------------------------------------------

SOON = (("retry-after-ms", "1"),)


def test_too_busy_is_tried_again() -> None:
    reply, server = one([refused("slow down", 429, headers=SOON), GOOD], retries=2)
    assert reply.data == {"count": 3}
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (refused("slow down", 429, headers=SOON), "too busy"),
        (refused("oh no", 500, headers=SOON), "failed with 500"),
        (Line(status=503, body=b"<html>", media_type="text/html", headers=SOON), "failed with 503"),
        (refused("bad key", 401), "refuses the key"),
        (refused("not for you", 403), "refuses the key"),
        (refused("no such model", 404), "knows no model 'tiny'"),
    ],
)
def test_a_server_that_cannot_answer_is_unavailable(line: Line, why: str) -> None:
    with pytest.raises(ModelUnavailable, match=why) as caught:
        one([line], retries=1)
    assert caught.value.next_step


def test_nobody_there_is_unavailable() -> None:
    with vlm_server([GOOD]) as server:
        url = server.model()
    model = OpenAiVlm(url, retries=0)
    with pytest.raises(ModelUnavailable, match="does not answer"):
        model.ask([ask()])
    model.close()


def test_a_slow_server_is_unavailable() -> None:
    with vlm_server([Line(text="late", wait_s=0.6)]) as server:
        model = OpenAiVlm(server.model(timeout_s=0.15), retries=0)
        with pytest.raises(ModelUnavailable, match="does not answer"):
            model.ask([ask()])
        model.close()


def test_a_server_whose_bytes_come_too_slowly_is_unavailable() -> None:
    with vlm_server([replace(GOOD, drip_s=0.05)]) as server:
        model = OpenAiVlm(server.model(timeout_s=0.4), retries=0)
        with pytest.raises(ModelUnavailable, match="does not answer"):
            model.ask([ask()])
        model.close()


def test_a_wish_to_be_left_alone_is_kept_by_all_and_told_where_it_is_too_long() -> None:
    came: list[float] = []

    def busy_at_first(_: dict[str, Any]) -> Line:
        came.append(time.monotonic())
        return refused("slow down", 429, headers=(("retry-after", "0.5"),)) if len(came) == 1 else GOOD

    with vlm_server(busy_at_first) as server:
        model = OpenAiVlm(server.model(at_once=1))
        replies = model.ask([ask("one"), ask("two")])
        model.close()
    assert [reply.problem for reply in replies] == ["", ""]
    assert came[1] - came[0] >= 0.5
    hours = refused("tomorrow", 429, headers=(("retry-after", "3600"),))
    with vlm_server([hours]) as server:
        model = OpenAiVlm(server.model())
        with pytest.raises(ModelUnavailable, match="too busy") as caught:
            model.ask([ask()])
        model.close()
    assert caught.value.retry_after_s == 3600
    assert len(server.asked) == 1


def test_a_wish_may_be_seconds_or_a_date() -> None:
    then = WallClock().now() + timedelta(minutes=10)
    assert 590 < (retry_after({"retry-after": format_datetime(then, usegmt=True)}) or 0) <= 600
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({}) is None


def test_a_server_that_is_down_gets_no_storm_of_retries() -> None:
    with vlm_server([refused("oh no", 500, headers=SOON)]) as server:
        model = OpenAiVlm(server.model(at_once=4), retries=3)
        for _ in range(3):
            with pytest.raises(ModelUnavailable):
                model.ask([ask() for _ in range(10)])
        model.close()
    assert 30 <= len(server.asked) <= 30 + 12


def test_closing_gives_up_what_is_in_flight() -> None:
    with vlm_server([Line(text="late", wait_s=1.0)]) as server:
        model = OpenAiVlm(server.model())
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(model.ask, [ask()])
            while not server.asked:
                time.sleep(0.01)
            model.close()
            with pytest.raises(CancelledError):
                waiting.result()
        model.close()


def test_a_picture_is_encoded_once_whoever_shows_it() -> None:
    shown, jpegs = [picture(grey) for grey in (10, 20, 30)], Jpegs()
    with vlm_server([GOOD]) as server:
        models = [OpenAiVlm(server.model(name), jpegs=jpegs) for name in ("cheap", "dear")]

        def show(number: int) -> None:
            models[number % 2].ask([Ask(prompt=str(n), pictures=tuple(shown)) for n in range(4)])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(show, range(4)))
        for model in models:
            model.close()
    assert len(server.asked) == 16
    assert jpegs.made == 3
    shown.clear()
    assert jpegs.kept == 0, "what nobody shows any more is let go"


def test_one_failed_ask_among_several_is_a_problem_and_the_others_are_kept() -> None:
    def answer(body: dict[str, Any]) -> Line:
        return refused("oh no", 500) if "bad" in json.dumps(body) else GOOD

    with vlm_server(answer) as server:
        model = OpenAiVlm(server.model(), retries=0)
        replies = model.ask([ask("one"), ask("bad"), ask("three")])
        with pytest.raises(ModelUnavailable):
            model.ask([ask("bad 1"), ask("bad 2")])
        model.close()
    assert [reply.data for reply in replies] == [{"count": 3}, None, {"count": 3}]
    assert "500" in replies[1].problem


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    for line in (refused(f"bad request with {KEY}"), refused(f"wrong key {KEY}", 401)):
        with vlm_server([line]) as server:
            model = OpenAiVlm(server.model(), KEY, retries=0)
            shown.append(repr(model))
            if line.status == 400:
                shown.append(model.ask([ask()])[0].problem)
            else:
                with pytest.raises(ModelUnavailable) as caught:
                    model.ask([ask()])
                shown += [str(caught.value), repr(caught.value)]
                assert caught.value.__cause__ is None
            model.close()
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert len(shown) == 5
    assert KEY not in " ".join(shown)
    assert KEY not in caplog.text


def test_settings_meant_for_another_service_are_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-other")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-other")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-other")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "x-other: secret-other\nauthorization: Bearer sk-header-other"
    )
    _, server = one([GOOD])
    assert "other" not in json.dumps(server.headers)


# --- every exception of the SDK has its meaning ----------------------------------------------------------------------

ELSEWHERE = {
    "InvalidWebhookSignatureError",  # checking webhooks
    "SubjectTokenProviderError",  # workload identity, never set up here
    "WebSocketConnectionClosedError",  # the realtime API
    "WebSocketQueueFullError",
    "_AmbiguousModuleClientUsageError",  # the SDK's module-wide client, not used
}


def test_every_exception_of_the_sdk_is_mapped() -> None:
    named = {name for name in dir(openai) if name.endswith(("Error", "Exception"))}
    named |= set(openai._exceptions.__all__)
    kinds = {name: getattr(openai, name, None) or getattr(openai._exceptions, name) for name in named}
    bases = {openai.OpenAIError, openai.APIError}
    unmapped = {
        name
        for name, kind in kinds.items()
        if kind not in bases and name not in ELSEWHERE and fault_of(kind) is None
    }
    assert unmapped == set()
    assert len(kinds) >= 15


def test_a_new_exception_is_noticed() -> None:
    class BrandNew(openai.OpenAIError):
        pass

    class NewStatus(openai.APIStatusError):
        pass

    assert fault_of(BrandNew) is None
    assert fault_of(NewStatus) is Fault.REQUEST
    assert set(FAULTS.values()) == set(Fault)
