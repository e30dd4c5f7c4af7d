"""The ledger: rows that change (streams, jobs, rules, incidents, deliveries, keys …), in one SQLite file or in memory."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from core.errors import Conflict, StoreUnavailable
from core.ports import Ledger
from graph.sqlite.database import Database
from graph.sqlite.migrations import LEDGER

Row = TypeVar("Row")


@lru_cache(maxsize=64)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def _text(row: object) -> str:
    return _adapter(cast("Hashable", type(row))).dump_json(row).decode()


def _row(kind: type[Row], text: str) -> Row:
    try:
        return cast("Row", _adapter(cast("Hashable", kind)).validate_json(text))
    except ValidationError as error:
        # The row itself may hold secrets: only the fields at fault are named.
        at_fault = ", ".join(".".join(map(str, e["loc"])) or "the row" for e in error.errors())
        raise StoreUnavailable(
            f"a stored {kind.__name__} cannot be read: {at_fault}",
            next_step="it was written by another version of Sightline: use that one, or remove the row",
        ) from None


def _name(row: object) -> tuple[str, str]:
    return type(row).__name__, cast("str", row.id)  # type: ignore[attr-defined]


def _check_fields(kind: type[Any], names: dict[str, Any]) -> None:
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(names.keys() - known):
        raise TypeError(
            f"{kind.__name__} has no field {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )


def _settle(kind: type[Any], stored: str | None, row: object, replacing: object | None, new: bool) -> None:
    """Raises `Conflict` unless the stored text is what the writer believes it to be."""
    name, id = _name(row)
    if replacing is not None and _name(replacing) != (name, id):
        raise ValueError(f"{name} {id} cannot replace {' '.join(_name(replacing))}")
    if new and stored is not None:
        raise Conflict(f"there already is a {name} {id}", next_step="read it again before changing it")
    if replacing is None:
        return
    if stored is None or (stored != _text(replacing) and _row(kind, stored) != replacing):
        what = "has gone" if stored is None else "was changed by someone else"
        raise Conflict(f"the {name} {id} {what}", next_step="read it again before changing it")


def change(ledger: Ledger, kind: type[Row], id: str, how: Callable[[Row], Row]) -> Row | None:
    """Changes a row as it is now, whoever else is changing it; None where there is none."""
    while (before := ledger.get(kind, id)) is not None:
        after = how(before)
        if after == before:
            return before
        try:
            return ledger.put(after, replacing=before)
        except Conflict:
            continue
    return None


class MemoryLedger:
    """A `Ledger` that lives as long as the object. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str], str] = {}

    def put(self, row: Row, /, *, replacing: Row | None = None, new: bool = False) -> Row:
        """Stores the row; `replacing` and `new` as in the port. Raises `Conflict`."""
        with self._lock:
            _settle(type(row), self._rows.get(_name(row)), row, replacing, new)
            self._rows[_name(row)] = _text(row)
        return row

    def get(self, kind: type[Row], id: str, /) -> Row | None:
        """The row, or None."""
        text = self._rows.get((kind.__name__, id))
        return None if text is None else _row(kind, text)

    def find(self, kind: type[Row], /, **equals: str | bool) -> list[Row]:
        """All rows of a kind with these values, in the order they were first put."""
        _check_fields(kind, equals)
        with self._lock:
            texts = [text for (name, _), text in self._rows.items() if name == kind.__name__]
        found = [_row(kind, text) for text in texts]
        return [row for row in found if all(getattr(row, k) == v for k, v in equals.items())]

    def remove(self, kind: type[Row], id: str, /) -> bool:
        """Removes the row; False when there was none."""
        with self._lock:
            return self._rows.pop((kind.__name__, id), None) is not None

    def close(self) -> None:
        """Nothing is held that needs closing."""


class SqliteLedger:
    """A `Ledger` in one file, readable by its owner alone. Threads and processes may share it.

    Every change is on the disk before `put` returns, a loss of power included: an acknowledgement or a delivery that
    was taken on is not forgotten. Raises `StoreUnavailable` as `graph/sqlite/database.py` says.
    """

    def __init__(self, path: str | Path) -> None:
        self._db = Database(path, LEDGER, durable=True)

    def put(self, row: Row, /, *, replacing: Row | None = None, new: bool = False) -> Row:
        """Stores the row; `replacing` and `new` as in the port. Raises `Conflict`."""
        text = _text(row)
        with self._db.write() as db:
            stored = db.execute("SELECT row FROM rows WHERE kind = ? AND id = ?", _name(row)).get
            _settle(type(row), cast("str | None", stored), row, replacing, new)
            db.execute(
                "INSERT INTO rows (kind, id, row) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET row = excluded.row",
                (*_name(row), text),
            )
        return row

    def get(self, kind: type[Row], id: str, /) -> Row | None:
        """The row, or None."""
        with self._db.read() as db:
            text = db.execute("SELECT row FROM rows WHERE kind = ? AND id = ?", (kind.__name__, id)).get
        return None if text is None else _row(kind, cast("str", text))

    def find(self, kind: type[Row], /, **equals: str | bool) -> list[Row]:
        """All rows of a kind with these values, in the order they were first put."""
        _check_fields(kind, equals)
        # The names are fields of the dataclass; they stand in the text so that the indexes can serve them.
        bounds = "".join(f" AND json_extract(row, '$.{name}') = ?" for name in equals)
        sql = f"SELECT row FROM rows WHERE kind = ?{bounds} ORDER BY seq"  # noqa: S608
        values = (int(v) if isinstance(v, bool) else str(v) for v in equals.values())
        with self._db.read() as db:
            texts = [cast("str", text) for (text,) in db.execute(sql, (kind.__name__, *values))]
        return [_row(kind, text) for text in texts]

    def remove(self, kind: type[Row], id: str, /) -> bool:
        """Removes the row; False when there was none."""
        with self._db.write() as db:
            db.execute("DELETE FROM rows WHERE kind = ? AND id = ?", (kind.__name__, id))
            return db.changes() > 0

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
