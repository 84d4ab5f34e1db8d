"""The probes of a web process: PostgreSQL, Kafka, Redis, and the disk that PostgreSQL writes to."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.database import TRANSIENT, Database, DatabaseAway
from app.modes import Mode, Probe
from app.settings import Settings
from streams.carriers import BROKER_AWAY

_GIVE_UP_S: Final = 15.0
"""A question that was not answered by then is given up, and asked on another connection."""

_REDIS_AWAY: Final = (RedisError, OSError, RuntimeError)
"""uvloop says RuntimeError where a connection that was reset is written to."""

_FULL_FOR_S: Final = 30.0
"""So long a disk counts as full after something did not fit, unless a report fitted since."""

_STATE: Final = """
    SELECT current_setting('transaction_read_only') = 'on', c.state = 'frozen'
      FROM clock_trust AS c
"""


def server_probes(settings: Settings, writers: Sequence[Database]) -> list[Probe]:
    """A probe for each server that the settings name; *writers* are who would meet a full disk."""
    found: list[Probe] = [
        DatabaseProbe(Database(settings.database_url, 1)),
        DiskProbe(settings.database_folder, settings.disk_free_min_mb, writers),
    ]
    if settings.kafka_url:
        found.append(KafkaProbe(settings.kafka_url))
    if settings.redis_url:
        found.append(RedisProbe(settings.redis_url))
    return found


class DatabaseProbe:
    """Asks on a connection of its own, so that a busy process does not look like an outage."""

    silent: Collection[Mode] = (Mode.DATABASE_AWAY,)

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self) -> Collection[Mode]:
        """Away, or taking no changes, or with a clock that is not trusted."""
        try:
            async with asyncio.timeout(_GIVE_UP_S), self._database.session() as conn:
                row = await (await conn.execute(_STATE)).fetchone()
        except (DatabaseAway, TimeoutError, *TRANSIENT):
            return self.silent
        read_only, frozen = row or (False, False)
        modes = {Mode.DATABASE_READ_ONLY: read_only, Mode.CLOCK_FROZEN: frozen}
        return [mode for mode, is_on in modes.items() if is_on]

    async def close(self) -> None:
        """See `app.modes.Probe`."""
        await self._database.close()


class RedisProbe:
    """Pings."""

    silent: Collection[Mode] = (Mode.REDIS_AWAY,)

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(
            url, socket_connect_timeout=_GIVE_UP_S, socket_timeout=_GIVE_UP_S
        )

    async def look(self) -> Collection[Mode]:
        """Away when there is no answer."""
        try:
            await self._redis.ping()
        except _REDIS_AWAY:
            return self.silent
        return ()

    async def close(self) -> None:
        """See `app.modes.Probe`."""
        await self._redis.aclose()


class KafkaProbe:
    """Asks any of the brokers for the topics of the cluster."""

    silent: Collection[Mode] = (Mode.KAFKA_AWAY,)

    def __init__(self, url: str) -> None:
        self._servers = url.removeprefix("kafka://").rstrip("/")
        self._client: AIOKafkaClient | None = None

    async def look(self) -> Collection[Mode]:
        """Away when none of the brokers answers."""
        try:
            async with asyncio.timeout(_GIVE_UP_S):
                if self._client is None:
                    self._client = AIOKafkaClient(bootstrap_servers=self._servers)
                    await self._client.bootstrap()
                await self._client.fetch_all_metadata()
        except BROKER_AWAY:
            await self.close()
            return self.silent
        return ()

    async def close(self) -> None:
        """See `app.modes.Probe`."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*BROKER_AWAY):
                async with asyncio.timeout(_GIVE_UP_S):
                    await client.close()


class DiskProbe:
    """Knows what PostgreSQL said lately, and where its *folder* can be seen, how much is free."""

    silent: Collection[Mode] = ()

    def __init__(self, folder: Path | None, free_min_mb: int, writers: Sequence[Database]) -> None:
        self._folder, self._free_min_mb, self._writers = folder, free_min_mb, writers

    async def look(self) -> Collection[Mode]:
        """Low when there is less than asked for, or something did not fit a moment ago."""
        return (Mode.DISK_LOW,) if self._was_full() or self._is_low() else ()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _was_full(self) -> bool:
        since = time.monotonic() - _FULL_FOR_S
        times = [one.disk_full_at for one in self._writers]
        return any(at is not None and at > since for at in times)

    def _is_low(self) -> bool:
        if self._folder is None:
            return False
        try:
            return shutil.disk_usage(self._folder).free < self._free_min_mb * 1_000_000
        except OSError:  # not mounted just now: PostgreSQL itself will say what is wrong
            return False
