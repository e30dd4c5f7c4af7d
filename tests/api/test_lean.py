"""What only looks into the memory loads nothing that looks at pictures: a question must not wait for that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EYES = ("cv2", "scipy", "supervision", "trackers", "onnxruntime", "av")
SCRIPT = f"""
import sys
from api.cli.main import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end
print(",".join(name for name in {EYES!r} if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "command", [["--help"], ["events", "--json"], ["ask", "How many cars pass?", "--json"], ["keys", "list"]]
)
def test_reading_the_memory_loads_no_eye(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command],
        env={**os.environ, "SIGHTLINE_HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == ""
