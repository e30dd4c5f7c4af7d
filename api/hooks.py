"""Receivers of incidents, as both front doors make them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from alerts.deliver import deliver_to, test_webhook
from alerts.webhook import checked_webhook_url, new_secret
from core import ids
from core.errors import Invalid, NotFound
from core.ids import WebhookId
from core.ports import House
from core.watch import Delivery, Rule, Webhook


def checked_url(url: str) -> str:
    """The URL, if notices can be sent there and it holds no password (it is shown). Raises `Invalid`."""
    parts = urlsplit(checked_webhook_url(url))
    if parts.username or parts.password:
        raise Invalid(
            "a webhook's URL may hold no password",
            next_step="every notice is signed: check the signature instead",
        )
    return url


def checked_rules(names: Sequence[str], house: House) -> tuple[str, ...]:
    """The names, if there is a rule of each. Raises `NotFound`."""
    known = {rule.name for rule in house.ledger.find(Rule)}
    for name in names:
        if name not in known:
            shown = ", ".join(sorted(known)) or "none yet"
            raise NotFound(f"there is no rule {name!r}", next_step=f"the rules are: {shown}")
    return tuple(names)


def new_webhook(url: str, rules: Sequence[str], house: House) -> Webhook:
    """A new receiver with a fresh secret; not stored yet. Raises `Invalid` and `NotFound`."""
    return Webhook(
        id=WebhookId(ids.fresh("wh")),
        url=checked_url(url),
        secret=new_secret(),
        rules=checked_rules(rules, house),
        added_at=house.clock.now(),
    )


def send_trial(webhook: Webhook, house: House) -> Delivery:
    """Sends one signed notice that only says that the webhook works; what came back is in its attempts."""
    queued = test_webhook(house.ledger, webhook.id, house.clock)
    deliver_to(webhook.id, house.ledger, house.notifier, house.clock)
    return house.ledger.get(Delivery, queued.id) or queued
