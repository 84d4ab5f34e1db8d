"""Two clock processes that are killed again and again take every step of every ladder once."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from dispatch.ledger import equations
from dispatch.postgres.ledger import read_books
from tests.app.test_escalating import DANGER, opened, settled
from tests.dispatch.escalation.lives import a_step

CASES, KILLS = 80, 12
STEPS = ("10%", "25%", "50%", "100%", "110%", "20 min not taken")


async def start(database_url: str, home: Path) -> Process:
    environment = {
        **os.environ,
        "CITY_DATABASE_URL": database_url,
        "CITY_HOME": str(home),
        "CITY_CLOCK_EVERY_S": "0.2",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "clock", env=environment, stderr=asyncio.subprocess.DEVNULL
    )


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for processes that may be long in starting."""
    async with asyncio.timeout(300):
        while not await holds():
            await asyncio.sleep(0.1)


async def taken(conn: AsyncConnection) -> int:
    found = await conn.execute("SELECT count(*) FROM escalation")
    [count] = await found.fetchone() or (0,)
    return count


@pytest.mark.long
async def test_every_step_is_taken_once_and_none_early_while_clocks_are_killed(
    conn: AsyncConnection, database_url: str, tmp_path: Path
) -> None:
    await settled(conn, *(a_step(at) for at in STEPS))
    await opened(conn, 133, *[DANGER] * CASES)
    chance = random.Random(7)
    clocks = [await start(database_url, tmp_path) for _ in range(2)]

    for _ in range(KILLS):
        before = await taken(conn)

        async def moved(before: int = before) -> bool:
            return await taken(conn) > before or before == CASES * len(STEPS)

        await until(moved)
        place = chance.randrange(2)
        clocks[place].kill()
        await clocks[place].wait()
        clocks[place] = await start(database_url, tmp_path)

    async def all_taken() -> bool:
        return await taken(conn) >= CASES * len(STEPS)

    await until(all_taken)
    for one in clocks:
        one.terminate()
        await one.wait()
    found = await conn.execute(
        "SELECT case_id, canon::jsonb->>'step', at >= (canon::jsonb->>'due_at')::timestamptz"
        "  FROM case_event WHERE kind = 'escalated'"
    )
    rows = await found.fetchall()
    assert set(Counter((case_id, step) for case_id, step, _ in rows).values()) == {1}
    assert (len(rows), all(not_early for _, _, not_early in rows)) == (CASES * len(STEPS), True)
    assert [one for one in equations(await read_books(conn)) if not one.holds] == []
