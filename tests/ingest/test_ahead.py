"""What nobody wants is not decoded: counted in packets handed to the decoder."""

from __future__ import annotations

from collections.abc import Iterator

import av
import pytest

from core.clock import SECOND, Micros
from helpers.videos import write_video
from ingest.decode.ahead import Packet
from ingest.decode.pyav import PyavDecoder
from ingest.decode.sample import Sampler
from ingest.decode.tasks import ShownAt, shown_at


class Counting(PyavDecoder):
    """Counts the packets it reads and those it decodes."""

    def __init__(self, source: str) -> None:
        self.read = self.decoded = 0
        super().__init__(source)

    def _packets(self) -> Iterator[Packet]:
        for packet in super()._packets():
            self.read += 1
            yield packet

    def _decode(self, packet: Packet) -> Iterator[av.VideoFrame]:
        self.decoded += 1
        return super()._decode(packet)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Sixty seconds at 10 a second, a key picture every two seconds."""
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    return str(write_video(path, seconds=60, fps=10, size=(64, 48), key_every=20))


def test_groups_without_a_wanted_picture_are_not_decoded(video: str) -> None:
    decoder = Counting(video)
    asked: list[Micros] = [n * 6 * SECOND for n in range(10)]
    shown = [picture.at for _, picture in shown_at(decoder, asked)]
    assert shown == asked
    assert (
        decoder.decoded < 10 * 3 + 25
    )  # each is a key picture: little more than itself, and the end's group


def test_the_rest_of_a_group_after_its_last_wanted_picture_is_not_decoded(video: str) -> None:
    decoder = Counting(video)
    asked = [n * 4 * SECOND + 500_000 for n in range(14)]
    assert [picture.at for _, picture in shown_at(decoder, asked)] == asked
    assert decoder.decoded <= 14 * 6 + 22  # a key picture and the five after it


def test_far_moments_are_gone_to_and_not_read_up_to(video: str) -> None:
    decoder = Counting(video)
    assert [picture.at for _, picture in shown_at(decoder, [0, 50 * SECOND])] == [0, 50 * SECOND]
    assert decoder.read < 150


def test_reading_ends_when_nothing_more_is_wanted(video: str) -> None:
    decoder = Counting(video)
    pictures = list(decoder.pictures(0, ShownAt([SECOND])))
    assert any(picture.at == SECOND for picture in pictures)
    assert decoder.read < 100


def test_dense_looks_decode_each_picture_once(video: str) -> None:
    decoder = Counting(video)
    list(decoder.pictures(0, Sampler(8, 2, 10)))
    assert decoder.decoded == decoder.read == 600


def test_key_pictures_cost_themselves_alone(video: str) -> None:
    decoder = Counting(video)
    assert len(list(decoder.keys())) == 30
    assert decoder.decoded <= 30 + 20  # and the first, to know where time begins
