"""A private Redis on a free port: started for a test, restarted and flushed at will, gone afterwards."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

from helpers.command import free_port

PROGRAM = shutil.which("redis-server")


class RedisServer:
    """Debian's `redis-server` with a folder and, if wished, a password of its own."""

    def __init__(self, folder: Path, *, password: str = "", keeps: bool = False) -> None:
        self.port, self.password = free_port(), password
        self._folder, self._keeps = folder, keeps
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        """What SIGHTLINE_QUEUE has to be."""
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts it and waits until it answers; what it held is there again where it `keeps`."""
        assert PROGRAM is not None
        words = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        words += ["--save", "", "--appendonly", "yes" if self._keeps else "no"]
        words += ["--requirepass", self.password] if self.password else []
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while b"PONG" not in self.say("PING"):
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """Kills it, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def say(self, *words: str) -> bytes:
        """What it answers to one command; nothing where it does not answer."""
        commands = [("AUTH", self.password)] if self.password else []
        told = b""
        for command in (*commands, words):
            parts = [f"${len(word)}\r\n{word}\r\n" for word in command]
            told += f"*{len(command)}\r\n{''.join(parts)}".encode()
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), timeout=5)) as line:
                line.sendall(told)
                line.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: line.recv(65536), b""))
        except OSError:
            return b""
