"""How many samples of each device the doors did not take as they came, by day and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Tallied:
    """*count* samples of a device that came by a door, at fault in one way.

    *device* is empty where nobody can tell. *words* say what was wrong with the last of them.
    """

    device: str
    reason: str
    door: str
    count: int
    words: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What was wrong with samples of a device since the moment that was asked about."""

    device: str
    reason: str
    count: int
    last_at: datetime
    words: str


# In one order of rows, so that two doors that write at once do not wait for each other in a ring.
_ADD: Final = """
    INSERT INTO sample_tally (device, reason, door, day, count, last_at, words)
    SELECT t.device, t.reason, t.door, (%(now)s::timestamptz AT TIME ZONE 'UTC')::date,
           sum(t.count), %(now)s, max(t.words)
      FROM unnest(%(devices)s::text[], %(reasons)s::text[], %(doors)s::text[], %(counts)s::bigint[],
                  %(words)s::text[]) AS t (device, reason, door, count, words)
     GROUP BY t.device, t.reason, t.door
     ORDER BY t.device, t.reason, t.door
        ON CONFLICT (device, day, reason, door) DO UPDATE
       SET count = sample_tally.count + excluded.count,
           last_at = greatest(sample_tally.last_at, excluded.last_at),
           words = excluded.words
"""

_FAULTS: Final = """
    SELECT device, reason, sum(count)::bigint AS count, max(last_at) AS last_at,
           (array_agg(words ORDER BY last_at DESC))[1] AS words
      FROM sample_tally
     WHERE day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date
       AND (%(devices)s::text[] IS NULL OR device = ANY (%(devices)s))
     GROUP BY device, reason
     ORDER BY device, count DESC, reason
"""


_STRANGERS: Final = """
    SELECT device, reason, sum(count)::bigint AS count, max(last_at) AS last_at,
           (array_agg(words ORDER BY last_at DESC))[1] AS words
      FROM sample_tally
     WHERE day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date
       AND (reason = 'unknown' OR device = '')
     GROUP BY device, reason
     ORDER BY count DESC, device, reason
     LIMIT %(limit)s
"""


async def add(conn: Connection, rows: Sequence[Tallied], *, now: datetime) -> None:
    """Add counts to those of the day, in UTC."""
    await conn.execute(
        _ADD,
        {
            "now": now,
            "devices": [storable(one.device) for one in rows],
            "reasons": [str(one.reason) for one in rows],
            "doors": [one.door for one in rows],
            "counts": [one.count for one in rows],
            "words": [storable(one.words) for one in rows],
        },
    )


async def faults(
    conn: Connection, *, since: datetime, devices: Sequence[str] | None = None
) -> list[Fault]:
    """What was wrong since the day of *since*, by device and reason; *devices* None: of all.

    Under the device '' stands what nobody could be named for.
    """
    values = {"since": since, "devices": None if devices is None else list(devices)}
    async with conn.cursor(row_factory=class_row(Fault)) as cursor:
        await cursor.execute(_FAULTS, values)
        return await cursor.fetchall()


async def strangers(conn: Connection, *, since: datetime, limit: int) -> list[Fault]:
    """What came since the day of *since* in the name of no sensor, or in none; the most first."""
    async with conn.cursor(row_factory=class_row(Fault)) as cursor:
        await cursor.execute(_STRANGERS, {"since": since, "limit": limit})
        return await cursor.fetchall()


async def forget(conn: Connection, before: datetime) -> int:
    """Remove the counts of days before that moment's; how many rows that were."""
    done = await conn.execute(
        "DELETE FROM sample_tally WHERE day < (%s::timestamptz AT TIME ZONE 'UTC')::date", [before]
    )
    return done.rowcount


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: a device may call itself anything."""
    return text.replace("\x00", "␀").encode("utf-8", "replace").decode()
