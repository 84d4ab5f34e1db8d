"""What the doors count, for Prometheus. Names and figures only, never content."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from math import nan
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from psycopg import AsyncConnection

from app.modes import Mode

_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# In flight is counted up to a bound: the figure must stay cheap when things go badly.
_INTAKE: Final = """
    SELECT (SELECT count(*) FROM (SELECT FROM inbox WHERE state = 'accepted' LIMIT 100000) AS few),
           (SELECT clock_timestamp() - min(received_at) FROM inbox WHERE state = 'accepted'),
           (SELECT count(*) FROM (
               SELECT FROM inbox i
                WHERE i.state = 'dead'
                  AND NOT EXISTS (SELECT FROM inbox later WHERE later.replay_of = i.id)
                LIMIT 100000) AS few),
           (SELECT clock_timestamp() - min(due_at)
              FROM deadline
             WHERE state = 'pending'
               AND due_at <= clock_timestamp())
"""


class DoorMetrics:
    """The counters of one web process and, asked at each scrape, what waits."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept = self.registry
        self.accepted = Counter("city_reports_accepted", "Reports made durable.", registry=kept)
        self.repeated = Counter("city_reports_repeated", "Repeats answered.", registry=kept)
        self.conflicts = Counter(
            "city_reports_conflicting", "Keys used again with other bytes.", registry=kept
        )
        self.requests = Counter(
            "city_http_requests", "Answers by door and status.", ["door", "status"], registry=kept
        )
        self.latency = Histogram(
            "city_http_seconds", "Time to answer.", ["door"], buckets=_SECONDS, registry=kept
        )
        self.samples_taken = Counter("city_samples_taken", "Samples in the log.", registry=kept)
        self.samples_refused = Counter(
            "city_samples_refused", "Samples refused by reason.", ["reason"], registry=kept
        )
        self._waiting = Gauge("city_intake_waiting", "Waiting for a commit.", registry=kept)
        self._in_flight = Gauge("city_reports_in_flight", "Accepted, not decided.", registry=kept)
        self._oldest = Gauge(
            "city_reports_oldest_undecided_seconds", "Age of the oldest undecided.", registry=kept
        )
        self._unfired = Gauge(
            "city_deadlines_oldest_unfired_seconds",
            "How long a passed deadline waits for the clock process.",
            registry=kept,
        )
        self._degraded = Gauge("city_degraded", "1 while the mode is on.", ["mode"], registry=kept)
        self._dead = Gauge("city_reports_dead", "Dead reports nobody put right.", registry=kept)

    def see(self, waiting: int, degraded: Collection[Mode]) -> None:
        """Take over what the process knows by itself."""
        self._waiting.set(waiting)
        for mode in Mode:
            self._degraded.labels(mode).set(mode in degraded)

    async def count_inbox(self, conn: AsyncConnection[Any]) -> None:
        """Count what is in the inbox, and look whether deadlines fall due."""
        found = await conn.execute(_INTAKE)
        row = await found.fetchone()
        in_flight, oldest, dead, unfired = row or (0, None, 0, None)
        self._in_flight.set(in_flight)
        self._oldest.set((oldest or timedelta(0)).total_seconds())
        self._dead.set(dead)
        self._unfired.set((unfired or timedelta(0)).total_seconds())

    def forget_inbox(self) -> None:
        """Nobody knows what is in the inbox: no number rather than an old one."""
        for figure in (self._in_flight, self._oldest, self._dead, self._unfired):
            figure.set(nan)

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        return generate_latest(self.registry)
