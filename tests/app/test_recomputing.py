"""`citygrid calendar recompute` on a real database, beside people and clocks."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from typer.testing import CliRunner, Result

from app.__main__ import main
from app.audit import verify_chains
from app.recomputing import BATCH, CalendarChanged, Outcome, recompute
from dispatch import actions
from dispatch.calendar import WorkingCalendar
from dispatch.case import Move, Order
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import deadlines_of, history, read_case
from dispatch.postgres.clock import now
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import due_now
from dispatch.workflow.variant import Terms
from tests.app.town import load_town
from tests.makers import CITY, PARTS, rulebook, submission

RULES = rulebook()


def other_calendar(today: datetime) -> dict[str, Any]:
    """One in which nobody works for the next eleven days."""
    days = [(today + timedelta(days=n)).date() for n in range(1, 12)]
    return {
        **PARTS["calendar"],
        "days": [{"date": str(day), "kind": "holiday"} for day in days],
    }


STORE = "INSERT INTO city_part (part, version, content, sha256) VALUES ('calendar', %s, %s, %s)"


async def change_calendar(conn: AsyncConnection, version: int = 2) -> WorkingCalendar:
    content = other_calendar(await now(conn))
    await conn.execute(STORE, (version, Jsonb(content), f"sum {version}"))
    return WorkingCalendar.of(content)


async def open_cases(conn: AsyncConnection, count: int) -> list[int]:
    """Cases due on the next working day, none near another."""
    moment = await now(conn)
    told = [submission(happened_at=moment - timedelta(hours=n)) for n in range(count)]
    async with conn.transaction():
        ids = [one.report_id for one in await accept_many(conn, told)]
        await actions.decide(PostgresBook(conn), ids, RULES, now=moment)
    found = await conn.execute("SELECT id FROM cases ORDER BY id")
    return [row[0] for row in await found.fetchall()]


@pytest.fixture
async def town(conn: AsyncConnection) -> AsyncConnection:
    await load_town(conn)
    return conn


@pytest.fixture
def typed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)

    async def run(*arguments: str) -> Result:
        command = ["calendar", "recompute", *arguments]
        return await asyncio.to_thread(CliRunner().invoke, main, command)

    return run


async def kinds(conn: AsyncConnection, case_id: int) -> list[str]:
    return [event.kind for event in await history(conn, case_id)]


async def test_a_plan_says_what_would_move_and_writes_nothing(
    town: AsyncConnection, typed: Any
) -> None:
    [case_id] = await open_cases(town, 1)
    calendar = await change_calendar(town)
    before = await read_case(town, case_id)

    told = json.loads((await typed("--plan", "--json")).stdout)

    assert (told["calendar"], told["written"], told["cases_moved"]) == (2, False, 1)
    [move] = told["deadlines"]
    limit = RULES.limits.limit_for(before.category).milestones[0]
    due_at = calendar.add(before.opened_at, limit.amount, limit.unit)
    assert datetime.fromisoformat(move["moved_to"]) == due_at
    assert await read_case(town, case_id) == before


async def test_deadlines_move_by_one_event_a_case_and_a_line_in_the_audit_trail(
    town: AsyncConnection, typed: Any
) -> None:
    [case_id] = await open_cases(town, 1)
    await change_calendar(town)
    [move] = json.loads((await typed("--plan", "--json")).stdout)["deadlines"]

    shown, again = await typed(), await typed("--json")

    assert (shown.exit_code, again.exit_code) == (0, 0)
    assert "1 deadlines of 1 cases moved" in " ".join(shown.stdout.split())
    assert json.loads(again.stdout)["deadlines"] == []
    case = await read_case(town, case_id)
    assert case.due_at == datetime.fromisoformat(move["moved_to"])
    assert (await kinds(town, case_id))[-1] == "recounted"
    found = await town.execute("SELECT kind, round, state FROM deadline ORDER BY kind, round")
    assert await found.fetchall() == [("resolve", 1, "cancelled"), ("resolve", 2, "pending")]
    found = await town.execute("SELECT actor, target, detail->>'cases' FROM audit ORDER BY id")
    assert await found.fetchall() == [
        ("command line", "calendar 2", "1"), ("command line", "calendar 2", "0")
    ]  # fmt: skip
    assert [line for line in equations(await read_books(town)) if not line.holds] == []
    assert (await verify_chains(town)).as_json()["ok"]


async def test_what_was_left_of_a_suspended_case_is_left_when_it_goes_on(
    town: AsyncConnection,
) -> None:
    [case_id] = await open_cases(town, 1)
    book = PostgresBook(town)
    moment = (await read_case(town, case_id)).opened_at + timedelta(minutes=1)
    async with town.transaction():
        order = Order(Move.SUSPEND, "等待")
        await actions.move(
            book, case_id, order, actor="chen", city=CITY, now=moment,
            terms=Terms(calendar=RULES.calendar),
        )  # fmt: skip
    [stood] = [one for one in await deadlines_of(town, case_id) if one.kind == "resolve"]
    calendar = await change_calendar(town)

    async with town.transaction():
        case = await actions.move(
            book, case_id, Order(Move.RESUME), actor="chen", city=CITY,
            now=moment + timedelta(days=3), terms=Terms(calendar=calendar),
        )  # fmt: skip

    assert stood.left is not None
    assert case.due_at == calendar.after(moment + timedelta(days=3), stood.left)


async def test_broken_off_it_goes_on_where_it_was(town: AsyncConnection, database_url: str) -> None:
    await open_cases(town, BATCH + 20)
    await change_calendar(town)

    def break_off(outcome: Outcome) -> None:
        raise InterruptedError(outcome.cases)

    with pytest.raises(InterruptedError, match=str(BATCH)):
        await recompute(database_url, actor="admin", plan=False, tell=break_off)
    rest = await recompute(database_url, actor="admin", plan=False)

    assert (rest.cases, rest.cases_moved) == (BATCH + 20, 20)


async def test_another_calendar_in_the_middle_is_told(
    town: AsyncConnection, database_url: str
) -> None:
    await open_cases(town, 1)
    content = Jsonb(other_calendar(await now(town)))

    def load_another(outcome: Outcome) -> None:
        with psycopg.connect(database_url) as other:
            other.execute(STORE, (2, content, "sum"))

    with pytest.raises(CalendarChanged, match="calendar 2 was loaded"):
        await recompute(database_url, actor="admin", plan=False, tell=load_another)


async def test_beside_a_running_clock_every_deadline_falls_due_once(
    town: AsyncConnection, database_url: str
) -> None:
    cases = await open_cases(town, 60)
    await change_calendar(town)
    book, much_later = PostgresBook(town), await now(town) + timedelta(days=60)

    async def clock() -> None:
        fired = 0
        while fired < len(cases):
            async with town.transaction():
                due = await due_now(town, much_later, limit=7)
                fired += await actions.fall_due(book, due, city=CITY, now=much_later)
            await asyncio.sleep(0)

    async with asyncio.timeout(120), asyncio.TaskGroup() as both:
        both.create_task(clock())
        both.create_task(recompute(database_url, actor="admin", plan=False))

    lives = [await kinds(town, case_id) for case_id in cases]
    assert [life.count("overdue") for life in lives] == [1] * len(cases)
    assert all(life[-1] == "overdue" and life.count("recounted") < 2 for life in lives)
    assert [line for line in equations(await read_books(town)) if not line.holds] == []


async def test_while_the_clock_is_not_trusted_nothing_is_moved(
    town: AsyncConnection, typed: Any
) -> None:
    [case_id] = await open_cases(town, 1)
    await change_calendar(town)
    await town.execute("UPDATE clock_trust SET state = 'frozen', drift_s = 7200")

    refused = await typed()

    assert refused.exit_code == 1
    assert "citygrid clock show" in refused.stderr
    assert "recounted" not in await kinds(town, case_id)


async def test_without_a_city_it_says_so(conn: AsyncConnection, typed: Any) -> None:
    refused = await typed("--plan")

    assert (refused.exit_code, "city load" in refused.stderr) == (2, True)
