"""How a case began and has run: the report it was opened from, and when its clocks have stood."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.errors import UnknownCase
from dispatch.report import Report
from dispatch.workflow.correction import Course

_FIRST_REPORT: Final = """
    SELECT id, channel, source, category, ST_X(position) AS lon, ST_Y(position) AS lat,
           happened_at, received_at, body_sha256,
           body->>'description' AS description, body->>'address' AS address,
           body->>'condition' AS condition, body->'attributes' AS attributes, attempts,
           accuracy_m
      FROM inbox
     WHERE case_id = %s
       AND state = 'cased'
     ORDER BY id
     LIMIT 1
"""

_TURNS: Final = """
    SELECT kind, at
      FROM case_event
     WHERE case_id = %s
       AND kind IN ('reported', 'reopened', 'suspended', 'resumed')
     ORDER BY seq
"""


async def read_first_report(conn: AsyncConnection, case_id: int) -> Report:
    """The report that a case was opened from; raises UnknownCase."""
    async with conn.cursor(row_factory=class_row(Report)) as cur:
        await cur.execute(_FIRST_REPORT, [case_id])
        report = await cur.fetchone()
    if report is None:
        raise UnknownCase(case_id)
    return report


async def read_course(conn: AsyncConnection, case_id: int) -> Course:
    """Since when the limit counts, from the last reopening on, and the pauses since then.

    A pause that has not ended is none yet.
    """
    found = await conn.execute(_TURNS, [case_id])
    turns: list[tuple[str, datetime]] = await found.fetchall()
    if not turns:
        raise UnknownCase(case_id)
    began = max(n for n, (kind, _) in enumerate(turns) if kind in ("reported", "reopened"))
    stood = [at for _, at in turns[began + 1 :]]
    return Course(turns[began][1], tuple(zip(stood[::2], stood[1::2], strict=False)))
