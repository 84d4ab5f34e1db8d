"""The clock process on a real database. Not the database's clock jumps here but the machine's,
which is the same to whoever holds one against the other."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg import AsyncConnection
from typer.testing import CliRunner, Result

from app.__main__ import main
from app.clock import Clock, this_machine
from app.database import Database
from app.settings import Settings
from dispatch import actions
from dispatch.clock_trust import Trust
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.clock import Machine, now, read_clock, read_standing, trust_clock
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.log import due_now
from tests.makers import CITY, rulebook, submission

HOURS_S = 7200.0


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
    made = Clock(Settings(database_url=database_url), boot.machine)
    yield made
    await made.close()


@pytest.fixture
async def late(conn: AsyncConnection) -> AsyncConnection:
    """The database with one case, two days past its time."""
    async with conn.transaction():
        [accepted] = await accept_many(conn, [submission()])
        moment = await now(conn) - timedelta(days=9)
        await actions.decide(PostgresBook(conn), [accepted.report_id], rulebook(), now=moment)
    return conn


async def trust(conn: AsyncConnection) -> Trust:
    return (await read_standing(conn)).trust


async def test_what_is_late_falls_due_once_the_clock_was_looked_at(
    clock: Clock, late: AsyncConnection
) -> None:
    before = await clock.turn(CITY)
    await clock.watch()

    assert (before, await clock.turn(CITY), await clock.turn(CITY)) == (0, 1, 0)


@pytest.mark.parametrize("jump_s", [HOURS_S, -60 * HOURS_S])
async def test_nothing_falls_due_between_a_jump_and_its_discovery(
    clock: Clock, boot: Boot, late: AsyncConnection, jump_s: float
) -> None:
    await clock.watch()
    boot.moved_s -= jump_s

    fired = await clock.turn(CITY)

    assert (fired, await trust(late)) == (0, Trust.TRUSTED)


async def test_a_jump_freezes_until_the_clock_is_right_again(
    clock: Clock, boot: Boot, late: AsyncConnection
) -> None:
    await clock.watch()
    boot.moved_s -= HOURS_S
    await clock.watch()
    frozen, meanwhile = await read_standing(late), await clock.turn(CITY)
    boot.moved_s += HOURS_S
    still = await clock.turn(CITY)
    await clock.watch()

    assert (frozen.trust, round(frozen.drift_s)) == (Trust.FROZEN, HOURS_S)
    assert (meanwhile, still, await clock.turn(CITY)) == (0, 0, 1)


async def test_a_clock_process_that_starts_while_the_clock_is_wrong_knows_it(
    database_url: str, clock: Clock, boot: Boot, late: AsyncConnection
) -> None:
    await clock.watch()
    boot.moved_s -= HOURS_S
    other = Clock(Settings(database_url=database_url), boot.machine)

    fired = await other.turn(CITY)
    await other.watch()

    assert (fired, await trust(late)) == (0, Trust.FROZEN)
    await other.close()


async def typed(command: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, ["clock", command])


async def test_a_person_says_that_the_new_time_is_right(
    clock: Clock,
    boot: Boot,
    late: AsyncConnection,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CITY_DATABASE_URL", database_url)
    await clock.watch()
    boot.moved_s -= HOURS_S
    await clock.watch()

    shown = await typed("show")
    done = await typed("trust")
    at_once = await clock.turn(CITY)
    await clock.watch()

    assert (shown.exit_code, done.exit_code) == (1, 0)
    assert shown.output.startswith("frozen since ")
    assert re.search(r"last found right \d+ s ago$", shown.output)
    assert (at_once, await clock.turn(CITY)) == (0, 1)
    found = await late.execute("SELECT actor, action, target FROM audit ORDER BY id")
    assert await found.fetchall() == [
        ("clock", "clock.judge", "frozen"),
        ("command line", "clock.trust", "trusted"),
    ]


async def test_a_machine_started_anew_keeps_the_clock_it_finds_unless_it_went_back(
    clock: Clock, late: AsyncConnection, database_url: str
) -> None:
    await clock.watch()
    await late.execute("UPDATE clock_anchor SET database_at = database_at + interval '5 days'")
    anew = Clock(Settings(database_url=database_url), Boot().machine)
    await anew.watch()

    assert await trust(late) is Trust.FROZEN
    await anew.close()


@pytest.mark.parametrize(
    ("known", "trusted"),
    [
        ("UPDATE clock_anchor SET database_at = database_at - interval '50 minutes'", True),
        ("UPDATE clock_anchor SET database_at = database_at - interval '8 hours'", False),
        ("DELETE FROM clock_anchor", True),
        ("DELETE FROM clock_anchor; UPDATE inbox SET received_at = received_at - interval '8 h'",
         False),
        ("DELETE FROM clock_anchor; UPDATE inbox SET received_at = received_at + interval '5 d'",
         False),
    ],
)  # fmt: skip
async def test_a_clock_process_that_starts_on_a_clock_far_from_what_is_known_judges_nobody(
    clock: Clock, late: AsyncConnection, database_url: str, known: str, trusted: bool
) -> None:
    await clock.watch()
    for statement in known.split(";"):
        await late.execute(statement.encode())
    anew = Clock(Settings(database_url=database_url), Boot().machine)
    await anew.watch()
    fired = await anew.turn(CITY)

    assert (await trust(late), fired) == ((Trust.TRUSTED, 1) if trusted else (Trust.FROZEN, 0))
    async with late.transaction():
        await trust_clock(late, "chen")
    await anew.watch()
    assert (await trust(late), await anew.turn(CITY)) == (Trust.TRUSTED, 1 - fired)
    await anew.close()


async def test_a_reading_of_this_machine_fits_the_one_before(conn: AsyncConnection) -> None:
    _, first = await read_clock(conn, this_machine())
    _, second = await read_clock(conn, this_machine())

    assert first.machine == second.machine
    assert 0 < first.before_s <= first.after_s <= second.before_s


async def test_a_deadline_is_given_to_one_of_two_clocks(
    late: AsyncConnection, database_url: str
) -> None:
    moment = await now(late)
    database = Database(database_url, 1)

    async with late.transaction(), database.connection() as other:
        mine, theirs = await due_now(late, moment), await due_now(other, moment)

    assert (len(mine), theirs) == (1, [])
    await database.close()
