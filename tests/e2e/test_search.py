"""Searching, changing the embedder and moving the memory, as a user does it at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.command import Sightline, free_port
from helpers.videos import write_video
from helpers.vlm_server import embeddings, vlm_server
from models.embed_words import WordEmbedder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Sightline:
    folder = tmp_path_factory.mktemp("search")
    line = Sightline(folder / "home")
    line.run("watch", write_video(folder / "yard.mp4", seconds=8), "--json")
    return line


def with_embedder(line: Sightline, url: str) -> Sightline:
    return Sightline(line.home, embedder=url)


def test_hits_say_how_they_were_found_and_can_be_played(watched: Sightline) -> None:
    hits = watched.run("search", "something", "appears", "--json").lines
    assert hits
    first = hits[0]["event"] or hits[0]["caption"]
    assert {"words", "meaning"} & {*hits[0]["found_by"]}
    assert first["stream"] == "yard"
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    kinds = {
        hit["event"]["kind"] for hit in watched.run("search", "thing", "--kind", "appeared", "--json").lines
    }
    assert kinds == {"appeared"}
    assert "appeared" in watched.run("search", "appeared").out


def test_a_new_embedder_takes_over_and_the_earlier_one_answers_until_then(tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home")
    line.run("watch", write_video(tmp_path / "v.mp4", seconds=4), "--json")
    gone = with_embedder(line, f"openai+http://127.0.0.1:{free_port()}/v1?model=m")
    assert "meaning" in {
        way for hit in gone.run("search", "appeared", "--json").lines for way in hit["found_by"]
    }
    assert gone.run("embed", expect=3).err.count("next:") == 1

    def served(body):  # type: ignore[no-untyped-def]
        return embeddings(WordEmbedder().embed(body["input"])[:, :64].tolist())

    with vlm_server(served) as server:
        new = with_embedder(line, server.model("bge"))
        done = new.run("embed", "--json").json
        assert done["embedded"] == done["removed"] > 0
        assert new.run("embed", "--json").json == {"embedded": 0, "removed": 0}
        asked = len(server.asked)
        assert new.run("search", "appeared", "--json").lines
        assert len(server.asked) == asked + 1
    away = new.run("search", "appeared", "--json")
    assert away.lines
    assert "by words alone" in away.err


def test_watching_goes_on_where_the_embedder_is_away(tmp_path: Path) -> None:
    line = Sightline(tmp_path / "home", embedder=f"openai+http://127.0.0.1:{free_port()}/v1?model=m")
    ran = line.run("watch", write_video(tmp_path / "v.mp4", seconds=4), "--json")
    assert ran.lines[0]["events"] > 0
    assert ran.err.count("without vectors") == 1
    assert Sightline(line.home).run("embed", "--json").json["embedded"] > 0


@pytest.mark.parametrize("name", ["memory.jsonl", "memory.graphml"])
def test_a_memory_moves_into_another_house_whole(watched: Sightline, tmp_path: Path, name: str) -> None:
    file, other = tmp_path / name, Sightline(tmp_path / "other")
    counted = watched.run("export", file, "--json").json
    assert counted["streams"] == 1
    assert counted["events"] > 0
    assert other.run("import", file, "--json").json == counted
    assert set(other.run("import", file, "--json").json.values()) == {0}
    assert file.stat().st_mode & 0o077 == 0
    for command in (("events",), ("captions", "--stream", "yard"), ("search", "appeared")):
        assert other.run(*command, "--json").out == watched.run(*command, "--json").out
    assert other.run("tracks", "--stream", "yard").out == watched.run("tracks", "--stream", "yard").out
    assert other.run("ask", "When does something appear?", "--json").json["citations"]


def test_a_file_that_is_no_export_is_refused_with_the_way_out(watched: Sightline, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("{}")
    assert "no export" in watched.run("import", tmp_path / "x.jsonl", expect=2).err
    assert "FILE.jsonl" in watched.run("export", tmp_path / "x.zip", expect=2).err
    assert "cannot be opened" in watched.run("import", tmp_path / "none.graphml", expect=2).err
    assert "cannot be opened" in watched.run("export", tmp_path / "no" / "x.jsonl", expect=2).err


def test_an_import_does_not_bring_back_what_was_forgotten(tmp_path: Path) -> None:
    line, file = Sightline(tmp_path / "home"), tmp_path / "m.jsonl"
    line.run("watch", write_video(tmp_path / "v.mp4", seconds=4), "--json")
    line.run("export", file)
    assert line.run("events", "--json").lines
    line.run("forget", "--stream", "v", "--from", "0", "--to", "4", "--yes")
    assert line.run("import", file, "--json").json["streams"] == 0
    assert line.run("events", "--json").out == ""
    assert line.run("search", "appeared", "--json").out == ""
