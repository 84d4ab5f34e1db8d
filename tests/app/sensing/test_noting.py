"""The case of an alarm is told what became of it, and is never closed by that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from psycopg import AsyncConnection

from app.database import Database
from app.sensing.noting import Noter
from dispatch import actions
from dispatch.case import Move, Order
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.ledger import read_books
from dispatch.rulebook import Rulebook
from tests.app.sensing.stream import RISING, Desk, Log
from tests.makers import CITY

NOTES = "SELECT state, count(*) FROM alarm_note GROUP BY state"
KINDS = "SELECT kind FROM case_event WHERE case_id = %s ORDER BY seq"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def rules() -> Rulebook:
    return RISING


async def alarm_with(database: Database, *told: tuple[float, float]) -> None:
    desk, log = Desk(database, RISING), Log()
    for one in told:
        await desk.keep(log.samples(one))


async def decide(conn: AsyncConnection) -> None:
    async with conn.transaction():
        await actions.decide(PostgresBook(conn), [1], RISING, now=datetime.now(UTC))


async def close(conn: AsyncConnection) -> None:
    for move, actor in ((Move.HANDLE, "li"), (Move.VERIFY, "wang"), (Move.CLOSE, "wang")):
        async with conn.transaction():
            await actions.move(
                PostgresBook(conn), 1, Order(move), actor=actor, city=CITY, now=datetime.now(UTC)
            )


async def kinds(conn: AsyncConnection) -> list[str]:
    found = await conn.execute(KINDS, [1])
    return [kind for (kind,) in await found.fetchall()]


async def notes(conn: AsyncConnection) -> dict[str, int]:
    found = await conn.execute(NOTES)
    return dict(await found.fetchall())


async def test_graver_and_cleared_stand_in_the_history_of_a_case_that_stays_open(
    database: Database, conn: AsyncConnection
):
    await alarm_with(database, (0, 4.0), (1, 6.0), (2, 1.0))
    await decide(conn)

    done = await Noter(database, rules).turn()

    found = await conn.execute(
        "SELECT canon::json->>'change' FROM case_event WHERE kind = 'alarm_noted' ORDER BY seq"
    )
    assert (done, await found.fetchall()) == (2, [("upgraded",), ("cleared",)])
    assert await notes(conn) == {"noted": 2}
    state = await conn.execute("SELECT state::text, closed_at FROM cases")
    assert await state.fetchall() == [("assigned", None)]
    assert [one.name for one in equations(await read_books(conn)) if not one.holds] == []


async def test_while_the_report_is_undecided_its_notes_wait(
    database: Database, conn: AsyncConnection
):
    await alarm_with(database, (0, 4.0), (2, 1.0))
    before = await Noter(database, rules).turn()
    await decide(conn)

    assert (before, await Noter(database, rules).turn()) == (0, 1)
    assert (await kinds(conn))[-1] == "alarm_noted"


async def test_a_case_that_has_ended_is_left_alone(database: Database, conn: AsyncConnection):
    await alarm_with(database, (0, 4.0), (2, 1.0))
    await decide(conn)
    await close(conn)

    await Noter(database, rules).turn()

    assert (await kinds(conn))[-1] == "closed"
    assert await notes(conn) == {"void": 1}


async def test_nothing_is_noted_twice(database: Database, conn: AsyncConnection):
    await alarm_with(database, (0, 4.0), (2, 1.0))
    await decide(conn)

    done = [await Noter(database, rules).turn() for _ in range(2)]

    assert done == [1, 0]
    assert (await kinds(conn)).count("alarm_noted") == 1
