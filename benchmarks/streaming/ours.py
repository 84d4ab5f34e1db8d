"""The job in our worker: its agent, its watch, its checkpoints in PostgreSQL; on each engine."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.database import Database
from app.sensing.judging import Judging
from app.sensing.watch import Watch
from app.worker import ENVELOPES_AHEAD
from app.worker_metrics import WorkerMetrics
from benchmarks.streaming.job import City
from dispatch.rulebook import Rulebook
from dispatch.sensing.alarms import AlarmRules
from streams.agents import add_observations_agent
from streams.batches import Message
from streams.engine import StreamApp, make_app
from streams.topics import OBSERVATIONS, PARTITIONS
from tests.contract.engines import Engine
from tests.makers import rulebook


class _Letters:
    async def carry(self, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
        raise AssertionError(f"{len(records)} samples could not be judged")


class _Counted(Watch):
    """Looks up the cell of every sample as well, and notes when everything is kept."""

    def __init__(self, city: City, wanted: int, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._city, self._wanted = city, wanted
        self._taken = 0
        self.began_s = self.ended_s = self.began_cpu_s = self.cpu_s = 0.0
        self.done = asyncio.Event()

    async def current(self) -> Judging:
        judging = await super().current()
        if judging.engine.__class__.__name__ != "Locating":
            judging.engine = self._city.engine()  # pyright: ignore[reportAttributeAccessIssue]
        return judging

    async def take(self, messages: list[Message]) -> None:
        self.began_s = self.began_s or time.perf_counter()
        self.began_cpu_s = self.began_cpu_s or time.process_time()
        await super().take(messages)
        self._taken += len(messages)

    async def keep(self) -> None:
        await super().keep()
        if self._taken >= self._wanted and not self.done.is_set():
            self.ended_s = time.perf_counter()
            self.cpu_s = time.process_time() - self.began_cpu_s
            self.done.set()


async def measured(
    city: City,
    engine: Engine,
    database_url: str,
    told: Sequence[tuple[bytes, bytes]],
    samples: int,
    kept: timedelta = timedelta(0),
) -> dict[str, float]:
    """Samples a second from the first one taken to the last one kept, and what keeping cost.

    *kept*: for so long every sample is stored as well, to be read at `/sta`.
    """
    rules = rulebook(alarms=AlarmRules(city.sensors, ()), sensor_rules=city.rules)
    await engine.create_topics({OBSERVATIONS: PARTITIONS[OBSERVATIONS]})
    for begin in range(0, len(told), 500):
        await engine.produce(OBSERVATIONS, told[begin : begin + 500])
    database = Database(database_url, 2)
    with tempfile.TemporaryDirectory() as folder:
        group = f"bench-{uuid4().hex[:8]}"
        app = make_app(
            group, engine.url, datadir=Path(folder), stream_buffer_maxsize=ENVELOPES_AHEAD
        )
        watch = _watch(city, len(told), database, rules, app, group, kept)
        add_observations_agent(app, watch)
        await _run(app, watch)
    await database.close()
    seconds = watch.ended_s - watch.began_s
    figure = watch._metrics.registry.get_sample_value
    return {
        "per_second": round(samples / seconds),
        "per_cpu_second": round(samples / watch.cpu_s),
        "checkpoints": figure("city_checkpoint_seconds_count") or 0,
        "checkpoint_s": round(figure("city_checkpoint_seconds_sum") or 0, 3),
        "judging_s": round(figure("city_sensing_batch_seconds_sum") or 0, 3),
        "seconds": round(seconds, 3),
    }


def _watch(
    city: City,
    wanted: int,
    database: Database,
    rules: Rulebook,
    app: StreamApp,
    group: str,
    kept: timedelta,
) -> _Counted:
    async def current() -> Rulebook:
        return rules

    return _Counted(
        city,
        wanted,
        database,
        current,
        _Letters(),
        WorkerMetrics(),
        group=group,
        partitions=app.partitions,
        kept=kept,
    )


async def _run(app: StreamApp, watch: _Counted) -> None:
    app.loop = asyncio.get_running_loop()
    app.finalize()
    await app.start()
    try:
        async with asyncio.timeout(600):
            await watch.done.wait()
    finally:
        await app.stop()
