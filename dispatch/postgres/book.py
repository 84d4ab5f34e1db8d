"""The book of one open transaction: what the actions read, locked, and what they write."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row

from dispatch.case import Case
from dispatch.confidence import Records
from dispatch.context import CityWarning
from dispatch.matching import Candidate, Matching, box_around
from dispatch.ports import Changes
from dispatch.postgres.cases import deadlines_of, read_locked
from dispatch.postgres.course import read_course, read_first_report
from dispatch.postgres.records import read_records
from dispatch.postgres.saving import save
from dispatch.postgres.warnings import warnings_in_force
from dispatch.report import Report
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Deadline
from dispatch.workflow.correction import Course

# Reports of one category are decided by one transaction at a time. 0x63697479 = "city".
_TURN: Final = """
    SELECT pg_advisory_xact_lock(1667855481, hashtext(category))
      FROM unnest(%(categories)s::text[]) AS category
     ORDER BY hashtext(category)
"""

# Two branches, so that each walks its own index.
_UNDECIDED: Final = """
    SELECT id, channel, source, category, ST_X(position) AS lon, ST_Y(position) AS lat,
           happened_at, received_at, body_sha256,
           body->>'description' AS description, body->>'address' AS address,
           body->>'condition' AS condition, body->'attributes' AS attributes, attempts,
           accuracy_m
      FROM inbox
     WHERE id IN (
           SELECT id FROM inbox WHERE state = 'accepted' AND id = ANY(%(ids)s)
           UNION
           SELECT id FROM inbox
            WHERE state = 'accepted' AND attempts = 0
              AND category = ANY(%(categories)s) AND id < %(newest)s)
       AND state = 'accepted'
     ORDER BY id
     LIMIT %(limit)s
       FOR UPDATE
"""

# Locked, so that none of them is closed between being found and being joined.
_NEAR: Final = """
    SELECT c.id AS case_id, c.category, ST_X(c.position) AS lon, ST_Y(c.position) AS lat,
           c.reported_at, c.component
      FROM cases c
     WHERE c.closed_at IS NULL
       AND c.id IN (
           SELECT near.id
             FROM jsonb_to_recordset(%(reports)s::jsonb) AS r(
                  category text, since timestamptz, until timestamptz,
                  west float8, south float8, east float8, north float8)
             JOIN cases near
               ON near.category = r.category
              AND near.closed_at IS NULL
              AND near.reported_at BETWEEN r.since AND r.until
              AND near.position && ST_MakeEnvelope(r.west, r.south, r.east, r.north, 4326))
     ORDER BY c.id
       FOR UPDATE
"""


class PostgresBook:
    """`dispatch.ports.Book` on one connection; the caller commits or rolls back.

    *alone* leaves older reports of the same categories where they are: so is found out which report
    it is that breaks its batch.
    """

    def __init__(self, conn: AsyncConnection, *, alone: bool = False) -> None:
        self._conn, self._alone = conn, alone

    async def categories_of(self, report_ids: Collection[int]) -> frozenset[str]:
        """The categories of those reports that are still undecided."""
        found = await self._conn.execute(
            "SELECT DISTINCT category FROM inbox WHERE state = 'accepted' AND id = ANY(%s)",
            [list(report_ids)],
        )
        return frozenset(row[0] for row in await found.fetchall())

    async def take_turn(self, categories: Collection[str]) -> None:
        """Wait until nobody else decides reports of these categories; held until the end."""
        await self._conn.execute(_TURN, {"categories": list(categories)})

    async def undecided(
        self, categories: Collection[str], report_ids: Collection[int], limit: int
    ) -> Sequence[Report]:
        """The undecided among *report_ids* and every older one of the categories, oldest first."""
        async with self._conn.cursor(row_factory=class_row(Report)) as cur:
            await cur.execute(
                _UNDECIDED,
                {
                    "ids": list(report_ids),
                    "categories": [] if self._alone else list(categories),
                    "newest": max(report_ids),
                    "limit": limit,
                },
            )
            return await cur.fetchall()

    async def open_near(self, reports: Sequence[Report], rules: Rulebook) -> Sequence[Candidate]:
        """Open cases of the same category or family within the rule's box and time window."""
        boxes = [box for report in reports for box in _boxes(report, rules.matching)]
        async with self._conn.cursor(row_factory=class_row(Candidate)) as cur:
            await cur.execute(_NEAR, {"reports": msgspec.json.encode(boxes).decode()})
            return await cur.fetchall()

    async def warnings(self, rules: Rulebook, now: datetime) -> Sequence[CityWarning]:
        """What the city warns of at that moment; nobody is asked where no rule of severity asks."""
        if "alarms" not in rules.grading.names:
            return ()
        return await warnings_in_force(self._conn, now)

    async def new_case_ids(self, count: int) -> Sequence[int]:
        """As many case ids as asked for, never given out before."""
        found = await self._conn.execute(
            "SELECT nextval(pg_get_serial_sequence('cases', 'id')) FROM generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in await found.fetchall()]

    async def cases(self, case_ids: Collection[int]) -> Mapping[int, Case]:
        """Those cases, locked in the order of their ids."""
        return await read_locked(self._conn, case_ids) if case_ids else {}

    async def merged_into(self, case_id: int) -> int | None:
        """The case that this one goes on as, read without a lock: it may change at once."""
        found = await self._conn.execute("SELECT merged_into FROM cases WHERE id = %s", [case_id])
        [into] = await found.fetchone() or (None,)
        return into

    async def deadlines(self, case_id: int) -> Sequence[Deadline]:
        """The newest round of every deadline of the case, which is locked."""
        return await deadlines_of(self._conn, case_id)

    async def first_report(self, case_id: int) -> Report:
        """The report that a case was opened from."""
        return await read_first_report(self._conn, case_id)

    async def course(self, case_id: int) -> Course:
        """Since when the limit of a case counts, and when its clocks have stood."""
        return await read_course(self._conn, case_id)

    async def records(self, asked: Collection[tuple[str, str]]) -> Records:
        """What became of the newest cases of each category in each smallest area."""
        return await read_records(self._conn, asked)

    async def save(self, changes: Changes, *, city: str, now: datetime) -> None:
        """Write everything, and tell the relay that something waits."""
        await save(self._conn, changes, city=city, now=now)


def _boxes(report: Report, matching: Matching) -> Iterator[Mapping[str, object]]:
    """One box for each category whose cases the report may tell of; none without a position."""
    if report.lon is None or report.lat is None:
        return
    rule = matching.rule_for(report.category)
    west, south, east, north = box_around(report.lon, report.lat, rule.radius_m)
    box = {
        "since": report.happened_at - rule.within,
        "until": report.happened_at + rule.within,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }
    for category in sorted(matching.relatives(report.category)):
        yield {"category": category, **box}
