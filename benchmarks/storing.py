"""Lives of cases stored as they are, and again under other numbers, for benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from benchmarks.lives import Life


async def store(conn: AsyncConnection[Any], made: Sequence[Life]) -> None:
    async with conn.transaction(), conn.cursor() as cursor:
        async with cursor.copy(
            "COPY cases (id, number, state, category, severity, cell, grid_version, areas,"
            " department, position, reported_at, opened_at, overdue, closed_at, reports, why,"
            " version, head) FROM STDIN"
        ) as copy:
            for life in made:
                case = life.case
                await copy.write_row(
                    (case.id, case.number, str(case.state), case.category, case.severity,
                     case.cell, case.grid_version, list(case.areas), case.department,
                     f"SRID=4326;POINT({case.lon} {case.lat})", case.reported_at, case.opened_at,
                     case.overdue, case.closed_at, case.reports, "{}", case.version, case.head)
                )  # fmt: skip
        async with cursor.copy(
            "COPY case_event (case_id, seq, kind, at, actor, canon, hash) FROM STDIN"
        ) as copy:
            for life in made:
                for entry in life.entries:
                    event, case = entry.event, entry.case
                    await copy.write_row(
                        (case.id, case.version, event.kind, event.at, event.actor, entry.canon,
                         case.head)
                    )  # fmt: skip


async def multiply(conn: AsyncConnection[Any], lives: int, copies: int) -> None:
    """Store every case again under other numbers; the chains of the copies prove nothing."""
    told = {"lives": lives, "copies": copies}
    await conn.execute("SET statement_timeout = 0")
    await conn.execute(
        """
        INSERT INTO cases (id, number, state, category, severity, cell, grid_version, areas,
                           department, position, reported_at, opened_at, overdue, closed_at,
                           reports, why, version, head)
        SELECT id + %(lives)s * n, number || '-' || n, state, category, severity, cell,
               grid_version, areas, department, position, reported_at, opened_at, overdue,
               closed_at, reports, why, version, head
          FROM cases, generate_series(1, %(copies)s) AS n
        """,
        told,
    )
    await conn.execute(
        """
        INSERT INTO case_event (case_id, seq, kind, at, actor, canon, hash)
        SELECT case_id + %(lives)s * n, seq, kind, at, actor,
               replace(canon, '"case":' || case_id || ',',
                       '"case":' || case_id + %(lives)s * n || ','), hash
          FROM case_event, generate_series(1, %(copies)s) AS n
        """,
        told,
    )
    await conn.execute("ANALYZE cases, case_event")
