"""What every test shares: a rule about logs, and where test data outside the project lies."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from helpers import redis_server
from helpers.redis_server import RedisServer

if TYPE_CHECKING:
    from graph.neo4j.database import Neo4jDatabase

# how long an example takes says how busy the machine is, not whether it is right
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")

IN_CI = bool(os.environ.get("CI"))


def absent(what: str) -> None:
    """Skips on a stranger's machine; fails in CI, where nothing a test needs may be missing."""
    if IN_CI:
        pytest.fail(f"{what} is missing, and this is CI", pytrace=False)
    pytest.skip(f"{what} is not here")


@pytest.fixture(autouse=True)
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails any test during which something of ours logs an ERROR."""
    yield
    for when in ("setup", "call", "teardown"):
        loud = [r for r in caplog.get_records(when) if r.levelno >= logging.ERROR]  # type: ignore[arg-type]
        assert not loud, f"logged at {when}: {[r.getMessage() for r in loud]}"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real clips and weights: SIGHTLINE_TEST_DATA, by default `../shared` beside the checkout."""
    root = Path(__file__).parents[1]
    folder = (root / os.environ.get("SIGHTLINE_TEST_DATA", "../shared")).resolve()
    if not (folder / "data").is_dir():
        absent(f"test data ({folder.name})")
    return folder


@pytest.fixture(scope="session")
def clips(shared: Path) -> Path:
    """The folder with real clips."""
    return shared / "data" / "clips"


@pytest.fixture(scope="session")
def weights(shared: Path) -> Path:
    """The folder with detector weights."""
    return shared / "models"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives folders with tiny models of real architectures; needs torch, which `make setup-local` installs."""
    if find_spec("torch") is None or find_spec("transformers") is None:
        absent("torch with transformers")
    import torch

    from helpers import tiny_models

    torch.set_num_threads(
        1
    )  # tests run side by side, and threads of tiny models wait for each other longer than they work
    root = tmp_path_factory.mktemp("tiny-models")
    return lambda name: tiny_models.save(name, root / name)


@pytest.fixture(scope="session")
def neo4j_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a real Neo4j answers: SIGHTLINE_TEST_NEO4J, or one server for all processes of this run, started here."""
    given = os.environ.get("SIGHTLINE_TEST_NEO4J", "")
    if given:
        return given
    from bench.neo4j_server import Missing, shared_server

    base = tmp_path_factory.getbasetemp()
    try:
        return shared_server((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "neo4j").url
    except Missing as why:
        absent(f"Neo4j ({why})")
        raise


@pytest.fixture(scope="session")
def neo4j_database(neo4j_url: str) -> Iterator[Neo4jDatabase]:
    """Connections to it; each memory in it has a name of its own."""
    from graph.neo4j.address import Address
    from graph.neo4j.database import Neo4jDatabase
    from graph.neo4j.migrations import migrate

    database = Neo4jDatabase(Address.of(neo4j_url))
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, set as SIGHTLINE_HOME, with no other setting in force."""
    for name in list(os.environ):
        if name.startswith("SIGHTLINE_") and name != "SIGHTLINE_TEST_DATA":
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    monkeypatch.setenv("SIGHTLINE_HOME", str(folder))
    return folder


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A private Redis with a password, which nothing may repeat."""
    if redis_server.PROGRAM is None:
        absent("redis-server")
    server = RedisServer(tmp_path / "redis", password="hunter2")
    server.start()
    yield server
    server.stop()
