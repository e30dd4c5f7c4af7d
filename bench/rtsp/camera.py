"""An RTSP server that plays encoded pictures for ever, as cameras do. Run by the system's Python, which has GStreamer:

`python3 camera.py PORT FPS USER:PASSWORD PATH=FILE…` (a port of 0 takes a free one, `-` is no password). It says on
standard output on which port it listens, and ends with its standard input. FILE holds access units of H.264 as
`bench/rtsp/server.py: write_units` writes them. Every path is one shared camera: who comes later waits, as before a
real one, for its next key picture.
"""

import os
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

LAUNCH = (
    "( appsrc name=camera is-live=true do-timestamp=true format=time"
    " caps=video/x-h264,stream-format=byte-stream,alignment=au"
    " ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )"
)


def read_units(path):
    """The access units of a file, in order."""
    units = []
    with open(path, "rb") as file:
        while head := file.read(4):
            units.append(file.read(int.from_bytes(head, "big")))
    return units


class Camera:
    """One path of the server: hands its pictures to whoever watches."""

    def __init__(self, units, begin):
        self._units, self._next = units, begin % len(units)
        self._source = None
        self.factory = GstRtspServer.RTSPMediaFactory()
        self.factory.set_launch(LAUNCH)
        self.factory.set_shared(True)
        self.factory.connect("media-configure", self._configured)

    def _configured(self, _factory, media):
        self._source = media.get_element().get_by_name("camera")
        media.connect("unprepared", lambda _media: self._gone())

    def _gone(self):
        self._source = None

    def step(self):
        """Shows the next picture."""
        unit = self._units[self._next]
        self._next = (self._next + 1) % len(self._units)
        if (source := self._source) is not None:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(unit))


def play(cameras, fps):
    """Steps every camera at an even rate, for ever."""
    due = time.monotonic()
    while True:
        for camera in cameras:
            camera.step()
        now = time.monotonic()
        due = due + 1 / fps if now - due < 1 else now  # what was frozen does not catch up
        time.sleep(max(0.0, due - now))


def guard(server, cameras, login):
    """Asks everyone for a user and password."""
    user, _, password = login.partition(":")
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    for camera in cameras:
        rights = GstRtspServer.RTSPPermissions()
        rights.add_permission_for_role("viewer", "media.factory.access", True)
        rights.add_permission_for_role("viewer", "media.factory.construct", True)
        camera.factory.set_permissions(rights)


def end_with_parent():
    """Ends when standard input does."""
    while os.read(0, 1024):
        pass
    os._exit(0)


def main():
    """Serves until it is ended."""
    port, fps, login, *paths = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    loaded, cameras = {}, []
    for n, (path, _, file) in enumerate(word.partition("=") for word in paths):
        units = loaded.setdefault(file, read_units(file)) if file not in loaded else loaded[file]
        cameras.append(Camera(units, 37 * n))
        server.get_mount_points().add_factory("/" + path, cameras[-1].factory)
    if login != "-":
        guard(server, cameras, login)
    if not server.attach(None):
        sys.exit("the port is taken")
    threading.Thread(target=play, args=(cameras, float(fps)), daemon=True).start()
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
