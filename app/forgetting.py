"""What is kept for a while only: samples, dropped by whole days."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from app.database import Database, DatabaseAway
from dispatch.postgres.clock import now
from dispatch.postgres.observations import drop_days

_EVERY_S: Final = 3600.0
_SOON_S: Final = 60.0
_log: Final = structlog.get_logger("citygrid.forgetting")


async def forget_observations(database: Database, kept: timedelta) -> None:
    """Drop samples older than *kept*, once an hour, until cancelled. Any worker may, all do."""
    await asyncio.sleep(_SOON_S)  # starting is enough to do
    while True:
        try:
            async with database.session() as conn:
                dropped = await drop_days(conn, before=await now(conn) - kept)
            if dropped:
                _log.info("days of samples dropped", first=dropped[0], last=dropped[-1])
        except (DatabaseAway, psycopg.Error) as err:
            _log.warning("samples not dropped", error=str(err))
        await asyncio.sleep(_EVERY_S)
