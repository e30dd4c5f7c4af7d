"""Opens a camera with PyAV. Runs inside the decoding child only.

What a playlist or a redirect names is fetched by us and not by libav: from the host that was named by whoever set the
camera up, or from a public one, and from nowhere else.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import ipaddress
import urllib.error
import urllib.request
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit, urlunsplit

import av
import av.error
import av.logging

from core.errors import BadMedia, CameraRefused, Invalid, SightlineError, SourceUnavailable
from ingest.camera.source import LIVE_FILE, OPEN_S

av.logging.set_level(None)
av.logging.set_libav_level(av.logging.PANIC)

READ_S = 5.0
"""Seconds of silence after which a connection is given up from inside; from outside it counts as stalled before."""

PROBE_S = 0.5

FORMATS = {"rtsp": "rtsp,sdp,rtp", "http": "hls,mpjpeg,mpegts,mov,mp4,aac,mjpeg,h264,hevc,flv,webvtt"}

_PROTOCOLS = {"rtsp": "rtsp,rtp,tcp,udp", "rtsps": "rtsps,rtsp,rtp,srtp,tls,tcp,udp"}
_HLS = {
    "http_persistent": "0",
    "http_multiple": "0",
    "live_start_index": "-1",
    "allowed_extensions": "ALL",
    "allowed_segment_extensions": "ALL",
    "extension_picky": "0",
}


def open_camera(url: str, *, timeout_s: float = OPEN_S) -> av.container.InputContainer:
    """The camera, opened. Raises `SourceUnavailable` where it does not answer or refuses, `BadMedia` where it shows no
    video; neither repeats the address.
    """
    scheme = urlsplit(url).scheme.lower()
    try:
        if scheme in _PROTOCOLS:
            return _rtsp(url, scheme, timeout_s)
        if scheme in ("http", "https"):
            return _http(url, timeout_s)
        return av.open(
            f"file:{url.removeprefix(LIVE_FILE).partition('?')[0]}",
            "r",
            options={"protocol_whitelist": "file"},
        )
    except (av.FFmpegError, OSError, http.client.HTTPException, ValueError) as error:
        explain(error)


def _rtsp(url: str, scheme: str, timeout_s: float) -> av.container.InputContainer:
    options = {
        "rtsp_transport": "tcp",
        "allowed_media_types": "video",
        "protocol_whitelist": _PROTOCOLS[scheme],
        "format_whitelist": FORMATS["rtsp"],
        "timeout": str(round(READ_S * 1e6)),
        "fpsprobesize": "0",
    }
    at_once = {"probesize": "32", "analyzeduration": "0"}
    container = av.open(url, "r", options=options | at_once, timeout=(timeout_s, None))
    if all(s.codec_context.width for s in container.streams.video if getattr(s, "codec_context", None)):
        return container
    container.close()  # it does not say beforehand what it shows: that has to be seen
    at_length = {"analyzeduration": str(round(PROBE_S * 1e6))}
    return av.open(url, "r", options=options | at_length, timeout=(timeout_s, None))


def _http(url: str, timeout_s: float) -> av.container.InputContainer:
    fetch = Fetcher(url, timeout_s)
    options = {"format_whitelist": FORMATS["http"], "protocol_whitelist": "http,https,tcp,tls,crypto,data"}
    first = fetch(url)
    kind = first.headers.get_content_type()
    boundary = first.headers.get_param("boundary")
    if kind == "multipart/x-mixed-replace":
        options |= {"use_wallclock_as_timestamps": "1", "strict_mime_boundary": "0"}
        if boundary:
            options["boundary"] = str(boundary).removeprefix("--")
        return av.open(Piecewise(first), "r", format="mpjpeg", options=options)
    first.close()
    return av.open(fetch.clean(url), "r", options=options | _HLS, io_open=fetch.for_libav)


class Piecewise:
    """A body of HTTP as a file for libav: what has come is given at once, not when a whole buffer has."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, count: int) -> bytes:
        """Up to so many bytes; none at the end."""
        try:
            return bytes(self._body.read1(count))
        except TimeoutError as error:
            raise OSError(error.errno or 110, "nothing came in time") from error

    def close(self) -> None:
        """Lets the connection go."""
        self._body.close()


class Fetcher:
    """Fetches over HTTP what a camera's address names and what its playlists do."""

    def __init__(self, url: str, timeout_s: float) -> None:
        parts = urlsplit(url)
        self._home, self._timeout_s = (parts.hostname or "").lower(), timeout_s
        self._user = None if parts.username is None else unquote(parts.username)
        self._password = unquote(parts.password or "")
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            _Plain(self),
            _Tls(self),
            urllib.request.HTTPRedirectHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
            *self._logins(),
        ):
            self._opener.add_handler(handler)

    def _logins(self) -> list[urllib.request.BaseHandler]:
        if self._user is None:
            return []
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        for scheme in ("http", "https"):
            known.add_password(None, f"{scheme}://{self._home}/", self._user, self._password)
        return [urllib.request.HTTPDigestAuthHandler(known)]

    @staticmethod
    def clean(url: str) -> str:
        """The address without user and password."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def __call__(self, url: str) -> Any:
        """The answer; its body is read from it. Raises OSError."""
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https"):
            raise Invalid(f"a playlist names a {parts.scheme or 'local'} address, which is not followed")
        request = urllib.request.Request(self.clean(url), headers={"User-Agent": "sightline"})  # noqa: S310 - http(s) alone
        if self._user is not None and (parts.hostname or "").lower() == self._home:
            login = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {login}")
        try:
            return self._opener.open(request, timeout=self._timeout_s)
        except urllib.error.HTTPError as error:
            error.close()
            raise

    def for_libav(self, url: str, _flags: int, _options: dict[str, str]) -> Any:
        """What a demuxer asks for."""
        return Piecewise(self(url))

    def check(self, host: str, line: http.client.HTTPConnection) -> None:
        """Closes a connection to an inner host that whoever set the camera up did not name, and raises OSError."""
        if host.lower() == self._home:
            return
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(line.sock.getpeername()[0])
            if address.is_global and not address.is_multicast:
                return
        line.close()
        raise PermissionError(
            13, "a playlist or redirect names a host of this network, which is not followed"
        )


class _Plain(urllib.request.HTTPHandler):
    """Connections over HTTP, checked before anything is asked over them."""

    def __init__(self, fetcher: Fetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def http_open(self, request: urllib.request.Request) -> Any:
        """Connects and asks."""
        fetcher = self._fetcher

        class Checked(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                fetcher.check(self.host, self)

        return self.do_open(Checked, request)


class _Tls(urllib.request.HTTPSHandler):
    """The same over TLS."""

    def __init__(self, fetcher: Fetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def https_open(self, request: urllib.request.Request) -> Any:
        """Connects and asks."""
        fetcher = self._fetcher

        class Checked(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                fetcher.check(self.host, self)

        return self.do_open(Checked, request)


def explain(error: Exception) -> NoReturn:
    """Raises the error in our words, without the address in it."""
    raise _explained(error) from None  # what libav says repeats the address, with the password in it


def _explained(error: Exception) -> SightlineError:
    code = getattr(error, "code", None) if isinstance(error, urllib.error.HTTPError) else None
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError) or code in (401, 403):
        return CameraRefused(
            "the camera refuses the user or the password (401 Unauthorized)",
            next_step="give the right ones in its URL: rtsp://USER:PASSWORD@host/path",
            stage="source",
        )
    if isinstance(error, av.error.HTTPNotFoundError) or code == 404:
        return SourceUnavailable(
            "the camera has nothing at that path (404 Not Found)",
            next_step="check the path in its URL",
            stage="source",
        )
    if code is not None:
        return SourceUnavailable(f"the camera answers with HTTP status {code}", stage="source")
    if isinstance(error, av.error.ExitError | TimeoutError):
        return SourceUnavailable(
            "the camera does not answer", next_step="check its address and the network", stage="source"
        )
    if isinstance(error, av.error.InvalidDataError):
        return SourceUnavailable(
            "what the camera sends is no video",
            next_step="check the path in its URL",
            stage="source",
        )
    said = (
        getattr(error, "reason", None)
        if isinstance(error, urllib.error.URLError)
        else getattr(error, "strerror", None)
    )
    return SourceUnavailable(
        f"the camera cannot be reached: {getattr(said, 'strerror', None) or said or type(error).__name__}",
        next_step="check its address and the network",
        stage="source",
    )


def video_of(container: av.container.InputContainer) -> av.video.stream.VideoStream:
    """The largest picture it shows. Raises `BadMedia` where it shows none that can be decoded."""
    streams = [s for s in container.streams.video if getattr(s, "codec_context", None) is not None]
    if not streams:
        raise BadMedia(
            "the camera shows no video that can be decoded", next_step="set it to H.264", stage="source"
        )
    return max(streams, key=lambda s: s.codec_context.width * s.codec_context.height)
