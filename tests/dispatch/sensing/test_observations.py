"""Samples in PostgreSQL: once each, by day, lately ones only, and gone by whole days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from psycopg import AsyncConnection

from dispatch.postgres.observations import drop_days, store
from dispatch.sensing.sensors import Samples

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEPT = timedelta(days=10)
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def samples(*told: tuple[str, timedelta, float]) -> Samples:
    """Samples of devices, so long before now."""
    at_ms = [(NOW - ago - EPOCH) // timedelta(milliseconds=1) for _, ago, _ in told]
    values = np.array([value for _, _, value in told])
    return Samples([device for device, _, _ in told], np.array(at_ms, dtype=np.int64), values)


async def stored(conn: AsyncConnection) -> list[tuple[str, float, float]]:
    """Device, hours before now, value."""
    found = await conn.execute(
        "SELECT code, at, value FROM observation JOIN observing_device ON number = device"
        " ORDER BY code, at"
    )
    return [(code, (NOW - at) / HOUR, value) for code, at, value in await found.fetchall()]


async def keep(conn: AsyncConnection, *told: tuple[str, timedelta, float]) -> int:
    async with conn.transaction():
        return await store(conn, samples(*told), kept=KEPT, now=NOW)


async def days(conn: AsyncConnection) -> list[str]:
    found = await conn.execute(
        "SELECT relname FROM pg_class WHERE relname ~ '^observation_[0-9]{8}$' ORDER BY relname"
    )
    return [row[0] for row in await found.fetchall()]


async def test_samples_are_kept_once_whatever_order_they_come_in(conn: AsyncConnection):
    first, second = ("W1", HOUR, 2.0), ("W2", 30 * HOUR, 5.0)

    await keep(conn, first, second, first)
    await keep(conn, ("W1", HOUR, 1.5), second)
    await keep(conn, ("W1", HOUR, 9.0))

    assert await stored(conn) == [("W1", 1.0, 1.5), ("W2", 30.0, 5.0)]
    assert await days(conn) == ["observation_20261121", "observation_20261123"]


async def test_a_sample_is_kept_to_the_millisecond(conn: AsyncConnection):
    at_ms = np.array([1_764_288_000_123, 1_764_288_000_124], dtype=np.int64)
    now = EPOCH + timedelta(milliseconds=1_764_288_000_200)

    async with conn.transaction():
        await store(conn, Samples(["W1", "W1"], at_ms, np.zeros(2)), kept=KEPT, now=now)

    found = await conn.execute("SELECT at FROM observation ORDER BY at")
    times = [(row[0] - EPOCH) / timedelta(milliseconds=1) for row in await found.fetchall()]
    assert times == at_ms.tolist()


async def test_what_is_too_old_or_of_the_future_is_told_and_makes_no_day(conn: AsyncConnection):
    left_out = await keep(
        conn, ("W1", 11 * 24 * HOUR, 1.0), ("W1", -48 * HOUR, 2.0), ("W1", HOUR, 3.0)
    )

    assert left_out == 2
    assert await stored(conn) == [("W1", 1.0, 3.0)]
    assert len(await days(conn)) == 1


async def test_days_that_are_too_old_are_dropped_with_what_stood_beside(conn: AsyncConnection):
    await keep(conn, *[("W1", day * 24 * HOUR, 1.0) for day in range(5)])
    note = "INSERT INTO observation_note (device, at) VALUES ('W1', %s), ('W1', %s)"
    await conn.execute(note, [NOW, NOW - 100 * HOUR])

    dropped = await drop_days(conn, before=NOW - timedelta(days=2))
    again = await drop_days(conn, before=NOW - timedelta(days=2))

    assert [f"{day:%m-%d}" for day in dropped] == ["11-19", "11-20"]
    assert again == []
    assert [hours for _, hours, _ in await stored(conn)] == [48.0, 24.0, 0.0]
    found = await conn.execute("SELECT count(*) FROM observation_note")
    assert await found.fetchone() == (1,)
