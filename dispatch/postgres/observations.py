"""Samples in PostgreSQL: stored by day, lately ones only, and whole days dropped when too old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection, errors, sql

from dispatch.sensing.sensors import Samples

_Connection = AsyncConnection[Any]
_AHEAD: Final = timedelta(days=1)
"""A sample further in the future is not kept: it would make a day that is dropped by nobody."""

_TOGETHER: Final = 20_000
"""Samples of one statement."""

_LOCK: Final = 0x0C17_0B5E
_DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_NUMBERS: Final = "SELECT code, number FROM observing_device WHERE code = ANY(%(codes)s)"
_NEW_NUMBERS: Final = """
    INSERT INTO observing_device (code)
    SELECT unnest(%(codes)s::text[])
        ON CONFLICT (code) DO NOTHING
"""
# Of two values for one moment the smaller stays, whichever came first.
_STORE: Final = """
    INSERT INTO observation AS o (device, at, value)
    SELECT device, to_timestamp(at_ms / 1000.0), min(value)
      FROM unnest(%(devices)s::int[], %(at_ms)s::bigint[], %(values)s::float8[])
        AS told (device, at_ms, value)
     GROUP BY device, at_ms
     ORDER BY device, at_ms
        ON CONFLICT (device, at) DO UPDATE
       SET value = excluded.value
     WHERE excluded.value < o.value
"""
_DAYS: Final = """
    SELECT c.relname
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'observation'::regclass
       AND c.relname ~ '^observation_[0-9]{8}$'
"""
_MAKE_DAY: Final = sql.SQL("CREATE TABLE {table} (LIKE observation INCLUDING ALL)")
_ATTACH_DAY: Final = sql.SQL(
    "ALTER TABLE observation ATTACH PARTITION {table} FOR VALUES FROM ({since}) TO ({until})"
)
_DETACH_DAY: Final = sql.SQL("ALTER TABLE observation DETACH PARTITION {} CONCURRENTLY")
_FINISH_DETACHING: Final = sql.SQL("ALTER TABLE observation DETACH PARTITION {} FINALIZE")
_DROP_DAY: Final = sql.SQL("DROP TABLE {}")
_DROP_NOTES: Final = "DELETE FROM observation_note WHERE at < %(before)s"


async def store(conn: _Connection, samples: Samples, *, kept: timedelta, now: datetime) -> int:
    """Keep the samples of the last *kept*, in the transaction of *conn*; how many were older or
    far in the future and so are not kept.

    What is stored already may be stored again. The caller leaves out devices that nobody knows.
    """
    at_ms = samples.at_ms
    fits = (at_ms >= _ms(now - kept)) & (at_ms <= _ms(now + _AHEAD))
    if fits.any():
        at_ms = at_ms[fits]
        devices = [
            device for device, fit in zip(samples.devices, fits.tolist(), strict=True) if fit
        ]
        await _make_days(conn, _days_of(at_ms))
        known = await _numbers(conn, sorted(set(devices)))
        numbers = np.array([known[device] for device in devices], dtype=np.int32)
        # In the order of the key, so that two workers with the same samples never deadlock.
        order = np.lexsort((at_ms, numbers))
        columns = numbers[order], at_ms[order], samples.values[fits][order]
        for cut in range(0, len(order), _TOGETHER):
            part = (column[cut : cut + _TOGETHER].tolist() for column in columns)
            await conn.execute(_STORE, dict(zip(("devices", "at_ms", "values"), part, strict=True)))
    return len(samples) - int(np.count_nonzero(fits))


async def drop_days(conn: _Connection, *, before: datetime) -> list[date]:
    """Drop the days that ended before *before*, and notes as old; *conn* is in autocommit.

    A day is detached without stopping those who read or write others. One that somebody holds on
    to is left for the next time.
    """
    found = await conn.execute(_DAYS)
    days = [date.fromisoformat(row[0][-8:]) for row in await found.fetchall()]
    old = sorted(day for day in days if day < before.astimezone(UTC).date())
    dropped = [day for day in old if await _drop(conn, day)]
    await conn.execute(_DROP_NOTES, {"before": before})
    return dropped


async def _drop(conn: _Connection, day: date) -> bool:
    table = sql.Identifier(_table(day))
    try:
        try:
            await conn.execute(_DETACH_DAY.format(table))
        except errors.ObjectNotInPrerequisiteState:  # somebody began and was stopped
            await conn.execute(_FINISH_DETACHING.format(table))
        await conn.execute(_DROP_DAY.format(table))
    except (errors.LockNotAvailable, errors.ObjectNotInPrerequisiteState, errors.UndefinedTable):
        return False
    return True


async def _numbers(conn: _Connection, codes: Sequence[str]) -> dict[str, int]:
    numbers = await _known(conn, codes)
    if missing := [code for code in codes if code not in numbers]:
        await conn.execute(_NEW_NUMBERS, {"codes": missing})
        numbers |= await _known(conn, missing)
    return numbers


async def _known(conn: _Connection, codes: Sequence[str]) -> dict[str, int]:
    found = await conn.execute(_NUMBERS, {"codes": codes})
    return dict(await found.fetchall())


def _days_of(at_ms: np.ndarray[Any, np.dtype[np.int64]]) -> list[date]:
    return [(_EPOCH + timedelta(days=day)).date() for day in np.unique(at_ms // _DAY_MS).tolist()]


async def _make_days(conn: _Connection, days: Iterable[date]) -> None:
    """Tables for the days that have none.

    Made aside and attached, which stops nobody; made as a partition at once it would wait for all
    who read, and all others for it.
    """
    names = {_table(day): day for day in days}
    found = await conn.execute(_DAYS)
    missing = names.keys() - {row[0] for row in await found.fetchall()}
    if not missing:
        return
    await conn.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
    found = await conn.execute(_DAYS)
    for name in sorted(missing - {row[0] for row in await found.fetchall()}):
        day = datetime.combine(names[name], datetime.min.time(), UTC)
        parts = {
            "table": sql.Identifier(name),
            "since": sql.Literal(day),
            "until": sql.Literal(day + timedelta(days=1)),
        }
        await conn.execute(_MAKE_DAY.format(**parts))
        await conn.execute(_ATTACH_DAY.format(**parts))


def _table(day: date) -> str:
    return f"observation_{day:%Y%m%d}"


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
