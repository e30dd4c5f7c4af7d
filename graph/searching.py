"""The library that searches vectors, loaded so that it leaves the libraries loaded after it alone.

usearch puts NumKong's symbols, a C++ runtime of its own among them, before everybody else's; ONNX Runtime loaded after
that crashes. With the system's C++ runtime there first, its symbols are found before NumKong's.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

if sys.platform == "linux":
    with contextlib.suppress(
        OSError
    ):  # a system with another C++ runtime: then there is nothing to come before
        ctypes.CDLL("libstdc++.so.6", mode=ctypes.RTLD_GLOBAL)

from usearch.compiled import MetricKind
from usearch.index import search

__all__ = ["MetricKind", "search"]
