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
VLM_OPTIONS: Mapping[str, frozenset[str]] = {
    "transformers": frozenset({"revision", "adapter", "precision", "threads", "batch", "timeout_s"})
}
"""The same of SIGHTLINE_VLM and SIGHTLINE_VLM_DEEP; a server's URL is read where it is used."""
LEAST_TO_MOST = {"threshold": (0.0, 1.0), "threads": (1, 64), "batch": (1, 256), "timeout_s": (1.0, 86400.0)}
"""Bounds of the options that are numbers; those with whole bounds are whole themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """SIGHTLINE_DETECTOR read: `scheme:where?option=value&option=value`."""

    scheme: str
    where: str
    options: Mapping[str, str]

    @classmethod
    def of(
        cls,
        text: str,
        *,
        name: str = "SIGHTLINE_DETECTOR",
        known_options: Mapping[str, frozenset[str]] = KNOWN_OPTIONS,
    ) -> Wish:
        """Reads it. Raises `Invalid` for an option nobody knows or a number that is none, and where what is wanted is not
        said.
        """
        kind = scheme(text)
        where, _, asked = text.removeprefix(f"{kind}:").partition("?")
        options = dict(parse_qsl(asked, keep_blank_values=True))
        known = known_options.get(kind, frozenset())
        for key, value in options.items():
            if key not in known:
                raise Invalid(
                    f"{name} {kind}: has no option {key!r}",
                    next_step=f"it has {', '.join(sorted(known)) or 'none'}",
                )
            if key in LEAST_TO_MOST and not _within(value, *LEAST_TO_MOST[key]):
                low, high = LEAST_TO_MOST[key]
                raise Invalid(
                    f"{name}: {key}={value} is out of bounds", next_step=f"it lies between {low} and {high}"
                )
        if known and not where:
            raise Invalid(
                f"{name} {kind}: names no model",
                next_step="as transformers:FOLDER"
                if len(known_options) == 1
                else "as onnx:yolox_nano, onnx:/path/file.onnx?family=dfine or transformers:FOLDER",
            )
        return cls(scheme=kind, where=where, options=options)


def _within(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high and float(text) > 0 and (isinstance(low, float) or text.isdigit())
    except ValueError:
        return False
