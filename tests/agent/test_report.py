"""Summaries and reports: cited, self-contained, and safe to open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agent.report import write_report
from agent.summarize import summarize
from core.answers import AnswerStatus
from core.clock import Micros, Span
from core.errors import SourceUnavailable
from core.ids import IncidentId, RuleId, StreamId
from core.media import Frame
from core.watch import Incident
from helpers.scenes import Scene


class Film:
    """Pictures that are all of one colour, at any moment."""

    def frames_at(self, stream: StreamId, moments: Sequence[Micros], /) -> list[Frame]:
        return [Frame(at=at, picture=np.full((360, 640, 3), 90, np.uint8)) for at in moments]


class Gone:
    """A film that was deleted."""

    def frames_at(self, stream: StreamId, moments: Sequence[Micros], /) -> list[Frame]:
        raise SourceUnavailable("the file is gone")


@pytest.fixture
def scene() -> Scene:
    scene = Scene(name="dock <1>", seconds=60, unlooked=((40, 50),))
    worker = scene.visit("person", 2, 14, upper="orange")
    truck = scene.visit("truck", 8, 16, colour="yellow")
    scene.event("appeared", 2, None, worker)
    scene.event("near_miss", 10, 11.5, truck, worker)
    scene.event("stopped", 12, 15, truck)
    return scene.kept()


def test_a_summary_tells_how_much_was_seen_who_what_and_the_quiet(scene: Scene) -> None:
    found = summarize([scene.stream], store=scene.store)
    assert found.status is AnswerStatus.ANSWERED
    assert "50.0 s were looked at closely" in found.text
    assert "10.0 s at which nobody looked" in found.text
    assert "One person, one truck came by" in found.text
    assert "near miss" in found.text
    assert "Nobody was in the picture at 0:16.0–0:40.0" in found.text
    for line in found.text.split("\n"):
        assert line.endswith("]."), line
    late = summarize([scene.stream], Span.of_seconds(50, 60), store=scene.store)
    assert "near miss" not in late.text


def test_of_several_who_came_only_the_first_may_have_been_there_from_the_start() -> None:
    scene = Scene(name="door", seconds=30)
    for start in (0, 5, 12):
        visit = scene.visit("person", start, start + 4)
        scene.event("appeared", start, None, visit)
    found = summarize([scene.kept().stream], store=scene.store)
    assert "Between 0:00.0 and 0:12.0 a person came into the picture (3 times in all)" in found.text
    assert "from the start" not in found.text


def test_a_summary_of_what_nobody_watched_is_not_covered() -> None:
    assert summarize([Scene().stream], store=Scene().store).status is AnswerStatus.NOT_COVERED


def test_a_report_is_one_file_with_everything_and_nothing_secret(scene: Scene) -> None:
    incident = Incident(
        id=IncidentId("in_1"), rule_id=RuleId("ru_1"), rule="near misses", stream_id=scene.id, stream=scene.name,
        span=Span.of_seconds(10, 11.5), severity="high", message="truck near person",
    )  # fmt: skip
    scene.ledger.put(incident)
    written = write_report(
        [scene.stream],
        store=scene.store,
        ledger=scene.ledger,
        frames=Film(),
        title="<script>alert(1)</script>",
    )
    for text in (written.html, written.markdown):
        assert "<script" not in text
        assert "/films/" not in text
        assert "near misses" in text
        assert "0:40.0–0:50.0" in text
    assert written.html.count("data:image/jpeg") >= 2
    assert "data:image/png" in written.html
    assert "http" not in written.html
    assert "dock &lt;1&gt;" in written.html


def test_without_pictures_a_report_says_so(scene: Scene) -> None:
    written = write_report(
        [scene.stream], store=scene.store, ledger=scene.ledger, frames=Gone(), title="Dock"
    )
    assert "the file is gone" in written.html
    assert "data:image/jpeg" not in written.html
    assert "near miss" in written.markdown


def test_a_report_on_nothing_is_still_a_page() -> None:
    scene = Scene()
    written = write_report([], store=scene.store, ledger=scene.ledger, frames=None, title="Nothing")
    assert "No stream was watched" in written.html
