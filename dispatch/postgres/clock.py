"""The one clock that counts."""

from __future__ import annotations

from datetime import datetime

from psycopg import AsyncConnection


async def now(conn: AsyncConnection) -> datetime:
    """The database's time, aware UTC: machines and phones may be wrong, this one is everybody's."""
    found = await conn.execute("SELECT clock_timestamp()")
    row = await found.fetchone()
    if row is None:
        raise TypeError("SELECT gives a row")
    moment: datetime = row[0]
    return moment
