"""Opens a file or URL with PyAV: what may be opened, and what to say of what cannot. Runs inside the decoding child only."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import av
import av.error
import av.logging
from av.stream import Disposition
from av.video.stream import VideoStream

from core.clock import SECOND, Micros, clock_text
from core.errors import BadMedia, SightlineError, SourceUnavailable

av.logging.set_level(None)
av.logging.set_libav_level(av.logging.PANIC)
logging.getLogger("libav").disabled = True

FORMATS = (
    "3g2,3gp,aac,amr,asf,av1,avi,dv,evc,f4v,flac,flv,gif,gxf,h261,h263,h264,hevc,ivf,m4a,m4v,matroska,mj2,mjpeg,mp3,"
    "mov,mp4,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,ogv,rm,swf,vc1,vvc,wav,webm,wtv,yuv4mpegpipe"
)
"""Demuxers that read one file and nothing else: playlists, which name other files and hosts, are not among them."""

PROTOCOLS = {"file": "file", "http": "http,tcp", "https": "https,http,tls,tcp"}
"""What libav may open for a source of each scheme."""

MAX_SIDE = 16_384
MAX_PIXELS = 8192 * 8192
NOT_VIDEO = "give a video file, such as MP4, MKV, AVI, MOV or WebM"
MENDING = "copy it again from where it came, or repair it with a tool such as ffmpeg or untrunc"


def open_container(source: str) -> av.container.InputContainer:
    """The file or URL, opened by one of `FORMATS` through `PROTOCOLS` alone. Raises `BadMedia` or `SourceUnavailable`."""
    scheme = source.partition("://")[0] if "://" in source else "file"
    options = {"protocol_whitelist": PROTOCOLS.get(scheme, "file"), "format_whitelist": FORMATS}
    where = source if scheme in ("http", "https") else f"file:{source}"
    try:
        return av.open(where, options=options)
    except MemoryError:
        raise
    except (av.FFmpegError, OSError) as error:
        if scheme == "file" and _lacks_index(Path(source)):
            raise _truncated() from error
        _explain(error, remote=scheme != "file")


def _lacks_index(path: Path) -> bool:
    """Whether a file begins as an MP4 but its `moov` box, written last by recorders, is not there."""
    kinds: list[bytes] = []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        at = 0
        while at + 8 <= size and len(kinds) < 1000:
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            kinds.append(kind)
            length = int.from_bytes(head[8:16], "big") if length == 1 else length
            if length < 8:
                break
            at += length
    return kinds[:1] == [b"ftyp"] and b"moov" not in kinds


def _explain(error: Exception, *, remote: bool) -> NoReturn:
    text = plain(error)
    if remote and not isinstance(error, av.InvalidDataError | av.ArgumentError):
        raise SourceUnavailable(
            f"the source does not answer as it should: {text}",
            next_step="check the address, the network and the credentials, then try again",
            stage="source",
        ) from error
    if isinstance(error, PermissionError):
        raise BadMedia(
            "the file may not be read by this user", next_step="give read permission", stage="source"
        ) from error
    raise BadMedia(f"the file is no video: {text}", next_step=NOT_VIDEO, stage="source") from error


def _truncated() -> SightlineError:
    return BadMedia(
        "the file is truncated: the index every player needs is missing (a recording or copy that was cut off)",
        next_step=MENDING,
        stage="source",
    )


def plain(error: Exception) -> str:
    """What libav or the system says, without the path and the address of our file in it."""
    return getattr(error, "strerror", None) or type(error).__name__


def video_stream(container: av.container.InputContainer) -> VideoStream:
    """The largest video in it that is no cover picture. Raises `BadMedia` where there is none that can be decoded."""
    covers = Disposition.attached_pic
    streams = [s for s in container.streams.video if covers not in s.disposition]
    known = [s for s in streams if getattr(s, "codec_context", None) is not None]  # None: no decoder
    if known:
        return max(known, key=lambda s: s.codec_context.width * s.codec_context.height)
    if streams:
        raise BadMedia(
            "the video in the file is of a codec nobody here knows",
            next_step="convert it to H.264, for example with ffmpeg",
            stage="source",
        )
    if container.streams.audio:
        raise BadMedia("the file holds sound but no video", next_step=NOT_VIDEO, stage="source")
    raise BadMedia("the file holds no video", next_step=NOT_VIDEO, stage="source")


def check_size(width: int, height: int) -> None:
    """Raises `BadMedia` for a picture no camera takes, before anything of it is decoded."""
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadMedia(
            f"the picture is absurdly large: {width}×{height} pixels",
            next_step=f"scale it to at most {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} million in all",
            stage="source",
        )


def tagged_duration(text: str) -> Micros:
    """Matroska's per-track DURATION tag, `01:02:03.456000000`."""
    try:
        hours, minutes, secs = text.strip("\0").split(":")
        return round((int(hours) * 3600 + int(minutes) * 60 + float(secs)) * SECOND)
    except ValueError:
        return 0


def recorded(text: str) -> datetime | None:
    """When a file says it was recorded, UTC; None where it does not say or says nonsense."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC) if moment.year >= 1990 else None  # cameras without a clock say 1904 or 1970


def breaks_off(at: Micros, declared: Micros) -> BadMedia:
    """What to say of a file that ends before it says it does."""
    return BadMedia(
        f"the file breaks off at {clock_text(at)} of {clock_text(declared)}",
        next_step=MENDING,
        stage="decode",
    )
