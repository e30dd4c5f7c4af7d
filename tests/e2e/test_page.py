"""The page in a real browser, on a real server, over real video: what a person does, and what must never happen."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from helpers.command import Sightline
from helpers.videos import Rgb, walker, write_video

RULES = "rules:\n  - name: comes\n    when: {kind: appeared}\n    severity: high\n    message: '{label} came at {time}'\n"
NAME = "<img src=x onerror=alert(1)>"
PATIENCE_MS = 90_000


def absent_browser() -> None:
    from tests.conftest import absent

    absent("Debian's chromium")


@dataclass
class Seen:
    """The page, where it came from, the key to it, and everything it asked for or complained of."""

    page: Page
    base: str
    key: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def until(self, script: str, holds: Callable[[float], bool]) -> float:
        """Waits until what the script gives holds; the page's policy forbids waiting inside it."""
        for _ in range(PATIENCE_MS // 100):
            value = self.page.evaluate(script)
            if holds(value):
                return float(value)
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{script} stayed at {value}")

    def log_in(self) -> None:
        self.page.goto(self.base)
        self.page.get_by_label("API key").fill(self.key)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", name="Incidents")).to_be_visible()


def comes_to_rest(at: float, picture: Rgb) -> None:
    """Somebody walks in and stands still from the third second on."""
    walker(min(at, 2.5), picture)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server whose memory holds one small video, watched under an armed rule."""
    if shutil.which("chromium") is None:
        absent_browser()
    folder = tmp_path_factory.mktemp("page")
    line = Sightline(folder / "home")
    (folder / "r.yaml").write_text(RULES)
    line.run("rules", "arm", folder / "r.yaml")
    line.run(
        "watch", write_video(folder / "yard.mp4", seconds=8, paint=comes_to_rest), "--name", NAME, "--json"
    )
    running = line.start("serve", "--port", "0")
    try:
        assert running.stdout is not None
        assert running.stderr is not None
        key = running.stdout.readline().strip()
        base = re.search(r"http://127\.0\.0\.1:\d+", running.stderr.readline() + running.stderr.readline())
        assert base
        yield base[0], key
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)


@pytest.fixture
def seen(served: tuple[str, str]) -> Iterator[Seen]:
    base, key = served
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        seen = Seen(page, base, key)
        page.on("request", lambda request: seen.asked.append(request.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: seen.complaints.append(f"dialog: {dialog.message}"))
        page.on("console", lambda said: said.type == "error" and seen.complaints.append(said.text))
        yield seen
        browser.close()
    foreign = [url for url in seen.asked if not url.startswith((base, "blob:", "data:"))]
    assert not foreign, "the page fetched from elsewhere"
    assert [text for text in seen.complaints if "401" not in text] == []


@pytest.mark.service
@pytest.mark.slow
def test_a_wrong_key_is_told_and_a_right_one_opens(seen: Seen) -> None:
    page = seen.page
    page.goto(seen.base)
    page.get_by_label("API key").fill("slk_wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#login-problem")).to_contain_text("not known")
    seen.log_in()
    assert page.evaluate("document.cookie") == "", "no script may read the session"
    page.reload()
    expect(page.locator("#who")).to_contain_text("admin")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("API key")).to_be_visible()


@pytest.mark.service
@pytest.mark.slow
def test_names_are_shown_as_they_are_and_never_run(seen: Seen) -> None:
    seen.log_in()
    expect(seen.page.locator("#name")).to_have_text(NAME)
    expect(seen.page.locator(".streams .name").first).to_have_text(NAME)
    assert seen.page.locator("img[src=x]").count() == 0


@pytest.mark.service
@pytest.mark.slow
def test_a_citation_jumps_the_player_to_its_second(seen: Seen) -> None:
    page = seen.page
    seen.log_in()
    seen.until("document.getElementById('video').readyState", lambda state: state >= 1)
    page.get_by_label("Question").fill("When does the last thing leave?")
    page.get_by_role("button", name="Ask").click()
    cite = page.locator(".answer .cites button").first
    expect(cite).to_be_visible()
    start = re.search(r"(\d+):([\d.]+)", cite.inner_text())
    assert start
    second = int(start[1]) * 60 + float(start[2])
    cite.click()
    at = seen.until("document.getElementById('video').currentTime", lambda time: time >= second - 0.2)
    assert at < second + 4
    seen.until("document.getElementById('video').readyState", lambda state: state >= 2)
    assert page.evaluate("document.getElementById('video').error") is None
    expect(page.locator("#timeline .cited").first).to_be_attached()


@pytest.mark.service
@pytest.mark.slow
def test_the_timeline_and_the_list_lead_to_the_moment(seen: Seen) -> None:
    page = seen.page
    seen.log_in()
    rows = page.locator("#events tr")
    expect(page.locator("#timeline .mark").first).to_be_visible()
    expect(rows.first).to_be_visible()
    whole = rows.count()
    assert whole == page.locator("#timeline .mark").count() > 1
    mark = page.locator("#timeline .mark").last
    mark.focus()
    page.keyboard.press("Enter")
    seen.until("document.getElementById('video').currentTime", lambda time: time > 0.5)
    page.get_by_label("Filter the events").fill("appeared")
    expect(rows).not_to_have_count(whole)
    expect(rows.first).to_contain_text("appeared")
    assert 0 < rows.count() < whole
    expect(page.locator("#timeline .cover").first).to_be_attached()


@pytest.mark.service
@pytest.mark.slow
def test_an_upload_is_watched_and_its_incident_comes_by_itself_and_is_worked(
    seen: Seen, tmp_path: Path
) -> None:
    page = seen.page
    seen.log_in()
    expect(page.locator("#incidents li[data-id]").first).to_be_visible()
    before = page.locator("#incidents li[data-id]").count()
    page.locator("#file").set_input_files(write_video(tmp_path / "gate.mp4", seconds=6, fps=12))
    expect(page.locator("#name")).to_have_text("gate")
    expect(page.locator(".streams button[aria-current=true] .state")).to_contain_text("watched")
    expect(page.locator("#events .kind").first).to_have_text("appeared")
    expect(page.locator("#incidents li[data-id]")).to_have_count(before + 1)
    mine = page.locator("#incidents li[data-id]", has_text="gate")
    mine.get_by_role("button", name="Acknowledge").click()
    expect(mine.locator(".state")).to_have_text("acknowledged")
    mine.get_by_role("button", name="Resolve").click()
    expect(mine.locator(".state")).to_have_text("closed")


@pytest.mark.service
@pytest.mark.slow
def test_a_broken_upload_is_told(seen: Seen, tmp_path: Path) -> None:
    seen.log_in()
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video " * 100)
    seen.page.locator("#file").set_input_files(bad)
    expect(seen.page.locator("#upload-says")).to_contain_text("bad.mp4", ignore_case=True)
    expect(seen.page.locator("#upload-says")).not_to_contain_text("sending")
    seen.complaints[:] = [text for text in seen.complaints if "422" not in text]


@pytest.mark.service
@pytest.mark.slow
def test_light_and_dark_are_readable(seen: Seen) -> None:
    seen.log_in()
    for _ in range(2):
        for name in ("ink", "dim", "accent", "bad", "good"):
            assert contrast(colour(seen.page, name), colour(seen.page, "card")) >= 4.5, name
        seen.page.get_by_label("Switch between light and dark").click()


def colour(page: Page, name: str) -> tuple[float, ...]:
    text = page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')").strip()
    return tuple(int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """WCAG 2's contrast of two colours, 1 to 21."""

    def light(rgb: tuple[float, ...]) -> float:
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)
