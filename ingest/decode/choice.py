"""Which decoder opens a source, in the decoding child: a folder of pictures has its own, a file the one that was chosen."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from core.errors import Invalid, Unavailable
from core.ports import Decoder

FOLDER = "images:"
"""What the source of a folder of pictures begins with; its path follows."""
SEGMENTS = "segments:"
"""What the source of a recording begins with; its files and their first moments follow, as JSON."""
PYAV, DECORD = "pyav:", "decord:"
DECODERS = (PYAV, DECORD)
"""What can be chosen for files."""


def check_decoder(name: str) -> str:
    """The decoder's name, if it can be had. Raises `Invalid` for one nobody knows, `Unavailable` for one that is not
    installed.
    """
    if name not in DECODERS:
        raise Invalid(f"SIGHTLINE_DECODER cannot be {name!r}", next_step=f"it can be {' or '.join(DECODERS)}")
    if name == DECORD and find_spec("decord") is None:
        raise Unavailable(
            "SIGHTLINE_DECODER=decord: needs decord, which is not installed",
            next_step="install it: `pip install 'sightline[decord]'`, or unset SIGHTLINE_DECODER",
        )
    return name


def load_decoder(source: str, decoder: str) -> None:
    """Loads the libraries that will open the source, before the child's memory is bounded: they map gigabytes they never
    touch.
    """
    if source.startswith(FOLDER):
        import ingest.decode.images
    elif decoder == DECORD and find_spec("decord") is not None:
        import decord  # noqa: F401

        import ingest.decode.decord
    else:
        import ingest.decode.pyav  # noqa: F401


def open_source(source: str, decoder: str, tick: Callable[[], None]) -> Decoder:
    """The source, opened; `tick` is called for whatever was read: a sign of life.

    Raises `BadMedia` where there is no video in it that can be read, `SourceUnavailable` where it cannot be reached.
    """
    if source.startswith(FOLDER):
        from ingest.decode.images import ImagesDecoder

        return ImagesDecoder(source, tick=tick)
    if source.startswith(SEGMENTS):
        from ingest.camera.recorded import RecordedDecoder

        return RecordedDecoder(source, tick=tick)
    if check_decoder(decoder) == DECORD:
        from ingest.decode.decord import DecordDecoder

        return DecordDecoder(source, tick=tick)
    from ingest.decode.pyav import PyavDecoder

    return PyavDecoder(source, tick=tick)
