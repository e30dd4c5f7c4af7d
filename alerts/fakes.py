"""A notifier that sends nothing and remembers everything: for tests and for trying rules out."""

from __future__ import annotations

import threading
from collections import deque

from core.watch import Notice, Receipt


class RecordingNotifier:
    """A `Notifier` that answers with the receipts it was given, in order, then with success. Threads may share it."""

    def __init__(self, *receipts: Receipt) -> None:
        self._lock = threading.Lock()
        self._receipts = deque(receipts)
        self.sent: list[Notice] = []

    def send(self, notice: Notice, /) -> Receipt:
        """Keeps the notice."""
        with self._lock:
            self.sent.append(notice)
            return self._receipts.popleft() if self._receipts else Receipt(status=200, delivered=True)
