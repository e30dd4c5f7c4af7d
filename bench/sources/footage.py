"""The clips that reading is measured on, made by ffmpeg, and what ffmpeg itself shows of them.

Every picture carries its number as a row of bars, so that it can be told which picture a reader gave. Made once into a
folder, they are used again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.clock import SECOND, Micros
from core.errors import Unavailable

BITS = 12
BAR_TOP, BAR_HEIGHT = 0.45, 0.1
"""Where the bars lie, in heights of the picture."""

UNEVEN = ",settb=1/90000,setpts='(N/30+0.21*floor(N/17)+0.007*mod(N*N,3))/TB'"
X264 = "-c:v libx264 -preset veryfast -crf 26 -threads 2 -pix_fmt yuv420p"
KINDS: dict[str, tuple[str, str]] = {
    "even": ("", f"{X264} -bf 0 -g 60 -sc_threshold 0"),
    "uneven": (UNEVEN, f"{X264} -fps_mode passthrough -enc_time_base 1/90000"),
    "b_frames": ("", f"{X264} -bf 3 -b_strategy 0"),
    "open_gop": ("", f"{X264} -bf 3 -x264-params open-gop=1:keyint=60:scenecut=0"),
    "hevc": ("", "-c:v libx265 -preset ultrafast -crf 28 -pix_fmt yuv420p -tag:v hvc1 -x265-params bframes=3:keyint=60:log-level=error"),
}  # fmt: skip
"""Kind of clip → what is done to its clock, and how it is encoded."""


UNSURE: Micros = 1500
"""Containers keep milliseconds, dumps round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A clip with ffmpeg's own word on it: the moment and the number of every picture, in order."""

    kind: str
    path: Path
    moments: tuple[Micros, ...]
    numbers: tuple[int, ...]

    def number_at(self, at: Micros) -> int:
        """The number on the screen at a moment, by ffmpeg."""
        place = int(np.searchsorted(self.moments, at + 500, side="right")) - 1
        return self.numbers[max(0, place)]


def ffmpeg(*words: object, stdin: bytes = b"") -> bytes:
    """Runs ffmpeg and gives its standard output. Raises `Unavailable` where there is none."""
    if shutil.which("ffmpeg") is None:
        raise Unavailable("ffmpeg is not here", next_step="install it, for example `apt-get install ffmpeg`")
    command = ["ffmpeg", "-v", "error", "-y", *map(str, words)]
    return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE).stdout


def make(folder: Path, kind: str, *, seconds: float, size: tuple[int, int]) -> Footage:
    """The clip of that kind, rendered unless it lies in the folder already."""
    path = folder / f"{kind}_{size[1]}p_{seconds:g}s.mp4"
    if not path.exists():
        clock, how = KINDS[kind]
        part = path.with_name(f"part_{path.name}")
        moving = f"testsrc2=size={size[0]}x{size[1]}:rate=30,noise=alls=5:allf=t+u,{_bars()}{clock}"
        ffmpeg("-f", "lavfi", "-t", seconds, "-i", moving, *how.split(), part)
        os.replace(part, path)
    return _examined(kind, path)


def looped(folder: Path, source: Path, *, seconds: float, name: str) -> Path:
    """The source again and again until it is so long, without encoding anything."""
    path = folder / name
    if not path.exists():
        part = path.with_name(f"part_{name}")
        ffmpeg("-stream_loop", -1, "-i", source, "-t", seconds, "-c", "copy", part)
        os.replace(part, path)
    return path


def _bars() -> str:
    """Ffmpeg's filters that write a frame's number as bars, the highest bit on the left."""
    across = f"iw/{BITS}"
    dark = f"drawbox=x=0:y=ih*{BAR_TOP}:w=iw:h=ih*{BAR_HEIGHT}:color=black:t=fill"
    bright = [
        f"drawbox=x={across}*{BITS - 1 - bit}:y=ih*{BAR_TOP}:w={across}:h=ih*{BAR_HEIGHT}:color=white:t=fill"
        f":enable='mod(floor(n/pow(2\\,{bit}))\\,2)'"
        for bit in range(BITS)
    ]
    return ",".join([dark, *bright])


def number_in(picture: npt.NDArray[np.uint8]) -> int:
    """The number that a picture's bars carry, whatever its size; H × W or H × W × 3."""
    height, width = picture.shape[:2]
    middle = round(height * (BAR_TOP + BAR_HEIGHT / 2))
    number = 0
    for bar in range(BITS):
        left = round(width * (bar + 0.5) / BITS)
        number = number * 2 + int(picture[middle - 1 : middle + 2, left - 1 : left + 2].mean() > 125)
    return number


def _examined(kind: str, path: Path) -> Footage:
    command = "ffprobe -v error -select_streams v -show_entries frame=best_effort_timestamp_time -of json"
    told = subprocess.run([*command.split(), str(path)], check=True, stdout=subprocess.PIPE).stdout
    said = [float(frame["best_effort_timestamp_time"]) for frame in json.loads(told)["frames"]]
    small = (240, 136)
    passing = ("-fps_mode", "passthrough", "-vf", f"scale={small[0]}:{small[1]}:flags=area")
    raw = ffmpeg("-i", path, *passing, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, small[1], small[0])
    if len(pictures) != len(said):
        raise ValueError(f"{path.name}: ffprobe counts {len(said)} frames and ffmpeg {len(pictures)}")
    moments = tuple(round((at - said[0]) * SECOND) for at in said)
    return Footage(kind=kind, path=path, moments=moments, numbers=tuple(number_in(p) for p in pictures))


def every(footage: Footage, step_s: float) -> list[Micros]:
    """Moments so far apart over the whole clip; none so near to a change of picture that rounding could decide."""
    step = round(step_s * SECOND)
    edges = np.asarray(footage.moments)
    asked = range(step // 40, footage.moments[-1], step)
    return [at for at in asked if np.abs(edges - at).min() > UNSURE]


def wrong(footage: Footage, asked: Sequence[Micros], numbers: Sequence[int]) -> int:
    """How many of the pictures given are others than ffmpeg shows at those moments."""
    return sum(footage.number_at(at) != number for at, number in zip(asked, numbers, strict=True))


def version() -> str:
    """Which ffmpeg this is."""
    return ffmpeg("-version").decode().splitlines()[0].split(" Copyright")[0]
