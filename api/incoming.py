"""Uploads on their way in: a form whose file is written to disk as it comes, and how far each one is."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import anyio.to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from core.errors import Invalid

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FIELDS = 10
MOST_TEXT = 1 << 20
"""Bytes all fields of a form that are no file may have together."""
AT_ONCE = 1 << 20
"""Bytes handed to the disk at once."""
KEPT = 256
"""Uploads whose standing is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """How far an upload is: bytes of the request so far, and how many there will be (None: its sender does not say)."""

    id: str
    received: int = 0
    total: int | None = None
    state: Literal["coming", "taken", "refused"] = "coming"
    stream: str = ""


class Uploads:
    """The uploads that came lately, each under the id its sender chose. Safe for threads."""

    def __init__(self) -> None:
        self._rows: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def put(self, row: Upload) -> None:
        """Notes how far it is; an upload without an id is noted nowhere."""
        if not row.id:
            return
        with self._lock:
            self._rows.pop(row.id, None)
            self._rows[row.id] = row
            while len(self._rows) > KEPT:
                self._rows.pop(next(iter(self._rows)))

    def get(self, id: str) -> Upload | None:
        """How far it is, if it is known."""
        with self._lock:
            return self._rows.get(id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A file that came in: where it lies, what its sender calls it, and the SHA-256 of its bytes."""

    path: Path
    filename: str
    digest: str


@dataclass(slots=True)
class Form:
    """A form that was sent: its fields, and its first file."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Arrived | None = None


async def read_form(request: Request, folder: Path, uploads: Uploads, standing: Upload) -> Form:
    """Reads a multipart form as it comes; its file goes into the folder, hashed on its way, and is never in memory.

    `uploads` is told how far it is. Raises `Invalid` for a form that is none.
    """
    boundary = parse_options_header(request.headers.get("content-type", ""))[1].get(b"boundary")
    if not boundary:
        raise Invalid("the form has no boundary", next_step="send multipart/form-data as HTTP clients do")
    with _Reader(folder) as reader:
        parser = MultipartParser(boundary, reader.callbacks())
        try:
            async for chunk in _in_pieces(request.stream()):
                await anyio.to_thread.run_sync(parser.write, chunk)
                standing = replace(standing, received=standing.received + len(chunk))
                uploads.put(standing)
            parser.finalize()
        except FormParserError as error:
            raise Invalid(
                f"the form cannot be read: {error}", next_step="send multipart/form-data"
            ) from error
        return reader.form


async def _in_pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in larger pieces: every one is a turn of a thread."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= AT_ONCE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


class _Reader:
    """What the parser calls: gathers the parts of a form."""

    def __init__(self, folder: Path) -> None:
        self.form = Form()
        self._folder = folder
        self._name = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._text = bytearray()
        self._texts = 0
        self._out: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self._filename = ""

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._out is not None:
            self._out.close()

    def callbacks(self) -> MultipartCallbacks:
        """By the names the parser knows."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_name,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header,
            "on_headers_finished": self._on_headers,
            "on_part_data": self._on_data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._headers, self._text = {}, bytearray()

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _on_headers(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition", b""))[1]
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        if filename is None:
            if len(self.form.fields) >= MOST_FIELDS:
                raise Invalid(f"the form has more than {MOST_FIELDS} fields", next_step="send fewer")
            return
        if self.form.file is not None:
            raise Invalid("the form holds several files", next_step="send one video at a time")
        self._filename = filename.decode("utf-8", "replace")
        self._out = Path(self._folder, "upload").open("xb")  # noqa: SIM115 - it is open as long as its part comes; __exit__ sees to the rest

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        part = memoryview(data)[start:end]
        if self._out is not None:
            self._out.write(part)
            self._hash.update(part)
            return
        self._texts += len(part)
        if self._texts > MOST_TEXT:
            raise Invalid("the form's fields are too long", next_step=f"keep them below {MOST_TEXT} bytes")
        self._text += part

    def _end(self) -> None:
        if self._out is None:
            self.form.fields[self._field] = self._text.decode("utf-8", "replace")
            return
        self._out.close()
        self._out = None
        path = Path(self._folder, "upload")
        self.form.file = Arrived(path=path, filename=self._filename, digest=self._hash.hexdigest())
