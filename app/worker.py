"""The worker process: agents over the streams, the relay before them, the rescue behind them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from app.background import running
from app.database import TRANSIENT, Database, DatabaseAway, wake_ups
from app.decider import Decider
from app.engines import EngineCarrier, engine_url
from app.forgetting import forget_observations
from app.machine import this_machine
from app.relay import Relay
from app.sensing.marking import Marker
from app.sensing.noting import Noter
from app.sensing.watch import Watch
from app.settings import Settings
from app.situations.lookout import Lookout
from app.worker_metrics import WorkerMetrics
from dispatch.postgres.log import overlooked
from streams.agents import add_observations_agent, add_reports_agent
from streams.carriers import KafkaCarrier
from streams.engine import StreamApp, make_app, run_worker
from streams.loops import keep_at

REPORTS_GROUP: Final = "citygrid-reports"
"""Consumer group of the workers that decide reports."""

OBSERVATIONS_GROUP: Final = "citygrid-observations"
"""Consumer group of the workers that look for alarms in samples."""

_PASSES: Final = (DatabaseAway, KafkaError, *TRANSIENT)
"""What the agents try again until it has passed."""

ENVELOPES_AHEAD: Final = 8192
"""Messages that wait in memory; each holds many samples."""

_NOTES_EVERY_S: Final = 2.0
_SENSING_CONNECTIONS: Final = 2

_GRACE_S: Final = 15.0
"""How long the stream may take to commit and to leave its group."""

_log: Final = structlog.get_logger("citygrid.worker")


class Worker:
    """One worker process; start as many as there are cores, on any number of machines."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.metrics = WorkerMetrics()
        self._database = Database(settings.database_url, settings.database_connections)
        # Connections of its own: checkpoints that wait for the database keep no report waiting.
        self._sensing = Database(settings.database_url, _SENSING_CONNECTIONS)
        self._decider = Decider(self._database, settings.home / "cache", self.metrics)
        self._kafka = KafkaCarrier(engine_url(settings)) if settings.kafka_url else None

    async def run(self) -> int:
        """Work until SIGTERM; returns the exit code.

        Raises DatabaseAway, SchemaBehind or NoCity at the start.
        """
        await self._database.require_schema()
        await self._decider.read_rules()
        apps = [self._reports(), self._observations()]
        for app in apps:
            self.metrics.watch_lag(app.name, app.lag)
        if self._settings.metrics_port is not None:
            self.metrics.serve(self._settings.host, self._settings.metrics_port)
        code = await self._run(apps)
        if code:
            # A stream that could not be stopped leaves threads behind that nobody can join.
            sys.stderr.flush()
            os._exit(code)
        return code

    def _reports(self) -> StreamApp:
        app = make_app(
            REPORTS_GROUP, engine_url(self._settings), datadir=self._settings.home / "faust"
        )
        decider, letters = self._decider, EngineCarrier(self._database, self._kafka)
        add_reports_agent(app, decider.decide, decider.give_up_on, letters, transient=_PASSES)
        return app

    def _observations(self) -> StreamApp:
        """A group of its own: samples that pile up keep no report waiting."""
        app = make_app(
            OBSERVATIONS_GROUP,
            engine_url(self._settings),
            datadir=self._settings.home / "faust-observations",
            stream_buffer_maxsize=ENVELOPES_AHEAD,
        )
        letters = EngineCarrier(self._sensing, self._kafka)
        watch = Watch(
            self._sensing,
            self._decider.rules,
            letters,
            self.metrics,
            group=OBSERVATIONS_GROUP,
            partitions=app.partitions,
            kept=self._settings.observations_kept,
        )
        add_observations_agent(app, watch)
        return app

    async def _run(self, apps: Sequence[StreamApp]) -> int:
        relay = Relay(self._settings, self._database, self._kafka, self.metrics)
        lookout = Lookout.of(self._settings, self.metrics)
        loops = [
            relay.number(),
            relay.carry(),
            self._rescue(),
            self._decider.follow_packs(),
            self._note(),
            forget_observations(self._database, self._settings.observations_kept),
            lookout.run(),
        ]
        if self._settings.sensing_mark_every_s:
            loops.append(self._mark())
        try:
            async with running(*loops):
                return await run_worker(apps, grace_s=_GRACE_S)
        finally:
            if self._kafka:
                await self._kafka.close()
            await self._sensing.close()
            await self._database.close()

    async def _note(self) -> None:
        noter = Noter(self._sensing, self._decider.rules)
        ticks = wake_ups(self._settings.database_url, every_s=_NOTES_EVERY_S)
        await keep_at("notes", noter.turn, ticks)

    async def _mark(self) -> None:
        marker = Marker(
            self._settings.database_url,
            this_machine(),
            self._decider.rules,
            EngineCarrier(self._sensing, self._kafka),
            every_s=self._settings.sensing_mark_every_s,
        )
        await marker.run()

    async def _rescue(self) -> None:
        every_s = min(self._settings.rescue_after_s, self._settings.rescue_urgent_after_s) / 2
        ticks = wake_ups(self._settings.database_url, every_s=every_s)
        await keep_at("rescue", self._rescued, ticks)

    async def _rescued(self) -> int:
        async with self._database.connection() as conn:
            late = await overlooked(
                conn,
                older_than_s=self._settings.rescue_after_s,
                urgent=self._decider.urgent,
                urgent_after_s=self._settings.rescue_urgent_after_s,
            )
        if not late:
            return 0
        decided = await self._decider.decide(late)
        self.metrics.rescued.inc(decided)
        _log.info("rescued", late=len(late), decided=decided)
        return decided
