"""The schema and the topics, made or brought up to date.

Apart from the connections: the library of the migrations takes as long to load as a whole process
of ours, which starts in the middle of trouble and does not need it.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

import psycopg
from psycopg import errors
from yoyo import get_backend, read_migrations

from app.database import DatabaseAway, connect, first_line
from app.engines import engine_url
from app.services.kafka.topics import create_topics as create_kafka_topics
from app.settings import Settings
from streams.embedded.postgres import create_topics, log_schema
from streams.topics import PARTITIONS

_OPTIONS: Final = "options=-c%20lock_timeout%3D3s"


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


def migrate(url: str) -> int:
    """Bring the schema up to date; returns how many migrations were applied.

    Safe to call from several processes at once, and while others work: who waits for a table makes
    all others wait for it, so a migration that does not get one soon gives up. Raises DatabaseAway.
    """
    try:
        backend = get_backend(_for_migrating(url))
    except psycopg.OperationalError as err:
        raise DatabaseAway(first_line(err)) from err
    with resources.as_file(resources.files("app") / "migrations") as folder:
        migrations = read_migrations(str(folder))
    try:
        with backend.lock():
            pending = backend.to_apply(migrations)
            backend.apply_migrations(pending)
    except errors.LockNotAvailable as err:
        raise DatabaseAway("somebody uses a table that a migration changes; try again") from err
    finally:
        backend.connection.close()
    return len(pending)


def _for_migrating(url: str) -> str:
    """The address as the migrations' library takes it, with a limit to waiting for tables."""
    told = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if "options=" in told:  # the operator has limits of their own
        return told
    return f"{told}{'&' if '?' in told else '?'}{_OPTIONS}"
