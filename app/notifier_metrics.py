"""What a notifier counts, for Prometheus; by destination, never what was said."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    start_http_server,
)

from dispatch.postgres.leases import Backlog

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class NotifierMetrics:
    """The counters of one notifier and, renewed every few seconds, what is owed and to whom."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept, by = self.registry, ["destination"]
        self._sent = Counter("city_deliveries_sent", "Answered with a yes.", by, registry=kept)
        self._failed = Counter("city_deliveries_failed", "Attempts in vain.", by, registry=kept)
        self._seconds = Histogram(
            "city_delivery_seconds", "Time to the answer.", buckets=_SECONDS, registry=kept
        )
        self._pending = Gauge("city_deliveries_pending", "Owed.", by, registry=kept)
        self._oldest = Gauge(
            "city_deliveries_oldest_pending_seconds", "Age of the oldest owed.", by, registry=kept
        )
        self._dead = Gauge("city_deliveries_dead", "Given up.", registry=kept)

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes on a thread of their own, so that a busy loop still tells."""
        start_http_server(port, addr=host, registry=self.registry)

    def timed(self) -> AbstractContextManager[object]:
        """Times one delivery."""
        return self._seconds.time()

    def count(self, destination: str, *, sent: int, failed: int) -> None:
        """Adds what became of a few deliveries."""
        self._sent.labels(destination).inc(sent)
        self._failed.labels(destination).inc(failed)

    def show(self, backlogs: Sequence[Backlog], dead: int) -> None:
        """What is owed now; a destination that has ended is no longer shown."""
        self._pending.clear()
        self._oldest.clear()
        for one in backlogs:
            self._pending.labels(one.destination).set(one.pending)
            self._oldest.labels(one.destination).set(one.oldest_s)
        self._dead.set(dead)
