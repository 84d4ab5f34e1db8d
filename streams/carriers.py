"""Carrying records to Kafka without Faust; for the embedded log see `streams.postgres`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from streams.ports import Record

PATIENCE_S: Final = 8.0
"""How long a batch may take; an idempotent producer alone would try for ever."""

BROKER_AWAY: Final = (KafkaError, OSError, RuntimeError)
"""What a Kafka client raises when its broker goes away; RuntimeError is uvloop's word where a
connection that was closed is written to, and aiokafka lets it through."""

_STOP_S: Final = 2.0


class KafkaCarrier:
    """An idempotent producer with acks from all replicas; connects when first used."""

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S) -> None:
        self._servers = url.removeprefix("kafka://").rstrip("/")
        self._patience_s = patience_s
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        """Append the records; raises KafkaError when the brokers do not take them in time.

        Then some of them may be there all the same: whoever calls again carries them twice.
        """
        try:
            async with asyncio.timeout(self._patience_s):
                producer = await self._started()
                sent = [await producer.send(topic, value, key=key) for key, value in records]
                await asyncio.gather(*sent)
        except TimeoutError as err:
            await self.close()
            raise KafkaTimeoutError(f"{self._servers} did not take {len(records)} records") from err
        except BROKER_AWAY as err:
            # A producer whose own tasks met something unforeseen refuses from then on, for ever.
            await self.close()
            if isinstance(err, KafkaError):
                raise
            raise KafkaConnectionError(f"{self._servers}: {err}") from err

    async def close(self) -> None:
        """Let go of the brokers, whether or not they answer."""
        producer, self._producer = self._producer, None
        if producer:
            await _stop(producer)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            self._producer = self._producer or await self._new()
        return self._producer

    async def _new(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            request_timeout_ms=5_000,
        )
        try:
            await producer.start()
        except BaseException:
            # One that did not start would take records and never send them.
            await _stop(producer)
            raise
        return producer


async def _stop(producer: AIOKafkaProducer) -> None:
    with contextlib.suppress(*BROKER_AWAY):
        async with asyncio.timeout(_STOP_S):
            await producer.stop()
