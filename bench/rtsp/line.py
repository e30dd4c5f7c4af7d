"""The line between a camera and us, as a small TCP proxy: it can swallow everything, and shift the camera's clock."""

from __future__ import annotations

import contextlib
import socket
import threading

RTP_CLOCK = 90_000
_PIECE = 65536


class Line:
    """Listens on a free port of this machine and passes on to `port`.

    While it is `black`, it takes whatever is sent, connections too, and passes nothing on: nobody is told that anything
    is wrong. `shift` moves the timestamps of all RTP packets of interleaved RTSP by so many seconds from then on.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self.black = False
        self._shift = 0
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.2)
        self.port = int(self._listening.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def shift(self, seconds: float) -> None:
        """Makes the camera's clock jump by so much."""
        self._shift = (self._shift + round(seconds * RTP_CLOCK)) % (1 << 32)

    def close(self) -> None:
        """Ends it, with all that goes through it."""
        self._over.set()
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                here, _ = self._listening.accept()
            except TimeoutError:
                continue
            here.settimeout(0.2)
            thread = threading.Thread(target=self._carry, args=(here,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, here: socket.socket) -> None:
        """One connection: what comes from here goes there, and the other way in a second thread."""
        with here:
            there = self._reach()
            if there is None:
                return
            with there, self._held(here, there):
                back = threading.Thread(target=self._pass, args=(there, here, True), daemon=True)
                back.start()
                self._pass(here, there, False)
                back.join()

    def _reach(self) -> socket.socket | None:
        while not self._over.is_set():
            if self.black:
                self._over.wait(0.1)
                continue
            try:
                there = socket.create_connection(("127.0.0.1", self._to), timeout=5)
            except OSError:
                return None
            there.settimeout(0.2)
            return there
        return None

    @contextlib.contextmanager
    def _held(self, *ends: socket.socket):  # type: ignore[no-untyped-def]
        with self._lock:
            self._open.update(ends)
        try:
            yield
        finally:
            with self._lock:
                self._open.difference_update(ends)

    def _pass(self, source: socket.socket, target: socket.socket, from_camera: bool) -> None:
        frames = _Frames()
        while not self._over.is_set():
            try:
                data = source.recv(_PIECE)
            except TimeoutError:
                continue
            except OSError:
                break
            if not data:
                break
            if self.black:
                continue
            if from_camera:
                data = frames.shifted(data, self._shift)
            try:
                target.sendall(data)
            except OSError:
                break
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Frames:
    """Finds the RTP packets in what an RTSP camera sends over one connection, piece by piece."""

    def __init__(self) -> None:
        self._rest = b""

    def shifted(self, data: bytes, by: int) -> bytes:
        """The whole packets so far, with their timestamps moved."""
        data, out = self._rest + data, bytearray()
        while data:
            if data[:1] != b"$":  # an answer of the protocol: it goes up to the next packet
                end = data.find(b"$")
                end = len(data) if end < 0 else end
                out += data[:end]
                data = data[end:]
                continue
            size = 4 + int.from_bytes(data[2:4], "big") if len(data) >= 4 else 1 << 20
            if len(data) < size:
                break
            packet, data = bytearray(data[:size]), data[size:]
            at = 8 if packet[1] == 0 else 20 if packet[1] == 1 and packet[5] == 200 else 0
            if by and at and len(packet) >= at + 4:
                moved = (int.from_bytes(packet[at : at + 4], "big") + by) % (1 << 32)
                packet[at : at + 4] = moved.to_bytes(4, "big")
            out += packet
        self._rest = data
        return bytes(out)
