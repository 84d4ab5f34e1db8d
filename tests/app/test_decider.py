"""A report that nobody can decide holds up nobody else, whoever takes up the work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from app.database import Database, SchemaUnfit
from app.decider import Decider
from app.worker_metrics import WorkerMetrics
from dispatch.ledger import equations
from dispatch.postgres.dead import list_dead
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import overlooked
from dispatch.postgres.saving import MAX_ATTEMPTS
from tests.littletown import settle
from tests.makers import NOON, submission

OTHERS = 50

# What no check at the door can foresee: this one report, and no other, breaks every transaction.
POISON = """
    CREATE FUNCTION break_on_poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.description = 'poison' THEN RAISE EXCEPTION 'cannot be stored'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER poison BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION break_on_poison();
"""


@pytest.fixture
async def decider(
    conn: AsyncConnection, database_url: str, tmp_path: Path
) -> AsyncIterator[Decider]:
    await settle(conn)
    await conn.execute(POISON)
    database = Database(database_url, 2)
    yield Decider(database, tmp_path, WorkerMetrics())
    await database.close()


async def accept_poison_and_others(conn: AsyncConnection) -> tuple[int, list[int]]:
    # Hours before the others, so that it is no other report of their incident.
    poison = submission(description="poison", happened_at=NOON - timedelta(hours=5))
    async with conn.transaction():
        told = [poison, *(submission() for _ in range(OTHERS))]
        first, *rest = [one.report_id for one in await accept_many(conn, told)]
    return first, rest


async def states(conn: AsyncConnection) -> dict[str, int]:
    found = await conn.execute("SELECT state, count(*) FROM inbox GROUP BY state")
    return dict(await found.fetchall())


async def test_the_others_of_its_category_are_decided_at_once(
    decider: Decider, conn: AsyncConnection
):
    poison, others = await accept_poison_and_others(conn)

    assert await decider.decide([poison, *others]) == OTHERS

    found = await conn.execute("SELECT state, attempts FROM inbox WHERE id = %s", [poison])
    assert await found.fetchone() == ("accepted", 1)


async def test_a_later_report_is_not_blamed_for_the_poison_before_it(
    decider: Decider, conn: AsyncConnection
):
    _, others = await accept_poison_and_others(conn)

    await decider.decide(others[-1:])

    found = await conn.execute("SELECT state, attempts FROM inbox WHERE id = %s", [others[-1]])
    assert await found.fetchone() == ("cased", 0)


async def test_the_rescue_alone_brings_it_to_the_dead_and_the_books_balance(
    decider: Decider, conn: AsyncConnection
):
    poison, _ = await accept_poison_and_others(conn)

    for _ in range(MAX_ATTEMPTS):
        await decider.decide(await overlooked(conn, older_than_s=0))

    [dead] = await list_dead(conn)
    assert (dead.id, "cannot be stored" in dead.reason) == (poison, True)
    assert (await states(conn)).get("accepted", 0) == 0
    assert all(line.holds for line in equations(await read_books(conn)))


async def test_a_schema_that_does_not_fit_is_no_fault_of_a_report(
    decider: Decider, conn: AsyncConnection
):
    _, others = await accept_poison_and_others(conn)
    await conn.execute("ALTER TABLE deadline RENAME COLUMN due_at TO due")

    with pytest.raises(SchemaUnfit, match="due_at"):
        await decider.decide(others)

    found = await conn.execute("SELECT DISTINCT state, attempts FROM inbox")
    assert await found.fetchall() == [("accepted", 0)]
    await conn.execute("ALTER TABLE deadline RENAME COLUMN due TO due_at")
    assert await decider.decide(others) == OTHERS
