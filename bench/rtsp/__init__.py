"""Real cameras for trials: GStreamer's RTSP server as a process, and a line between it and us that can be cut."""

from bench.rtsp.line import Line
from bench.rtsp.server import CameraServer, Missing, write_units

__all__ = ["CameraServer", "Line", "Missing", "write_units"]
