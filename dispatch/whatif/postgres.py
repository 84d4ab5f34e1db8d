"""Reading past cases for what-if: in one snapshot that writes nothing, a few thousand at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import msgspec
from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import DictRow, dict_row

from dispatch.context import CityWarning
from dispatch.postgres.warnings import warnings_during
from dispatch.report import Channel, Report
from dispatch.whatif.past import DONE, TURNS, Past, Turn, Verdict, reason
from dispatch.workflow.clocks import is_stage

BATCH: Final = 2_000

# Deciding between two fetches takes its time, and so may the first fetch of many cases.
_PATIENCE: Final = """
    SELECT set_config('statement_timeout', '10min', true),
           set_config('idle_in_transaction_session_timeout', '10min', true)
"""
_CHOSEN: Final = """
      FROM cases c
     WHERE c.opened_at >= coalesce(%(begin)s::timestamptz, '-infinity')
       AND c.opened_at < coalesce(%(until)s::timestamptz, 'infinity')
       AND (%(areas)s::text[] IS NULL OR c.areas && %(areas)s::text[])
"""
_COUNT: Final = "SELECT count(*), min(c.opened_at), max(c.opened_at), clock_timestamp()" + _CHOSEN

# What was decided is what the first event says: the row of the case is as people left it.
_READ: Final = (
    """
    SELECT chosen.id AS case_id, chosen.number, chosen.department, chosen.opened_at,
           (SELECT e.canon FROM case_event e WHERE e.case_id = chosen.id AND e.seq = 1) AS reported,
           (SELECT e.canon FROM case_event e
             WHERE e.case_id = chosen.id AND e.kind = 'assigned'
             ORDER BY e.seq LIMIT 1) AS assigned,
           (SELECT jsonb_agg(jsonb_build_array(
                       e.kind, e.at,
                       CASE WHEN e.canon LIKE '%%"began"%%' THEN e.canon::jsonb -> 'began' END)
                   ORDER BY e.seq)::text
              FROM case_event e
             WHERE e.case_id = chosen.id
               AND e.seq > 1
               AND (e.kind = ANY(%(turns)s) OR e.canon LIKE '%%"began"%%')) AS turns,
           (SELECT min(d.due_at)
              FROM deadline d
             WHERE d.case_id = chosen.id
               AND d.kind NOT LIKE 'stage.%%'
               AND (d.state = 'fired'
                    OR (d.state IN ('met', 'cancelled') AND d.ended_at >= d.due_at)
                    OR (d.state = 'pending' AND d.due_at <= %(as_of)s))) AS missed_at,
           i.id, i.channel, i.source, i.category, ST_X(i.position) AS lon, ST_Y(i.position) AS lat,
           i.happened_at, i.received_at, i.body_sha256, i.body
      FROM (SELECT c.id, c.number, c.department, c.opened_at"""
    + _CHOSEN
    + """) AS chosen
      JOIN inbox i ON i.case_id = chosen.id AND i.state = 'cased'
     ORDER BY chosen.id
"""
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Cases opened from *begin* up to *until*, aware; None is open on that side.

    *areas* are codes, one of which must hold the cell of a case; None is the whole city.
    """

    begin: datetime | None = None
    until: datetime | None = None
    areas: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """How many cases were chosen, the first and last opening, and when that was looked at."""

    cases: int
    first_at: datetime | None
    last_at: datetime | None
    as_of: datetime


class PastCases:
    """The chosen cases of one snapshot; made by `snapshot`."""

    def __init__(self, conn: AsyncConnection, chosen: Mapping[str, object], extent: Extent) -> None:
        self._conn, self._chosen = conn, chosen
        self.extent: Final = extent

    async def warnings(self) -> list[CityWarning]:
        """What the city warned of while they were opened."""
        if self.extent.first_at is None or self.extent.last_at is None:
            return []
        return await warnings_during(self._conn, self.extent.first_at, self.extent.last_at)

    async def batches(self, size: int = BATCH) -> AsyncGenerator[list[Past]]:
        """All of them in the order of their ids, at most *size* at a time."""
        told = {**self._chosen, "turns": sorted(TURNS), "as_of": self.extent.as_of}
        async with self._conn.cursor(name="past_cases", row_factory=dict_row) as cursor:
            await cursor.execute(_READ, told)
            while rows := await cursor.fetchmany(size):
                yield [_past(row) for row in rows]


@asynccontextmanager
async def snapshot(
    conn: AsyncConnection, choice: Choice, as_of: datetime | None = None
) -> AsyncGenerator[PastCases]:
    """The chosen cases as they stand now, however long reading takes; nothing can be written.

    *as_of* is the moment as of which work that is not done is judged, now when left out. *conn*
    must not be inside a transaction.
    """
    areas = None if choice.areas is None else sorted(choice.areas)
    chosen = {"begin": choice.begin, "until": choice.until, "areas": areas}
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await conn.set_read_only(True)
    try:
        async with conn.transaction():
            await conn.execute(_PATIENCE)
            found = await conn.execute(_COUNT, chosen)
            row = await found.fetchone()
            if row is None:
                raise TypeError("SELECT count(*) gives a row")
            count, first_at, last_at, moment = row
            yield PastCases(conn, chosen, Extent(count, first_at, last_at, as_of or moment))
    finally:
        await conn.set_read_only(None)
        await conn.set_isolation_level(None)


class _Reported(msgspec.Struct):
    """What is read of the first event of a history."""

    cell: str
    areas: tuple[str, ...]
    severity: int
    due: dict[str, datetime]
    why: dict[str, Any]


class _Assigned(msgspec.Struct):
    """What is read of the first assignment."""

    department: str
    why: dict[str, Any]


_reported: Final = msgspec.json.Decoder(_Reported)
_assigned: Final = msgspec.json.Decoder(_Assigned)
_turns: Final = msgspec.json.Decoder(list[tuple[str, datetime, dict[str, datetime] | None]])


def _past(row: DictRow) -> Past:
    turns = tuple(_told(_turns.decode(row["turns"] or "[]")))
    done = bool(turns) and turns[-1].kind in DONE
    return Past(
        case_id=row["case_id"],
        number=row["number"],
        report=_report(row),
        opened_at=row["opened_at"],
        verdict=_verdict(row),
        turns=turns,
        handled_by=row["department"] if done else None,
    )


def _told(events: Iterable[tuple[str, datetime, dict[str, datetime] | None]]) -> Iterator[Turn]:
    for kind, at, began in events:
        until = {name: due for name, due in (began or {}).items() if not is_stage(name)}
        if kind in TURNS or until:
            yield Turn(kind, at, until)


def _verdict(row: DictRow) -> Verdict:
    first = _reported.decode(row["reported"])
    sent = _assigned.decode(row["assigned"]) if row["assigned"] else None
    return Verdict(
        department=sent.department if sent else None,
        cell=first.cell,
        areas=first.areas,
        severity=first.severity,
        due=first.due,
        missed_at=row["missed_at"],
        routing=sent.why if sent else {},
        limit=reason(first.why, "limit"),
    )


def _report(row: DictRow) -> Report:
    body = cast("Mapping[str, Any]", row["body"])
    return Report(
        id=row["id"],
        channel=Channel(row["channel"]),
        source=row["source"],
        category=row["category"],
        lon=row["lon"],
        lat=row["lat"],
        happened_at=row["happened_at"],
        received_at=row["received_at"],
        body_sha256=bytes(row["body_sha256"]),
        description=body.get("description") or "",
        address=body.get("address") or "",
        condition=body.get("condition"),
        attributes=body.get("attributes") or {},
    )
