"""The notifier process: tells every destination what happened, each by a courier of its own."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import structlog

from app.courier import Courier
from app.database import Database, wake_ups
from app.notifier_metrics import NotifierMetrics
from app.settings import Settings
from dispatch.delivery import Destination
from dispatch.postgres.deliveries import backlogs, count_dead
from dispatch.postgres.destinations import DESTINATION_CHANNEL, in_force
from dispatch.postgres.log import OUTBOX_CHANNEL
from streams.loops import keep_at

_LOOK_EVERY_S: Final = 1.0
_COUNT_EVERY_S: Final = 10.0
_CONNECTIONS: Final = 4
"""Lent to a courier for a claim and for settling, never while it sends."""

_log: Final = structlog.get_logger("citygrid.notifier")


class Notifier:
    """One notifier process; start two, and what one was sending when it died the other sends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.metrics = NotifierMetrics()
        self._database = Database(settings.database_url, _CONNECTIONS)
        self._couriers: dict[str, Courier] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Deliver until SIGTERM or SIGINT; returns the exit code.

        Raises DatabaseAway or SchemaBehind at the start.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self._database.require_schema()
        if self._settings.metrics_port is not None:
            self.metrics.serve(self._settings.host, self._settings.metrics_port)
        await self.deliver()
        return 0

    def stop(self) -> None:
        """Send and settle what is claimed, then end."""
        self._stopping.set()

    async def deliver(self) -> None:
        """Deliver until stopped; a courier that ends by a defect ends the whole notifier."""
        url = self._settings.database_url
        news = wake_ups(url, OUTBOX_CHANNEL, DESTINATION_CHANNEL, every_s=_LOOK_EVERY_S)
        moments = wake_ups(url, every_s=_COUNT_EVERY_S)
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(keep_at("destinations", lambda: self._follow(group), news)),
                group.create_task(keep_at("count", self._count, moments)),
            ]
            await self._stopping.wait()
            for task in beside:
                task.cancel()
            for courier in self._couriers.values():
                courier.stop()
        await self._database.close()

    async def _follow(self, group: asyncio.TaskGroup) -> int:
        """Have a courier for every destination in force, and wake them all; one turn is enough."""
        async with self._database.session() as conn:
            wanted = {one.name: one for one in await in_force(conn)}
        for name in self._couriers.keys() - wanted.keys():
            self._couriers.pop(name).stop()
            _log.info("destination ended", destination=name)
        for name, destination in wanted.items():
            if name not in self._couriers:
                self._couriers[name] = self._sent_out(destination, group)
            self._couriers[name].wake()
        return 0

    def _sent_out(self, destination: Destination, group: asyncio.TaskGroup) -> Courier:
        courier = Courier(destination, self._database, self.metrics, self._settings.notify_attempts)
        group.create_task(courier.run())
        _log.info("destination begun", destination=destination.name)
        return courier

    async def _count(self) -> int:
        async with self._database.session() as conn:
            self.metrics.show(await backlogs(conn), await count_dead(conn))
        return 0
