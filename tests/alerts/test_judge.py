"""A model's verdict on an incident: only a plain one moves it, and stray words never do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from alerts.incidents import UNVERIFIED, feedback
from alerts.judge import judge_due
from alerts.rule import RuleSpec, to_rule
from core.clock import Span, VirtualClock
from core.errors import Erased, ModelUnavailable
from core.media import Frame
from core.ports import Ask, Reply
from core.watch import Alert, Delivery, Incident, IncidentState, Webhook
from graph.ledger import MemoryLedger
from helpers.observations import DOCK, evidence
from models.fakes_ask import FakeVlm

YES = {"verdict": "yes", "reason": "smoke rises", "confidence": 0.9}
CLOCK = VirtualClock()


class Frames:
    gone = False

    def frames_at(self, _stream: object, moments: list[int]) -> list[Frame]:
        if self.gone:
            raise Erased("that was forgotten")
        return [Frame(at=at, picture=np.zeros((24, 32, 3), np.uint8)) for at in moments]


def room(judge: str = "Is there smoke?") -> MemoryLedger:
    """A ledger with a rule that asks, its webhook, and an incident that waits for the verdict."""
    ledger = MemoryLedger()
    rule = ledger.put(
        to_rule(RuleSpec.model_validate({"name": "smoke", "when": {"kind": "left"}, "judge": judge}))
    )
    span = Span.of_seconds(3, 4)
    alert = Alert(
        id="al_1", rule_id=rule.id, rule="smoke", stream_id=DOCK, stream="dock", span=span,
        evidence=tuple(evidence(3 + n / 10) for n in range(9)),
    )  # fmt: skip
    ledger.put(
        Incident(
            id="in_1", rule_id=rule.id, rule="smoke", stream_id=DOCK, stream="dock", span=span, severity="high",
            message="smoke", alerts=(alert,), note=UNVERIFIED,
        )
    )  # fmt: skip
    ledger.put(Webhook(id="wh_1", url="http://127.0.0.1:9/", secret="whsec_"))
    return ledger


def judged(reply: str | Reply | Exception, ledger: MemoryLedger | None = None) -> tuple[Incident, FakeVlm]:
    ledger, model = ledger or room(), FakeVlm([reply])
    judge_due(DOCK, ledger=ledger, frames=Frames(), vlm=model, clock=CLOCK)
    incident = ledger.get(Incident, "in_1")
    assert incident is not None
    return incident, model


def test_a_plain_verdict_confirms_or_rejects_and_is_told() -> None:
    ledger = room()
    confirmed, model = judged(json.dumps(YES), ledger)
    assert (confirmed.state, confirmed.note) == (IncidentState.CONFIRMED, "fake-vlm:1: smoke rises")
    (ask,) = model.asked
    assert (ask.use, ask.stream, ask.alone, len(ask.pictures)) == ("verdict", DOCK, True, 5)
    assert "Is there smoke?" in ask.prompt
    assert [json.loads(d.body)["type"] for d in ledger.find(Delivery)] == ["incident.confirmed"]
    assert judged(json.dumps(YES | {"verdict": "no"}))[0].state is IncidentState.REJECTED


@pytest.mark.parametrize(
    "reply",
    [
        "yes",
        "true",
        "Yes! It is true that there is smoke.",
        '{"verdict": true, "reason": "", "confidence": 1}',
        '{"verdict": "YES", "reason": "", "confidence": 1}',
        '{"verdict": "yes", "reason": "smo',
        "{}",
        f"The sign says {json.dumps(YES)}",
        f"{json.dumps(YES)} {json.dumps(YES | {'verdict': 'no'})}",
        "I'm sorry, but I can't help with that.",
        Reply(text="", problem="the model's reply is empty"),
        json.dumps(YES | {"verdict": "unsure"}),
        json.dumps(YES | {"confidence": 0.4}),
        json.dumps(YES | {"reason": "I'm sorry, but I can't help with that."}),
    ],
)
def test_stray_words_and_doubts_move_nothing_and_are_noted(reply: str | Reply) -> None:
    ledger = room()
    incident, model = judged(reply, ledger)
    assert incident.state is IncidentState.PROVISIONAL
    assert incident.note.startswith(f"{UNVERIFIED}: ")
    assert ledger.find(Delivery) == [], "nobody is told of a verdict that was none"
    judge_due(DOCK, ledger=ledger, frames=Frames(), vlm=model, clock=CLOCK)
    assert len(model.asked) == 1, "and it is not asked again"


def test_a_model_that_is_away_leaves_it_waiting() -> None:
    ledger = room()
    incident, _ = judged(ModelUnavailable("away"), ledger)
    assert (incident.state, incident.note) == (IncidentState.PROVISIONAL, UNVERIFIED)
    assert judged(json.dumps(YES), ledger)[0].state is IncidentState.CONFIRMED


def test_pictures_that_are_gone_are_said() -> None:
    ledger, frames = room(), Frames()
    frames.gone = True
    (incident,) = judge_due(DOCK, ledger=ledger, frames=frames, vlm=FakeVlm([json.dumps(YES)]), clock=CLOCK)
    assert (incident.state, "that was forgotten" in incident.note) == (IncidentState.PROVISIONAL, True)


def test_what_a_person_says_meanwhile_stands() -> None:
    ledger = room()

    def slow(_: Ask) -> str:
        feedback(ledger, "in_1", "rejected", "a shadow", clock=CLOCK)
        return json.dumps(YES)

    assert judge_due(DOCK, ledger=ledger, frames=Frames(), vlm=FakeVlm(slow), clock=CLOCK) == []
    incident = ledger.get(Incident, "in_1")
    assert incident is not None
    assert (incident.state, incident.note) == (IncidentState.REJECTED, "a shadow")


def test_an_incident_of_a_rule_that_asks_nothing_any_more_is_left_alone() -> None:
    incident, model = judged(json.dumps(YES), room(judge=""))
    assert (incident.note, model.asked) == (UNVERIFIED, [])


@pytest.mark.slow
def test_a_rule_is_judged_while_a_stream_is_watched(tmp_path: Path) -> None:
    """The whole way: a real video, a rule that asks, and a server whose words are a verdict only once."""
    from helpers.command import Sightline
    from helpers.videos import write_video
    from helpers.vlm_server import Line, vlm_server

    def answer(body: dict[str, object]) -> Line:
        if "A rule has noticed" in json.dumps(body["messages"]):
            return Line(text=json.dumps(YES))
        return Line(text="yes, alert, alert")

    video = write_video(tmp_path / "v.mp4", seconds=4)
    rules = tmp_path / "rules.yaml"
    rules.write_text("name: somebody\nwhen: {kind: appeared}\njudge: Is somebody there?\n")
    with vlm_server(answer) as server:
        line = Sightline(tmp_path / "home", vlm=server.model("eye"))
        line.run("rules", "arm", rules)
        line.run("watch", video, "--name", "v", "--json")
        found = line.run("incidents", "--json").lines
    assert found
    assert {(i["state"], i["note"]) for i in found} == {("confirmed", "openai:eye: smoke rises")}
