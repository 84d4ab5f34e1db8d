"""From samples to alarms in the inbox, for the agent that reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog

from app.database import Database
from app.worker_metrics import WorkerMetrics
from dispatch.postgres.clock import now
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.observations import store
from dispatch.rulebook import Rulebook
from dispatch.sensing.alarms import Alarm
from dispatch.sensing.sensors import Samples
from grid.naming import Language

_log: Final = structlog.get_logger("citygrid.sensing")


class Watch:
    """Watches the sensors: one for a worker process. *rules* gives the rulebook of the moment.

    A sensor that stays beyond its threshold crosses it with every sample; what was raised and
    committed is remembered, up to *remembered* alarms, so that the database hears of each about
    once. Forgetting does no harm: the inbox knows the key. Samples are stored to be read for as
    long as *kept* says; None: not at all.
    """

    def __init__(
        self,
        database: Database,
        rules: Callable[[], Awaitable[Rulebook]],
        metrics: WorkerMetrics,
        *,
        remembered: int = 50_000,
        kept: timedelta | None = None,
    ) -> None:
        self._database, self._rules, self._metrics = database, rules, metrics
        self._kept = kept
        self._remembered = remembered
        self._raised: set[str] = set()

    async def judge(self, batch: Sequence[Samples]) -> int:
        """Report every alarm that the samples raise, in one transaction; how many were new."""
        rules = (await self._rules()).alarms
        samples = Samples.joined(batch)
        raised = {alarm.key: alarm for alarm in rules.alarms(samples)}
        new = {key: alarm for key, alarm in raised.items() if key not in self._raised}
        fresh = await self._report(list(new.values()), rules.language) if new else []
        await self._store(samples.of(rules.sensors))
        if len(self._raised) + len(new) > self._remembered:
            self._raised.clear()
        self._raised.update(new)
        self._metrics.samples.inc(len(samples))
        self._metrics.unknown_samples.inc(rules.sensors.unknown(samples.devices))
        for alarm in fresh:
            self._metrics.alarms.labels(alarm.rule.name).inc()
            _log.info("alarm raised", rule=alarm.rule.name, device=alarm.sensor.code)
        return len(fresh)

    async def _store(self, samples: Samples) -> None:
        if self._kept is None or not len(samples):
            return
        async with self._database.connection() as conn:
            await store(conn, samples, kept=self._kept, now=await now(conn))

    async def _report(self, alarms: Sequence[Alarm], language: Language) -> list[Alarm]:
        submissions = [alarm.submission(language) for alarm in alarms]
        async with self._database.connection() as conn:
            answers = await accept_many(conn, submissions)
        return [alarm for alarm, answer in zip(alarms, answers, strict=True) if answer.fresh]
