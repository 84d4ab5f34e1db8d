"""Messages of an MQTT broker into the log: acknowledged once the log has their samples, not before.

What the log does not take is tried again; meanwhile the broker sends no more than it may, and keeps
the rest. What cannot be taken is counted and acknowledged: it would come for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import psycopg
import structlog
from aiokafka.errors import KafkaError
from aiomqtt import Message, MqttError

from app.database import DatabaseAway
from app.gateway.client import Client, UnusableCredentials, make_client, state_topic
from app.gateway.door import Door, Offered
from app.gateway.mapping import TopicMap
from app.gateway.metrics import MqttMetrics
from app.gateway.payloads import malformed
from app.problems import Problem
from app.settings import Settings
from streams.embedded.errors import LogError
from streams.ports import Carrier, Record
from streams.topics import OBSERVATIONS

AT_ONCE: Final = 500
"""Messages that are stored together."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
_LOG_AWAY: Final = (DatabaseAway, psycopg.Error, LogError, KafkaError, Problem)
_REFUSED_BY_BROKER: Final = 128
"""Answers to a subscription from here on say no."""

_log: Final = structlog.get_logger("citygrid.mqtt")


class Subscriber:
    """Brings samples from one broker to the log, over one connection after the other."""

    def __init__(
        self,
        settings: Settings,
        topics: TopicMap,
        door: Door,
        carrier: Carrier,
        metrics: MqttMetrics,
    ) -> None:
        self._settings, self._topics, self._door = settings, topics, door
        self._carrier, self._metrics = carrier, metrics
        self._source = f"mqtt:{settings.mqtt_client_id}"

    async def run(self) -> None:
        """Bring samples until cancelled; outlives any outage of the broker and of the log."""
        pause_s = FIRST_PAUSE_S
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._connected()
            except (MqttError, OSError, UnusableCredentials) as err:
                _log.warning("broker is away", error=type(err).__name__, detail=str(err))
            finally:
                self._metrics.connected.set(0)
            lasted_s = asyncio.get_running_loop().time() - began
            pause_s = FIRST_PAUSE_S if lasted_s > LONGEST_PAUSE_S else pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    async def _connected(self) -> None:
        """Serve one connection until it ends, which raises MqttError."""
        client = make_client(self._settings)
        topic = state_topic(self._settings)
        async with client:
            await self._subscribe(client)
            await client.publish(topic, b"online", qos=1, retain=True)
            self._metrics.connected.set(1)
            self._metrics.connections.inc()
            _log.info("broker is there", filters=self._topics.filters)
            try:
                async for message in client.messages:
                    await self._bring(client, [message, *client.at_hand(AT_ONCE - 1)])
            except asyncio.CancelledError:
                with suppress(MqttError):  # a farewell; who cannot say it leaves a will
                    await client.publish(topic, b"offline", qos=1, retain=True, timeout=2)
                raise

    async def _subscribe(self, client: Client) -> None:
        for asked in self._topics.filters:
            answer = await client.subscribe(asked, qos=1)
            told = [getattr(one, "value", one) for one in answer]
            if any(one >= _REFUSED_BY_BROKER for one in told):
                _log.error("broker refuses a subscription", filter=asked)
                raise MqttError(f"the broker refuses the subscription {asked}")

    async def _bring(self, client: Client, messages: Sequence[Message]) -> None:
        """Store what messages hold, and acknowledge them."""
        now = datetime.now(UTC)
        offered = [one for message in messages for one in self._read(message, now)]
        self._metrics.waiting.set(len(messages))
        await self._stored(client, offered)
        for message in messages:
            if message.qos and not client.acknowledge(message):
                break  # the connection is gone: the rest comes again on the next
        self._metrics.messages.inc(len(messages))
        self._metrics.see_dropped(client.dropped)
        client.dropped = 0
        self._metrics.waiting.set(0)

    def _read(self, message: Message, now: datetime) -> list[Offered]:
        try:
            return self._topics.read(str(message.topic), message.payload, now)
        except Exception:
            # A defect of ours: it would come again and again, and stop everything behind it.
            _log.exception("message cannot be read", topic=str(message.topic)[:200])
            return [Offered(malformed("cannot be read", "see the log of citygrid mqtt"), None)]

    async def _stored(self, client: Client, offered: Sequence[Offered]) -> None:
        """Return once the log has what can be taken of these; MqttError when the broker goes."""
        pause_s, records = FIRST_PAUSE_S, list[Record]()
        sorted_out = False
        taken = 0
        while True:
            try:
                if not sorted_out:
                    found = await self._door.sort(offered, now := datetime.now(UTC))
                    records, taken = found.records(self._source, now), found.taken
                    sorted_out = True
                if records:
                    await self._carrier.carry(OBSERVATIONS, records)
                self._metrics.taken.inc(taken)
                return
            except _LOG_AWAY as err:
                _log.warning("samples wait for the log", error=type(err).__name__, detail=str(err))
            await asyncio.sleep(pause_s)
            if client.is_gone:
                raise MqttError("the broker went away while the log was")
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
