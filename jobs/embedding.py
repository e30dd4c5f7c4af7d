"""Which embedder answers, and how the memory is brought over to another one in the background."""

from __future__ import annotations

from core import ids
from core.ids import JobId
from core.ports import Embedder, House
from core.settings import Settings
from core.work import Job, KnownEmbedder, Progress, quiet
from graph.embed import TEXTS, fill

EMBED = "memory.embed"


def answering(house: House) -> Embedder:
    """The embedder that is set, unless an earlier one has vectors of more of the memory: then that one."""
    now = house.embedder()
    earlier = [row for row in house.ledger.find(KnownEmbedder) if row.id != now.name]
    if not earlier:
        return now  # as nearly always: counting every vector of a large memory takes longer than a search
    counts = house.store.models()
    best = max(earlier, key=lambda row: counts.get(row.id, 0))
    more = counts.get(best.id, 0) > counts.get(now.name, 0)
    return house.embedder_of(best.setting) if more else now


def lacking(house: House, settings: Settings) -> bool:
    """Whether something waits to be embedded, told without loading a model."""
    known = house.ledger.find(KnownEmbedder)
    if any(row.setting != settings.embedder for row in known) or len(known) > 1:
        return True
    name = known[0].id if known else ""  # no embedder is called so: whatever there is lacks a vector of it
    waiting = (house.store.unmarked(want, name, 1) for want in TEXTS)
    return any(found.events or found.captions for found in waiting)


def embed_job() -> Job:
    """The job that brings the memory over; asked for twice while it is on its way, it is one job."""
    return Job(id=JobId(ids.fresh("job")), kind=EMBED, key=EMBED)


def bring_over(house: House, settings: Settings, progress: Progress = quiet) -> dict[str, int]:
    """Embeds what the embedder that is set has not embedded yet, then removes the vectors of earlier ones; says how many.

    The earlier ones answer until then (`answering`). Raises `ModelUnavailable` where the embedder is away; what was
    done until then stays.
    """
    now = house.embedder()
    house.ledger.put(KnownEmbedder(id=now.name, setting=settings.embedder))
    embedded = fill(house.store, now, progress=progress)
    removed = 0
    for row in house.ledger.find(KnownEmbedder):
        if row.id != now.name:
            removed += house.store.unmark(row.id)
            house.ledger.remove(KnownEmbedder, row.id)
    progress(1.0, f"{embedded} embedded by {now.name}")
    return {"embedded": embedded, "removed": removed}
