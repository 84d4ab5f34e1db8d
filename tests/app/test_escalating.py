"""The clock holds cases against their ladders, on a real database: each step once, none early."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection

from app.clock import Clock
from app.database import connect
from app.settings import Settings
from dispatch import actions
from dispatch.case import Move, Order
from dispatch.ledger import equations
from dispatch.matching import Matching, MergeRule
from dispatch.postgres.agenda import claim, take_up
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import StoredEvent, deadlines_of, history, read_case
from dispatch.postgres.clock import Machine, now
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.workflow.variant import Terms
from tests.dispatch.escalation.lives import a_ladder, a_part, a_step
from tests.littletown import settle
from tests.makers import CITY, PARTS, label, rulebook, spot, submission

RULES = rulebook()
DANGER = "01001"
"""Due two hours after it is opened, at any hour."""


class Boot:
    """A machine whose seconds since its start can be moved."""

    def __init__(self) -> None:
        self.moved_s = 0.0
        self.machine = Machine(uuid4().hex, lambda: 1e6 + time.monotonic() + self.moved_s)


@pytest.fixture
def boot() -> Boot:
    return Boot()


@pytest.fixture
async def clock(database_url: str, boot: Boot) -> AsyncIterator[Clock]:
    """A clock process that has found the database's clock right."""
    made = Clock(Settings(database_url=database_url), boot.machine)
    await made.watch()
    yield made
    await made.close()


async def settled(conn: AsyncConnection, *steps: dict[str, Any], **parts: Any) -> None:
    """Littletown, which has had a ladder of these steps for long."""
    await settle(conn, escalation=a_part(a_ladder(*steps)), **parts)
    await conn.execute("UPDATE city_part SET loaded_at = '2020-01-01 00:00Z'")


async def opened(
    conn: AsyncConnection, minutes: float, *categories: str, east_m: float = 30
) -> list[int]:
    """Cases opened so many minutes ago; their ids."""
    async with conn.transaction():
        told = [
            submission(category=category, at=spot(east_m + n * 2, 30))
            for n, category in enumerate(categories or (DANGER,))
        ]
        accepted = await accept_many(conn, told)
        moment = await now(conn) - timedelta(minutes=minutes)
        ids = [one.report_id for one in accepted]
        apart = rulebook(matching=Matching((MergeRule(radius_m=0.0),)))
        await actions.decide(PostgresBook(conn), ids, apart, now=moment)
    found = await conn.execute("SELECT case_id FROM inbox WHERE id = ANY(%s) ORDER BY id", [ids])
    return [row[0] for row in await found.fetchall()]


async def order(conn: AsyncConnection, case_id: int, order: Order, actor: str = "handler") -> None:
    async with conn.transaction():
        await actions.move(
            PostgresBook(conn), case_id, order, actor=actor, city=CITY,
            now=await now(conn), terms=Terms(calendar=RULES.calendar),
        )  # fmt: skip


async def run_out(clock: Clock) -> int:
    """Take turns until one finds nothing to do; how many cases were looked at."""
    looked = 0
    while found := await clock.escalator.turn():
        looked += found
    return looked


async def told(conn: AsyncConnection, case_id: int) -> list[StoredEvent]:
    return [one for one in await history(conn, case_id) if one.kind == "escalated"]


async def steps(conn: AsyncConnection, case_id: int) -> list[object]:
    return [one.fields["step"] for one in await told(conn, case_id)]


async def look_at(conn: AsyncConnection, case_id: int) -> datetime | None:
    found = await conn.execute("SELECT look_at FROM agenda WHERE case_id = %s", [case_id])
    row = await found.fetchone()
    return row[0] if row else None


async def assert_balanced(conn: AsyncConnection) -> None:
    assert [one for one in equations(await read_books(conn)) if not one.holds] == []


async def test_a_step_is_taken_once_and_everybody_it_names_is_owed_a_message(
    conn: AsyncConnection, clock: Clock
) -> None:
    await settled(conn, a_step("50%", tell=["handler", "dispatcher"], by=["mail", "log"]))
    [case_id] = await opened(conn, 61)

    await run_out(clock)
    await run_out(clock)

    [event] = await told(conn, case_id)
    assert event.fields["told"] == {"handler": ["plumber"], "dispatcher": ["dispatcher"]}
    found = await conn.execute("SELECT channel, person, state FROM notice ORDER BY dedup")
    assert await found.fetchall() == [
        ("log", None, "pending"),
        ("mail", "dispatcher", "dead"),
        ("mail", "plumber", "dead"),
    ]
    await assert_balanced(conn)


async def test_nothing_is_taken_before_its_time_and_the_agenda_says_when_it_will_be(
    conn: AsyncConnection, clock: Clock
) -> None:
    await settled(conn, a_step("50%"))
    [case_id] = await opened(conn, 59)

    await run_out(clock)

    assert await steps(conn, case_id) == []
    case = await read_case(conn, case_id)
    assert await look_at(conn, case_id) == case.opened_at + timedelta(hours=1)


async def test_of_two_clocks_at_once_one_takes_each_step(
    conn: AsyncConnection, clock: Clock, database_url: str, boot: Boot
) -> None:
    await settled(conn, a_step("20%"), a_step("50%"), a_step("100%", repeat_minutes=1, most=3))
    ids = await opened(conn, 125, *[DANGER] * 30)
    other = Clock(Settings(database_url=database_url), boot.machine)

    await asyncio.gather(run_out(clock), run_out(other), run_out(clock), run_out(other))

    for case_id in ids:
        assert await steps(conn, case_id) == ["20%", "50%", "100%"]
    found = await conn.execute("SELECT count(*), count(DISTINCT dedup) FROM notice")
    assert await found.fetchone() == (90, 90)
    await assert_balanced(conn)
    await other.close()


async def test_what_a_clock_was_at_when_it_was_killed_another_takes(
    conn: AsyncConnection, clock: Clock, database_url: str
) -> None:
    await settled(conn, a_step("50%"))
    [case_id] = await opened(conn, 61)
    await clock.escalator.turn()  # brings every open case onto the agenda
    killed = await connect(database_url)
    await killed.set_autocommit(False)
    held = await claim(killed, await now(killed), 10)

    meanwhile = await run_out(clock)
    pid = killed.info.backend_pid
    await killed.close()
    await until_gone(conn, pid)
    await run_out(clock)

    assert (held, meanwhile) == ([case_id], 0)
    assert await steps(conn, case_id) == ["50%"]


async def until_gone(conn: AsyncConnection, pid: int) -> None:
    """Until the server has noticed that the connection is closed, and has let its locks go."""
    async with asyncio.timeout(10):
        while True:
            found = await conn.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid])
            if not found.rowcount:
                return


async def test_while_the_clock_is_not_trusted_nobody_is_told(
    conn: AsyncConnection, clock: Clock, boot: Boot
) -> None:
    await settled(conn, a_step("50%"))
    [case_id] = await opened(conn, 61)

    boot.moved_s -= 7200  # the database's clock is two hours ahead
    looked = await run_out(clock)
    boot.moved_s += 7200
    await run_out(clock)

    assert looked == 0
    assert await steps(conn, case_id) == ["50%"]


async def test_what_happens_to_a_case_moves_its_steps(conn: AsyncConnection, clock: Clock) -> None:
    await settled(conn, a_step("50%"))
    [case_id] = await opened(conn, 30)
    await run_out(clock)
    first = await look_at(conn, case_id)

    await order(conn, case_id, Order(Move.SUSPEND, "rain"), "dispatcher")
    await run_out(clock)
    suspended = await look_at(conn, case_id)
    await order(conn, case_id, Order(Move.RESUME), "dispatcher")
    await run_out(clock)
    resumed = await look_at(conn, case_id)
    await order(conn, case_id, Order(Move.HANDLE), "plumber")
    await run_out(clock)

    assert first is not None
    assert resumed is not None
    assert (suspended, resumed > first) == (None, True)
    assert await look_at(conn, case_id) is None
    assert await steps(conn, case_id) == []


async def test_supervision_is_ordered_with_a_deadline_that_falls_due(
    conn: AsyncConnection, clock: Clock
) -> None:
    ordered = {"reason": label("do it"), "minutes": 90}
    await settled(conn, a_step("100%", tell=["supervisor"], supervision=ordered))
    [case_id] = await opened(conn, 121)

    await run_out(clock)
    await clock.turn(CITY)

    case = await read_case(conn, case_id)
    assert case.supervised_at is not None
    supervision = next(
        one for one in await deadlines_of(conn, case_id) if one.kind == "stage.supervision"
    )
    assert supervision.due_at == case.supervised_at + timedelta(minutes=90)
    [event] = await told(conn, case_id)
    assert (event.fields["told"], event.fields["nobody"]) == (
        {"dispatcher": ["dispatcher"]},
        ["supervisor"],
    )
    await assert_balanced(conn)


async def test_a_case_that_is_handed_over_is_waited_for_anew(
    conn: AsyncConnection, clock: Clock
) -> None:
    await settled(conn, a_step("15 min not taken", take_over="fire"))
    [case_id] = await opened(conn, 16)

    await run_out(clock)

    case = await read_case(conn, case_id)
    assert (case.department, await steps(conn, case_id)) == ("fire", ["15 min not taken"])
    next_at = await look_at(conn, case_id)
    assert next_at == case.changed_at + timedelta(minutes=15)


async def test_new_ladders_are_climbed_by_the_cases_that_are_open(
    conn: AsyncConnection, clock: Clock
) -> None:
    await settled(conn, a_step("90%"))
    [case_id] = await opened(conn, 61)
    await run_out(clock)

    await conn.execute(
        "INSERT INTO city_part (part, version, content, sha256)"
        " SELECT part, 2, jsonb_set(content, '{ladders,0,steps,0,at}', '\"40%%\"'), 'y'"
        "   FROM city_part WHERE part = %s",
        ["escalation"],
    )
    await run_out(clock)

    assert await steps(conn, case_id) == ["40%"]


async def test_open_cases_come_onto_the_agenda_some_at_a_time(conn: AsyncConnection) -> None:
    await settle(conn)
    ids = await opened(conn, 1, *[DANGER] * 5)
    brought: list[list[int]] = []

    async with conn.transaction():
        while await take_up(conn, 7, limit=2):
            found = await conn.execute("SELECT case_id FROM agenda ORDER BY case_id")
            brought.append([row[0] for row in await found.fetchall()])

    assert brought == [ids[:2], ids[:4], ids]
    assert await take_up(conn, 7) is False


async def test_a_look_and_the_taking_up_of_all_open_cases_do_not_wait_for_each_other(
    conn: AsyncConnection, database_url: str
) -> None:
    await settled(conn, a_step("50%"))
    [case_id] = await opened(conn, 61)
    looker, taker = await connect(database_url), await connect(database_url)

    async with looker, taker:
        async with looker.transaction():
            held = await claim(looker, await now(looker), 10)
            taking = asyncio.create_task(taken_up(taker))
            await waits_for(conn, taker, looker)
            await order(looker, case_id, Order(Move.PROGRESS, "seen"))
        taken = await taking

    assert (held, taken) == ([case_id], True)


async def taken_up(conn: AsyncConnection) -> bool:
    async with conn.transaction():
        return await take_up(conn, 7)


async def waits_for(conn: AsyncConnection, who: AsyncConnection, whom: AsyncConnection) -> None:
    """Until *who* waits for a lock that *whom* has."""
    async with asyncio.timeout(10):
        while True:
            pids = [whom.info.backend_pid, who.info.backend_pid]
            found = await conn.execute("SELECT %s = ANY(pg_blocking_pids(%s))", pids)
            if await found.fetchone() == (True,):
                return


async def test_a_city_without_ladders_has_no_agenda(conn: AsyncConnection, clock: Clock) -> None:
    await settle(conn)
    await opened(conn, 300)

    looked = await run_out(clock)

    found = await conn.execute("SELECT count(*) FROM agenda")
    assert (looked, await found.fetchone()) == (0, (0,))


async def test_a_case_that_breaks_holds_up_no_other(conn: AsyncConnection, clock: Clock) -> None:
    never = {**PARTS["calendar"], "weekend": [1, 2, 3, 4, 5, 6, 7]}
    await settled(conn, a_step("50%"), calendar=never)
    breaks, sound = await opened(conn, 61, "06010", DANGER)

    await run_out(clock)

    assert (await steps(conn, breaks), await steps(conn, sound)) == ([], ["50%"])
    put_off = await look_at(conn, breaks)
    assert put_off is not None
    assert put_off > await now(conn) + timedelta(minutes=50)


async def test_whoever_is_on_duty_for_the_cell_is_told(conn: AsyncConnection, clock: Clock) -> None:
    [_, _, cell, _] = [f"990199001001{n:03d}" for n in (1, 2, 3, 4)]
    always = {"row": 1, "grid": "D1", "person": "inspector", "weekdays": [1, 2, 3, 4, 5, 6, 7],
              "begin": "00:00", "end": "00:00"}  # fmt: skip
    walked = {"row": 1, "code": "D1", "kind": "patrol", "name": label("D1"), "cells": [cell]}
    await settled(conn, a_step("50%", tell=["on_duty"]), duty_grids=[walked], duty_shifts=[always])
    [case_id] = await opened(conn, 61)

    await run_out(clock)

    [event] = await told(conn, case_id)
    assert event.fields["told"] == {"on_duty": ["inspector"]}


async def test_an_open_case_waits_on_the_agenda_once_however_much_happens(
    conn: AsyncConnection, clock: Clock
) -> None:
    await settled(conn, a_step("90%"))
    [case_id] = await opened(conn, 1)
    await order(conn, case_id, Order(Move.TAKE), "plumber")
    await order(conn, case_id, Order(Move.PROGRESS, "on the way"), "plumber")

    found = await conn.execute("SELECT case_id FROM agenda")

    assert Counter(row[0] for row in await found.fetchall()) == Counter([case_id])
