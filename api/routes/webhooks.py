"""Receivers of incidents: added, tested, and every try to reach them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from alerts.deliver import redeliver as again
from api import hooks, wire
from api.auth import ADMIN, OPERATOR, VIEWER
from api.context import Ctx
from api.errors import problems
from api.find import row_of
from api.wire import work as wire_work
from core.errors import NotFound
from core.watch import Delivery, DeliveryState, Webhook

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


class NewWebhook(BaseModel):
    """A receiver to be added."""

    url: str = Field(max_length=2000, examples=["https://example.org/hooks/sightline"])
    rules: list[str] = Field(default=[], description="Names of rules; empty: all.")


class WebhookChange(BaseModel):
    """What is to be different; what is not named stays."""

    url: str | None = Field(default=None, max_length=2000)
    rules: list[str] | None = None
    enabled: bool | None = None


class Again(BaseModel):
    """Which deliveries are to be sent again; none named: all that died."""

    deliveries: list[str] = Field(default=[], max_length=1000)


@router.post(
    "", summary="Add a receiver", status_code=201, dependencies=ADMIN, responses=problems(401, 403, 404, 422)
)
def add_webhook(body: NewWebhook, ctx: Ctx) -> wire_work.NewWebhookOut:
    """The only answer that ever holds the signing secret (Standard Webhooks)."""
    row = ctx.house.ledger.put(hooks.new_webhook(body.url, body.rules, ctx.house), new=True)
    return wire_work.new_webhook(row)


@router.get("", summary="List the receivers", dependencies=VIEWER, responses=problems(401))
def list_webhooks(ctx: Ctx) -> wire.Page[wire_work.WebhookOut]:
    """Every receiver, without its secret."""
    return wire.Page(items=[wire_work.webhook(row) for row in ctx.house.ledger.find(Webhook)])


@router.get("/{id}", summary="One receiver", dependencies=VIEWER, responses=problems(401, 404))
def get_webhook(id: str, ctx: Ctx) -> wire_work.WebhookOut:
    """The receiver, without its secret."""
    return wire_work.webhook(row_of(ctx.house.ledger, Webhook, id, "webhook"))


@router.patch(
    "/{id}", summary="Change a receiver", dependencies=ADMIN, responses=problems(401, 403, 404, 409, 422)
)
def change_webhook(id: str, body: WebhookChange, ctx: Ctx) -> wire_work.WebhookOut:
    """Switching a receiver on again clears its problem."""
    row = row_of(ctx.house.ledger, Webhook, id, "webhook")
    changed = replace(
        row,
        url=row.url if body.url is None else hooks.checked_url(body.url),
        rules=row.rules if body.rules is None else hooks.checked_rules(body.rules, ctx.house),
        enabled=row.enabled if body.enabled is None else body.enabled,
        problem="" if body.enabled else row.problem,
    )
    return wire_work.webhook(ctx.house.ledger.put(changed, replacing=row))


@router.delete(
    "/{id}",
    summary="Remove a receiver",
    status_code=204,
    dependencies=ADMIN,
    responses=problems(401, 403, 404),
)
def remove_webhook(id: str, ctx: Ctx) -> None:
    """Nothing more is sent to it."""
    if not ctx.house.ledger.remove(Webhook, id):
        raise NotFound(f"there is no webhook {id!r}", next_step="GET /v1/webhooks lists those there are")


@router.post(
    "/{id}/test", summary="Send a test notice", dependencies=OPERATOR, responses=problems(401, 403, 404)
)
def try_webhook(id: str, ctx: Ctx) -> wire_work.DeliveryOut:
    """One signed try, now; what came back is in the answer."""
    return wire_work.delivery(hooks.send_trial(row_of(ctx.house.ledger, Webhook, id, "webhook"), ctx.house))


@router.get(
    "/{id}/deliveries",
    summary="Every notice to a receiver",
    dependencies=VIEWER,
    responses=problems(401, 404),
)
def deliveries(
    id: str,
    ctx: Ctx,
    state: Annotated[DeliveryState | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> wire.Page[wire_work.DeliveryOut]:
    """The newest first, each with its tries."""
    row_of(ctx.house.ledger, Webhook, id, "webhook")
    equals: dict[str, str | bool] = {"webhook_id": id}
    if state:
        equals["state"] = state
    rows = ctx.house.ledger.find(Delivery, **equals)
    return wire.Page(items=[wire_work.delivery(row) for row in reversed(rows[-limit:])])


@router.post(
    "/{id}/redeliver",
    summary="Send notices again",
    dependencies=OPERATOR,
    responses=problems(401, 403, 404, 409),
)
def redeliver(id: str, ctx: Ctx, body: Again | None = None) -> wire.Page[wire_work.DeliveryOut]:
    """Puts them into the outbox again under the same message id, so that a receiver can tell repeats."""
    ledger, clock = ctx.house.ledger, ctx.house.clock
    row_of(ledger, Webhook, id, "webhook")
    mine = ledger.find(Delivery, webhook_id=id)
    wanted = body.deliveries if body else []
    unknown = set(wanted) - {row.id for row in mine}
    if unknown:
        raise NotFound(
            f"there is no delivery {min(unknown)!r} to this webhook",
            next_step=f"GET /v1/webhooks/{id}/deliveries lists them",
        )
    chosen = wanted or [row.id for row in mine if row.state is DeliveryState.DEAD]
    return wire.Page(items=[wire_work.delivery(again(ledger, each, clock)) for each in chosen])
