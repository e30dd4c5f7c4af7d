"""The ports: what Sightline needs from the outside, in its own words. Synchronous, batch-first, small.

Every port has a fake that ships beside the real ones and one contract test run over every implementation.
Adapters translate foreign exceptions into `core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from core.clock import Clock, Micros
from core.ids import JobId, StreamId
from core.media import Footage, Frame, Grey, Picture
from core.memory import (
    Aggregate,
    Aggregation,
    Forgotten,
    Found,
    Link,
    Observation,
    Query,
    Scope,
    Table,
    Vector,
    Want,
)
from core.sight import Detection, Reading, Sighting
from core.spending import Use
from core.watch import Notice, Receipt
from core.work import Job, Standing

Matrix = npt.NDArray[np.float32]
"""Rows of unit vectors, float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One exchange before an ask: what was said with which pictures, and the reply ('' where there was none yet)."""

    prompt: str
    pictures: tuple[Picture, ...] = ()
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to a model: the words, the pictures they are about, and the JSON schema of the wanted reply.

    `system` is what never changes for a kind of ask: it goes first, byte for byte the same, so that servers can cache
    it. `examples` are labelled pictures that show what a good reply is (of the form that is asked for, where there is a
    schema); `history` is the conversation so far. Both go between `system` and `prompt`, in this order. With `alone`
    the JSON object must be all of the reply: one that stands among other words is a problem, as nobody knows whose
    words they are.
    """

    prompt: str
    system: str = ""
    pictures: tuple[Picture, ...] = ()
    schema: dict[str, Any] | None = None
    max_tokens: int = 700
    about: Any = field(default=None, repr=False)
    """What is being looked at (an `Observation`), for describers that work from memory and not from pictures."""
    examples: tuple[Turn, ...] = ()
    history: tuple[Turn, ...] = ()
    alone: bool = False
    stream: StreamId | None = None
    """On whose account it goes, …"""
    use: Use = Use.OTHER
    """… and what for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: the raw text, the parsed object where a schema was given, and a problem where there was one.

    Exactly one holds: `problem` is empty and the reply is usable, or `problem` says why it is not. `left_out` says what
    is wrong with items of lists that were not of the asked form: they are not in `data`, the others are.
    """

    text: str
    data: dict[str, Any] | None = None
    problem: str = ""
    left_out: tuple[str, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0


class Vlm(Protocol):
    """Looks at pictures and answers. Knows transport and batching; knows no prompt of ours. Threads may share it."""

    @property
    def name(self) -> str:
        """Model and version, as stored beside every caption. Raises `ModelUnavailable` where it has to be loaded to be
        known, and cannot be.
        """

    @property
    def sees(self) -> bool:
        """Whether it looks at pictures; one that does not puts `Ask.about` into words, and is asked at no cost."""

    @property
    def at_once(self) -> int:
        """How many asks it works on at the same time; more of them wait, wherever they come from."""

    def ask(self, asks: Sequence[Ask], /) -> list[Reply]:
        """One reply per ask, in order; a reply that is garbage is a `Reply` with a problem.

        Raises `ModelUnavailable` when the server does not answer at all.
        """


class Detector(Protocol):
    """Finds things in frames. May keep a memory of one stream's past frames, so wiring hands out one per stream."""

    @property
    def name(self) -> str:
        """Model and version, as stored beside every detection."""

    @property
    def vocabulary(self) -> frozenset[str]:
        """The labels it can give at present; what is not here was not looked for in the frame it saw last."""

    @property
    def needs_fixed(self) -> frozenset[str]:
        """Those of its labels that it can give only while the camera stands still."""

    def detect(self, frames: Sequence[Frame], /) -> list[list[Detection]]:
        """Detections per frame, in order of time; boxes in source pixels."""

    def reset(self) -> None:
        """Forgets the scene, as after a cut."""


class Finder(Protocol):
    """Finds in pictures what is asked for in words. Slow, so it is shown chosen pictures alone."""

    @property
    def name(self) -> str:
        """Model and version, as stored beside everything it names."""

    def find(self, frames: Sequence[Frame], words: Sequence[str], /) -> list[list[Detection]]:
        """Per frame what it shows of the words, best first, labelled by the word it was found by; boxes in source
        pixels. Raises `Invalid` where no word is given.
        """


class Tracker(Protocol):
    """Follows things through one stream; stateful, one per stream, picklable."""

    def update(self, detections: Sequence[Detection], at: Micros, /) -> list[Sighting]:
        """The confirmed things of this moment, each with the number of its track. `at` must grow."""


class Embedder(Protocol):
    """Turns words or pictures into unit vectors."""

    @property
    def name(self) -> str:
        """Model and version, stored beside every vector."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def embed(self, items: Sequence[str], /) -> Matrix:
        """One row per item."""


class TextReader(Protocol):
    """Reads the text that is in pictures: plates, signs, scoreboards, numbers on shirts."""

    @property
    def name(self) -> str:
        """Model and version, stored beside every text."""

    def read(self, pictures: Sequence[Picture], /) -> list[list[Reading]]:
        """The lines of text in each picture, top to bottom; boxes in its pixels. No text is an empty list."""


class GraphStore(Protocol):
    """The memory over time. Knows no model: it gets vectors as arguments."""

    def write(self, observation: Observation, /) -> None:
        """Writes one chunk's observation: all or nothing, and twice is the same as once."""

    def find(self, query: Query, /) -> Found:
        """What the query asks for."""

    def around(self, ids: Sequence[str], hops: int = 1, /) -> Found:
        """Entities, events and relations within `hops` edges of the given entities or events, those included."""

    def aggregate(self, asked: Aggregation, /) -> tuple[Aggregate, ...]:
        """The groups, in order of their keys, or the largest first with `top` (then in order of keys)."""


class MemoryKeeper(Protocol):
    """What is done with a memory as a whole: putting visits together, forgetting, copying."""

    def link(self, links: Sequence[Link], /) -> None:
        """Writes what is said of pairs of entities; the later word on a pair stands, but `HAND`'s over a program's.

        A link one of whose ends is not known is left out.
        """

    def forget(self, scope: Scope, /) -> Forgotten:
        """Removes all of the scope, and says how much that was."""

    def observations(self, streams: Sequence[StreamId] = (), /) -> Iterator[Observation]:
        """The memory (of these streams) as observations in order of stream and time; written into an empty memory,
        and the links linked, they give the same memory again.
        """


class VectorKeeper(Protocol):
    """The vectors of a memory, by model: what is added when a model changes while the old one still answers."""

    def mark(self, vectors: Sequence[Vector], /) -> None:
        """Writes vectors of facts that are there; those of others are left out. Raises `Invalid` where a model's
        vectors are not all of one length.
        """

    def unmarked(self, want: Want, model: str, limit: int, /) -> Found:
        """At most so many events, captions or entities that have no vector of the model, the earliest first."""

    def models(self) -> dict[str, int]:
        """How many vectors of which model there are."""

    def unmark(self, model: str, /) -> int:
        """Removes every vector of a model; returns how many."""


class Memory(GraphStore, MemoryKeeper, VectorKeeper, Protocol):
    """The memory over time with everything that is done with it: one object, seen through three ports."""


class Analyst(Protocol):
    """Asks a memory in its own query language, for people who know it. Reads only."""

    def ask(
        self, statement: str, parameters: Mapping[str, Any], /, *, rows: int = 1000, seconds: float = 10.0
    ) -> Table:
        """The first rows of what the statement gives. Raises `Invalid` for one that is none, does more than read, or
        takes longer.
        """


Row = TypeVar("Row")


class Ledger(Protocol):
    """Rows that change: streams, jobs, rules, incidents, webhooks, deliveries, keys, reports.

    A row is a dataclass with a text field `id`; its class is its kind. Rows come back equal to what was put.
    """

    def put(self, row: Row, /, *, replacing: Row | None = None, new: bool = False) -> Row:
        """Stores the row under its id. With `replacing`, only if the stored row still equals that one; with `new`,
        only if there is none: otherwise raises `Conflict`. This is how two workers agree on who does a thing.
        """

    def get(self, kind: type[Row], id: str, /) -> Row | None:
        """The row, or None."""

    def find(self, kind: type[Row], /, **equals: str | bool) -> list[Row]:
        """All rows of a kind whose named fields equal the given values, in the order they were first put."""

    def remove(self, kind: type[Row], id: str, /) -> bool:
        """Removes the row; False when there was none."""


class MediaStore(Protocol):
    """Bytes under keys (`uploads/…`, `reports/…`, `snapshots/…`): a folder, or a bucket."""

    def put(self, key: str, data: BinaryIO | bytes, /) -> int:
        """Stores under the key, replacing; returns the number of bytes. Nothing half-written is ever seen."""

    def open(self, key: str, /) -> BinaryIO:
        """The bytes, seekable. Raises `NotFound`."""

    def keys(self, prefix: str = "", /) -> list[str]:
        """The keys that begin so, sorted."""

    def remove(self, prefix: str, /) -> int:
        """Removes every key that begins so; returns how many."""


class Executor(Protocol):
    """Does jobs, here or elsewhere; the ledger is the truth about them."""

    def submit(self, job: Job, /) -> Job:
        """Takes the job over, unless one with its key is queued or running: then returns that one."""

    def cancel(self, id: JobId, /) -> Job:
        """Asks for it to stop; it stops between two chunks. Raises `NotFound`."""

    def standing(self) -> Standing:
        """How the work stands: whether jobs can be handed over, and who lives to do them. Never raises for a queue that
        does not answer: the standing says it.
        """

    def close(self) -> None:
        """Takes no more, and waits for what runs in this process."""


class Notifier(Protocol):
    """Hands a notice to a receiver outside."""

    def send(self, notice: Notice, /) -> Receipt:
        """One try. Never raises for what the receiver or the network does: the receipt says it."""


class Decoded(Protocol):
    """One decoded picture, of which nothing was copied yet; a copy is made at the size it is wanted in, and upright."""

    @property
    def at(self) -> Micros:
        """The moment it is shown."""

    @property
    def timed(self) -> bool:
        """Whether the source says when it is shown; else its moment was counted off the nominal rate."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as shown."""

    @property
    def rotation(self) -> int:
        """Quarter turns counter-clockwise, in degrees (0, 90, 180 or 270), by which the source asks it to be turned."""

    def grey(self, longest: int, /) -> Grey:
        """Its brightness, the longest side at most so long."""

    def picture(self, size: tuple[int, int] | None = None, /) -> Picture:
        """It at a size (width, height), by default its own."""


class Wanted(Protocol):
    """Which pictures a reader of a source has use for: the others need not be decoded."""

    def wants(self, before: Micros | None, at: Micros, after: Micros | None, /) -> bool:
        """Whether the picture shown from `at` until `after` is wanted; `before` is when the one before it is shown, both
        are None where there is no such picture.
        """

    def next(self, at: Micros, /) -> Micros | None:
        """The first moment after `at` whose picture may be wanted; None if there is none."""


class Decoder(Protocol):
    """One source of pictures, opened; it lives in the decoding child alone, whose end lets go of the source."""

    @property
    def footage(self) -> Footage:
        """What is known of the source."""

    @property
    def broken(self) -> str:
        """Why reading had to stop early, in words; empty where it did not."""

    def length(self) -> Micros:
        """How long the pictures last, measured where the source does not say."""

    def moments(self) -> Iterator[Micros]:
        """The moment of every picture, in the order in which they are shown."""

    def pictures(self, start: Micros = 0, wanted: Wanted | None = None, /) -> Iterator[Decoded]:
        """The pictures in order, from one shown at or before `start`; what cannot be decoded is left out, and so may be
        what is not wanted. The moments are the same whatever is wanted.
        """

    def keys(self, start: Micros = 0, /) -> Iterator[Decoded]:
        """The key pictures alone, in order, from the last one at or before `start`: those that need no other."""


class FrameSource(Protocol):
    """Opens stored pictures again: for looking twice, for snapshots and for playable clips."""

    def frames_at(self, stream: StreamId, moments: Sequence[Micros], /) -> list[Frame]:
        """The frame shown at each moment, full size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Every port, chosen and built by `api/wiring/`; doers take the ports they use.

    `detector` and `tracker` make a fresh one for each stream, because both remember what they saw. `reader` gives the
    one reader of text, made when it is first wanted; it raises `Unavailable` where there is none. `embedder` gives the
    one that the setting names, likewise; `embedder_of` the one of another setting, as an earlier one was. `finder` is
    None where nothing can find by words; `wanted` are the words it is to look for at every event. `deep` is a dearer
    model for what `vlm` flagged and what a question needs, where one is set.
    """

    store: Memory
    ledger: Ledger
    media: MediaStore
    vlm: Vlm
    embedder: Callable[[], Embedder]
    embedder_of: Callable[[str], Embedder]
    notifier: Notifier
    frames: FrameSource
    clock: Clock
    detector: Callable[[], Detector]
    tracker: Callable[[float], Tracker]
    reader: Callable[[], TextReader]
    finder: Callable[[], Finder] | None = None
    wanted: tuple[str, ...] = ()
    deep: Vlm | None = None
    analyst: Analyst | None = None
    """None where the memory has no query language."""
    reports: Iterable[str] = ()
    """What was chosen otherwise than asked for, in words for `doctor` and `/v1/health`."""
