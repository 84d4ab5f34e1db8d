"""Deciding, moving, unmerging and falling due on a real database; the books after each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from app.database import Database
from dispatch import actions
from dispatch import events as e
from dispatch.actions import Decided
from dispatch.case import Case, Move, Order, State
from dispatch.errors import NotMerged, UnknownCase
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import history, read_case, reports_of
from dispatch.postgres.dead import list_dead, revive
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import due_now, number
from dispatch.report import Report, Submission
from dispatch.workflow.errors import StaleCase
from tests.makers import CITY, NOON, report, rulebook, spot, submission

RULES = rulebook()


@pytest.fixture
async def database(database_url: str) -> Database:
    return Database(database_url)


async def accepted(conn: AsyncConnection, *submissions: Submission) -> list[int]:
    async with conn.transaction():
        return [one.report_id for one in await accept_many(conn, submissions)]


async def decided(conn: AsyncConnection, ids: Sequence[int]) -> Decided:
    async with conn.transaction():
        return await actions.decide(PostgresBook(conn), ids, RULES, now=NOON)


async def moved(conn: AsyncConnection, case_id: int, move: Move, actor: str = "li") -> Case:
    order = Order(move, reason="because", department="water")
    async with conn.transaction():
        return await actions.move(
            PostgresBook(conn), case_id, order, actor=actor, city=CITY, now=NOON
        )


async def outcomes(conn: AsyncConnection) -> list[tuple[int, str, int | None]]:
    found = await conn.execute("SELECT id, state, case_id FROM inbox ORDER BY id")
    return [(row[0], row[1], row[2]) for row in await found.fetchall()]


async def assert_balanced(conn: AsyncConnection) -> None:
    assert [one for one in equations(await read_books(conn)) if not one.holds] == []


async def test_a_batch_is_cased_merged_and_rejected(conn: AsyncConnection) -> None:
    ids = await accepted(
        conn,
        submission(),
        submission(at=spot(50, 30)),
        submission(at=(None, None)),
        submission(at=spot(-500, 30)),
        submission(category="01001"),
    )

    done = await decided(conn, ids)

    assert (done.cased, done.merged, done.rejected, done.failed) == (2, 1, 2, 0)
    states = [state for _, state, _ in await outcomes(conn)]
    assert states == ["cased", "merged", "rejected", "rejected", "cased"]
    await assert_balanced(conn)


async def test_deciding_again_changes_nothing(conn: AsyncConnection) -> None:
    ids = await accepted(conn, submission(), submission())
    await decided(conn, ids)
    before = await outcomes(conn)

    assert await decided(conn, ids) == Decided()
    assert await outcomes(conn) == before


async def test_older_reports_of_the_category_are_decided_first(conn: AsyncConnection) -> None:
    older, newer = await accepted(conn, submission(), submission())

    await decided(conn, [newer])

    states = {report_id: state for report_id, state, _ in await outcomes(conn)}
    assert states == {older: "cased", newer: "merged"}


async def test_two_deciders_at_once_make_one_case(
    conn: AsyncConnection, database: Database
) -> None:
    ids = await accepted(conn, *(submission() for _ in range(40)))

    async def work(mine: Sequence[int]) -> Decided:
        async with database.connection() as own:
            return await actions.decide(PostgresBook(own), mine, RULES, now=NOON)

    await asyncio.gather(*(work(ids[n::4]) for n in range(4)))

    states = [state for _, state, _ in await outcomes(conn)]
    assert states == ["cased"] + ["merged"] * 39
    await assert_balanced(conn)
    await database.close()


async def test_a_transaction_that_fails_leaves_nothing(conn: AsyncConnection) -> None:
    ids = await accepted(conn, submission())

    async def decide_and_fail() -> None:
        async with conn.transaction():
            await actions.decide(PostgresBook(conn), ids, RULES, now=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await decide_and_fail()

    assert [state for _, state, _ in await outcomes(conn)] == ["accepted"]
    await assert_balanced(conn)


async def test_a_report_that_never_gets_a_decision_is_dead_after_five_attempts(
    conn: AsyncConnection,
) -> None:
    ids = await accepted(conn, submission(category="vanished"))

    for _ in range(5):
        assert [state for _, state, _ in await outcomes(conn)] == ["accepted"]
        await decided(conn, ids)

    found = await conn.execute("SELECT state, reason, attempts FROM inbox")
    state, reason, attempts = await found.fetchone() or ("", "", 0)
    assert (state, attempts) == ("dead", 5)
    assert "vanished" in reason
    await assert_balanced(conn)


async def test_a_dead_report_can_be_decided_again_once_the_city_knows_its_category(
    conn: AsyncConnection,
) -> None:
    [dead] = await accepted(conn, submission(category="vanished"))
    for _ in range(5):
        await decided(conn, [dead])
    assert [one.id for one in await list_dead(conn)] == [dead]

    assert await revive(conn, dead)
    assert not await revive(conn, dead)
    await conn.execute("UPDATE inbox SET category = '06010'")
    await decided(conn, [dead])

    assert [state for _, state, _ in await outcomes(conn)] == ["cased"]
    await assert_balanced(conn)


async def test_a_report_without_decision_does_not_hold_up_its_neighbours(
    conn: AsyncConnection,
) -> None:
    ids = await accepted(conn, submission(condition="nonsense"), submission())

    done = await decided(conn, ids)

    assert (done.cased, done.failed) == (1, 1)


async def test_a_case_goes_all_the_way_and_its_history_is_chained(conn: AsyncConnection) -> None:
    await decided(conn, await accepted(conn, submission(), submission()))
    [(_, _, case_id), _] = await outcomes(conn)
    assert case_id is not None
    for move, actor in ((Move.HANDLE, "li"), (Move.VERIFY, "wang"), (Move.CLOSE, "wang")):
        await moved(conn, case_id, move, actor)

    events = await history(conn, case_id)
    assert [one.kind for one in events] == [
        "reported", "filed", "assigned", "merged", "handled", "verified", "closed",
    ]  # fmt: skip
    head = e.GENESIS
    for one in events:
        head = e.link(head, one.canon)
        assert one.hash == head
    assert (await read_case(conn, case_id)).head == head
    await assert_balanced(conn)


async def test_the_case_in_the_table_is_the_case_the_events_make(conn: AsyncConnection) -> None:
    await decided(conn, await accepted(conn, submission(description="袋子", address="磨坊街1号")))
    [(_, _, case_id)] = await outcomes(conn)
    assert case_id is not None

    after = await moved(conn, case_id, Move.HANDLE)

    assert await read_case(conn, case_id) == after


async def test_an_ended_case_takes_no_more_reports(conn: AsyncConnection) -> None:
    await decided(conn, await accepted(conn, submission()))
    [(_, _, first)] = await outcomes(conn)
    assert first is not None
    for move, actor in ((Move.HANDLE, "li"), (Move.VERIFY, "wang"), (Move.CLOSE, "wang")):
        await moved(conn, first, move, actor)

    await decided(conn, await accepted(conn, submission()))

    assert [state for _, state, _ in await outcomes(conn)] == ["cased", "cased"]


async def test_rework_starts_another_round_of_the_deadline(conn: AsyncConnection) -> None:
    await decided(conn, await accepted(conn, submission()))
    [(_, _, case_id)] = await outcomes(conn)
    assert case_id is not None
    await moved(conn, case_id, Move.HANDLE)
    await moved(conn, case_id, Move.REWORK, "wang")

    found = await conn.execute("SELECT round, state FROM deadline ORDER BY round")

    assert await found.fetchall() == [(1, "met"), (2, "pending")]
    await assert_balanced(conn)


async def test_a_deadline_fires_once(conn: AsyncConnection) -> None:
    past = NOON - timedelta(days=30)
    ids = await accepted(conn, submission())
    async with conn.transaction():
        await actions.decide(PostgresBook(conn), ids, RULES, now=past)

    async with conn.transaction():
        due = await due_now(conn, NOON)
        await actions.fall_due(PostgresBook(conn), due, city=CITY, now=NOON)
    async with conn.transaction():
        again = await due_now(conn, NOON)

    assert (len(due), again) == (1, [])
    [(_, _, case_id)] = await outcomes(conn)
    assert case_id is not None
    assert (await read_case(conn, case_id)).overdue
    await assert_balanced(conn)


async def test_work_done_too_late_is_late_although_no_clock_looked_in_between(
    conn: AsyncConnection,
) -> None:
    ids = await accepted(conn, submission())
    async with conn.transaction():
        await actions.decide(PostgresBook(conn), ids, RULES, now=NOON - timedelta(days=30))
    [(_, _, case_id)] = await outcomes(conn)
    assert case_id is not None

    await moved(conn, case_id, Move.HANDLE)
    async with conn.transaction():
        due = await due_now(conn, NOON)
        await actions.fall_due(PostgresBook(conn), due, city=CITY, now=NOON)

    case = await read_case(conn, case_id)
    assert (case.state, case.overdue) == (State.HANDLED, True)
    await assert_balanced(conn)


async def test_a_lateness_that_nobody_has_told_is_told_when_the_case_is_reopened(
    conn: AsyncConnection,
) -> None:
    await decided(conn, await accepted(conn, submission()))
    late = NOON + timedelta(days=9)
    for move, actor in (("handle", "li"), ("verify", "ou"), ("close", "ou"), ("reopen", "sun")):
        order = Order(Move(move), reason="because")
        async with conn.transaction():
            case = await actions.move(
                PostgresBook(conn), 1, order, actor=actor, city=CITY, now=late
            )

    events = await history(conn, 1)
    assert [event.kind for event in events][-2:] == ["overdue", "reopened"]
    assert (events[-2].actor, events[-2].fields["milestone"]) == ("clock", "resolve")
    assert case.overdue
    found = await conn.execute("SELECT state FROM deadline WHERE kind = 'resolve' ORDER BY round")
    assert [row[0] for row in await found.fetchall()] == ["fired", "pending"]
    assert await due_now(conn, late) == []
    await assert_balanced(conn)


async def test_a_merged_report_can_be_taken_out_again(conn: AsyncConnection) -> None:
    _, second = await accepted(conn, submission(), submission(address="next door"))
    await decided(conn, [second])
    [(_, _, case_id), _] = await outcomes(conn)
    assert case_id is not None

    async with conn.transaction():
        alone = await actions.unmerge(
            PostgresBook(conn), report(id=second), case_id, RULES,
            actor="zhao", reason="another bag", now=NOON,
        )  # fmt: skip

    assert [state for _, state, _ in await outcomes(conn)] == ["cased", "cased"]
    assert alone.state is State.ASSIGNED
    assert (await read_case(conn, case_id)).reports == 1
    assert [one.id for one in await reports_of(conn, alone.id)] == [second]
    await assert_balanced(conn)


async def test_a_report_is_taken_out_of_a_case_that_somebody_else_is_just_moving(
    conn: AsyncConnection, database: Database
) -> None:
    _, second = await accepted(conn, submission(), submission(address="next door"))
    await decided(conn, [second])
    [(_, _, case_id), _] = await outcomes(conn)
    assert case_id is not None

    async def taken_out() -> Case:
        async with database.connection() as own:
            return await actions.unmerge(
                PostgresBook(own), report(id=second), case_id, RULES,
                actor="zhao", reason="another bag", now=NOON,
            )  # fmt: skip

    involve = Order(Move.INVOLVE, department="fire")
    async with conn.transaction():
        await actions.move(PostgresBook(conn), case_id, involve, actor="chen", city=CITY, now=NOON)
        taking_out = asyncio.create_task(taken_out())
        await somebody_waits(database)
    await taking_out

    case = await read_case(conn, case_id)
    assert (case.reports, case.helpers) == (1, ("fire",))
    assert [one.kind for one in await history(conn, case_id)][-2:] == ["involved", "unmerged"]
    await assert_balanced(conn)
    await database.close()


async def somebody_waits(database: Database) -> None:
    """Until a session of this database waits for another's lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    async with asyncio.timeout(60), database.session() as watcher:
        while await (await watcher.execute(waiting)).fetchone() != (1,):
            await asyncio.sleep(0.01)


async def test_the_only_report_of_a_case_cannot_be_taken_out(conn: AsyncConnection) -> None:
    [first] = await accepted(conn, submission())
    await decided(conn, [first])
    [(_, _, case_id)] = await outcomes(conn)
    assert case_id is not None

    one: Report = report(id=first)
    with pytest.raises(NotMerged):
        await actions.unmerge(
            PostgresBook(conn), one, case_id, RULES, actor="zhao", reason="x", now=NOON
        )


async def test_an_order_for_a_case_that_is_not_there_is_refused(conn: AsyncConnection) -> None:
    with pytest.raises(UnknownCase):
        await moved(conn, 404, Move.HANDLE)


async def test_of_two_orders_for_the_same_version_one_is_stale(
    conn: AsyncConnection, database: Database
) -> None:
    await decided(conn, await accepted(conn, submission()))
    [(_, _, case_id)] = await outcomes(conn)
    assert case_id is not None
    seen = (await read_case(conn, case_id)).version

    async def assign(department: str) -> Case:
        order = Order(Move.ASSIGN, department=department, version=seen)
        async with database.connection() as own:
            return await actions.move(
                PostgresBook(own), case_id, order, actor="chen", city=CITY, now=NOON
            )

    done = await asyncio.gather(assign("water"), assign("fire"), return_exceptions=True)

    assert sorted(type(one).__name__ for one in done) == ["Case", "StaleCase"]
    assert StaleCase.__name__ in {type(one).__name__ for one in done}
    await database.close()


async def test_positions_in_the_log_have_no_gap_whatever_rolls_back(conn: AsyncConnection) -> None:
    for rolled_back in (False, True, False):
        ids = await accepted(conn, submission(at=spot(10, 150)))
        async with conn.transaction(force_rollback=rolled_back):
            await actions.decide(PostgresBook(conn), ids, RULES, now=NOON)
    async with conn.transaction():
        _, entries = await number(conn)

    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) >= 4
    await assert_balanced(conn)


async def test_a_case_cannot_be_changed_behind_the_back_of_its_history(
    conn: AsyncConnection,
) -> None:
    await decided(conn, await accepted(conn, submission()))

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await conn.execute("DELETE FROM case_event")
