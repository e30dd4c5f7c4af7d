from __future__ import annotations

import signal
from pathlib import Path

import pytest

from helpers.command import Sightline


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_told_to_end_closes_what_is_open(tmp_path: Path, how: signal.Signals) -> None:
    running = Sightline(tmp_path).start("serve", "--port", "0")
    try:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("slk_")
        assert running.stderr is not None
        while "http://127.0.0.1" not in running.stderr.readline():
            assert running.poll() is None
        running.send_signal(how)
        _, told = running.communicate(timeout=60)
    finally:
        running.kill()
        running.communicate()
    assert "stopping" in told
    assert "Traceback" not in told
