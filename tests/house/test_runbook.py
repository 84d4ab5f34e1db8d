"""The runbook's queries run, dead reports can be decided again, and it knows every figure."""

import re

import pytest
from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection

from app.gateway.metrics import MqttMetrics
from app.metrics import DoorMetrics
from app.notifier_metrics import NotifierMetrics
from app.worker_metrics import WorkerMetrics
from dispatch import actions
from dispatch.actions import Decided
from dispatch.ledger import equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.dead import list_dead, revive
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.ledger import read_books
from dispatch.postgres.log import overlooked, unannounced
from dispatch.postgres.saving import MAX_ATTEMPTS
from streams.postgres import lead
from tests.house.documents import blocks, first_column, read
from tests.makers import NOON, rulebook, submission

RUNBOOK = read("docs/runbook.md")
QUERIES = blocks(RUNBOOK, "sql")
[LEADER] = [query for query in QUERIES if "pg_locks" in query]


def figures(registry: CollectorRegistry) -> set[str]:
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in registry.collect()
    }


async def rows(conn: AsyncConnection, query: str) -> list[tuple[object, ...]]:
    found = await conn.execute(query.encode())
    return await found.fetchall() if found.description else []


async def decided(conn: AsyncConnection, report_id: int) -> Decided:
    async with conn.transaction():
        return await actions.decide(PostgresBook(conn), [report_id], rulebook(), now=NOON)


@pytest.fixture
async def dead(conn: AsyncConnection) -> int:
    """A report of Littletown that was given up, for a fault that is mended by now."""
    async with conn.transaction():
        [accepted] = await accept_many(conn, [submission(category="lost")])
    for _ in range(MAX_ATTEMPTS):
        await decided(conn, accepted.report_id)
    await conn.execute("UPDATE inbox SET category = '06010'")
    return accepted.report_id


def test_every_figure_and_no_other_is_in_the_table_of_what_to_watch():
    worker = WorkerMetrics()
    worker.watch_lag("citygrid-reports", lambda: 0)

    real = (
        figures(DoorMetrics().registry)
        | figures(worker.registry)
        | figures(NotifierMetrics().registry)
        | figures(MqttMetrics().registry)
    )
    told = {name for name in first_column(RUNBOOK) if name.startswith("city_")}

    assert told == real


def test_every_alarm_that_leads_to_a_section_says_which():
    table = [line for line in RUNBOOK.splitlines() if line.startswith(("| `city_", "| no answer"))]

    assert len(table) > 10
    assert sum("](#" in line for line in table) >= 8


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: re.sub(r"\s+", " ", query)[:40])
async def test_every_query_runs(conn: AsyncConnection, query: str):
    await rows(conn, query)


async def test_the_leader_of_the_relay_is_found(conn: AsyncConnection):
    before = await rows(conn, LEADER)
    assert await lead(conn)

    after = await rows(conn, LEADER)

    assert (before, [row[0] for row in after]) == ([], [conn.info.backend_pid])


async def test_a_dead_report_is_shown_with_its_reason(conn: AsyncConnection, dead: int):
    [shown] = await list_dead(conn)

    assert shown.id == dead
    assert "lost" in shown.reason


async def test_a_replayed_report_is_carried_again_rescued_and_decided(
    conn: AsyncConnection, dead: int
):
    assert await revive(conn, dead)

    assert [one.id for one in await unannounced(conn)] == [dead]
    assert await overlooked(conn, older_than_s=0.0) == [dead]
    assert (await decided(conn, dead)).cased == 1
    assert [one for one in equations(await read_books(conn)) if not one.holds] == []
