"""The README's commands, run as they stand there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from helpers.command import free_port

ROOT = Path(__file__).parents[2]


def blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def surroundings(home: Path) -> dict[str, str]:
    dropped = ("MAKE", "MFLAGS", "SIGHTLINE_", "PYTEST_", "VIRTUAL_ENV")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    return {**kept, "SIGHTLINE_HOME": str(home), "COLUMNS": "120"}


def run(script: str, home: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT, env=surroundings(home), capture_output=True, text=True, timeout=230, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_the_readme_shows_what_this_test_runs() -> None:
    see, serve, use = blocks()
    assert see.split() == ["make", "demo"]
    assert serve.split() == ["make", "serve"]
    assert "sightline ask" in use


@pytest.mark.slow
def test_the_demo_and_the_commands_that_follow_it(tmp_path: Path) -> None:
    see, _, use = blocks()
    told = " ".join(run(see, tmp_path / "unused").split())
    for part in (
        "What was seen",
        "near miss",
        "Three questions",
        "signature valid",
        "demo/report.html",
        "sightline serve",
    ):
        assert part in told
    assert "SIGNATURE WRONG" not in told
    assert told.count("see dock_7 at") == 3
    report = (ROOT / "demo" / "report.html").read_text()
    assert "data:image/" in report
    shown = run(use, tmp_path / "home")
    assert "dock" in shown
    (ROOT / "dock.html").unlink()


@pytest.mark.slow
def test_the_server_comes_up_and_prints_a_key_once(tmp_path: Path) -> None:
    _, serve, _ = blocks()
    port = free_port()
    told = subprocess.Popen(
        ["bash", "-c", serve], cwd=ROOT, env={**surroundings(tmp_path), "SIGHTLINE_PORT": str(port)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health") as answer:
                    assert answer.status == 200
                    break
            except (urllib.error.URLError, ConnectionError):
                assert told.poll() is None, told.communicate()[0]
                assert time.monotonic() < deadline, "the server did not come up"
                time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
            assert b"<title>Sightline" in page.read()
    finally:
        os.killpg(told.pid, signal.SIGTERM)
        out, _ = told.communicate(timeout=30)
    assert out.count("sl_") == 1 or "API key" in out
