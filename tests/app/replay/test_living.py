"""A day lived again on a real database: everything at its own time, by the ordinary actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from app.audit import verify_chains
from app.replay.living import Life, Lived, live
from dispatch.ledger import equations
from dispatch.postgres.cases import history
from dispatch.postgres.ledger import read_books
from tests.makers import NOON, rulebook, spot, submission

HOUR = timedelta(hours=1)
RULES = rulebook()
LATER = NOON + 30 * HOUR


def life(made: float, done: float | None, **changes: Any) -> Life:
    """A report so many hours after noon, and when its work was done."""
    told = {"category": "01001", "at": spot(), **changes}  # two hours around the clock
    report = submission(happened_at=NOON + made * HOUR, **told)
    return Life(report, None if done is None else NOON + done * HOUR)


async def lived(conn: AsyncConnection, *lives: Life) -> Lived:
    return await live(conn, lives, RULES, until=LATER)


async def told(conn: AsyncConnection, case_id: int) -> list[tuple[str, datetime]]:
    return [(event.kind, event.at) for event in await history(conn, case_id)]


async def test_a_case_is_opened_and_closed_when_the_file_says(conn: AsyncConnection):
    done = await lived(conn, life(0, 1.5))

    assert done == Lived(reports=1, closed=1, late=0, impossible=0)
    assert await told(conn, 1) == [
        *((kind, NOON) for kind in ("reported", "filed", "assigned")),
        *((kind, NOON + 1.5 * HOUR) for kind in ("handled", "verified", "closed")),
    ]


async def test_a_deadline_falls_due_at_its_own_moment(conn: AsyncConnection):
    done = await lived(conn, life(0, 5))

    assert done.late == 1
    assert ("overdue", NOON + 2 * HOUR) in await told(conn, 1)
    assert [kind for kind, _ in await told(conn, 1)][3:] == [
        "overdue", "handled", "verified", "closed",
    ]  # fmt: skip


async def test_work_that_is_done_at_the_very_instant_is_late(conn: AsyncConnection):
    assert (await lived(conn, life(0, 2))).late == 1


async def test_what_has_no_end_stays_open_and_becomes_late(conn: AsyncConnection):
    done = await lived(conn, life(0, None))

    assert (done.closed, done.late) == (0, 1)
    assert [kind for kind, _ in await told(conn, 1)][3:] == ["overdue"]


async def test_what_was_done_before_it_was_made_stays_open_and_is_counted(conn: AsyncConnection):
    done = await lived(conn, life(3, 1))

    assert (done.impossible, done.closed) == (1, 0)


async def test_a_report_joins_what_is_open_and_closes_nothing(conn: AsyncConnection):
    done = await lived(conn, life(0.25, 0.3, at=spot(40, 30)), life(0, 1))

    assert (done.reports, done.closed) == (2, 1)
    assert [kind for kind, _ in await told(conn, 1)][3] == "merged"


async def test_what_was_closed_before_the_next_report_is_another_incident(conn: AsyncConnection):
    done = await lived(conn, life(0, 0.1), life(0.25, 0.3, at=spot(40, 30)))

    assert done.closed == 2


async def test_afterwards_books_balance_and_chains_hold(conn: AsyncConnection):
    await lived(conn, life(0, 1), life(0.2, 5), life(1.5, None), life(2, 9, at=(None, None)))

    assert [one for one in equations(await read_books(conn)) if not one.holds] == []
    assert (await verify_chains(conn)).as_json()["ok"]
