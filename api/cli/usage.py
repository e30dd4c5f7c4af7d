"""The command that says what models were asked and what it cost, and sets what it may."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from api.cli.io import Json, StreamNames, command, emit, note, opened, table
from core.errors import Invalid


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    command(app)(usage)


def usage(
    stream: StreamNames = None,
    day: Annotated[str, typer.Option("--day", help="Only this day (UTC), as 2026-03-02.")] = "",
    calls: Annotated[
        int | None,
        typer.Option("--calls", min=0, help="Let captions of --stream cost this many calls a day."),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", min=0, help="Let them cost this many tokens a day.")
    ] = None,
    no_budget: Annotated[
        bool, typer.Option("--no-budget", help="Take --stream's own budget away again.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what models were asked, by stream and use, and what of it was skipped; set a stream's budget.

    Examples:
      sightline usage
      sightline usage --stream dock --day 2026-03-02 --json
      sightline usage --stream dock --calls 500
    """
    from api.find import names, streams_named
    from api.wire import usage as wire_usage
    from core.memory import Query, Want
    from core.spending import Budget
    from graph.spending import used

    settings, house = opened()
    rows = streams_named(house.ledger, stream or ())
    if calls is not None or tokens is not None or no_budget:
        if not stream:
            raise Invalid("a budget is a stream's", next_step="name it with --stream")
        for row in rows:
            house.ledger.remove(Budget, row.id)
            if not no_budget:
                house.ledger.put(Budget(id=row.id, calls=calls, tokens=tokens))
    wanted = {row.id for row in rows} | ({""} if not stream else set())
    found = wire_usage.usage(
        [row for row in used(house.ledger, day=day) if row.stream_id in wanted], names(house.ledger)
    )
    captions = {
        row.name: Counter(
            c.status.value for c in house.store.find(Query(want=Want.CAPTIONS, streams=(row.id,))).captions
        )
        for row in rows
    }
    budgets = [wire_usage.budget(house.ledger.get(Budget, row.id), row.name, settings) for row in rows]
    if json:
        emit(
            {
                "usage": [each.model_dump() for each in found],
                "captions": {name: dict(count) for name, count in captions.items()},
                "budgets": [each.model_dump() for each in budgets],
            }
        )
        return
    table(
        ("stream", "model", "for", "calls", "failed", "tokens in", "tokens out"),
        (
            (u.stream, u.model, u.use, str(u.calls), str(u.failed), str(u.tokens_in), str(u.tokens_out))
            for u in found
        ),
        empty="no model was asked anything",
    )
    for budget in budgets:
        told = ", ".join(f"{count} {status}" for status, count in sorted(captions[budget.stream].items()))
        limits = [f"{budget.calls} calls"] if budget.calls is not None else []
        limits += [f"{budget.tokens} tokens"] if budget.tokens is not None else []
        limit = f"; at most {' and '.join(limits)} a day" if limits else ""
        note(f"{budget.stream}: captions {told or 'none'}{limit}")
