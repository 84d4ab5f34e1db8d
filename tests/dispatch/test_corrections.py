"""Corrections and records on a real database: the row, the history, the deadlines and the map."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from dispatch import actions
from dispatch.auto_dispatch import AutoDispatch
from dispatch.case import Case, Move, Order, State
from dispatch.confidence import Record
from dispatch.corrections import correct
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import history, read_case
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import number
from dispatch.rulebook import Rulebook
from dispatch.workflow.correction import Correction
from maps.board import WHOLE_CITY, Board, Scope
from maps.patch import Row, advance, join, read_patch
from maps.postgres.log import read_board
from tests.dispatch.workflow.replaying import replayed, rounds
from tests.house.repository import ROOT
from tests.makers import CELLS, CITY, COMMUNITY, NOON, rulebook, submission

RULES = rulebook()
HERE, EAST = (113.0003, 29.0003), (113.0013, 29.0003)
"""Places that nine digits tell, as the history does."""
BOTH = Correction(category="01001", lon=EAST[0], lat=EAST[1])


async def opened(conn: AsyncConnection, rules: Rulebook = RULES) -> Case:
    async with conn.transaction():
        [one] = await accept_many(conn, [submission(at=HERE)])
        await actions.decide(PostgresBook(conn), [one.report_id], rules, now=NOON)
    found = await conn.execute("SELECT case_id FROM inbox WHERE id = %s", [one.report_id])
    [case_id] = await found.fetchone() or (0,)
    return await read_case(conn, case_id)


async def moved(
    conn: AsyncConnection, case_id: int, move: Move, now: datetime, **told: Any
) -> Case:
    order = Order(move, reason="because", **told)
    async with conn.transaction():
        return await actions.move(
            PostgresBook(conn), case_id, order, actor="li", city=CITY, now=now
        )


async def corrected(
    conn: AsyncConnection, case_id: int, told: Correction, *, now: datetime = NOON
) -> Case:
    order = Order(Move.CORRECT, reason="it is a main", correction=told)
    async with conn.transaction():
        return await correct(PostgresBook(conn), case_id, order, RULES, actor="ou", now=now)


async def board(conn: AsyncConnection, scope: Scope) -> Board:
    async with conn.transaction():
        return await read_board(conn, scope)


async def test_the_row_is_what_the_history_tells_and_the_books_balance(
    conn: AsyncConnection,
) -> None:
    case = await opened(conn)
    later = NOON + timedelta(minutes=90)
    told = await corrected(conn, case.id, BOTH, now=later)

    stored, events = await read_case(conn, case.id), await history(conn, case.id)

    assert stored == told == replayed(stored, events)
    assert (stored.category, stored.cell, stored.department) == ("01001", CELLS[3], "water")
    assert [event.kind for event in events][-2:] == ["corrected", "assigned"]
    assert events[0].fields["category"] == "06010"
    found = await conn.execute("SELECT kind, round, due_at, state FROM deadline ORDER BY round")
    rows = await found.fetchall()
    assert [(row[1], row[3]) for row in rows] == [(1, "cancelled"), (2, "pending")]
    assert rows[1][2] == NOON + timedelta(hours=2)
    assert {k: [s for _, s in turns] for k, turns in rounds(events).items()} == {
        "resolve": ["cancelled", "pending"]
    }
    assert [line for line in equations(await read_books(conn)) if not line.holds] == []


async def test_time_that_the_case_stood_is_left_out_of_its_new_limit(conn: AsyncConnection) -> None:
    case = await opened(conn)
    await moved(conn, case.id, Move.SUSPEND, NOON + timedelta(minutes=30))
    await moved(conn, case.id, Move.RESUME, NOON + timedelta(minutes=90))

    told = await corrected(conn, case.id, BOTH, now=NOON + timedelta(minutes=100))

    assert told.due_at == NOON + timedelta(hours=3)


async def test_an_old_board_and_the_patches_of_a_correction_equal_a_fresh_board(
    conn: AsyncConnection,
) -> None:
    case = await opened(conn)
    async with conn.transaction():
        await number(conn)
    scopes = (
        WHOLE_CITY,
        Scope(departments=frozenset({"sanitation"})),
        Scope(departments=frozenset({"water"})),
        Scope(areas=frozenset({COMMUNITY})),
    )
    before = {scope: await board(conn, scope) for scope in scopes}

    await corrected(conn, case.id, BOTH)
    async with conn.transaction():
        _, entries = await number(conn)
    patches = [read_patch(Row(one.position, one.topic, one.payload)) for one in entries]

    for scope, old in before.items():
        fresh = await board(conn, scope)
        assert advance(old, [join(patches, scope)]) == fresh
    [marker] = (await board(conn, WHOLE_CITY)).markers.values()
    assert (marker.cell, marker.lon, marker.category) == (CELLS[3], EAST[0], "01001")


async def test_who_had_cases_and_sent_them_back_is_counted_and_decides(
    conn: AsyncConnection,
) -> None:
    for _ in range(3):
        await conn.execute("UPDATE cases SET reported_at = '2000-01-01'")
        case = await opened(conn)
        await moved(conn, case.id, Move.SEND_BACK, NOON)
    await moved(conn, case.id, Move.ASSIGN, NOON, department="fire")

    async with conn.transaction():
        found = await PostgresBook(conn).records({("06010", COMMUNITY), ("09009", COMMUNITY)})
    assert found == {
        ("06010", COMMUNITY, "sanitation"): Record(3, 3),
        ("06010", COMMUNITY, "fire"): Record(1, 0),
    }

    await conn.execute("UPDATE cases SET reported_at = '2000-01-01'")
    waiting = await opened(conn, rulebook(auto_dispatch=AutoDispatch(needed=50)))
    assert waiting.state is State.FILED
    assert waiting.why["proposal"]["confidence"]["percent"] == 23  # pyright: ignore
    assert replayed(waiting, await history(conn, waiting.id)) == waiting


async def test_the_migration_reads_out_of_old_histories_who_sent_back(
    conn: AsyncConnection,
) -> None:
    case = await opened(conn)
    await moved(conn, case.id, Move.SEND_BACK, NOON)
    await moved(conn, case.id, Move.ASSIGN, NOON, department="fire")
    await moved(conn, case.id, Move.TRANSFER, NOON, department="water")
    told = await moved(conn, case.id, Move.SEND_BACK, NOON)
    await conn.execute("UPDATE cases SET returned_by = '{}'")
    script = (Path(ROOT) / "app/migrations/0022_correction.sql").read_text(encoding="utf-8")

    await conn.execute(script[script.index("UPDATE cases") :].encode())

    assert told.returned_by == ("sanitation", "water")
    assert await read_case(conn, case.id) == told
