"""How much one answer of Neo4j's may bring, counted in bytes where they come in, before anything is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from neo4j import Session


class Inflow:
    """What comes in over one connection: `passed` once it was more than allowed."""

    def __init__(self, socket: Any, most: int) -> None:
        self._socket, self._left = socket, most
        self.passed = False

    def stop(self) -> None:
        """Takes in no more: the connection is of no further use."""
        self._left = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def recv_into(self, buffer: Any, nbytes: int) -> int:
        """Receives as the socket does; past the bound it fails as a lost connection would, and the driver gives the
        connection up, which ends the query on the server too.
        """
        if self._left <= 0:
            self.passed = True
            raise ConnectionAbortedError("the answer is larger than allowed")
        got = int(self._socket.recv_into(buffer, nbytes))
        self._left -= got
        return got


@contextmanager
def bounded(session: Session, most: int) -> Iterator[Inflow]:
    """Bounds what still comes in for the statement the session runs.

    The driver has no setting for this: `fetch_size` bounds rows, and one row may hold a list of any length. So its
    connection's inbox is given a socket that counts; these names of the driver's are its own, and a test holds them.
    """
    connection: Any = session._connection
    inbox = connection.inbox
    socket = inbox._socket
    inflow = Inflow(socket, most)
    inbox._socket = inflow
    try:
        yield inflow
    except BaseException:
        if session._connection is connection:
            inflow.stop()  # what was asked for and is on its way is not read to its end either
        else:
            inbox._socket = socket  # the driver has put the connection back for others already
        raise
    inbox._socket = socket
