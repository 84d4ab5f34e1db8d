"""Ratings as they are stored: each change another row, of which the newest counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.evaluation.counts import Period
from dispatch.rating import Rating

_NEWEST: Final = """
    SELECT stars, text, at FROM rating WHERE inbox_id = %s ORDER BY id DESC LIMIT 1
"""
_ADD: Final = """
    INSERT INTO rating (inbox_id, case_id, department, stars, text, at)
    VALUES (%(report)s, %(case)s, %(department)s, %(stars)s, %(text)s, %(at)s)
"""
# What was changed before *known_at* is not what they think any more.
_GIVEN: Final = """
    SELECT r.stars, r.department, r.at, cases.category, cases.cell, cases.areas,
           ST_X(cases.position) AS lon, ST_Y(cases.position) AS lat
      FROM rating r
      JOIN cases ON cases.id = r.case_id
     WHERE r.at >= %(begin)s
       AND r.at < %(until)s
       AND r.at < %(known_at)s
       AND NOT EXISTS (
           SELECT FROM rating later
            WHERE later.inbox_id = r.inbox_id AND later.id > r.id AND later.at < %(known_at)s)
"""


async def newest_rating(conn: AsyncConnection[Any], report_id: int) -> Rating | None:
    """What the reporter says last, None when nothing."""
    async with conn.cursor(row_factory=class_row(Rating)) as cursor:
        await cursor.execute(_NEWEST, [report_id])
        return await cursor.fetchone()


async def count_ratings(conn: AsyncConnection[Any], report_id: int) -> int:
    """How often the report was rated; locks the report, so that nobody rates it meanwhile."""
    await conn.execute("SELECT FROM inbox WHERE id = %s FOR UPDATE", [report_id])
    found = await conn.execute("SELECT count(*) FROM rating WHERE inbox_id = %s", [report_id])
    row = await found.fetchone()
    return row[0] if row else 0


async def add_rating(
    conn: AsyncConnection[Any],
    rating: Rating,
    *,
    report_id: int,
    case_id: int,
    department: str | None,
) -> None:
    """Keep a rating; the ones before stay."""
    told = {
        "report": report_id,
        "case": case_id,
        "department": department,
        "stars": rating.stars,
        "text": rating.text,
        "at": rating.at,
    }
    await conn.execute(_ADD, told)


@dataclass(frozen=True, slots=True)
class Given:
    """A rating that counts in a period: of a case of this category that lies here."""

    stars: int
    department: str | None
    at: datetime
    category: str
    cell: str
    areas: tuple[str, ...]
    lon: float
    lat: float


async def ratings_given(
    conn: AsyncConnection[Any], period: Period, within: LiteralString, values: Mapping[str, object]
) -> list[Given]:
    """The newest rating of each report that was given in a period, as known then."""
    told = {
        "begin": period.begin,
        "until": period.until,
        "known_at": period.known_at,
        **values,
    }
    async with conn.cursor(row_factory=class_row(Given)) as cursor:
        await cursor.execute(f"{_GIVEN} AND {within} ORDER BY r.id", told)
        return await cursor.fetchall()
