from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Invalid
from core.settings import read_settings


def test_without_any_setting_all_lies_in_the_data_folder(home: Path) -> None:
    settings = read_settings()
    assert settings.store_url == f"sqlite:///{home}/memory.db"
    assert settings.media_url == str(home / "media")
    assert settings.vlm == "describe:"


def test_the_environment_wins_over_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (home / "sightline.toml").write_text('chunk_s = 20.0\nvlm = "openai+http://h/v1?model=m"\n')
    monkeypatch.setenv("SIGHTLINE_CHUNK_S", "5")
    settings = read_settings()
    assert settings.chunk_s == 5
    assert settings.vlm == "openai+http://h/v1?model=m"


def test_a_wrong_setting_is_named_with_the_way_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CHUNK_S", "soon")
    with pytest.raises(Invalid, match=r"SIGHTLINE_CHUNK_S is wrong.*chunk_s in sightline.toml"):
        read_settings()


def test_several_weight_folders_are_searched_in_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", "/a:/b")
    assert read_settings().model_folders == (Path("/a"), Path("/b"))


def test_keys_are_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_VLM_KEY", "sk-secret")
    assert "sk-secret" not in repr(read_settings())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chunk_s = = 3", r"is no TOML.*line 1"),
        ("chunk_sec = 3", r"sets 'chunk_sec'.*did you mean 'chunk_s'"),
        ("[server]\nzzz = 3", r"sets 'server'.*there are home, models"),
        ("vlm = 'caf\xe9'", r"is no TOML"),
    ],
)
def test_a_settings_file_with_a_fault_is_refused_and_the_fault_named(
    home: Path, text: str, said: str
) -> None:
    home.mkdir()
    (home / "sightline.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(Invalid, match=said):
        read_settings()


def test_a_settings_file_that_was_named_must_be_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_CONFIG", str(home / "mine.toml"))
    with pytest.raises(Invalid, match=r"mine.toml cannot be read: No such file"):
        read_settings()


def test_a_key_of_the_wrong_form_is_not_repeated(home: Path) -> None:
    home.mkdir()
    (home / "sightline.toml").write_text("vlm_key = [90210]\n")
    with pytest.raises(Invalid, match="SIGHTLINE_VLM_KEY is wrong") as refused:
        read_settings()
    assert "90210" not in str(refused.value)
    assert refused.value.__suppress_context__
