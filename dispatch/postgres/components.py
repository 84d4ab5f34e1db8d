"""What was the matter with a component before: its cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

_CASES: Final = """
    SELECT id, number, state::text AS state, category, department, reports, overdue, reported_at,
           closed_at
      FROM cases
     WHERE component = %(component)s
     ORDER BY id DESC
     LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class ComponentCase:
    """A case of a component in one line; *reports* counts who told of it."""

    id: int
    number: str
    state: str
    category: str
    department: str | None
    reports: int
    overdue: bool
    reported_at: datetime
    closed_at: datetime | None


async def cases_of(
    conn: AsyncConnection, component: str, *, limit: int = 100
) -> Sequence[ComponentCase]:
    """The cases about a component, the newest first; who may see them is for the caller to ask."""
    async with conn.cursor(row_factory=class_row(ComponentCase)) as cur:
        await cur.execute(_CASES, {"component": component, "limit": limit})
        return await cur.fetchall()
