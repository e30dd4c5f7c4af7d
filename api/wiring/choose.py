"""Choosing by the scheme of a setting's URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from api.wish import scheme
from core.errors import Invalid

T = TypeVar("T")


def choose(name: str, url: str, makers: Mapping[str, Callable[[], T]]) -> T:
    """Calls the maker for the URL's scheme; raises `Invalid` naming the known ones."""
    maker = makers.get(scheme(url))
    if maker is None:
        known = ", ".join(f"{key}:" if key else "a folder" for key in sorted(makers))
        raise Invalid(f"{name} cannot be {scheme(url)}:", next_step=f"it can be {known}")
    return maker()
