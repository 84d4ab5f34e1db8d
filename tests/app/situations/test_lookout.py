"""The look-out on a real database: each situation once, whatever stops it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import shapely
from psycopg import AsyncConnection
from psycopg.errors import InsufficientPrivilege

from app.situations.lookout import Lookout
from dispatch.postgres import situations as stored
from dispatch.postgres.log import number
from dispatch.situations.situation import State
from tests.app.situations.watched import (
    a_part,
    look,
    report,
    sensed,
    settled,
    situations,
)
from tests.littletown import settle

CLOSE = [(30.0, 30.0), (60.0, 30.0), (60.0, 60.0)]


@pytest.fixture
async def lookout(database_url: str) -> AsyncIterator[Lookout]:
    made = Lookout(database_url)
    yield made
    await made.close()


async def test_three_reports_near_each_other_are_one_situation_and_more_join(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn)
    await look(lookout)

    await report(conn, *CLOSE)
    await look(lookout)
    await report(conn, (90, 90))
    await look(lookout)

    [one] = await situations(conn)
    assert (one["state"], one["members"], one["plan"]) == ("growing", 4, "clean-up")


async def test_a_sensor_a_citizen_and_an_inspector_become_one(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn, {"at_least": 2, "sources": 2})
    await conn.execute(
        "INSERT INTO api_key (key_sha256, source, roles, label)"
        " VALUES ('x', 'device:li', '{inspector}', '')"
    )
    await look(lookout)

    await sensed(conn, (30, 30))
    await report(conn, (60, 30))
    await look(lookout)
    await report(conn, (60, 60), source="device:li")
    await look(lookout)

    [one] = await situations(conn)
    situation = await stored.read_situation(conn, one["id"])
    assert [str(fact.source) for fact in situation.facts] == ["sensor", "citizen", "inspector"]
    assert situation.why["heaps"]["sources"] == ["citizen", "sensor"]


async def test_what_is_stored_follows_from_the_history(conn: AsyncConnection, lookout: Lookout):
    await settled(conn)
    await look(lookout)
    await report(conn, *CLOSE)
    await look(lookout)
    await report(conn, (90, 90))
    await look(lookout)

    one = await stored.read_situation(conn, 1)

    columns = list(stored.as_row(one))
    found = await conn.execute(f"SELECT {', '.join(columns)} FROM situation WHERE id = 1")  # pyright: ignore
    assert dict(zip(columns, await found.fetchone() or (), strict=True)) == stored.as_row(one)
    found = await conn.execute("SELECT kind || ':' || ref FROM situation_member")
    assert {row[0] for row in await found.fetchall()} == set(one.members)
    found = await conn.execute("SELECT ST_AsBinary(outline) FROM situation")
    [outline] = await found.fetchone() or (b"",)
    drawn = shapely.from_wkb(bytes(outline))
    assert all(drawn.contains(shapely.Point(fact.lon, fact.lat)) for fact in one.facts)


async def test_what_happens_is_told_in_order_and_cannot_be_changed(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn)
    await look(lookout)
    await report(conn, *CLOSE)
    await look(lookout)
    await report(conn, (90, 90))
    await look(lookout)

    found = await conn.execute(
        "SELECT payload FROM outbox WHERE topic = 'situation-events.v1' ORDER BY id"
    )
    told = [json.loads(row[0]) for row in await found.fetchall()]
    assert [one["id"] for one in told] == ["situation-1-1", "situation-1-2"]
    assert [one["data"]["situation"]["version"] for one in told] == [1, 2]
    with pytest.raises(InsufficientPrivilege):
        await conn.execute("DELETE FROM situation_event")


async def test_a_city_begins_with_what_happens_from_its_first_look_on(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn)
    await report(conn, *CLOSE)

    await look(lookout)

    assert await situations(conn) == []


async def test_only_one_looks_and_another_goes_on_where_it_stopped(
    conn: AsyncConnection, database_url: str, lookout: Lookout
):
    await settled(conn)
    await look(lookout)
    other = Lookout(database_url)
    await report(conn, *CLOSE)

    assert await other.turn() == 0
    await lookout.close()
    async with asyncio.timeout(10):  # the server takes a moment to let the lock go
        while not await situations(conn):
            await look(other)
    await other.close()

    assert [one["members"] for one in await situations(conn)] == [3]


class Killed(Exception):
    """Where the process ends."""


@pytest.mark.parametrize("statement", range(1, 8))
async def test_killed_at_any_statement_it_finds_the_same_and_nothing_twice(
    conn: AsyncConnection, database_url: str, statement: int
):
    """A look-out whose connection is cut before one of the statements that it writes with."""
    await settled(conn)
    first = Lookout(database_url)
    await look(first)
    await report(conn, *CLOSE)
    await report(conn, (90, 90))
    cut = await first._leading()  # pyright: ignore[reportPrivateUsage]
    assert cut is not None
    done = 0
    execute = cut.execute

    async def counted(query: object, *rest: object, **more: object) -> object:
        nonlocal done
        writes = str(query).lstrip().startswith(("INSERT", "UPDATE", "WITH", "SELECT pg_notify"))
        done += writes
        if writes and done == statement:
            await cut.close()
            raise Killed
        return await execute(query, *rest, **more)  # pyright: ignore

    cut.execute = counted  # type: ignore[method-assign]
    with contextlib.suppress(Killed):
        await look(first)
    second = Lookout(database_url)
    await first.close()
    await asyncio.wait_for(_until_leading(second), 20)
    await look(second)
    await second.close()

    [one] = await situations(conn)
    found = await conn.execute("SELECT seq FROM situation_event ORDER BY seq")
    assert [row[0] for row in await found.fetchall()] == list(range(1, one["version"] + 1))
    assert one["members"] == 4


async def _until_leading(lookout: Lookout) -> None:
    while await lookout._leading() is None:  # pyright: ignore[reportPrivateUsage]
        await asyncio.sleep(0.05)


async def test_a_situation_ends_when_it_is_quiet_and_no_case_ends_with_it(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn, {"quiet_s": 60})
    await look(lookout)
    await report(conn, *CLOSE)
    await look(lookout)
    async with conn.transaction():
        await conn.execute("SET LOCAL session_replication_role = replica")
        await conn.execute("UPDATE situation_event SET at = at - interval '2 minutes'")
        await conn.execute("UPDATE situation SET moved_at = moved_at - interval '2 minutes'")

    await look(lookout)

    assert (await stored.read_situation(conn, 1)).state is State.ENDED
    found = await conn.execute("SELECT count(*) FROM cases WHERE closed_at IS NULL")
    assert await found.fetchone() == (3,)


async def test_a_void_case_makes_no_situation(conn: AsyncConnection, lookout: Lookout):
    await settled(conn)
    await look(lookout)
    await report(conn, *CLOSE[:2])
    await conn.execute("UPDATE cases SET state = 'void', closed_at = now() WHERE id = 1")
    await report(conn, CLOSE[2])

    await look(lookout)

    assert await situations(conn) == []


async def test_a_city_without_patterns_is_followed_and_nothing_is_found(
    conn: AsyncConnection, lookout: Lookout
):
    await settle(conn)
    await look(lookout)
    await report(conn, *CLOSE)

    await look(lookout)

    found = await conn.execute("SELECT position > 0 FROM situation_watch")
    assert await found.fetchone() == (True,)
    assert await situations(conn) == []


async def test_a_scan_is_made_once_for_each_of_its_moments(conn: AsyncConnection, lookout: Lookout):
    await settle(conn, situations=a_part(scans=[{}]))

    await look(lookout)

    found = await conn.execute("SELECT looks->>'hot' FROM situation_watch")
    [moment] = await found.fetchone() or (None,)
    assert moment is not None
    assert await lookout.turn() == 0


async def test_an_alarm_and_a_report_become_one_and_its_clearing_ends_nothing(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn, {"at_least": 2, "sources": 2})
    await look(lookout)
    await raised(conn, "a" * 64)
    await report(conn, (60, 30))
    await look(lookout)
    await conn.execute("UPDATE alarm SET state = 'cleared', ended_at = now(), version = 2")
    await told_of(conn, "a" * 64, 2)

    await look(lookout)

    one = await stored.read_situation(conn, 1)
    assert set(one.members) == {f"alarm:{'a' * 64}", "case:1"}
    assert (one.state, one.version) == (State.OPEN, 1)


async def test_an_alarm_that_was_withdrawn_makes_no_situation(
    conn: AsyncConnection, lookout: Lookout
):
    await settled(conn, {"at_least": 2, "sources": 2})
    await look(lookout)
    await raised(conn, "b" * 64, state="withdrawn")
    await report(conn, (60, 30))

    await look(lookout)

    assert await situations(conn) == []


async def raised(conn: AsyncConnection, key: str, state: str = "raised") -> None:
    """An alarm of the gauge at the mill, as the worker writes it."""
    await conn.execute(
        """
        INSERT INTO alarm (key, device, rule, property, name, area, areas, position, text, state,
                           level, highest, started_at, changed_at, facts, told_at, version)
        VALUES (%s, 'W1', 'river-high', 'water_level', '{}', '990199001',
                '{990199001001,990199001,990199}',
                ST_SetSRID(ST_MakePoint(113.0004, 29.0004), 4326), '{}', %s, 2, 2, now(), now(),
                '{}', now(), 1)
        """,
        [key, state],
    )
    await told_of(conn, key, 1)


async def told_of(conn: AsyncConnection, key: str, seq: int) -> None:
    """The row of the log that tells of a change of an alarm."""
    await conn.execute(
        "INSERT INTO outbox (topic, key, dedup, payload) VALUES ('alarms.v1', %s, %s, '{}')",
        [key, f"alarm-{key}-{seq}"],
    )
    async with conn.transaction():
        await number(conn)
