"""The command line: exit statuses, JSON and nothing else on standard output, help that teaches."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from typer.main import get_command

from api import doctor
from api.cli import help as cli_help
from api.cli.main import app, main
from core.settings import Settings
from helpers.command import Ran, Sightline
from helpers.videos import write_video

ROOT = Path(__file__).parents[2]
RULES = """rules:
  - name: comes
    when: {kind: appeared}
"""


class Inside(Sightline):
    """The command run inside this process: the same words, outputs and exit statuses, without a start each time."""

    def run(self, *words: object, expect: int | None = 0, timeout: float = 200) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in [name for name in os.environ if name.startswith("SIGHTLINE_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["sightline", *map(str, words)])
            try:
                main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
        ran = Ran(status, out.getvalue(), err.getvalue())
        assert expect is None or ran.status == expect, f"exit {ran.status}:\n{ran.err}\n{ran.out}"
        return ran


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Sightline:
    """A house that has watched one small video under an armed rule."""
    folder = tmp_path_factory.mktemp("cli")
    line = Inside(folder / "home")
    (folder / "r.yaml").write_text(RULES)
    line.run("rules", "arm", folder / "r.yaml")
    line.run("watch", write_video(folder / "yard.mp4", seconds=8), "--json")
    return line


def commands(command, words: tuple[str, ...] = ()):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
    else:
        for name, each in inner.items():
            yield from commands(each, (*words, name))


ALL = list(commands(get_command(app)))


@pytest.mark.parametrize(
    ("words", "command"), ALL, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_teaches_by_an_example_that_parses(words: tuple[str, ...], command) -> None:
    examples = [
        text.strip() for text in (command.help or "").splitlines() if text.strip().startswith("sightline ")
    ]
    assert examples, f"{' '.join(words)} has no example"
    for example in examples:
        parts = shlex.split(re.split(r" > | \| ", example)[0])[1:]
        assert tuple(parts[: len(words)]) == words
        command.make_context(words[-1], parts[len(words) :], resilient_parsing=False)


def test_the_reference_page_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert written == cli_help.page(), "run: python -m api.cli.help > docs/reference/cli.md"


def test_help_comes_at_once(tmp_path: Path) -> None:
    line = Sightline(tmp_path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = line.run("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "sightline watch dock.mp4" in ran.out
    worked = (
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    )  # others on the machine do not count
    assert worked < 1.0, "something heavy is imported before a command needs it"


def test_help_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = "import sys, api.cli.main; print(sorted({'fastapi','numpy','pydantic','av','cv2','apsw','rich'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_watch_says_what_the_contract_says(line: Sightline, tmp_path: Path) -> None:
    ran = line.run("watch", write_video(tmp_path / "gate.mp4", seconds=4), "--name", "gate", "--json")
    (said,) = ran.lines
    assert said.keys() >= {"stream", "duration_s", "chunks", "events", "entities", "coverage", "seconds"}
    assert said["coverage"].keys() == {"looked_s", "gated_s", "failed_s"}
    assert said["stream"] == "gate"
    assert sum(said["coverage"].values()) == pytest.approx(said["duration_s"], abs=0.2)
    line.run("streams", "forget", "gate", "--yes")


def test_events_and_captions_are_a_json_object_a_line(line: Sightline) -> None:
    events = line.run("events", "--stream", "yard", "--json").lines
    assert events
    assert all(
        row.keys()
        >= {"id", "stream", "kind", "start_s", "end_s", "entities", "zone", "confidence", "evidence"}
        for row in events
    )
    assert {row["kind"] for row in line.run("events", "--kind", "appeared", "--json").lines} == {"appeared"}
    assert line.run("events", "--from", "100", "--to", "200", "--json").out == ""
    captions = line.run("captions", "--stream", "yard", "--json").lines
    assert captions[0].keys() >= {"chunk", "start_s", "end_s", "text", "model"}


def test_tracks_come_as_json_mot_and_coco(line: Sightline) -> None:
    tracks = line.run("tracks", "--stream", "yard").lines
    mot = line.run("tracks", "--stream", "yard", "--format", "mot").out.splitlines()
    coco = line.run("tracks", "--stream", "yard", "--format", "coco").json
    looks = line.run("tracks", "--stream", "yard", "--format", "mot", "--looks-only").out.splitlines()
    points = sum(len(track["points"]) for track in tracks)
    assert points == len(looks) == len(coco["annotations"]) > 10
    assert set(looks) < set(mot), "between looks, boxes are filled in"
    frame, _, left, top, width, height, *_ = map(float, mot[0].split(","))
    assert frame >= 1
    assert 0 <= left <= left + width <= 321
    assert 0 <= top <= top + height <= 241
    frames = [int(row.split(",")[0]) for row in mot]
    assert frames == sorted(frames)


def test_an_answer_in_json_and_for_people(line: Sightline) -> None:
    said = line.run("ask", "When does the first thing appear?", "--stream", "yard", "--json").json
    assert said.keys() >= {"text", "status", "choice", "confidence", "citations", "steps"}
    told = line.run("ask", "How many things appear?", "--choice", "one", "--choice", "seven")
    assert "choice:" in told.out
    assert "yard" in told.out


def test_rules_from_words_to_history(line: Sightline, tmp_path: Path) -> None:
    made = line.run("rules", "compile", "when a forklift comes near a person").out
    file = tmp_path / "made.yaml"
    file.write_text(made)
    assert "1 rule" in line.run("rules", "check", file).out
    rules = tmp_path / "r.yaml"
    rules.write_text(RULES)
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps([{"t0": 0, "t1": 8}]))
    (found,) = line.run("rules", "test", rules, "--truth", truth, "--json").lines
    assert found["score"]["recall"] == 1.0
    assert found["score"]["precision"] == 1.0
    assert "precision 100%" in line.run("rules", "test", rules, "--truth", truth).out
    assert line.run("rules", "list", "--json").lines[0]["armed"] is True
    line.run("rules", "disarm", "comes")
    assert line.run("rules", "list", "--json").lines[0]["armed"] is False
    line.run("rules", "arm", "comes")


def test_a_bad_rule_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("rules:\n  - name: x\n    when: {kind: appeared}\n    severity: awful\n")
    ran = Inside(tmp_path / "home").run("rules", "check", file, expect=2)
    assert "bad.yaml:4" in ran.err
    assert ran.out == ""


def test_incidents_are_listed(line: Sightline) -> None:
    rows = line.run("incidents", "--json").lines
    assert {row["rule"] for row in rows} == {"comes"}
    assert "comes" in line.run("incidents").out
    line.run("incidents", "--state", "nonsense", expect=2)


def test_a_webhooks_secret_and_a_key_are_printed_once(tmp_path: Path) -> None:
    line = Inside(tmp_path / "home")
    secret = line.run("webhooks", "add", "http://127.0.0.1:9/").out.strip()
    assert secret.startswith("whsec_")
    assert secret not in line.run("webhooks", "list", "--json").out
    key = line.run("keys", "create", "me", "--role", "viewer").out.strip()
    assert key.startswith("slk_")
    (row,) = line.run("keys", "list", "--json").lines
    assert (row["name"], row["role"]) == ("me", "viewer")
    assert key not in json.dumps(row)
    line.run("keys", "remove", "me")
    assert line.run("keys", "list", "--json").out == ""
    line.run("keys", "remove", "me", expect=2)


def test_a_report_is_a_file_and_a_pdf_is_refused_clearly(line: Sightline, tmp_path: Path) -> None:
    target = tmp_path / "yard.html"
    line.run("report", "--stream", "yard", "--out", target)
    assert "<html" in target.read_text()
    ran = line.run("report", "--out", tmp_path / "yard.pdf", expect=2)
    assert ".html" in ran.err
    assert line.run("report", "--out", tmp_path / "none" / "yard.md", expect=2).err.startswith("error:")


def test_doctor_says_what_is_missing_and_what_that_costs(line: Sightline, tmp_path: Path) -> None:
    said = line.run("doctor", "--json").json
    by_name = {row["what"]: row for row in said["findings"]}
    assert by_name["memory"]["state"] == "ok"
    assert by_name["detector"]["state"] == "missing"
    assert by_name["detector"]["costs"]
    assert "SIGHTLINE_MODELS" in by_name["detector"]["next_step"]
    assert said["ok"] is True


def test_doctor_lists_every_setting_and_no_secret(tmp_path: Path) -> None:
    line = Inside(
        tmp_path / "home", chunk_s="7", vlm_key="sk-hidden", llm="openai+http://me:pw@127.0.0.1:9/v1?model=m"
    )
    ran = line.run("doctor", "--json", expect=3)
    now = {row["name"]: row["value"] for row in ran.json["settings"]}
    assert set(now) == {f"SIGHTLINE_{name.upper()}" for name in Settings.model_fields}
    assert now["SIGHTLINE_CHUNK_S"] == "7.0"
    assert now["SIGHTLINE_VLM_KEY"] == "set"
    assert now["SIGHTLINE_LLM_KEY"] == ""
    assert "sk-hidden" not in ran.out
    assert ":pw@" not in ran.out
    assert "SIGHTLINE_CHUNK_S = 7.0" in line.run("doctor", expect=3).out


@pytest.mark.parametrize(
    ("queue", "shown"),
    [
        ("redis://:pa/ss@host:6379/0", "redis://…"),
        ("redis:secret@host", "redis://…"),
        ("redis://joe:12?pass@host", "redis://…"),
        ("redis://joe:pass@host/2", "redis://host:6379/2"),
        ("inline:", "inline:"),
    ],
)
def test_doctor_shows_a_queue_without_its_password(tmp_path: Path, queue: str, shown: str) -> None:
    settings = Settings(home=tmp_path, queue=queue, llm="openai+http://:pa/ss@host/v1?model=m")
    rows = {row["name"]: row["value"] for row in doctor.listed(settings)}
    assert rows["SIGHTLINE_QUEUE"] == shown
    assert rows["SIGHTLINE_LLM"] == "openai+http://…"


def test_doctor_finds_a_model_server_that_is_away(tmp_path: Path) -> None:
    ran = Inside(tmp_path / "home", vlm="openai+http://127.0.0.1:9/v1?model=m").run(
        "doctor", "--json", expect=3
    )
    (captions,) = [row for row in ran.json["findings"] if row["what"] == "captions"]
    assert captions["state"] == "broken"
    assert ran.json["ok"] is False


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    ran = Sightline(tmp_path / "home", chunk_s="long").run("events", expect=2)
    assert "SIGHTLINE_CHUNK_S" in ran.err
    assert "Traceback" not in ran.err


def test_serve_prints_a_key_that_opens_the_api_and_stops_when_asked(tmp_path: Path) -> None:
    import signal

    import httpx

    running = Sightline(tmp_path / "home").start("serve", "--port", "0")
    try:
        assert running.stdout is not None
        assert running.stderr is not None
        key = running.stdout.readline().strip()
        told = "".join(running.stderr.readline() for _ in range(2))
        base = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert base, told
        answer = httpx.get(f"{base[0]}/v1/streams", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        assert answer.json() == {"items": [], "next": None}
        assert httpx.get(f"{base[0]}/v1/streams", timeout=30).status_code == 401
    finally:
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert "Traceback" not in err


def test_a_port_that_is_taken_is_unavailable(tmp_path: Path) -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ran = Inside(tmp_path / "home").run("serve", "--port", other.getsockname()[1], expect=3)
    assert "--port" in ran.err


def test_finding_by_words_says_what_it_needs(line: Sightline) -> None:
    ran = line.run("find", "red forklift", "--stream", "yard", "--json", expect=2)
    assert "SIGHTLINE_DETECTOR=open:" in ran.err
    assert ran.out == ""
