"""Sources that go on: which they are, how they are written, and what is found out about one before it is watched."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import Invalid, SourceUnavailable
from ingest.decode.supervise import START_S, Child, reported
from ingest.source import SourceInfo, locate, shown_source

LIVE_FILE = "live+file://"
"""What the address of a file begins with that is played at the speed of life."""

OPEN_S = 10.0
"""Seconds in which a camera that was never opened has to answer."""

CAMERAS = frozenset({"rtsp", "rtsps"})
_LIVE_PATH = re.compile(r"(?i)\.(?:m3u8|mjpe?g)$|/mjpe?g(?:/|$)")
_LOGIN = re.compile(r"(?i)((?:^|[/&?;_])(?:user(?:name)?|usr|login|pass(?:word|wd)?|pwd)=)[^/&?;]*")
PICTURE_S = 15.0
"""Seconds in which an opened camera has to show its first picture."""


def is_live(source: str) -> bool:
    """Whether the source goes on: a camera, a playlist that grows, or what is said to be live by `live+`."""
    scheme, found, _ = source.partition("://")
    scheme = scheme.lower()
    if not found:
        return False
    if scheme in CAMERAS or scheme.startswith("live+"):
        return True
    return scheme in ("http", "https") and bool(_LIVE_PATH.search(urlsplit(source).path))


def as_live(source: str) -> str:
    """The source, said to be live: of a file that it is played at the speed of life."""
    if is_live(source):
        return source
    return f"live+{source}" if "://" in source else f"{LIVE_FILE}{Path(source).expanduser().absolute()}"


def camera_url(source: str) -> str:
    """The address as a camera is opened by it. Raises `Invalid` for one that cannot be, `NotFound` for a file that is
    not there; neither repeats a password.
    """
    scheme, _, rest = source.partition("://")
    scheme = scheme.lower()
    if scheme == "live+file":
        path, mark, asked = rest.partition("?")
        return f"{LIVE_FILE}{locate(path)}{mark}{asked}"
    scheme = scheme.removeprefix("live+")
    if scheme not in (*CAMERAS, "http", "https"):
        raise Invalid(
            f"{scheme}:// sources cannot be watched by this version",
            next_step="give an rtsp://, rtsps:// or http(s):// URL",
            stage="source",
        )
    url = f"{scheme}://{rest}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or "@" in parts.path + parts.fragment:
        raise Invalid(
            f"the {scheme}:// address names no host that can be told from a password",
            next_step="write what is special in user and password as %-codes: @ is %40, # is %23, / is %2F",
            stage="source",
        )
    return url


def shown_camera(url: str) -> str:
    """The address as it may be shown: without user and password, wherever in it they stand."""
    if url.startswith(LIVE_FILE):
        return f"live:{Path(url.removeprefix(LIVE_FILE).partition('?')[0]).name}"
    scheme, _, rest = url.partition("://")
    shown = shown_source(f"{scheme}://{rest.rpartition('@')[2]}")
    return _LOGIN.sub(r"\1…", shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a camera said of itself so far."""

    opened: dict[str, Any]
    shown: dict[str, Any]


def probe_camera(url: str, *, memory_mb: int) -> SourceInfo:
    """What the camera shows, found out in a child process by its first picture.

    Raises `SourceUnavailable` where it does not answer, refuses the password or shows nothing in time.
    """
    args = {
        "url": url,
        "decodes": True,
        "after": -1,
        "zero": None,
        "folder": "",
        "segment": 0,
        "usual_s": None,
    }
    args |= {"width": 64, "height": 64, "scale": 1.0, "fps": 0.0, "looks_per_s": 1.0, "idle_looks_per_s": 1.0}
    child = Child("camera", args, memory_mb=memory_mb)
    try:
        said = _ask(child)
    except (TimeoutError, EOFError):
        raise SourceUnavailable(
            "the camera shows no picture", next_step="check that it plays elsewhere", stage="source"
        ) from None
    finally:
        child.end()
    return SourceInfo(
        duration=0,
        width=said.shown["width"],
        height=said.shown["height"],
        codec=said.opened["codec"],
        fps=said.shown["fps"],
    )


def _ask(child: Child) -> _Asked:
    opened: dict[str, Any] = {}
    until = time.monotonic() + START_S
    while True:
        head = child.read(until - time.monotonic()).head
        match head["type"]:
            case "ready":
                child.tell({"open": True})
                until = time.monotonic() + OPEN_S + PICTURE_S
            case "open":
                opened = head
            case "shows":
                return _Asked(opened=opened, shown=head)
            case "error":
                raise reported(head, "source")
            case "lost":
                kind = SourceUnavailable
                raise kind(head["message"], next_step=head["next_step"], stage="source")
            case _:
                pass
