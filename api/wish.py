"""Reads what a setting wishes for: a scheme, a place, and options after a '?'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from core.errors import Invalid


def scheme(url: str) -> str:
    """What stands before the first ':'; a plain path has the scheme ''."""
    head, found, _ = url.partition(":")
    return head if found and len(head) > 1 else ""


KNOWN_OPTIONS: Mapping[str, frozenset[str]] = {
    "onnx": frozenset({"family", "classes", "threshold", "threads", "motion"}),
    "transformers": frozenset({"threshold", "revision", "motion"}),
    "open": frozenset({"find", "threshold", "revision"}),
}
"""What may follow the '?' of SIGHTLINE_DETECTOR, by scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """SIGHTLINE_DETECTOR read: `scheme:where?option=value&option=value`."""

    scheme: str
    where: str
    options: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> Wish:
        """Reads it. Raises `Invalid` for an option nobody knows or a number that is none, and where what is wanted is not
        said.
        """
        kind = scheme(text)
        where, _, asked = text.removeprefix(f"{kind}:").partition("?")
        options = dict(parse_qsl(asked, keep_blank_values=True))
        known = KNOWN_OPTIONS.get(kind, frozenset())
        for key, value in options.items():
            if key not in known:
                raise Invalid(
                    f"SIGHTLINE_DETECTOR {kind}: has no option {key!r}",
                    next_step=f"it has {', '.join(sorted(known)) or 'none'}",
                )
            if key in ("threshold", "threads") and not _positive(
                value, most=1.0 if key == "threshold" else 64
            ):
                raise Invalid(
                    f"SIGHTLINE_DETECTOR: {key}={value} is out of bounds",
                    next_step=f"as {key}=0.5" if key == "threshold" else "as threads=2",
                )
        if known and not where:
            raise Invalid(
                f"SIGHTLINE_DETECTOR {kind}: names no model",
                next_step="as onnx:yolox_nano, onnx:/path/file.onnx?family=dfine or transformers:FOLDER",
            )
        return cls(scheme=kind, where=where, options=options)


def _positive(text: str, *, most: float) -> bool:
    try:
        return 0 < float(text) <= most and (most == 1.0 or text.isdigit())
    except ValueError:
        return False
