"""What a worker counts, for Prometheus; per batch, never per message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    start_http_server,
)

from dispatch.actions import Decided

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BYTES: Final = tuple(4**n for n in range(4, 14))


class WorkerMetrics:
    """The counters of one worker process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._decided = Counter(
            "city_reports_decided", "Reports by outcome.", ["outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "city_decide_batch_seconds",
            "Time of one deciding transaction.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.relayed = Counter("city_relayed", "Rows the relay moved.", registry=self.registry)
        self.rescued = Counter(
            "city_rescued", "Reports decided because the stream was late.", registry=self.registry
        )
        self.samples = Counter(
            "city_samples", "Samples that came, and were taken.", ["step"], registry=self.registry
        )
        self.sample_faults = Counter(
            "city_sample_faults", "Samples at fault, by reason.", ["reason"], registry=self.registry
        )
        self.alarms = Counter(
            "city_alarm_changes",
            "What happened to alarms.",
            ["rule", "kind"],
            registry=self.registry,
        )
        self.alarm_reports = Counter(
            "city_alarm_reports", "Alarms that became reports.", registry=self.registry
        )
        self.judging = Histogram(
            "city_sensing_batch_seconds",
            "Time to judge some messages of samples.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.checkpoint = Histogram(
            "city_checkpoint_seconds",
            "Time of one transaction of checkpoints.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.checkpoint_bytes = Histogram(
            "city_checkpoint_bytes",
            "Size of the state of a partition.",
            buckets=_BYTES,
            registry=self.registry,
        )
        self.fences_lost = Counter(
            "city_fences_lost", "Partitions somebody else had gone on with.", registry=self.registry
        )
        self.situations = Counter(
            "city_situations",
            "What happened to situations.",
            ["family", "kind"],
            registry=self.registry,
        )
        self._lag = Gauge(
            "city_stream_lag", "Messages not committed.", ["group"], registry=self.registry
        )

    def watch_lag(self, group: str, lag: Callable[[], int]) -> None:
        """Ask *lag* at each scrape how many messages this worker's *group* has yet to commit."""
        self._lag.labels(group).set_function(lag)

    def serve(self, host: str, port: int) -> None:
        """Answer scrapes on a thread of their own, so that a busy loop still tells."""
        start_http_server(port, addr=host, registry=self.registry)

    def batch(self) -> AbstractContextManager[object]:
        """Times one transaction."""
        return self._seconds.time()

    def count(self, done: Decided) -> None:
        """Adds the outcomes of one transaction."""
        for outcome in ("cased", "merged", "rejected", "failed"):
            self._decided.labels(outcome).inc(getattr(done, outcome))
