"""The MQTT process: one subscriber, the city it knows, and the counts it writes."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import structlog

from app.background import running
from app.database import Database
from app.engines import EngineCarrier, engine_url
from app.gateway.door import Door
from app.gateway.mapping import TopicMap
from app.gateway.metrics import MqttMetrics
from app.gateway.subscriber import Subscriber
from app.gateway.tally import Tally
from app.http.city import CityWatch
from app.settings import Settings
from streams.carriers import KafkaCarrier

_CONNECTIONS = 3
_log = structlog.get_logger("citygrid.mqtt")


class Gateway:
    """One MQTT process; start one for each broker and client id."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.metrics = MqttMetrics()
        self._database = Database(settings.database_url, _CONNECTIONS)
        kafka = KafkaCarrier(engine_url(settings)) if settings.kafka_url else None
        self._carrier = EngineCarrier(self._database, kafka)
        self._city = CityWatch(self._database)
        self._tally = Tally("mqtt", self.metrics.refused)
        door = Door(self._city.required, settings, self._tally)
        topics = TopicMap.of(settings.mqtt_map_file, settings.sample_bytes)
        self._subscriber = Subscriber(settings, topics, door, self._carrier, self.metrics)

    async def run(self) -> int:
        """Bring samples until SIGTERM or SIGINT; returns the exit code.

        Raises DatabaseAway or SchemaBehind at the start.
        """
        await self._database.require_schema()
        await self._city.refresh()
        if self._settings.metrics_port is not None:
            self.metrics.serve(self._settings.host, self._settings.metrics_port)
        work = asyncio.create_task(self._subscriber.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        try:
            async with running(self._city.run(), self._tally.run(self._database)):
                with suppress(asyncio.CancelledError):
                    await work
        finally:
            await self._tally.close(self._database)
            await self._carrier.close()
            await self._database.close()
        return 0
