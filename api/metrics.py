"""What Prometheus reads: requests as they are answered, and how many rows stand in which state, counted when asked."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.wire.camera import present
from core.camera import Camera, CameraState
from core.clock import WallClock, seconds
from core.media import Stream
from core.ports import Ledger
from core.spending import Usage
from core.watch import Delivery, Incident
from core.work import Job
from graph.spending import totals


class LedgerGauges(Collector):
    """Gauges read from the ledger at each scrape: rows by state, seconds of video known."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        streams = self._ledger.find(Stream)
        yield _by_state("sightline_streams", "Streams", (row.state for row in streams))
        yield _by_state("sightline_jobs", "Jobs", (row.state for row in self._ledger.find(Job)))
        yield _by_state(
            "sightline_incidents", "Incidents", (row.state for row in self._ledger.find(Incident))
        )
        yield _by_state(
            "sightline_deliveries", "Deliveries", (row.state for row in self._ledger.find(Delivery))
        )
        yield from _cameras(self._ledger, streams)
        known = GaugeMetricFamily("sightline_video_seconds", "Seconds of video in the registered streams")
        known.add_metric([], sum(seconds(row.duration) for row in streams))
        yield known
        yield from self._usage({row.id: row.name for row in streams})

    def _usage(self, names: Mapping[str, str]) -> Iterator[Metric]:
        """What models were asked ever: the ledger counts it, so that it outlives this process."""
        labels = ["stream", "model", "use"]
        calls = CounterMetricFamily("sightline_model_calls", "Calls of models", labels=labels)
        failed = CounterMetricFamily(
            "sightline_model_failures", "Calls of models that brought nothing usable", labels=labels
        )
        tokens = CounterMetricFamily(
            "sightline_model_tokens", "Tokens of models", labels=[*labels, "direction"]
        )
        for row in totals(self._ledger.find(Usage)):
            of = [names.get(row.stream_id, row.stream_id), row.model, row.use.value]
            calls.add_metric(of, row.calls)
            failed.add_metric(of, row.failed)
            tokens.add_metric([*of, "in"], row.tokens_in)
            tokens.add_metric([*of, "out"], row.tokens_out)
        yield from (calls, failed, tokens)

    def describe(self) -> Iterable[Metric]:
        """Nothing ahead of time: registering must not read the ledger."""
        return []


def _cameras(ledger: Ledger, streams: list[Stream]) -> Iterator[Metric]:
    """How the cameras stand, and what each has shown."""
    now = WallClock().now()
    names = {row.id: row.name for row in streams}
    rows = [present(row, now) for row in ledger.find(Camera) if row.id in names]
    yield _by_state("sightline_cameras", "Cameras", (row.state for row in rows))
    told: dict[str, tuple[str, Callable[[Camera], float | None]]] = {
        "up": ("Whether the camera shows pictures", lambda row: float(row.state is CameraState.LIVE)),
        "last_frame_age_seconds": ("Seconds since the last picture", lambda row: _age(row, now)),
        "outages": ("How often the camera stopped showing pictures", lambda row: float(row.outages)),
        "looks": ("Moments that were looked at or left out", lambda row: float(row.looks)),
        "looks_dropped": (
            "Looks left out: looking was slower than the camera",
            lambda row: float(row.dropped),
        ),
    }
    for name, (words, value) in told.items():
        gauge = GaugeMetricFamily(f"sightline_camera_{name}", words, labels=["stream"])
        for row in rows:
            if (figure := value(row)) is not None:
                gauge.add_metric([names[row.id]], figure)
        yield gauge


def _age(row: Camera, now: datetime) -> float | None:
    return None if row.frame_at is None else (now - row.frame_at).total_seconds()


def _by_state(name: str, words: str, states: Iterable[str]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, f"{words} by state", labels=["state"])
    for state, count in sorted(Tally(str(state) for state in states).items()):
        gauge.add_metric([state], count)
    return gauge


class Meters:
    """The counters of one app, in a registry of their own."""

    def __init__(self, ledger: Ledger) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sightline_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "sightline_http_seconds", "Seconds until an answer was begun", ["route"], registry=self.registry
        )
        self.registry.register(LedgerGauges(ledger))


class Metered:
    """ASGI middleware that counts requests by route (never by path: ids would make a series each)."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self.app, self.meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and counts its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unknown")
                self.meters.requests.labels(scope["method"], route, message["status"]).inc()
                self.meters.seconds.labels(route).observe(time.monotonic() - began)
            await send(message)

        await self.app(scope, receive, counted)
