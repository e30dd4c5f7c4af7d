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
    with pytest.raises(Invalid, match=r"SIGHTLINE_CHUNK_S is wrong.*doctor"):
        read_settings()


def test_several_weight_folders_are_searched_in_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_MODELS", "/a:/b")
    assert read_settings().model_folders == (Path("/a"), Path("/b"))


def test_keys_are_not_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGHTLINE_VLM_KEY", "sk-secret")
    assert "sk-secret" not in repr(read_settings())
