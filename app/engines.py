"""Which engine carries the streams: Kafka where a broker is named, else the log in PostgreSQL."""

from __future__ import annotations

from app.database import connect, migrate
from app.services.kafka.topics import create_topics as create_kafka_topics
from app.settings import Settings
from streams.embedded.postgres import create_topics, log_schema
from streams.topics import PARTITIONS


def engine_url(settings: Settings) -> str:
    """The broker as Faust takes it: `kafka://…`, or `pglog://…` for the database's own log."""
    if settings.kafka_url:
        return f"kafka://{settings.kafka_url.removeprefix('kafka://')}"
    return "pglog://" + settings.database_url.partition("://")[2]


async def prepare(settings: Settings) -> int:
    """Schema and topics, made where they are missing; how many migrations were applied."""
    applied = migrate(settings.database_url)
    async with await connect(settings.database_url) as conn:
        await conn.execute(log_schema().encode())
        await create_topics(conn, PARTITIONS)
    if settings.kafka_url:
        await create_kafka_topics(
            engine_url(settings), PARTITIONS, replication=settings.kafka_replication
        )
    return applied
