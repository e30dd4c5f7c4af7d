"""Searching as both front doors offer it."""

from __future__ import annotations

from api import wire
from api.find import names
from core.errors import ModelUnavailable
from core.memory import Event, Query
from core.ports import House
from graph.retrieve import retrieve
from jobs.embedding import answering


def search(house: House, bounds: Query, text: str, *, limit: int) -> wire.HitsOut:
    """The best hits, ready to be shown; where the embedder is away, by words alone, and `note` says so."""
    note = ""
    try:
        hits = retrieve(house.store, bounds, text, embedder=answering(house), limit=limit)
    except ModelUnavailable as error:
        note = f"searched by words alone: {error}"
        hits = retrieve(house.store, bounds, text, embedder=None, limit=limit)
    known = names(house.ledger)
    who = wire.entities_of((hit.fact for hit in hits if isinstance(hit.fact, Event)), house.store)
    items = [
        wire.HitOut(
            score=round(hit.score, 6),
            found_by=[way.value for way in hit.ways],
            event=wire.event(hit.fact, known, who) if isinstance(hit.fact, Event) else None,
            caption=None if isinstance(hit.fact, Event) else wire.caption(hit.fact, known),
        )
        for hit in hits
    ]
    return wire.HitsOut(items=items, note=note)
