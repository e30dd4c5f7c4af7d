"""A figure: what is asked, what was reached, and whether that is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report; `least` and `most` are what is asked of the value, where something is."""

    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is enough; None where nothing is asked."""
        if self.least is None and self.most is None:
            return None
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )

    @property
    def asked(self) -> str:
        """What is asked, in words."""
        bounds = [] if self.least is None else [f"≥ {self.least:g}"]
        bounds += [] if self.most is None else [f"≤ {self.most:g}"]
        return " and ".join(bounds)


def p95(seconds: Sequence[float]) -> float:
    """The 95th percentile in milliseconds: the nearest rank, no interpolation."""
    in_order = sorted(seconds)
    return in_order[math.ceil(0.95 * len(in_order)) - 1] * 1000


def show(figures: Sequence[Figure]) -> None:
    """Prints the table."""
    table = Table("figure", "asked", "reached", "", "note")
    for figure in figures:
        met = {None: "", True: "met", False: "missed"}[figure.met]
        table.add_row(
            figure.name, figure.asked, f"{figure.value:,.4g} {figure.unit}".strip(), met, figure.note
        )
    Console(width=160).print(table)
