"""Hands jobs to worker processes through Celery over Redis.

Celery is the transport and no more: a message carries a job's id, and what becomes of the job stands in the ledger.
So a message that comes twice, late or not at all does no harm: who runs a job claims its row, and `recover()` hands
over anew what nobody has taken up.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

from core.clock import Clock
from core.errors import Invalid, Unavailable
from core.ids import JobId
from core.ports import Ledger
from core.work import Job, JobState, Standing, Worker
from jobs.runner import LEASE, ask_to_stop, enqueue, overdue, requeue, standing

log = logging.getLogger(__name__)

QUEUE = "sightline.jobs"
TASK = "sightline.job"

PATIENCE_S = 3.0
"""Seconds Redis may take to take a connection or to answer before it counts as gone."""

VISIBLE_AFTER = 3
"""Leases after which Redis gives a message that was taken and not acknowledged to another worker. Every job longer
than that comes twice: the second time its row is claimed already, and the message is dropped. Shorter than Celery's
hour, so that it is a second way to take up what a dead worker had; longer than a lease, so that it is not the first."""


def transport(url: str, *, lease: timedelta = LEASE) -> Any:
    """A Celery application over this Redis, set for messages that say nothing but which job.

    Raises `Unavailable` where the extra is not installed, `Invalid` where the URL names no Redis.
    """
    try:
        from celery import Celery
    except ImportError as error:
        raise _not_installed(error) from error
    where = shown(url)
    app = Celery("sightline", set_as_current=False)
    app.conf.update(
        broker_url=url,
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": VISIBLE_AFTER * lease.total_seconds(),
            "socket_connect_timeout": PATIENCE_S,
            "socket_keepalive": True,
            "client_name": "sightline",
        },
    )
    log.debug("jobs go over %s", where)
    return app


def shown(url: str) -> str:
    """The queue's URL as it may be shown: without user and password. Raises `Invalid` where it names no Redis."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 6379
    except ValueError:
        host = None
    database = parts.path.strip("/") if host else ""
    # A password with a bare ? or # in it ends there, and its beginning passes for host and port.
    cut = bool(host) and "@" in parts.query + parts.fragment
    if not host or cut or not (database or "0").isdigit():
        raise Invalid(
            "SIGHTLINE_QUEUE names no Redis",
            next_step="write redis://host:port/0, or redis://:PASSWORD@host:port/0 with what is special in the password"
            " as %-codes",
        )
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}/{database or 0}"


def _not_installed(error: ImportError) -> Unavailable:
    return Unavailable(
        f"jobs cannot go over Redis: {error.name or 'celery'} is not installed",
        next_step="pip install 'sightline[scale]'",
    )


class Broker:
    """The Redis behind the queue, asked directly: whether it answers, and how many messages wait in it."""

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ImportError as error:
            raise _not_installed(error) from error
        self.where = shown(url)
        self._errors = (redis.RedisError, OSError)
        self._redis = redis.Redis.from_url(
            url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S, client_name="sightline-watch"
        )

    def messages(self) -> int:
        """How many messages nobody has taken yet. Raises `Unavailable`."""
        try:
            return int(self._redis.llen(QUEUE))  # kombu keeps the messages of a queue in the list of its name
        except self._errors as error:
            raise self.gone(error) from error

    def gone(self, error: Exception) -> Unavailable:
        """Redis's or Celery's error in our words; it names no password."""
        return Unavailable(
            f"the queue at {self.where} does not answer ({reason(error)})",
            next_step="start Redis, or check SIGHTLINE_QUEUE",
        )

    def close(self) -> None:
        """Lets the connections go."""
        self._redis.close()


def reason(error: BaseException) -> str:
    """What went wrong with Redis, in a few words that cannot hold its password."""
    import redis

    while error.__cause__ is not None and not isinstance(error, redis.RedisError):
        error = error.__cause__
    if isinstance(error, redis.AuthenticationError | redis.exceptions.NoPermissionError) or "NOAUTH" in str(
        error
    ):
        return "it refuses the password"
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return f"nothing within {PATIENCE_S:g} s"
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return "it is still loading"
    if isinstance(error, redis.ConnectionError | OSError):
        return "no connection"
    return type(error).__name__


class CeleryExecutor:
    """An `Executor` whose jobs are done by `sightline worker`, on this machine or another with the same ledger."""

    def __init__(self, url: str, ledger: Ledger, clock: Clock, *, lease: timedelta = LEASE) -> None:
        self._ledger, self._clock, self._lease = ledger, clock, lease
        self._broker = Broker(url)
        self._app = transport(url, lease=lease)
        self._closed = False

    def submit(self, job: Job, /) -> Job:
        """Writes the job down and tells the workers, or returns the one of its key that is going on.

        Raises `Unavailable` where Redis does not answer: the job is written down all the same, and done when it does.
        """
        if self._closed:
            raise Unavailable("the work is being closed down", next_step="try again when it has started anew")
        row, is_new = enqueue(job, self._ledger, self._clock, self._lease)
        if is_new:
            try:
                self._tell(row.id)
            except Unavailable as error:
                raise Unavailable(
                    f"{error.message}; the job {row.id} is written down and will be done once it does",
                    next_step=f"{error.next_step}; nothing needs to be sent again",
                ) from error
        return row

    def cancel(self, id: JobId, /) -> Job:
        """Asks for it to stop; its worker reads that in the ledger and stops between two chunks. Raises `NotFound`."""
        return ask_to_stop(id, self._ledger, self._clock)

    def recover(self) -> list[Job]:
        """Hands over anew what a worker left behind that has not been heard of for longer than a lease, and what
        the broker lost. Raises `Unavailable` where Redis does not answer.

        A job that waits is told of again only where fewer messages wait than jobs: in a long queue nothing is lost.
        """
        late = overdue(self._ledger, self._clock)
        if not late:
            return []
        lost = self._broker.messages() < len(self._ledger.find(Job, state=JobState.QUEUED))
        told = []
        for job in late:
            again = requeue(job, self._ledger, self._clock, self._lease)
            if again is not None and (job.worker or lost):
                self._tell(again.id)
                log.info("job %s (%s) is handed over again", job.id, job.kind)
                told.append(again)
        return told

    def standing(self) -> Standing:
        """How the work stands: whether Redis answers, and which workers were heard of lately."""
        now = self._clock.now()
        alive = [row for row in self._ledger.find(Worker) if row.lease_until > now]
        problem = ""
        try:
            self._broker.messages()
        except Unavailable as error:
            problem = error.message
        return standing(self._ledger, queue=self._broker.where, workers=len(alive), problem=problem)

    def close(self) -> None:
        """Takes no more; what is running runs on in the workers."""
        self._closed = True
        self._app.close()
        self._broker.close()

    def _tell(self, id: JobId) -> None:
        """Sends the message. Once more after a failure: the connection may be of before Redis was restarted."""
        from kombu.exceptions import OperationalError

        policy = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
        try:
            self._app.send_task(TASK, args=(id,), task_id=id, queue=QUEUE, retry=True, retry_policy=policy)
        except (OperationalError, OSError) as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> NoReturn:
        raise self._broker.gone(error) from error
