"""Which engine carries the streams: Kafka where a broker is named, else the log in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from app.database import Database
from app.settings import Settings
from streams.carriers import KafkaCarrier
from streams.ports import Record
from streams.postgres import LogCarrier


def engine_url(settings: Settings) -> str:
    """The broker as Faust takes it: `kafka://…`, or `pglog://…` for the database's own log."""
    if settings.kafka_url:
        return f"kafka://{settings.kafka_url.removeprefix('kafka://')}"
    return "pglog://" + settings.database_url.partition("://")[2]


class EngineCarrier:
    """Takes records to where the streams are: *kafka*, or without it the log in PostgreSQL."""

    def __init__(self, database: Database, kafka: KafkaCarrier | None) -> None:
        self._database, self._kafka = database, kafka

    async def carry(self, topic: str, records: Sequence[Record]) -> None:
        """Append the records, all in one transaction where the log is in PostgreSQL."""
        if self._kafka:
            await self._kafka.carry(topic, records)
            return
        async with self._database.connection() as conn:
            await LogCarrier(conn).carry(topic, records)

    async def close(self) -> None:
        """Let go of Kafka; the database is its owner's to close."""
        if self._kafka:
            await self._kafka.close()
