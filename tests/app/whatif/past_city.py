"""The tiny city of `tests.app.city.makers` with a past: some cases, most of them handled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import AsyncConnection

from app.database import connect
from app.rulebook import load_rulebook
from dispatch import actions
from dispatch.case import Move, Order
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.workflow.variant import Terms
from tests.app.city.makers import SIDE, SOUTH, WEST, write_pack
from tests.makers import submission

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday, 10:00 in the city."""
HOUR = timedelta(hours=1)
NOISE, RUBBISH = "06028", "06010"

# Category, column and row of the cell, hours after ten when it was reported and when handled.
PAST = (
    (RUBBISH, 0, 0, 0, 1),
    (RUBBISH, 1, 0, 0, 5),
    (RUBBISH, 2, 1, 1, 2),
    (RUBBISH, 3, 1, 24, None),
    (NOISE, 0, 1, 13, 14),
    (NOISE, 3, 0, 2, 3),
)
"""Rubbish has two working hours, so the second case was late and the fourth is."""


def pack_in(folder: Path) -> Path:
    """A fresh copy of the pack that is loaded."""
    folder.mkdir()
    return write_pack(folder)


async def build(database_url: str, cache: Path) -> None:
    """Live through the past in a database into which the pack was loaded."""
    async with await connect(database_url) as conn:
        for told in PAST:
            await _live(conn, cache, *told)


async def _live(
    conn: AsyncConnection,
    cache: Path,
    category: str,
    column: int,
    row: int,
    reported: float,
    handled: float | None,
) -> None:
    rules = await load_rulebook(conn, cache)
    at = (WEST + (column + 0.5) * SIDE, SOUTH + (row + 0.5) * SIDE)
    now = TEN + reported * HOUR
    told = submission(category=category, at=at, happened_at=now)
    async with conn.transaction():
        [accepted] = await accept_many(conn, [told])
        await actions.decide(PostgresBook(conn), [accepted.report_id], rules, now=now)
    if handled is None:
        return
    found = await conn.execute("SELECT max(id) FROM cases")
    [case_id] = await found.fetchone() or (0,)
    async with conn.transaction():
        await actions.move(
            PostgresBook(conn),
            case_id,
            Order(Move.HANDLE),
            actor="li",
            city=rules.city,
            now=TEN + handled * HOUR,
            terms=Terms(calendar=rules.calendar),
        )
