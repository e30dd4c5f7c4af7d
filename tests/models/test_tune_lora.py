"""Tuning: a LoRA adapter learns lessons it is given, the model's own weights stay, and the adapter is loaded again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import Invalid

pytest.importorskip("torch", reason="needs the extra `local`")
pytest.importorskip("transformers", reason="needs the extra `local`")
pytest.importorskip("peft", reason="needs the extra `local`")

from PIL import Image

from core.ports import Ask
from core.tuning import Lesson
from helpers import tiny_vlms
from models.tune_lora import Course, Plan, loss_of, mastery, tune
from models.vlm_local_model import LocalModel, LocalWish

pytestmark = pytest.mark.slow
COLOURS = {"red": (210, 40, 30), "green": (40, 170, 50), "blue": (30, 50, 210)}


def lessons(count: int, seed: int) -> list[Lesson]:
    """Plain pictures in three colours, each with a little noise of its own."""
    dice = np.random.default_rng(seed)
    made = []
    for number in range(count):
        name = list(COLOURS)[number % 3]
        noise = dice.integers(-20, 20, (32, 32, 3))
        picture = np.clip(np.array(COLOURS[name]) + noise, 0, 255).astype(np.uint8)
        made.append(Lesson(prompt="which colour?", pictures=(picture,), wanted=name))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlms.save("llava", tmp_path_factory.mktemp("tune") / "llava")


def test_it_learns_what_it_is_taught_and_the_adapter_is_loaded_again(folder: Path, tmp_path: Path) -> None:
    wish = LocalWish(where=str(folder), threads=1)
    course = Course(new=lessons(48, 1), held=lessons(12, 2), old=lessons(12, 3), old_held=lessons(6, 4))
    told: list[float] = []
    done = tune(
        wish, course, tmp_path / "a", Plan(steps=60, batch=12, rate=5e-3), lambda *now: told.append(now[2])
    )
    assert done.before.accuracy == 0.0
    assert done.after.accuracy >= 0.9
    assert done.after.loss < 0.3 * done.before.loss
    assert done.old_after is not None
    assert done.old_after.accuracy >= 0.8
    assert len(told) == 60

    again = LocalModel(LocalWish(where=str(folder), adapter=str(tmp_path / "a"), threads=1))
    assert again.name == f"{done.model}+{again.name.rpartition('+')[2]}"
    assert mastery(again, course.held).accuracy == done.after.accuracy
    plain = LocalModel(wish)
    assert mastery(plain, course.held) == done.before, "its own weights changed"


def test_only_the_wanted_reply_is_learned(folder: Path) -> None:
    """The loss is that of the wanted reply alone: what other lessons stand beside it, and how long they are, changes nothing."""
    model = LocalModel(LocalWish(where=str(folder), threads=1))
    short, other, _ = lessons(3, 5)
    long = Lesson(
        prompt="a much longer question than the others, which one is it?",
        pictures=other.pictures,
        wanted="green",
    )
    alone = [float(loss_of(model, [each]).detach()) for each in (short, long)]
    tokens = [len(model.processor.tokenizer(each.wanted)["input_ids"]) + 1 for each in (short, long)]
    together = float(loss_of(model, [short, long]).detach())
    assert together == pytest.approx(np.average(alone, weights=tokens), rel=1e-3)


def test_too_little_to_learn_from_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="too little"):
        tune(LocalWish(where=str(folder)), Course(new=lessons(1, 1), held=[]), tmp_path / "a", Plan())


def test_the_command_reads_files_and_prints_before_and_after(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from api.cli.main import main

    rows = []
    for number, lesson in enumerate(lessons(12, 6)):
        Image.fromarray(lesson.pictures[0]).save(tmp_path / f"{number}.png")
        rows.append({"pictures": [f"{number}.png"], "prompt": lesson.prompt, "text": lesson.wanted})
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path / "home"))
    words = [
        "tune",
        tmp_path / "c.jsonl",
        "--model",
        folder,
        "--out",
        tmp_path / "a",
        "--steps",
        3,
        "--rate",
        0.005,
        "--json",
    ]
    monkeypatch.setattr(sys, "argv", ["sightline", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    done = json.loads(capsys.readouterr().out)
    assert (done["taught"], done["before"]["lessons"], done["steps"]) == (10, 2, 3)
    assert done["after"]["loss"] < done["before"]["loss"]
    asked = Ask(prompt="which colour?", pictures=lessons(1, 7)[0].pictures, max_tokens=4)
    assert (
        LocalModel(LocalWish(where=str(folder), adapter=str(tmp_path / "a"), threads=1))
        .ask([asked])[0]
        .tokens_in
        > 0
    )
