"""Reports that five attempts could not decide: seen, and given another chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.postgres.inbox import INBOX_CHANNEL


@dataclass(frozen=True, slots=True)
class DeadReport:
    """A report without a decision, and what stood in the way at the last attempt."""

    id: int
    category: str
    received_at: datetime
    decided_at: datetime
    reason: str


async def list_dead(conn: AsyncConnection) -> list[DeadReport]:
    """All dead reports, oldest first."""
    async with conn.cursor(row_factory=class_row(DeadReport)) as cur:
        await cur.execute(
            """
            SELECT id, category, received_at, decided_at, reason
              FROM inbox
             WHERE state = 'dead'
             ORDER BY id
            """
        )
        return await cur.fetchall()


async def revive(conn: AsyncConnection, report_id: int) -> bool:
    """Let the report be decided again as if it had just come; False when it is not dead."""
    done = await conn.execute(
        """
        UPDATE inbox
           SET state = 'accepted', reason = NULL, decided_at = NULL, attempts = 0,
               published_at = NULL
         WHERE id = %s AND state = 'dead'
        """,
        [report_id],
    )
    if done.rowcount == 1:
        await conn.execute("SELECT pg_notify(%s, '')", [INBOX_CHANNEL])
    return done.rowcount == 1
