"""The library that searches vectors does not break the one that runs networks, whichever is loaded first."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("first", ["graph.searching", "onnxruntime"])
def test_both_libraries_load_in_either_order(first: str) -> None:
    code = f"import {first}, onnxruntime, graph.searching; print(onnxruntime.get_available_providers())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert "CPUExecutionProvider" in done.stdout
