"""Empties the outbox from the background, at intervals and whenever it is woken."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from alerts.deliver import MOST_AT_ONCE, deliver_to, due_webhooks
from core.clock import Clock
from core.errors import SightlineError
from core.ids import WebhookId
from core.ports import Ledger, Notifier

log = logging.getLogger(__name__)


class OutboxLoop:
    """A thread that looks for due deliveries; each receiver is served on its own, so none waits for a dead one."""

    def __init__(self, ledger: Ledger, notifier: Notifier, clock: Clock, every_s: float = 2.0) -> None:
        self._ledger, self._notifier, self._clock, self._every_s = ledger, notifier, clock, every_s
        self._wake, self._over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._busy: set[WebhookId] = set()
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="deliver")
        self._thread = threading.Thread(target=self._loop, name="outbox", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Looks at once: something was put into the outbox."""
        self._wake.set()

    def close(self) -> None:
        """Ends after the tries that are under way; what is left stays in the outbox."""
        self._over.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def _loop(self) -> None:
        while not self._over.is_set():
            self._look()
            self._wake.wait(self._every_s)
            self._wake.clear()

    def _look(self) -> None:
        try:
            due = due_webhooks(self._ledger, self._clock)
        except SightlineError as error:
            log.warning("the outbox cannot be read: %s", error.message)
            return
        for id in due:
            with self._lock:
                if id in self._busy:
                    continue
                self._busy.add(id)
            self._pool.submit(self._serve, id)

    def _serve(self, id: WebhookId) -> None:
        try:
            deliver_to(id, self._ledger, self._notifier, self._clock)
        except SightlineError as error:
            log.warning("the outbox of webhook %s is left for later: %s", id, error.message)
        except Exception:
            log.exception("serving webhook %s broke; its deliveries stay in the outbox", id)
        finally:
            with self._lock:
                self._busy.discard(id)
