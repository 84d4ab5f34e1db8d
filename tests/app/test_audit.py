"""Walking the histories finds every change that was made behind their back."""

import pytest
from psycopg import AsyncConnection

from app.audit import verify_chains
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from tests.makers import NOON, rulebook, spot, submission


@pytest.fixture
async def two_cases(conn: AsyncConnection) -> AsyncConnection:
    async with conn.transaction():
        taken = await accept_many(conn, [submission(), submission(at=spot(150, 150))])
        ids = [one.report_id for one in taken]
        await actions.decide(PostgresBook(conn), ids, rulebook(), now=NOON)
    return conn


async def tamper(conn: AsyncConnection, statement: str) -> None:
    """As a superuser would, with the guards off."""
    await conn.execute("SET session_replication_role = replica")
    await conn.execute(statement.encode())
    await conn.execute("SET session_replication_role = origin")


async def test_untouched_histories_are_proven(two_cases: AsyncConnection) -> None:
    proof = await verify_chains(two_cases)

    assert (proof.broken, proof.cases, proof.events) == ([], 2, 6)


@pytest.mark.parametrize(
    ("statement", "case", "event"),
    [
        ("UPDATE case_event SET canon = canon || ' ' WHERE seq = 1 AND case_id = 1", 1, 1),
        ("UPDATE case_event SET hash = sha256('x') WHERE seq = 2 AND case_id = 2", 2, 2),
        ("DELETE FROM case_event WHERE seq = 2 AND case_id = 1", 1, 3),
        ("DELETE FROM case_event WHERE seq = 3 AND case_id = 2", 2, 0),
        ("DELETE FROM case_event WHERE case_id = 1", 1, 0),
        ("UPDATE cases SET head = sha256('x') WHERE id = 2", 2, 0),
    ],
)  # fmt: skip
async def test_a_change_is_found_where_it_was_made(
    two_cases: AsyncConnection, statement: str, case: int, event: int
) -> None:
    await tamper(two_cases, statement)

    proof = await verify_chains(two_cases)

    assert proof.broken[0][:2] == (case, event)
