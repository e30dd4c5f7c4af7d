"""One Neo4j database shared by threads and processes: opening, transactions, and Neo4j's errors in our words."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from neo4j import Driver, GraphDatabase, ManagedTransaction, Session, unit_of_work
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from core.errors import StoreUnavailable
from graph.neo4j.address import Address

T = TypeVar("T")

PATIENCE_S = 120.0
"""How long a write waits for a server that went away, in seconds: a restart of a large database takes a minute."""
READ_PATIENCE_S = 15.0
"""How long a question waits for it."""
OPEN_PATIENCE_S = 10.0
"""How long opening waits for it."""

_CONNECTS_S = 5.0
_DELAYS_S = (0.1, 2.0)
_GONE = (ServiceUnavailable, SessionExpired, TransientError, OSError)

# What the driver has to say of a lost connection we say ourselves, once, in our own words.
for _part in ("neo4j.io", "neo4j.pool", "neo4j.session"):
    logging.getLogger(_part).setLevel(logging.CRITICAL)

log = logging.getLogger(__name__)


class Neo4jDatabase:
    """A pool of connections to one database. Threads may share it, and so may memories.

    Work is given as a function of a transaction; it is done again where Neo4j asks for that (deadlocks) and where the
    server went away, as long as patience lasts, so it must come to the same when done twice. Raises `StoreUnavailable`
    where the server does not answer, refuses the password or runs out of something.
    """

    def __init__(self, address: Address, *, patience_s: float = PATIENCE_S) -> None:
        self.address = address
        self._patience_s = patience_s
        self._closed = False
        try:
            self._driver: Driver = GraphDatabase.driver(
                address.url,
                auth=(address.user, address.password),
                connection_timeout=_CONNECTS_S,
                connection_acquisition_timeout=_CONNECTS_S * 4,
                max_transaction_retry_time=_CONNECTS_S,
                initial_retry_delay=0.05,
                liveness_check_timeout=30.0,
                keep_alive=True,
                notifications_min_severity="OFF",
                user_agent="sightline",
            )
        except (ConfigurationError, ValueError, DriverError) as error:
            raise StoreUnavailable(
                f"the memory at {address.shown} cannot be opened: {error}", next_step=_HELP
            ) from error

    def write(self, work: Callable[[ManagedTransaction], T], *, timeout_s: float | None = None) -> T:
        """All of the work, or, where it raises, none of it."""
        return self._patiently(
            lambda session: _managed(session, session.execute_write, _bounded(work, timeout_s)),
            "WRITE",
            self._patience_s,
        )

    def read(
        self,
        work: Callable[[ManagedTransaction], T],
        *,
        timeout_s: float | None = None,
        patience_s: float = READ_PATIENCE_S,
    ) -> T:
        """The work in a transaction that may not write."""
        return self._patiently(
            lambda session: _managed(session, session.execute_read, _bounded(work, timeout_s)),
            "READ",
            min(patience_s, self._patience_s),
        )

    def run(self, statement: str, parameters: Mapping[str, Any] | None = None) -> list[list[Any]]:
        """One statement on its own, as the schema's must be."""
        return self._patiently(
            lambda session: session.run(statement, dict(parameters or {})).values(),
            "WRITE",
            min(READ_PATIENCE_S, self._patience_s),
        )

    def define(self, statement: str) -> None:
        """One statement of the schema. What another process defined in the same moment is defined.

        It waits for everybody who reads or writes what it is about, and who comes later waits behind it: where the
        server bounds that (`db.lock.acquisition.timeout`), it lets them pass and tries again.
        """

        def run(session: Session) -> None:
            try:
                session.run(statement).consume()
            except ClientError as error:
                if "AlreadyExists" not in str(error.code):
                    raise

        self._patiently(run, "WRITE", self._patience_s)

    def ping(self) -> str:
        """The server's name and version; raises `StoreUnavailable` where it does not answer."""
        (name, versions, _edition) = self._patiently(
            lambda session: session.run("CALL dbms.components() YIELD name, versions, edition").values()[0],
            "READ",
            OPEN_PATIENCE_S,
        )
        return f"{name} {versions[0]}"

    @contextmanager
    def session(self, access: str, **options: Any) -> Iterator[Session]:
        """A session of one's own, for what is to be tried once."""
        try:
            with self._driver.session(
                database=self.address.database, default_access_mode=access, **options
            ) as session:
                yield session
        except (DriverError, ServiceUnavailable, SessionExpired, AuthError) as error:
            raise self._explained(error) from error

    def _patiently(self, do: Callable[[Session], T], access: str, patience_s: float) -> T:
        until = time.monotonic() + patience_s
        delay, told = _DELAYS_S[0], False
        while True:
            if self._closed:
                raise StoreUnavailable(
                    f"the memory at {self.address.shown} was closed", next_step="open it again"
                )
            try:
                with self._driver.session(
                    database=self.address.database, default_access_mode=access
                ) as session:
                    result = do(session)
                if told:
                    log.warning("the memory at %s answers again", self.address.shown)
                return result
            except _GONE as error:
                if time.monotonic() + delay > until or _hopeless(error):
                    raise self._explained(error) from error
                if not told and delay >= 1.0:
                    told = True
                    log.warning("the memory at %s does not answer: waiting", self.address.shown)
                time.sleep(delay)
                delay = min(2 * delay, _DELAYS_S[1])
            except (DriverError, Neo4jError) as error:
                raise self._explained(error) from error

    def _explained(self, error: Exception) -> StoreUnavailable:
        shown = self.address.shown
        code = str(getattr(error, "code", "") or "")
        if isinstance(error, AuthError):
            return StoreUnavailable(
                f"the memory at {shown} refuses this user and password",
                next_step="set SIGHTLINE_STORE=neo4j://user:password@host:port with those of the server",
            )
        if isinstance(error, ServiceUnavailable | SessionExpired | OSError):
            return StoreUnavailable(f"the memory at {shown} does not answer", next_step=_HELP)
        if code.endswith("DatabaseNotFound"):
            return StoreUnavailable(
                f"there is no database {self.address.database!r} at {shown}",
                next_step="Neo4j's Community edition has one, named neo4j: leave the name out",
            )
        if code.endswith("LockAcquisitionTimeout"):
            return StoreUnavailable(
                f"somebody's transaction at {shown} holds what was to be changed, and has for long",
                next_step="end it: SHOW TRANSACTIONS names it, TERMINATE TRANSACTION 'its id' ends it",
            )
        if "OutOfMemory" in code or "MemoryPool" in code:
            return StoreUnavailable(
                f"the memory at {shown} ran out of room for this: {code}",
                next_step="give Neo4j a larger heap (server.memory.heap.max_size), or ask for less at once",
            )
        return StoreUnavailable(
            f"the memory at {shown} failed: {code or type(error).__name__}: {getattr(error, 'message', error)}",
            next_step="look into Neo4j's logs, and at the room on its disk",
        )

    def close(self) -> None:
        """Closes the connections; closing twice is closing once."""
        self._closed = True
        self._driver.close()


_HELP = "start Neo4j (docs/howto/neo4j.md), or set SIGHTLINE_STORE to where it answers"


def _managed(
    session: Session,
    execute: Callable[[Callable[[ManagedTransaction], T]], T],
    work: Callable[[ManagedTransaction], T],
) -> T:
    """The work in a transaction whose beginning goes out with its first statement: one way to the server and back less.

    The driver does so for its own `execute_query`; the name is its own, and without it the beginning is waited for.
    """
    with getattr(session, "_pipelined_begin", nullcontext()):
        return execute(work)


def _bounded(
    work: Callable[[ManagedTransaction], T], timeout_s: float | None
) -> Callable[[ManagedTransaction], T]:
    if timeout_s is None:
        return work
    return unit_of_work(timeout=timeout_s)(work)


def _hopeless(error: Exception) -> bool:
    """Whether waiting cannot help: what asks too much asks too much again."""
    code = str(getattr(error, "code", "") or "")
    return isinstance(error, ClientError) or "MemoryPool" in code or "OutOfMemory" in code
