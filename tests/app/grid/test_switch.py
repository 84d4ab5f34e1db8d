"""Workers switch to another grid at its moment, all of them, without stopping to read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from app.database import Database, connect
from app.decider import Decider
from app.grid.preparing import build, prepare
from app.rules_in_force import RulesInForce
from app.worker_metrics import WorkerMetrics
from dispatch.ledger import equations
from dispatch.postgres.clock import now
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from grid.postgres import cells_to_index
from tests.app.grid.city import FIRST, HALVES, THIRD, approved, order, redrawn
from tests.littletown import settle
from tests.makers import NOON, spot, submission

HERE = spot()
"""In the third cell, and in the west half of it."""


@pytest.fixture
async def database(conn: AsyncConnection, database_url: str) -> AsyncIterator[Database]:
    await settle(conn)
    database = Database(database_url, 4)
    yield database
    await database.close()


@pytest.fixture
def rules(database: Database, tmp_path: Path) -> RulesInForce:
    return RulesInForce(database, tmp_path)


async def soon(conn: AsyncConnection, seconds: float) -> datetime:
    return await now(conn) + timedelta(seconds=seconds)


def cell_at(rules: RulesInForce, moment: datetime) -> str | None:
    place = rules.at(moment).grid.place(*HERE)
    return place.cell if place else None


async def test_the_next_grid_is_read_before_its_time_and_counts_from_it_on(
    conn: AsyncConnection, rules: RulesInForce
):
    at = await soon(conn, 3600)
    await order(conn, await approved(conn, redrawn()), at)

    await rules.read()

    second = timedelta(seconds=1)
    assert [cell_at(rules, at + n * second) for n in (-1, 0, 1)] == [THIRD, *HALVES[:1] * 2]


async def test_reading_after_the_switch_still_answers_for_the_moment_before(
    conn: AsyncConnection, rules: RulesInForce
):
    at = await soon(conn, 0.5)
    await order(conn, await approved(conn, redrawn()), at)
    await rules.read()
    while await now(conn) < at:
        await asyncio.sleep(0.05)

    await rules.read()

    assert rules.current is not None
    assert rules.current.grid.version == 2
    assert cell_at(rules, at - timedelta(milliseconds=1)) == THIRD
    assert cell_at(rules, at) == HALVES[0]


async def test_an_order_withdrawn_by_another_is_forgotten(
    conn: AsyncConnection, rules: RulesInForce
):
    at = await soon(conn, 3600)
    await order(conn, await approved(conn, redrawn()), at)
    await rules.read()

    await order(conn, 1, at)
    await rules.read()

    assert cell_at(rules, at) == THIRD


async def test_who_has_not_read_the_next_grid_goes_on_with_the_old_one(
    conn: AsyncConnection, rules: RulesInForce
):
    await rules.read()
    at = await soon(conn, 3600)

    await order(conn, await approved(conn, redrawn()), at)

    assert cell_at(rules, at) == THIRD


async def test_what_did_not_change_is_not_read_again(conn: AsyncConnection, rules: RulesInForce):
    at = await soon(conn, 3600)
    first = await rules.read()
    await order(conn, await approved(conn, redrawn()), at)
    await rules.read()
    coming = rules.at(at)

    assert await rules.read() is first
    assert rules.at(at) is coming


async def test_a_part_that_changed_is_read_for_the_next_grid_too(
    conn: AsyncConnection, rules: RulesInForce
):
    at = await soon(conn, 3600)
    await order(conn, await approved(conn, redrawn()), at)
    await rules.read()
    await conn.execute(
        "INSERT INTO city_part (part, version, content, sha256)"
        " SELECT part, 2, content, 'x' FROM city_part WHERE part = 'limits'"
    )

    await rules.read()

    assert [rules.at(moment).versions["limits"] for moment in (NOON, at)] == [2, 2]


async def test_a_large_grid_is_indexed_by_a_process_of_its_own(
    conn: AsyncConnection, database: Database, tmp_path: Path
):
    await prepare(database, 1, tmp_path, few=0)

    assert await cells_to_index(conn, 1, tmp_path) == 0


async def test_a_small_grid_needs_no_process(
    conn: AsyncConnection, database: Database, tmp_path: Path
):
    await prepare(database, 1, tmp_path)

    assert await cells_to_index(conn, 1, tmp_path) == 4


def test_two_builders_make_one_index(database_url: str, tmp_path: Path):
    async def filled() -> None:
        async with await connect(database_url) as conn:
            await settle(conn)

    asyncio.run(filled())
    build(database_url, 1, tmp_path)
    [made] = tmp_path.glob("*.cells")
    written_at = made.stat().st_mtime_ns

    build(database_url, 1, tmp_path)

    assert made.stat().st_mtime_ns == written_at


async def test_reports_that_pour_in_during_a_switch_are_each_decided_once(
    conn: AsyncConnection, database_url: str, database: Database, tmp_path: Path
):
    workers = [Decider(database, tmp_path / f"{n}", WorkerMetrics()) for n in (1, 2)]
    for worker in workers:
        await worker.rules()
    follow = [asyncio.create_task(worker.follow_packs()) for worker in workers]
    at = await soon(conn, 1.5)
    await order(conn, await approved(conn, redrawn()), at)

    accepted: list[int] = []
    async with await connect(database_url) as door:
        while await now(conn) < at + timedelta(seconds=1):
            told = [one_report(len(accepted) + n) for n in range(4)]
            async with door.transaction():
                ids = [one.report_id for one in await accept_many(door, told)]
            accepted += ids
            # Both workers are told of every report, as after a rebalance.
            await asyncio.gather(*(worker.decide(ids) for worker in workers))
    for task in follow:
        task.cancel()
    await asyncio.gather(*follow, return_exceptions=True)

    books = await read_books(conn)
    assert all(line.holds for line in equations(books))
    assert (books.inbox.accepted, books.inbox.cased) == (len(accepted), len(accepted))
    found = await conn.execute("SELECT opened_at >= %s, grid_version, cell FROM cases", [at])
    rows = set(await found.fetchall())
    assert rows == {(False, 1, THIRD), (True, 2, HALVES[0])}


async def test_a_case_keeps_its_cell_and_is_carried_when_asked(
    conn: AsyncConnection, database: Database, tmp_path: Path
):
    worker = Decider(database, tmp_path, WorkerMetrics())
    east = spot(88, 30)
    north = spot(150, 150)
    async with conn.transaction():
        told = [submission(at=place) for place in (HERE, east, north)]
        ids = [one.report_id for one in await accept_many(conn, told)]
    await worker.decide(ids)
    await approved(conn, redrawn())

    found = await conn.execute(
        "SELECT cell, cell_at(position, 1), cell_at(position, 2) FROM cases ORDER BY id"
    )

    assert await found.fetchall() == [
        (THIRD, THIRD, HALVES[0]),
        (THIRD, THIRD, HALVES[1]),
        (f"{FIRST[:-1]}2", f"{FIRST[:-1]}2", FIRST),
    ]


def one_report(number: int):
    """Hours apart, so that no two are of one incident."""
    return submission(at=HERE, happened_at=NOON - timedelta(hours=number))
