"""The whole house, built from the settings."""

from __future__ import annotations

from functools import cache

from api.exampled import Exampled
from api.wiring import language, memory, sight
from core.clock import WallClock
from core.ports import House, Vlm
from core.settings import Settings
from graph.examples import Shelf
from graph.spending import Metered


def build(settings: Settings) -> House:
    """The house as the settings ask for it. Raises `Invalid` for a wish nobody knows, `Unavailable` for one that
    cannot be met now.
    """
    from alerts.webhook import WebhookNotifier
    from ingest.decode.choice import check_decoder
    from ingest.reopen import Reopener

    check_decoder(settings.decoder)
    memory.make_private(settings.home)
    clock = WallClock()
    finder, wanted = sight.finder(settings)
    ledger = memory.open_ledger(settings)
    media = memory.open_media(settings)
    store = memory.open_store(settings)

    def metered(model: Vlm) -> Vlm:
        if not model.sees:
            return model
        counted = Metered(model, ledger, clock)
        return Exampled(counted, Shelf(ledger, media), settings.examples) if settings.examples else counted

    return House(
        store=store,
        analyst=memory.analyst(settings, store),
        ledger=ledger,
        media=media,
        vlm=metered(language.vlm("SIGHTLINE_VLM", settings.vlm, settings.vlm_key)),
        deep=metered(language.vlm("SIGHTLINE_VLM_DEEP", settings.vlm_deep, settings.vlm_deep_key))
        if settings.vlm_deep
        else None,
        embedder=language.embedder(settings, settings.embedder),
        embedder_of=cache(lambda setting: language.embedder(settings, setting)()),
        notifier=WebhookNotifier(allow_private=settings.allow_private_webhooks),
        frames=Reopener(ledger, media, settings),
        clock=clock,
        detector=sight.detector(settings),
        tracker=sight.tracker,
        reader=sight.reader(settings),
        finder=finder,
        wanted=wanted,
        reports=sight.reports(settings),
    )
