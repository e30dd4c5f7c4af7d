"""The table of weights, and how a file is found, checked and fetched."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core.errors import Invalid, ModelUnavailable
from models.detect.onnx_families import FAMILIES
from models.weights import COCO, COCO_BY_ID, TABLE, Weights, fetch, find, known, own

BODY = b"weights of a very small model" * 1000


class Shop(BaseHTTPRequestHandler):
    """Hands out BODY under any name but /none."""

    def do_GET(self) -> None:
        if self.path == "/none":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("content-length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def shop() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def small(url: str) -> Weights:
    return replace(TABLE[0], file="small.onnx", url=url, sha256=hashlib.sha256(BODY).hexdigest())


def test_every_row_is_whole_and_named_once() -> None:
    assert len({row.name for row in TABLE}) == len({row.file for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert len(row.sha256) == 64
        assert row.source.startswith("https://")
        assert not row.url or row.url.startswith("https://")
        assert row.family in FAMILIES
        assert row.size > 1_000_000
        assert row.licence in ("Apache-2.0", "MIT", "BSD-3-Clause")
    assert len(COCO) == len(set(COCO)) == 80
    assert [name for name in COCO_BY_ID if name] == list(COCO)
    assert (COCO_BY_ID[1], COCO_BY_ID[13], COCO_BY_ID[90]) == ("person", "stop sign", "toothbrush")


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match="yolox_nano"):
        known("yolo9000")


def test_the_first_folder_that_has_the_file_wins(weights: Path, tmp_path: Path) -> None:
    assert find("yolox_nano", [tmp_path, weights]) == weights / "yolox_nano_416.onnx"
    assert find("nanodet_m_320", [weights]) == weights / "nanodet_m_320.onnx"


def test_no_folder_has_it(tmp_path: Path) -> None:
    assert find("yolox_nano", [tmp_path, tmp_path / "nowhere"]) is None
    assert find("yolox_nano", []) is None


def test_another_file_under_that_name_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "yolox_nano_416.onnx").write_bytes(b"not it")
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        find("yolox_nano", [tmp_path])


def test_a_fetched_file_is_verified_kept_and_not_fetched_again(shop: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    row = small(f"{shop}/small.onnx")
    path = fetch(row, tmp_path / "cache", progress=lambda done, total: told.append((done, total)))
    assert path.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert fetch(replace(row, url=f"{shop}/none"), tmp_path / "cache") == path


def test_a_download_that_is_another_file_leaves_nothing_behind(shop: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        fetch(replace(small(f"{shop}/small.onnx"), sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_without_the_file_is_named_and_nothing_is_left(shop: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="404") as caught:
        fetch(small(f"{shop}/none"), tmp_path)
    assert "SIGHTLINE_MODELS" in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_weights_that_nobody_keeps_are_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="nobody keeps"):
        fetch(known("nanodet_m_320"), tmp_path)
    with pytest.raises(ModelUnavailable, match="nobody keeps"):
        fetch(replace(small("https://example.org/x.onnx"), sha256=""), tmp_path)


def test_another_export_of_the_same_network_is_known(weights: Path) -> None:
    path = find("yolox_nano", [weights])
    assert path is not None
    assert own(path).name == "yolox_nano"


def test_a_file_of_ones_own_takes_its_labels_from_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "pallets" / "onnx"
    folder.mkdir(parents=True)
    path = folder / "model.onnx"
    path.write_bytes(b"of no table")
    assert own(path).classes == ()
    labels = tmp_path / "labels.txt"
    labels.write_text("pallet\nforklift\n")
    assert own(path, family="yolox", classes=labels).classes == ("pallet", "forklift")
    (tmp_path / "pallets" / "config.json").write_text(
        '{"model_type": "d_fine", "id2label": {"0": "N/A", "2": "pallet"}}'
    )
    row = own(path)
    assert (row.family, row.classes) == ("dfine", ("", "", "pallet"))
    with pytest.raises(ModelUnavailable, match="no file"):
        own(tmp_path / "none.onnx")
