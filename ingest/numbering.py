"""The moments of all pictures of a file: by their places in it other tools, which count frames, name what we time."""

from __future__ import annotations

from array import array

from core.clock import Micros
from core.errors import BadMedia
from ingest.decode.choice import PYAV
from ingest.decode.supervise import supervised
from ingest.source import is_remote, locate


def moments(
    source: str, *, decoder: str = PYAV, memory_mb: int = 2048, stall_s: float = 20.0
) -> tuple[Micros, ...]:
    """Reads the file's timestamps in a child process, without decoding. Raises as `probe` does."""
    where = locate(source)
    args = {"source": where, "decoder": decoder}
    for message in supervised("moments", args, stall_s=stall_s, memory_mb=memory_mb, remote=is_remote(where)):
        return tuple(array("q", bytes(message.body)))
    raise BadMedia("the decoder found nothing to say", stage="source")
