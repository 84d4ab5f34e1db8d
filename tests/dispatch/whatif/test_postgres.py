"""Past cases as they stand in a real database, with everything that can happen to their clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from dispatch import actions
from dispatch.case import Move, Order
from dispatch.corrections import correct
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.log import due_now
from dispatch.postgres.warnings import set_warning
from dispatch.report import Submission
from dispatch.severity import Grading
from dispatch.whatif.deciding import decide_again
from dispatch.whatif.past import Past
from dispatch.whatif.postgres import Choice, snapshot
from dispatch.workflow.correction import Correction
from dispatch.workflow.variant import Terms
from tests.dispatch.whatif.makers import HOUR, RULES
from tests.makers import CITY, COMMUNITY, NOON, label, spot, submission

TERMS = Terms(calendar=RULES.calendar)
LATER = NOON + timedelta(days=60)
DAY = timedelta(days=1)


async def opened(conn: AsyncConnection, *told: Submission, now: datetime = NOON) -> list[int]:
    """The ids of the cases that the reports become."""
    async with conn.transaction():
        ids = [one.report_id for one in await accept_many(conn, told or [submission()])]
        await actions.decide(PostgresBook(conn), ids, RULES, now=now)
    found = await conn.execute("SELECT case_id FROM inbox WHERE id = ANY(%s) ORDER BY id", [ids])
    return [row[0] for row in await found.fetchall()]


async def move(
    conn: AsyncConnection, case_id: int, order: Order, at: datetime, actor: str = "li"
) -> None:
    async with conn.transaction():
        await actions.move(
            PostgresBook(conn), case_id, order, actor=actor, city=CITY, now=at, terms=TERMS
        )


async def pass_time(conn: AsyncConnection, until: datetime) -> None:
    """What the clock would have done by then."""
    async with conn.transaction():
        await actions.fall_due(PostgresBook(conn), await due_now(conn, until), city=CITY, now=until)


async def read(conn: AsyncConnection, choice: Choice | None = None, size: int = 100) -> list[Past]:
    async with snapshot(conn, choice or Choice(), as_of=LATER) as cases:
        return [one async for batch in cases.batches(size) for one in batch]


def an_order(move: Move, **changes: object) -> Order:
    return Order(move, reason="because", **changes)  # type: ignore[arg-type]


LIVES: dict[str, Sequence[tuple[float, Order, str]]] = {
    "handled in time": [(1, an_order(Move.HANDLE), "li")],
    "handled late": [(300, an_order(Move.HANDLE), "li")],
    "nothing was done": [],
    "not a case": [(1, an_order(Move.SEND_BACK), "li"), (2, an_order(Move.VOID), "wang")],
    "suspended": [
        (1, an_order(Move.SUSPEND), "wang"),
        (200, an_order(Move.RESUME), "wang"),
        (203, an_order(Move.HANDLE), "li"),
    ],
    "extended": [
        (1, an_order(Move.ASK_EXTENSION, until=NOON + 10 * DAY), "li"),
        (2, an_order(Move.EXTEND), "wang"),
        (230, an_order(Move.HANDLE), "li"),
    ],
    "extended and late all the same": [
        (1, an_order(Move.ASK_EXTENSION, until=NOON + 2 * DAY), "li"),
        (2, an_order(Move.EXTEND), "wang"),
        (230, an_order(Move.HANDLE), "li"),
    ],
    "worked at twice": [
        (1, an_order(Move.HANDLE), "li"),
        (2, an_order(Move.REWORK), "wang"),
        (5, an_order(Move.HANDLE), "li"),
    ],
    "reopened": [
        (1, an_order(Move.HANDLE), "li"),
        (2, an_order(Move.VERIFY), "wang"),
        (3, an_order(Move.CLOSE), "wang"),
        (100, an_order(Move.REOPEN), "wang"),
        (101, an_order(Move.HANDLE), "li"),
    ],
    "given to another": [
        (1, an_order(Move.SEND_BACK), "li"),
        (2, an_order(Move.ASSIGN, department="water"), "wang"),
        (3, an_order(Move.HANDLE), "chen"),
    ],
}  # fmt: skip
"""Hours after noon, what was ordered then, and by whom."""


@pytest.mark.parametrize("life", LIVES)
async def test_the_same_rules_change_nothing_whatever_happened_to_the_clocks(
    conn: AsyncConnection, life: str
):
    [case_id] = await opened(conn)
    for hours, order, actor in LIVES[life]:
        await pass_time(conn, NOON + hours * HOUR)
        await move(conn, case_id, order, NOON + hours * HOUR, actor)
    await pass_time(conn, LATER)

    [compared] = decide_again(await read(conn), RULES, as_of=LATER)

    assert compared.differences == ()
    assert compared.after == compared.before
    late = {"handled late", "nothing was done", "extended and late all the same"}
    assert (compared.before.missed_at is not None) == (life in late)


@pytest.mark.parametrize("days", [0, 9])
async def test_a_case_that_was_merged_and_taken_out_again_has_the_time_it_had(
    conn: AsyncConnection, days: int
):
    other, case_id = await opened(conn, submission(category="01001"), submission())
    await move(conn, case_id, an_order(Move.MERGE, case=other), NOON + HOUR, "wang")
    gone = decide_again(await read(conn), RULES, as_of=LATER)
    apart = NOON + HOUR + days * DAY
    await move(conn, case_id, an_order(Move.UNMERGE), apart, "wang")
    await pass_time(conn, apart)
    await move(conn, case_id, an_order(Move.HANDLE), apart)

    back = decide_again(await read(conn), RULES, as_of=LATER)

    assert [one.differences for one in gone + back] == [()] * 4
    assert (back[1].before.missed_at is None) == (days == 0)


async def test_a_correction_is_kept_with_the_deadlines_it_told(conn: AsyncConnection):
    [case_id] = await opened(conn)
    order = an_order(Move.CORRECT, correction=Correction(category="01001"))
    async with conn.transaction():
        book = PostgresBook(conn)
        await correct(book, case_id, order, RULES, actor="ou", now=NOON + HOUR)
    await pass_time(conn, LATER)

    [compared] = decide_again(await read(conn), RULES, as_of=LATER)

    # Two hours around the clock instead of one working day.
    assert compared.before.missed_at == compared.after.missed_at == NOON + 2 * HOUR
    assert compared.differences == ()


async def test_what_the_city_warned_of_then_makes_a_case_severe_again(conn: AsyncConnection):
    rule = {"row": 1, "name": "storm", "when": "'storm' in alarms", "because": label("a storm"),
            "raise": 1}  # fmt: skip
    rules = replace(RULES, grading=Grading.of([rule], []))
    async with conn.transaction():
        for kind, since in (("storm", NOON - HOUR), ("heat", NOON + DAY)):
            await set_warning(
                conn,
                kind=kind,
                area=COMMUNITY,
                since=since,
                until=since + 2 * HOUR,
                note="",
                by="x",
            )
        [one] = await accept_many(conn, [submission()])
        await actions.decide(PostgresBook(conn), [one.report_id], rules, now=NOON)

    async with snapshot(conn, Choice(), as_of=LATER) as cases:
        warnings = await cases.warnings()
        [compared] = decide_again(
            await anext(cases.batches()), rules, as_of=LATER, warnings=warnings
        )

    assert [one.kind for one in warnings] == ["storm"]
    assert compared.before.severity == 2
    assert compared.differences == ()


async def test_who_did_the_work_and_who_was_sent_first_are_two_things(conn: AsyncConnection):
    [case_id] = await opened(conn)
    for hours, order, actor in LIVES["given to another"]:
        await move(conn, case_id, order, NOON + hours * HOUR, actor)

    [past] = await read(conn)

    assert (past.verdict.department, past.handled_by) == ("sanitation", "water")
    assert past.verdict.routing["step"] == "jurisdiction"
    assert past.ended_at == NOON + 3 * HOUR


async def test_work_that_is_not_done_was_done_by_nobody(conn: AsyncConnection):
    await opened(conn)

    [past] = await read(conn)

    assert (past.handled_by, past.ended_at) == (None, None)


async def test_only_the_period_is_read_its_end_left_out(conn: AsyncConnection):
    days = [(submission(at=spot(10 + 80 * n, 30)), NOON + n * DAY) for n in range(3)]
    numbers = [(await opened(conn, told, now=now))[0] for told, now in days]

    found = await read(conn, Choice(NOON + DAY, NOON + 2 * DAY))

    assert [one.case_id for one in found] == [numbers[1]]


async def test_only_cases_of_the_areas_are_read(conn: AsyncConnection):
    await opened(conn)

    assert len(await read(conn, Choice(areas=[COMMUNITY]))) == 1
    assert await read(conn, Choice(areas=["990198"])) == []
    assert await read(conn, Choice(areas=[])) == []


async def test_the_snapshot_holds_however_long_reading_takes(
    conn: AsyncConnection, database_url: str
):
    apart = [spot(10 + 60 * (n % 3), 10 + 60 * (n // 3)) for n in range(6)]
    await opened(conn, *(submission(at=at) for at in apart))
    async with (
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other,
        snapshot(conn, Choice(), as_of=LATER) as cases,
    ):
        batches = cases.batches(2)
        first = await anext(batches)
        await opened(other, now=NOON + DAY)
        await move(other, first[1].case_id + 1, an_order(Move.HANDLE), NOON + HOUR)
        rest = [one async for batch in batches for one in batch]

    assert cases.extent.cases == len(first) + len(rest) == 6
    assert all(one.handled_by is None for one in rest)


async def test_nothing_can_be_written_while_reading(conn: AsyncConnection):
    async with snapshot(conn, Choice()):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await conn.execute("DELETE FROM deadline")


async def test_afterwards_the_connection_writes_as_before(conn: AsyncConnection):
    async with snapshot(conn, Choice()) as cases:
        assert cases.extent.cases == 0

    assert await opened(conn)
