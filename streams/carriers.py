"""Carrying records to Kafka without Faust; for the embedded log see `streams.postgres`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from streams.ports import Record


class KafkaCarrier:
    """An idempotent producer with acks from all replicas; connects when first used."""

    def __init__(self, url: str) -> None:
        self._servers = url.removeprefix("kafka://").rstrip("/")
        self._producer: AIOKafkaProducer | None = None

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        """Append the records; raises aiokafka.errors.KafkaError, and then some may be there."""
        producer = await self._started()
        sent = [await producer.send(topic, value, key=key) for key, value in records]
        await asyncio.gather(*sent)

    async def close(self) -> None:
        """Let go of the brokers."""
        if self._producer:
            await self._producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers,
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
                request_timeout_ms=10_000,
            )
            await producer.start()
            self._producer = producer
        return self._producer
