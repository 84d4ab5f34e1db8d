"""The pulse of the city: how many reports are decided, looked at ten times a second."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

import psycopg

_EVERY_S: Final = 0.1
_DECIDED: Final = "SELECT count(*) FROM inbox WHERE state <> 'accepted'"


class Pulse:
    """Beats of (unix time, reports decided so far); none while the database does not answer."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self.beats: list[tuple[float, int]] = []

    async def watch(self) -> None:
        """Look until cancelled, with a connection that is made again at once."""
        while True:
            with suppress(psycopg.OperationalError, TimeoutError):
                async with await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=2
                ) as conn:
                    await self._look(conn)
            await asyncio.sleep(_EVERY_S)

    async def _look(self, conn: psycopg.AsyncConnection) -> None:
        while True:
            async with asyncio.timeout(2.0):
                found = await (await conn.execute(_DECIDED)).fetchone()
            if found:
                self.beats.append((time.time(), found[0]))
            await asyncio.sleep(_EVERY_S)
