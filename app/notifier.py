"""The notifier process: tells every destination what happened and everybody what they are to know.

Each destination and each channel has a courier of its own.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Final

import structlog

from app.courier import Courier, Outlet
from app.database import Database, wake_ups
from app.notifier_metrics import NotifierMetrics
from app.outlets.events import DestinationOutlet
from app.outlets.notices import LOG, notice_outlet
from app.outward import Outward
from app.settings import Settings
from dispatch.delivery import Destination
from dispatch.outward import networks
from dispatch.postgres import notices
from dispatch.postgres.deliveries import DELIVERIES, backlogs
from dispatch.postgres.destinations import DESTINATION_CHANNEL, in_force
from dispatch.postgres.escalations import NOTICE_CHANNEL
from dispatch.postgres.log import OUTBOX_CHANNEL
from streams.loops import keep_at

_LOOK_EVERY_S: Final = 1.0
_COUNT_EVERY_S: Final = 10.0
_CONNECTIONS: Final = 4
"""Lent to a courier for a claim and for settling, never while it sends."""

_log: Final = structlog.get_logger("citygrid.notifier")


Receiver = Destination | notices.Channel
"""Whom a courier serves; one that is set up anew is another."""


class Notifier:
    """One notifier process; start two, and what one was sending when it died the other sends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.metrics = NotifierMetrics()
        self._database = Database(settings.database_url, _CONNECTIONS)
        self._outward = Outward(networks(settings.notify_inside or ""))
        self._couriers: dict[str, tuple[Receiver, Courier]] = {}
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
        told_by = (OUTBOX_CHANNEL, DESTINATION_CHANNEL, NOTICE_CHANNEL)
        news = wake_ups(url, *told_by, every_s=_LOOK_EVERY_S)
        moments = wake_ups(url, every_s=_COUNT_EVERY_S)
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(keep_at("destinations", lambda: self._follow(group), news)),
                group.create_task(keep_at("count", self._count, moments)),
            ]
            await self._stopping.wait()
            for task in beside:
                task.cancel()
            for _, courier in self._couriers.values():
                courier.stop()
        await self._database.close()

    async def _follow(self, group: asyncio.TaskGroup) -> int:
        """Have a courier for every receiver in force, and wake them all; one turn is enough."""
        async with self._database.session() as conn:
            channels = [LOG, *await notices.list_channels(conn)]
            wanted: dict[str, Receiver] = {one.name: one for one in await in_force(conn)}
            wanted |= {f"notices:{one.name}": one for one in channels}
        for name, (receiver, courier) in list(self._couriers.items()):
            if wanted.get(name) != receiver:
                courier.stop()
                del self._couriers[name]
                _log.info("destination ended", destination=name)
        for name, receiver in wanted.items():
            if name not in self._couriers:
                self._couriers[name] = receiver, self._sent_out(receiver, group)
            self._couriers[name][1].wake()
        return 0

    def _sent_out(self, receiver: Receiver, group: asyncio.TaskGroup) -> Courier:
        outlet = self._outlet(receiver)
        courier = Courier(outlet, self._database, self.metrics, self._settings.notify_attempts)
        group.create_task(courier.run())
        _log.info("destination begun", destination=outlet.name)
        return courier

    def _outlet(self, receiver: Receiver) -> Outlet:
        if isinstance(receiver, Destination):
            return DestinationOutlet(receiver, self._outward)
        return notice_outlet(receiver, self._outward)

    async def _count(self) -> int:
        async with self._database.session() as conn:
            waiting = [*await backlogs(conn), *await notices.backlogs(conn)]
            dead = await DELIVERIES.count_dead(conn) + await notices.NOTICES.count_dead(conn)
            self.metrics.show(waiting, dead)
        return 0
