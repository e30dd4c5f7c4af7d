"""Puts a camera into the ledger as a stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.errors import Conflict
from core.ids import stream_id
from core.media import Stream, StreamKind, StreamState
from core.place import EMPTY_LAYOUT, Layout
from core.ports import House
from core.settings import Settings
from ingest.camera.source import camera_url, probe_camera, shown_camera
from ingest.register import checked_name
from ingest.source import SourceInfo

Draw = Callable[[int, int], Layout]


def register_camera(
    source: str,
    *,
    name: str,
    house: House,
    settings: Settings,
    draw: Draw | None = None,
    evidence: str = "",
) -> Stream:
    """The stream of a camera, in the ledger; `evidence` is the address of its larger picture, which is recorded,
    and `draw` gives what is drawn on a picture of a width and height.

    The same name and address twice is the same stream, which goes on; only the password, the layout and the evidence may
    be new. Raises `Conflict` where the name stands for something else, `SourceUnavailable` where a camera that is not
    known yet does not answer.
    """
    url, name = camera_url(source), checked_name(name)
    larger = camera_url(evidence) if evidence else ""
    stored = house.ledger.get(Stream, stream_id(name))
    if stored is not None:
        if stored.kind is not StreamKind.LIVE or stored.shown_source != shown_camera(url):
            raise Conflict(
                f"the name {name!r} stands for other content ({stored.shown_source})",
                next_step="give another name with --name, or forget the stored stream first",
            )
        again = replace(
            stored,
            source=url,
            evidence_source=larger or stored.evidence_source,
            layout=stored.layout if draw is None else draw(stored.width, stored.height),
        )
        return stored if again == stored else house.ledger.put(again, replacing=stored)
    info = probe_camera(url, memory_mb=settings.decode_memory_mb)
    if larger:
        probe_camera(larger, memory_mb=settings.decode_memory_mb)
    layout = EMPTY_LAYOUT if draw is None else draw(info.width, info.height)
    return house.ledger.put(_row(url, larger, info, name, layout, house), new=True)


def _row(url: str, evidence: str, info: SourceInfo, name: str, layout: Layout, house: House) -> Stream:
    return Stream(
        id=stream_id(name),
        name=name,
        source=url,
        evidence_source=evidence,
        shown_source=shown_camera(url),
        kind=StreamKind.LIVE,
        state=StreamState.NEW,
        width=info.width,
        height=info.height,
        codec=info.codec,
        fps=info.fps,
        layout=layout,
        added_at=house.clock.now(),
    )
