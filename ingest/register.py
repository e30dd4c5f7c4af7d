"""Puts a source into the ledger as a stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.clock import Micros
from core.errors import Conflict, Invalid
from core.ids import stream_id
from core.media import Stream, StreamKind, StreamState
from core.place import EMPTY_LAYOUT, Layout
from core.ports import House, Ledger
from core.settings import Settings
from ingest.decode.choice import FOLDER
from ingest.source import MEDIA, SourceInfo, digest, is_remote, locate, probe, shown_source

LONGEST_NAME = 200
SAME_LENGTH: Micros = 50_000
"""Two looks at one URL count as the same content if their lengths differ by no more than this."""


def register(
    source: str,
    *,
    name: str | None,
    house: House,
    settings: Settings,
    layout: Layout | None = None,
    media_key: str | None = None,
) -> Stream:
    """The stream of a file or URL, in the ledger; its name is the file's unless one is given.

    The same name and content twice is the same stream, with its state; another layout makes it new, so that it is
    watched again (None: the layout stays). An upload is given as the file it lies in now and its `media_key`. Raises
    `Conflict` where the name stands for other content, and what `probe` raises.
    """
    where = locate(source)
    info = probe(
        where,
        decoder=settings.decoder,
        max_hours=settings.max_hours,
        memory_mb=settings.decode_memory_mb,
        stall_s=settings.stall_s,
    )
    fresh = _row(where, info, checked_name(name or _stem(media_key or where)), layout, house, media_key)
    stored = house.ledger.get(Stream, fresh.id)
    if stored is None:
        return house.ledger.put(fresh, new=True)
    if not _same(stored, fresh):
        raise Conflict(
            f"the name {fresh.name!r} stands for other content ({stored.shown_source})",
            next_step="give another name with --name, or forget the stored stream first",
        )
    return _again(stored, fresh, layout, house.ledger)


def same_content(ledger: Ledger, content: str) -> Stream | None:
    """The first stream stored with that digest, if any."""
    found = ledger.find(Stream, digest=content) if content else []
    return found[0] if found else None


def _row(
    where: str, info: SourceInfo, name: str, layout: Layout | None, house: House, media_key: str | None
) -> Stream:
    return Stream(
        id=stream_id(name),
        name=name,
        source=f"{MEDIA}{media_key}" if media_key else where,
        shown_source=shown_source(media_key or where),
        kind=StreamKind.FILE,
        digest="" if is_remote(where) else digest(where),
        started_at=info.started_at,
        duration=info.duration,
        width=info.width,
        height=info.height,
        codec=info.codec,
        fps=info.fps,
        layout=layout or EMPTY_LAYOUT,
        added_at=house.clock.now(),
    )


def _again(stored: Stream, fresh: Stream, layout: Layout | None, ledger: Ledger) -> Stream:
    """The stored row, following a file that was moved, and made new where its layout changed."""
    row = stored
    if stored.source != fresh.source and not stored.source.startswith(MEDIA):
        row = replace(row, source=fresh.source, shown_source=fresh.shown_source)
    if layout is not None and layout != stored.layout:
        # a recipe of its own: what was learned under the old drawings is forgotten when it is watched again
        recipe = stored.recipe and f"{stored.recipe}/other layout"
        row = replace(row, layout=layout, state=StreamState.NEW, recipe=recipe, problem="")
    return row if row == stored else ledger.put(row, replacing=stored)


def _same(stored: Stream, fresh: Stream) -> bool:
    if stored.digest or fresh.digest:
        return stored.digest == fresh.digest
    # a URL's bytes are not read through just to name it: the same address with the same picture is the same
    looks = (stored.source, stored.width, stored.height, stored.codec)
    return (
        looks == (fresh.source, fresh.width, fresh.height, fresh.codec)
        and abs(stored.duration - fresh.duration) <= SAME_LENGTH
    )


def _stem(source: str) -> str:
    if source.startswith(FOLDER) or is_remote(source):
        source = source.partition("?")[0]
    return Path(source.removeprefix(FOLDER)).stem


def checked_name(name: str) -> str:
    """The name, if it is one for a stream. Raises `Invalid`."""
    clean = name.strip()
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise Invalid(
            f"{name!r} is no name for a stream", next_step=f"use 1 to {LONGEST_NAME} printable characters"
        )
    return clean
