"""Deliveries on a real database: written with the event, claimed once, settled, in the books."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from app.database import connect
from dispatch import actions
from dispatch.delivery import ENDED, LEASE, LONGEST_PAUSE
from dispatch.errors import DestinationExists
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.deliveries import DELIVERIES, list_dead
from dispatch.postgres.destinations import add_destination, end_destination, in_force
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.leases import Failure
from dispatch.postgres.ledger import read_books
from tests.makers import NOON, rulebook, submission

RULES = rulebook()
URL = "http://127.0.0.1:9/"
AGAIN = timedelta(seconds=1)


async def happen(conn: AsyncConnection, reports: int = 1) -> list[str]:
    """Report and decide; the keys of the events that followed."""
    async with conn.transaction():
        accepted = await accept_many(
            conn, [submission(category=("06010", "01001")[n % 2]) for n in range(reports)]
        )
        found = await conn.execute("SELECT coalesce(max(id), 0) FROM outbox")
        [before] = await found.fetchone() or (0,)
        await actions.decide(
            PostgresBook(conn), [one.report_id for one in accepted], RULES, now=NOON
        )
    found = await conn.execute("SELECT dedup FROM outbox WHERE id > %s ORDER BY id", [before])
    return [row[0] for row in await found.fetchall()]


async def add(conn: AsyncConnection, name: str, *kinds: str) -> None:
    async with conn.transaction():
        await add_destination(conn, name, URL, None, kinds)


async def end(conn: AsyncConnection, name: str) -> bool:
    async with conn.transaction():
        return await end_destination(conn, name)


async def owed(conn: AsyncConnection, name: str, limit: int = 100) -> list[str]:
    """The keys of what can be claimed for this destination; claims them."""
    return [letter.dedup for letter in await DELIVERIES.claim(conn, name, limit)]


async def rows(conn: AsyncConnection) -> list[tuple[object, ...]]:
    found = await conn.execute("SELECT state, attempts, last_error FROM delivery ORDER BY id")
    return await found.fetchall()


async def unequal(conn: AsyncConnection) -> list[str]:
    return [one.name for one in equations(await read_books(conn)) if not one.holds]


async def test_without_a_destination_nothing_is_owed(conn: AsyncConnection):
    assert await happen(conn)

    assert await rows(conn) == []
    assert await unequal(conn) == []


async def test_every_event_is_owed_to_everybody_who_asked_for_its_kind(conn: AsyncConnection):
    await add(conn, "all")
    await add(conn, "some", "reported", "closed")

    keys = await happen(conn)

    found = await conn.execute(
        "SELECT dedup FROM outbox WHERE payload::jsonb #>> '{data,kind}' = 'reported'"
    )
    assert await owed(conn, "all") == keys
    assert await owed(conn, "some") == [row[0] for row in await found.fetchall()]
    assert await unequal(conn) == []


async def test_a_letter_carries_the_bytes_of_the_log(conn: AsyncConnection):
    await add(conn, "all")
    await happen(conn)

    letters = await DELIVERIES.claim(conn, "all", 100)

    found = await conn.execute("SELECT payload FROM outbox ORDER BY id")
    assert [letter.payload for letter in letters] == [row[0] for row in await found.fetchall()]


async def test_nothing_is_owed_from_before_a_destination_was_added_or_after_it_ended(
    conn: AsyncConnection,
):
    await happen(conn)
    await add(conn, "all")
    keys = await happen(conn)
    assert await owed(conn, "all") == keys

    assert await end(conn, "all")
    await happen(conn)

    assert {row[0] for row in await rows(conn)} == {"dead"}
    assert len(await rows(conn)) == len(keys)
    assert await in_force(conn) == []
    assert await unequal(conn) == []


async def test_what_a_destination_was_owed_when_it_ended_is_dead_and_stays_so(
    conn: AsyncConnection,
):
    await add(conn, "all")
    await happen(conn)

    await end(conn, "all")

    dead = await list_dead(conn)
    assert {one.last_error for one in dead} == {ENDED}
    assert await DELIVERIES.replay(conn, [one.id for one in dead]) == []
    assert not await end(conn, "all")


async def test_a_name_is_never_used_again(conn: AsyncConnection):
    await add(conn, "all")
    await end(conn, "all")

    with pytest.raises(DestinationExists):
        await add(conn, "all")


async def test_two_claims_never_get_the_same(conn: AsyncConnection, database_url: str):
    await add(conn, "all")
    keys = await happen(conn, 20)

    async with await connect(database_url) as other:
        first, second = await asyncio.gather(owed(conn, "all", 7), owed(other, "all", 100))

    assert sorted(first + second) == sorted(keys)


async def test_a_lease_that_ended_frees_what_was_claimed(conn: AsyncConnection):
    await add(conn, "all")
    keys = await happen(conn)
    assert await owed(conn, "all") == keys
    assert await owed(conn, "all") == []

    await conn.execute("UPDATE delivery SET leased_until = leased_until - %s", [LEASE])

    assert await owed(conn, "all") == keys


@pytest.mark.parametrize("column", ["leased_until", "next_at"])
async def test_what_a_clock_since_put_back_has_set_does_not_count(
    conn: AsyncConnection, column: str
):
    await add(conn, "all")
    keys = await happen(conn)
    later = LONGEST_PAUSE + timedelta(minutes=1)

    await conn.execute(f"UPDATE delivery SET {column} = clock_timestamp() + %s".encode(), [later])

    assert await owed(conn, "all") == keys


async def test_what_failed_waits_and_comes_after_what_was_never_tried(conn: AsyncConnection):
    await add(conn, "all")
    [first, *rest] = await happen(conn)
    [letter] = await DELIVERIES.claim(conn, "all", 1)
    await DELIVERIES.settle(conn, [], [Failure(letter.id, "answered 500", AGAIN)], most=5)
    assert await owed(conn, "all") == rest

    await conn.execute(
        "UPDATE delivery SET leased_until = NULL, next_at = next_at - interval '5 s'"
    )

    assert await owed(conn, "all", len(rest)) == rest
    assert await owed(conn, "all") == [first]


async def test_a_delivery_is_dead_after_the_last_attempt_and_owed_again_when_replayed(
    conn: AsyncConnection,
):
    await add(conn, "all", "reported")
    keys = await happen(conn)
    for _ in range(2):
        [letter] = await DELIVERIES.claim(conn, "all", 1)
        await DELIVERIES.settle(
            conn, [], [Failure(letter.id, "answered 500", timedelta(0))], most=2
        )

    [dead] = await list_dead(conn)
    assert (dead.destination, dead.attempts, dead.last_error) == ("all", 2, "answered 500")
    assert await owed(conn, "all") == []
    assert await unequal(conn) == []

    assert await DELIVERIES.replay(conn, [dead.id, dead.id + 1]) == [dead.id]
    assert await owed(conn, "all") == keys[:1]
    assert await unequal(conn) == []


async def test_a_yes_counts_once_and_outlives_a_lease_and_a_later_failure(conn: AsyncConnection):
    await add(conn, "all", "reported")
    await happen(conn)
    [letter] = await DELIVERIES.claim(conn, "all", 1)
    await DELIVERIES.settle(conn, [letter.id], [], most=2)

    await DELIVERIES.settle(conn, [letter.id], [], most=2)
    await DELIVERIES.settle(conn, [], [Failure(letter.id, "too late", AGAIN)], most=1)

    assert await rows(conn) == [("sent", 1, None)]
    assert (await read_books(conn)).deliveries == {"sent": 1}


async def test_adding_waits_for_the_events_under_way_and_those_that_follow_wait_for_it(
    conn: AsyncConnection, database_url: str
):
    async with (
        await connect(database_url) as before,
        await connect(database_url) as after,
        asyncio.TaskGroup() as group,
    ):
        async with before.transaction():
            earlier = await happen(before)
            adding = group.create_task(add(conn, "all"))
            await waits_for_a_lock(after, conn)
            following = group.create_task(happen(after))
            await waits_for_a_lock(before, after)
            assert not adding.done()
        await asyncio.wait([adding, following])

    later = [key for key in following.result() if key not in earlier]
    assert await owed(conn, "all") == later
    assert await unequal(conn) == []


async def waits_for_a_lock(watcher: AsyncConnection, watched: AsyncConnection) -> None:
    """Until PostgreSQL says that somebody stands in the other connection's way."""
    async with asyncio.timeout(10):
        while True:
            found = await watcher.execute(
                "SELECT cardinality(pg_blocking_pids(%s)) > 0", [watched.info.backend_pid]
            )
            if await found.fetchone() == (True,):
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("damage", "equation"),
    [
        ("DELETE FROM delivery", "deliveries to all = events it is owed"),
        (
            "UPDATE delivery SET dedup = dedup || 'x'",
            "deliveries to all = events it is owed",
        ),
    ],
)
async def test_a_delivery_that_is_missing_or_wrong_shows_in_the_books(
    conn: AsyncConnection, damage: str, equation: str
):
    await add(conn, "all")
    await happen(conn)

    await conn.execute(damage.encode())

    assert await unequal(conn) == [equation]


@pytest.mark.parametrize(
    "lie",
    [
        "state = 'sent'",
        "state = 'sent', sent_at = now()",
        "sent_at = now()",
        "state = 'dead'",
        "state = 'dead', last_error = 'x', next_at = now()",
        "state = 'dead', last_error = 'x', leased_until = now()",
        "state = 'lost'",
    ],
)
async def test_the_table_refuses_states_that_cannot_be(conn: AsyncConnection, lie: str):
    await add(conn, "all")
    await happen(conn)

    with pytest.raises(psycopg.errors.CheckViolation):
        await conn.execute(f"UPDATE delivery SET {lie}".encode())
