"""Cases merged and taken apart on a real database: counts, clocks, books, receipts, the map."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from app.database import connect
from dispatch import actions
from dispatch.case import Case, Move, Order, State
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import deadlines_of, history, read_case, reports_of
from dispatch.postgres.inbox import accept_many, find_by_receipt
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import due_now, number
from dispatch.workflow.clocks import Ending
from dispatch.workflow.errors import CannotMerge, MergedFurther, MoveRefused, SameSeverity
from dispatch.workflow.merging import Obstacle
from maps.board import WHOLE_CITY, Board
from maps.patch import Row, advance, join, read_patch
from maps.postgres.log import read_board
from tests.dispatch.workflow.replaying import replayed, rounds
from tests.makers import CITY, NOON, report, rulebook, spot, submission

RULES = rulebook()
SPOTS = [
    (round(lon, 9), round(lat, 9))  # so many places does a history keep
    for lon, lat in (spot(20, 20), spot(90, 20), spot(20, 90), spot(90, 90))
]
"""Farther from each other than reports are merged by rule."""


async def opened(conn: AsyncConnection, reports: Sequence[int] = (1, 1)) -> list[int]:
    """A case at each of the first places, with so many reports."""
    told = [
        submission(at=at, happened_at=NOON)
        for at, count in zip(SPOTS, reports, strict=False)
        for _ in range(count)
    ]
    async with conn.transaction():
        ids = [one.report_id for one in await accept_many(conn, told)]
        await actions.decide(PostgresBook(conn), ids, RULES, now=NOON)
    found = await conn.execute("SELECT case_id FROM inbox WHERE id = ANY(%s) ORDER BY id", [ids])
    return list(dict.fromkeys([row[0] for row in await found.fetchall()]))


async def done(
    conn: AsyncConnection, case_id: int, move: Move, *, at: datetime = NOON, **told: int
) -> Case:
    actor = "li" if move is Move.HANDLE else "wang"
    async with conn.transaction():
        return await actions.move(
            PostgresBook(conn), case_id, Order(move, "because", **told), actor=actor, city=CITY,
            now=at,
        )  # fmt: skip


async def merged(conn: AsyncConnection, case_id: int, into: int) -> Case:
    return await done(conn, case_id, Move.MERGE, case=into)


async def close(conn: AsyncConnection, case_id: int) -> None:
    for move in (Move.HANDLE, Move.VERIFY, Move.CLOSE):
        await done(conn, case_id, move)


async def untrue(conn: AsyncConnection) -> list[str]:
    return [str(line) for line in equations(await read_books(conn)) if not line.holds]


async def test_the_case_goes_on_in_the_other_which_counts_every_reporter(conn: AsyncConnection):
    first, second = await opened(conn, (2, 3))

    gone = await merged(conn, second, first)

    stays = await read_case(conn, first)
    assert (gone.state, gone.merged_into, gone.reports) == (State.VOID, first, 3)
    assert (stays.reports, stays.own_reports, stays.state) == (5, 2, State.ASSIGNED)
    assert [one.case_id for one in await reports_of(conn, first)] == [first] * 2 + [second] * 3
    assert [one.kind for one in await history(conn, second)][-1] == "merged_into"
    assert [one.kind for one in await history(conn, first)][-1] == "case_merged"
    assert {one.ending for one in await deadlines_of(conn, second)} == {Ending.CANCELLED}
    assert await untrue(conn) == []


async def test_taken_out_again_it_stands_as_it_stood_with_its_own_clock(conn: AsyncConnection):
    first, second = await opened(conn)
    before, due = await read_case(conn, second), await deadlines_of(conn, second)
    await merged(conn, second, first)

    after = await done(conn, second, Move.UNMERGE, at=NOON + timedelta(days=9))

    assert (after.state, after.department, after.due_at) == (
        before.state, before.department, before.due_at,
    )  # fmt: skip
    assert await deadlines_of(conn, second) == due
    assert (await read_case(conn, first)).reports == 1
    assert replayed(after, await history(conn, second)) == after
    assert len(rounds(await history(conn, second))["resolve"]) == 2
    assert await untrue(conn) == []


async def test_what_passed_while_it_was_merged_falls_due_when_it_stands_again(
    conn: AsyncConnection,
):
    first, second = await opened(conn)
    await merged(conn, second, first)
    late = NOON + timedelta(days=9)
    async with conn.transaction():
        assert [case for case, _, _ in await due_now(conn, late)] == [first]

    await done(conn, second, Move.UNMERGE, at=late)

    async with conn.transaction():
        due = await due_now(conn, late)
        await actions.fall_due(PostgresBook(conn), due, city=CITY, now=late)
    assert (await read_case(conn, second)).overdue
    assert await untrue(conn) == []


@pytest.mark.parametrize(
    "obstacle", [Obstacle.ITSELF, Obstacle.ENDED, Obstacle.SUSPENDED, Obstacle.LESS_SEVERE]
)
async def test_nothing_is_merged_where_it_would_be_forgotten(
    conn: AsyncConnection, obstacle: Obstacle
):
    first, second = await opened(conn)
    if obstacle is Obstacle.ENDED:
        await close(conn, first)
    if obstacle is Obstacle.SUSPENDED:
        await done(conn, first, Move.SUSPEND)
    if obstacle is Obstacle.LESS_SEVERE:
        await done(conn, second, Move.GRADE, severity=1)
    before = await read_case(conn, second)

    with pytest.raises(CannotMerge) as refused:
        await merged(conn, second, second if obstacle is Obstacle.ITSELF else first)

    assert refused.value.obstacle == obstacle
    assert await read_case(conn, second) == before


async def test_a_case_that_is_not_there_is_nothing_to_merge_into(conn: AsyncConnection):
    [only] = await opened(conn, (1,))

    with pytest.raises(CannotMerge, match="is not there"):
        await merged(conn, only, 404)


async def test_a_chain_is_taken_apart_from_its_end(conn: AsyncConnection):
    first, second, third = await opened(conn, (1, 2, 3))
    await merged(conn, third, second)
    await merged(conn, second, first)

    assert (await read_case(conn, first)).reports == 6
    with pytest.raises(MergedFurther, match=f"unmerge case {second} first"):
        await done(conn, third, Move.UNMERGE)
    with pytest.raises(MergedFurther):
        async with conn.transaction():
            await actions.unmerge(
                PostgresBook(conn), report(id=3), second, RULES, actor="ou", reason="x", now=NOON
            )

    await done(conn, second, Move.UNMERGE)
    await done(conn, third, Move.UNMERGE)

    counts = [(await read_case(conn, one)).reports for one in (first, second, third)]
    assert counts == [1, 2, 3]
    assert await untrue(conn) == []


async def test_a_person_grades_a_case_and_no_limit_moves(conn: AsyncConnection):
    [only] = await opened(conn, (1,))
    due = await deadlines_of(conn, only)

    graded = await done(conn, only, Move.GRADE, severity=1)

    assert (graded.severity, (await read_case(conn, only)).severity) == (1, 1)
    assert (await history(conn, only))[-1].fields["was"] == 3
    assert await deadlines_of(conn, only) == due
    with pytest.raises(SameSeverity):
        await done(conn, only, Move.GRADE, severity=1)


async def test_two_people_merging_each_into_the_other_end_with_one_open_case(
    conn: AsyncConnection, database_url: str
):
    first, second = await opened(conn)

    async def merge(case_id: int, into: int) -> Case:
        async with await connect(database_url) as own:
            return await merged(own, case_id, into)

    outcomes = await asyncio.gather(
        merge(first, second), merge(second, first), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in outcomes) == ["CannotMerge", "Case"]
    states = [(await read_case(conn, one)).state for one in (first, second)]
    assert sorted(states) == [State.ASSIGNED, State.VOID]
    assert await untrue(conn) == []


async def test_who_takes_a_case_out_holds_neither_while_waiting_for_the_other(
    conn: AsyncConnection, database_url: str
):
    """Locked in the order of ids, as by whoever merges: held crosswise both would block."""
    first, second = await opened(conn)
    await merged(conn, second, first)

    async def unmerge() -> Case:
        async with await connect(database_url) as own:
            return await done(own, second, Move.UNMERGE)

    async with await connect(database_url) as other:
        async with other.transaction():
            await other.execute("SELECT FROM cases WHERE id = %s FOR UPDATE", [first])
            waiting = asyncio.create_task(unmerge())
            async with asyncio.timeout(20):
                while not await _somebody_waits(conn):
                    await asyncio.sleep(0)
            await other.execute("SELECT FROM cases WHERE id = %s FOR UPDATE NOWAIT", [second])
        stands = await waiting

    assert (stands.state, stands.merged_into) == (State.ASSIGNED, None)


async def _somebody_waits(conn: AsyncConnection) -> bool:
    found = await conn.execute(
        "SELECT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    [waits] = await found.fetchone() or (False,)
    return waits


@dataclass
class Truth:
    """What must be, told without the product: who is in whom, whose reports, who was told."""

    own: dict[int, list[int]]
    parent: dict[int, int] = field(default_factory=dict[int, int])
    closed: set[int] = field(default_factory=set[int])
    told: Counter[tuple[int, int]] = field(default_factory=Counter[tuple[int, int]])

    def root(self, case_id: int) -> int:
        while case_id in self.parent:
            case_id = self.parent[case_id]
        return case_id

    def below(self, case_id: int) -> list[int]:
        """The reports that the case stands for."""
        children = [one for one, parent in self.parent.items() if parent == case_id]
        return self.own[case_id] + [one for child in children for one in self.below(child)]

    def may_merge(self, case_id: int, into: int) -> bool:
        is_open = not {case_id, into} & (self.closed | self.parent.keys())
        return is_open and case_id != into


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "merge", "unmerge", "unmerge", "close"]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=12,
)
COUNTS = st.lists(st.integers(1, 3), min_size=4, max_size=4)


async def play(
    conn: AsyncConnection, counts: list[int], steps: list[tuple[str, int, int]]
) -> Counter[str]:
    """Everything is held against the truth after each step; how often each act was done."""
    acts: Counter[str] = Counter()
    # What was there before is long ago, so that nothing new joins it.
    await conn.execute("UPDATE cases SET reported_at = '2000-01-01'")
    cases = await opened(conn, counts)
    truth = Truth({one: [each.id for each in await reports_of(conn, one)] for one in cases})
    due = {one: await deadlines_of(conn, one) for one in cases}
    async with conn.transaction():
        await number(conn)
    async with conn.transaction():
        board = await read_board(conn, WHOLE_CITY)
    for act, one, other in steps:
        acts[act] += await step(conn, truth, act, cases[one], cases[other])
        await assert_true(conn, truth, due)
    await assert_told_once(conn, truth)
    await assert_the_map_follows(conn, board)
    return acts


async def step(conn: AsyncConnection, truth: Truth, act: str, case_id: int, other: int) -> bool:
    """Try it; it must be done exactly when the truth says that it can. Whether it was."""
    try:
        if act == "merge":
            await merged(conn, case_id, other)
        elif act == "unmerge":
            await done(conn, case_id, Move.UNMERGE)
        else:
            await close(conn, case_id)
    except MoveRefused:
        assert not can(truth, act, case_id, other)
        return False
    assert can(truth, act, case_id, other)
    if act == "merge":
        truth.parent[case_id] = other
    elif act == "unmerge":
        del truth.parent[case_id]
    else:
        truth.closed.add(case_id)
        truth.told.update((one, case_id) for one in truth.below(case_id))
    return True


def can(truth: Truth, act: str, case_id: int, other: int) -> bool:
    if act == "merge":
        return truth.may_merge(case_id, other)
    if act == "unmerge":
        return case_id in truth.parent and truth.parent[case_id] not in truth.parent
    return case_id not in truth.closed | truth.parent.keys()


async def assert_true(conn: AsyncConnection, truth: Truth, due: dict[int, object]) -> None:
    assert await untrue(conn) == []
    for case_id, own in truth.own.items():
        case = await read_case(conn, case_id)
        assert case.merged_into == truth.parent.get(case_id)
        assert (case.reports, case.own_reports) == (len(truth.below(case_id)), len(own))
        assert replayed(case, await history(conn, case_id)) == case
        if not case.state.ended:
            assert await deadlines_of(conn, case_id) == due[case_id]
        found = await conn.execute("SELECT receipt FROM inbox WHERE id = ANY(%s)", [own])
        for [receipt] in await found.fetchall():
            standing = await find_by_receipt(conn, receipt)
            assert standing is not None
            root = await read_case(conn, truth.root(case_id))
            assert (standing.case_number, standing.case_state) == (root.number, root.state)
            assert (standing.merged_case is None) == (case_id not in truth.parent)


async def assert_told_once(conn: AsyncConnection, truth: Truth) -> None:
    """One outcome for each report and ending of the case that stood for it then."""
    found = await conn.execute(
        """
        SELECT key::bigint, (payload::jsonb #>> '{data,case}')::bigint
          FROM outbox
         WHERE topic = 'report-outcomes.v1'
        """
    )
    rows = [(key, case) for key, case in await found.fetchall()]
    assert Counter(one for one in rows if one[1] in truth.own) == truth.told


async def assert_the_map_follows(conn: AsyncConnection, board: Board) -> None:
    """The old snapshot and the patches since make the fresh snapshot."""
    async with conn.transaction():
        _, entries = await number(conn)
    rows = [Row(one.position, one.topic, one.payload) for one in entries]
    if rows:
        board = advance(board, [join([read_patch(row) for row in rows], WHOLE_CITY)])
    async with conn.transaction():
        assert board == await read_board(conn, WHOLE_CITY)


def played(url: str, count: int) -> Counter[str]:
    """So many lives, in which all stays true; how often each act was done in them.

    All of them on one connection: one of many may be refused on a busy machine.
    """
    acts: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        conn = runner.run(connect(url))

        @settings(
            max_examples=count, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(COUNTS, STEPS)
        def in_any_order(counts: list[int], steps: list[tuple[str, int, int]]) -> None:
            acts.update(runner.run(play(conn, counts, steps)))

        in_any_order()
        runner.run(conn.close())
    return acts


def test_in_whatever_order_cases_are_merged_and_taken_apart_everything_stays_true(
    database_url: str,
) -> None:
    acts = played(database_url, 5)

    assert acts["merge"]


@pytest.mark.long
def test_in_many_orders_everything_stays_true(database_url: str) -> None:
    acts = played(database_url, 300)

    assert {act for act, times in acts.items() if times} == {"merge", "unmerge", "close"}
