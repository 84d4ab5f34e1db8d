"""Histories for evaluation, read in one snapshot and handed on in batches; and what was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row

from dispatch.evaluation.counts import Period

BATCH: Final = 2_000

# Whatever of a case that had ended before the period counts in it, counts in an earlier one.
_HISTORIES: Final = """
    SELECT '[' || string_agg(e.canon, ',' ORDER BY e.seq) || ']'
      FROM cases
      JOIN case_event e ON e.case_id = cases.id
     WHERE cases.opened_at < %(known_at)s
       AND (cases.closed_at IS NULL OR cases.closed_at >= %(begin)s)
       AND e.at < %(known_at)s
"""
_BY_CASE: Final = """
     GROUP BY cases.id
     ORDER BY cases.id
"""
_SENT: Final = """
    SELECT i.source, count(*) AS sent,
           count(*) FILTER (WHERE told.filed AND NOT told.void) AS valid
      FROM inbox i
      LEFT JOIN LATERAL (
           SELECT bool_or(e.kind = 'filed') AS filed,
                  bool_or(e.kind IN ('voided', 'rejected')) AS void
             FROM case_event e
            WHERE e.case_id = i.case_id AND e.at < %(known_at)s) AS told ON true
     WHERE i.source = ANY(%(sources)s)
       AND i.received_at >= %(begin)s
       AND i.received_at < %(until)s
     GROUP BY i.source
     ORDER BY i.source
"""


async def histories(
    conn: AsyncConnection[Any], period: Period, within: LiteralString, values: Mapping[str, object]
) -> AsyncIterator[list[str]]:
    """The cases that may count in a period, each as the JSON list of its events' texts.

    *within* is a condition on ``cases``, with its *values*. *conn* must be in a transaction.
    """
    told = {"known_at": period.known_at, "begin": period.begin, **values}
    async with conn.cursor("evaluation", row_factory=tuple_row) as cursor:
        await cursor.execute(f"{_HISTORIES} AND {within} {_BY_CASE}", told)
        while rows := await cursor.fetchmany(BATCH):
            yield [texts for (texts,) in rows]


@dataclass(frozen=True, slots=True)
class Sent:
    """How many reports somebody sent in a period, and how many were valid."""

    source: str
    sent: int
    valid: int


async def reports_sent(
    conn: AsyncConnection[Any], period: Period, sources: Collection[str]
) -> list[Sent]:
    """What these have sent; valid is a report whose case was filed and is not void."""
    told = {
        "sources": list(sources),
        "known_at": period.known_at,
        "begin": period.begin,
        "until": period.until,
    }
    async with conn.cursor(row_factory=class_row(Sent)) as cursor:
        await cursor.execute(_SENT, told)
        return await cursor.fetchall()
