"""What a run must remember between two chunks, kept beside the data so that a cut-off run can go on."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from core.ids import StreamId
from core.ports import Detector
from ingest.captions.news import News
from ingest.events.maker import EventMaker
from ingest.perception.perceive import Perception

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Checkpoint:
    """The state of perception right after a chunk was written; `next_chunk` is the one to go on with."""

    recipe: str
    next_chunk: int
    detector: Detector
    perception: Perception
    events: EventMaker
    news: News = field(default_factory=News)


class Checkpoints:
    """A folder with one checkpoint per stream.

    They are pickles, so they never leave the machine's own data folder: a bucket that others can write to must not
    hold them. A checkpoint that cannot be read (an older version of the code) is dropped, and the stream is watched
    from its start: derived ids make that change nothing that was stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, stream: StreamId) -> Path:
        return self._folder / f"{stream}.checkpoint"

    def load(self, stream: StreamId, recipe: str) -> Checkpoint | None:
        """The stream's checkpoint if there is one of this recipe."""
        path = self._path(stream)
        if not path.exists():
            return None
        try:
            kept = pickle.loads(path.read_bytes())  # noqa: S301 - written by ourselves into our own folder
        except Exception as error:  # noqa: BLE001 - a pickle of older code may raise anything
            log.warning("checkpoint of %s is not usable (%s): watching from the start", stream, error)
            self.drop(stream)
            return None
        return kept if isinstance(kept, Checkpoint) and kept.recipe == recipe else None

    def save(self, stream: StreamId, checkpoint: Checkpoint) -> None:
        """Replaces the stream's checkpoint; a reader sees the old one or the new one, never half of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as out:
            pickle.dump(checkpoint, out, protocol=pickle.HIGHEST_PROTOCOL)
        Path(name).replace(self._path(stream))

    def drop(self, stream: StreamId) -> None:
        """Removes the stream's checkpoint, if any."""
        self._path(stream).unlink(missing_ok=True)
