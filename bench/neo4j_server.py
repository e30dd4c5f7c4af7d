"""A real Neo4j Community server from Maven Central's artifacts: for tests, benchmarks and a try of one's own.

    python -m bench.neo4j_server start [--home DIR] [--port N] [--heap 512]   start one, print what to set
    python -m bench.neo4j_server stop [--home DIR]                            stop it; its data stays
    python -m bench.neo4j_server jars                                         fetch what it is made of (120 MB, once)

It needs Java 17 and, to fetch the jars once, Maven (Debian: openjdk-17-jre-headless, maven). Where an engine for
containers runs, its image does the same:

    docker run -p 7687:7687 -e NEO4J_AUTH=neo4j/a-long-password -e NEO4J_db_lock_acquisition_timeout=30s neo4j:5.26-community
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

VERSION = "5.26.30"
JAVA = 17
USER = "neo4j"
LOCK_S = 10.0
"""How long a transaction may wait for another one's lock, in seconds. Neo4j's own is for ever: what changes the schema
while somebody reads and writes in one breath would hold up all three."""
UP_S = 180.0
"""How long a server may take to come up, in seconds: about 10 on an idle machine."""

MAIN = "org.neo4j.server.CommunityEntryPoint"
_OPENS = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch", "java.base/java.util.concurrent")
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>sightline</groupId><artifactId>neo4j</artifactId><version>1</version><packaging>pom</packaging><dependencies>
<dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>{VERSION}</version></dependency>
<dependency><groupId>org.neo4j.app</groupId><artifactId>neo4j-server</artifactId><version>{VERSION}</version></dependency>
</dependencies></project>
"""


class Missing(Exception):
    """Something a server needs is not here; the message says what, and how to get it."""


def cache() -> Path:
    """The folder that keeps the jars between runs: losing it costs a download."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "sightline" / f"neo4j-{VERSION}"


def jars() -> Path:
    """The folder of the jars, fetched if they are not here yet; raises `Missing`."""
    folder = cache()
    lib = folder / "lib"
    if (folder / "complete").exists() and any(lib.glob("neo4j-server-*.jar")):
        return lib
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("Neo4j's jars are not here, nor Maven to fetch them: apt-get install maven")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        if not (folder / "complete").exists():
            (folder / "pom.xml").write_text(_POM)
            command = [maven, "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={lib}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Missing(f"Maven could not fetch Neo4j's jars: {(done.stdout + done.stderr)[-1000:]}")
            (folder / "complete").touch()
    return lib


def java() -> str:
    """The program that runs the server; raises `Missing` where it is not here, or not new enough."""
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None or not Path(program).exists():
        raise Missing(f"Java is not here: apt-get install openjdk-{JAVA}-jre-headless")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA:
        raise Missing(f"Neo4j needs Java {JAVA}: apt-get install openjdk-{JAVA}-jre-headless")
    return program


class Neo4jServer:
    """One server with a data folder, a port and a password of its own; started and stopped as often as one likes.

    `heap_mb` and `page_mb` bound its memory. The process is known by the file `pid` in its folder.
    """

    def __init__(self, home: Path, *, port: int = 0, heap_mb: int = 512, page_mb: int = 128) -> None:
        self.home = home
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.port = port or int(self._kept("port", str(_free_port())))
        self.password = self._kept("password", secrets.token_hex(12))
        (self.home / "port").write_text(str(self.port))
        self._heap_mb, self._page_mb = heap_mb, page_mb

    @property
    def url(self) -> str:
        """What SIGHTLINE_STORE is to be, password included."""
        return f"bolt://{USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The running process, or None."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.home / "pid").read_text())
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            # Of a pid that another program has by now, the command line tells; one that just begins has none yet.
            starts = not line and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if starts or str(self.home).encode() in line:
                return pid
        return None

    def start(self) -> None:
        """Starts it and waits until it answers; raises `Missing`, or RuntimeError with the end of its log."""
        if self.pid is None:
            self.configure()
            options = [f"--add-opens={package}=ALL-UNNAMED" for package in _OPENS]
            options += [
                f"-Xms{self._heap_mb}m",
                f"-Xmx{self._heap_mb}m",
                "-XX:+UseG1GC",
                "-cp",
                f"{jars()}/*",
            ]
            command = [java(), *options, MAIN, f"--home-dir={self.home}", f"--config-dir={self.home}"]
            (self.home / "pid").write_text(str(_spawn(command, self.home / "console.log")))
        self._wait()

    def stop(self, *, hard: bool = False) -> None:
        """Ends it and waits until it is gone; `hard` as a crash would."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL if hard else signal.SIGTERM)
        until = time.monotonic() + 60
        while self.pid is not None and time.monotonic() < until:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)
        if self.pid is not None:
            os.kill(pid, signal.SIGKILL)
        (self.home / "pid").unlink(missing_ok=True)

    def _kept(self, name: str, otherwise: str) -> str:
        file = self.home / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(otherwise)
        return file.read_text().strip()

    def configure(self) -> None:
        """Writes its settings; `start` does so, too."""
        settings = {
            "server.bolt.listen_address": f"127.0.0.1:{self.port}",
            "server.bolt.advertised_address": f"127.0.0.1:{self.port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "server.memory.pagecache.size": f"{self._page_mb}m",
            "db.tx_log.rotation.retention_policy": "keep_none",
            "db.lock.acquisition.timeout": f"{LOCK_S:.0f}s",
            "dbms.usage_report.enabled": "false",
        }
        (self.home / "neo4j.conf").write_text(
            "".join(f"{name}={value}\n" for name, value in settings.items())
        )

    def _wait(self) -> None:
        from neo4j import GraphDatabase
        from neo4j.exceptions import AuthError, DriverError, Neo4jError

        address = f"bolt://127.0.0.1:{self.port}"
        until = time.monotonic() + UP_S
        while time.monotonic() < until:
            pid = self.pid
            if pid is not None:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            if self.pid is None:
                break
            try:
                with GraphDatabase.driver(address, auth=(USER, self.password)) as driver:
                    driver.verify_connectivity()
                    driver.execute_query("RETURN 1")
                return
            except AuthError:
                with contextlib.suppress(DriverError, Neo4jError):
                    self._set_password(address)
            except (DriverError, Neo4jError):
                pass
            time.sleep(0.3)
        log = (self.home / "console.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"Neo4j did not come up in {UP_S:.0f} s: {log}")

    def _set_password(self, address: str) -> None:
        from neo4j import GraphDatabase

        with GraphDatabase.driver(address, auth=(USER, USER)) as driver:
            driver.execute_query(
                "ALTER CURRENT USER SET PASSWORD FROM $old TO $new",
                {"old": USER, "new": self.password},
                database_="system",
            )


def keep(home: Path) -> None:
    """Waits until none of the processes listed in the folder's file `users` lives, then stops the server and removes
    the folder: however its users end, nothing is left running.
    """
    while any(Path(f"/proc/{pid}").exists() for pid in (home / "users").read_text().split()):
        time.sleep(1.0)
    Neo4jServer(home).stop()
    shutil.rmtree(home, ignore_errors=True)


def shared_server(home: Path) -> Neo4jServer:
    """The server in this folder, started unless another process did so already; it ends with the last of its users."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(home.with_suffix(".lock")):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (home / "users").open("a") as users:
            users.write(f"{os.getpid()}\n")
        server = Neo4jServer(home)
        if server.pid is None:
            server.start()
            command = [sys.executable, "-c", _KEEP, str(Path(__file__).parents[1]), str(home)]
            _spawn(command, home / "keep.log")
        return server


_KEEP = "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from bench.neo4j_server import keep; keep(Path(sys.argv[2]))"


def _spawn(command: list[str], log: Path) -> int:
    """Starts a process that lives on after this one; its pid."""
    into = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), into, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(arguments: list[str]) -> int:
    """Does what is asked and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.neo4j_server",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=["start", "stop", "jars"])
    parser.add_argument(
        "--home", type=Path, default=Path.home() / ".sightline" / "neo4j", help="its data folder"
    )
    parser.add_argument("--port", type=int, default=0, help="default: a free one, kept with the data")
    parser.add_argument("--heap", type=int, default=512, metavar="MB")
    parser.add_argument("--pages", type=int, default=256, metavar="MB", help="memory for the page cache")
    asked = parser.parse_args(arguments)
    try:
        if asked.verb == "jars":
            print(jars())
        elif asked.verb == "stop":
            Neo4jServer(asked.home).stop()
        else:
            server = Neo4jServer(
                asked.home.absolute(), port=asked.port, heap_mb=asked.heap, page_mb=asked.pages
            )
            server.start()
            print(f"export SIGHTLINE_STORE={server.url}")
    except Missing as why:
        print(why, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
