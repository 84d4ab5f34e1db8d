"""What became of cases: who had the newest of a kind, and who sent them back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec
from psycopg import AsyncConnection

from dispatch.confidence import NEWEST, Record, Records

# A department that has a case counts once, also when it had sent it back before.
_RECORDS: Final = """
    WITH recent AS (
           SELECT asked.category, asked.area, c.department, c.returned_by
             FROM jsonb_to_recordset(%(asked)s::jsonb) AS asked(category text, area text)
            CROSS JOIN LATERAL (
                  SELECT department, returned_by
                    FROM cases
                   WHERE areas[1] = asked.area
                     AND category = asked.category
                   ORDER BY id DESC
                   LIMIT %(newest)s) c)
    SELECT category, area, had.department, count(*), count(*) FILTER (WHERE had.returned)
      FROM recent
     CROSS JOIN LATERAL (
           SELECT department, false AS returned
            WHERE department IS NOT NULL AND department <> ALL (returned_by)
            UNION
           SELECT unnest(returned_by), true) had
     GROUP BY category, area, had.department
"""


async def read_records(conn: AsyncConnection, asked: Collection[tuple[str, str]]) -> Records:
    """The records of every department, for each category and smallest area that is asked."""
    rows = [{"category": category, "area": area} for category, area in asked]
    values = {"asked": msgspec.json.encode(rows).decode(), "newest": NEWEST}
    found = await conn.execute(_RECORDS, values)
    return {
        (category, area, department): Record(given, returned)
        for category, area, department, given, returned in await found.fetchall()
    }
