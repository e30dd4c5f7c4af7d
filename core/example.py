"""Labelled pictures of the operator's own: rows of the ledger; the pictures themselves lie in the media store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One picture and what a good model says of it: a `label` (one of a set of names, '' for none) and a `text`.

    `key` is where its picture lies; `look` is a unit vector by which alike pictures are found.
    """

    id: str
    key: str
    label: str = ""
    text: str = ""
    look: tuple[float, ...] = field(default=(), repr=False)
    added_at: datetime | None = None

    def __post_init__(self) -> None:
        if not (self.label or self.text):
            raise ValueError("an example needs a label or a text")

    @property
    def said(self) -> str:
        """What is said of the picture, in words."""
        return self.text or self.label
