"""The look-out: reads the numbered log from where it stopped, and lets situations begin and grow.

One of all workers is at it, under a lock of PostgreSQL that lives with the connection that does
the work. What it saw, how far it has read and what it found are one transaction: killed at any
point, it goes on from the same place and finds the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import structlog
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from app.database import connect, wake_ups
from app.rulebook import PACK_CHANNEL
from app.settings import Settings
from app.situations.in_force import CityPatterns, PatternsInForce
from app.worker_metrics import WorkerMetrics
from dispatch.events import rfc3339
from dispatch.postgres.clock import now
from dispatch.postgres.log import LOG_CHANNEL
from dispatch.postgres.situation_facts import (
    CasesInTime,
    Touched,
    alarms_named,
    cases_in_time,
    cases_named,
    facts_since,
    touched_after,
)
from dispatch.postgres.situations import lock_current, save_steps
from dispatch.situations.facts import Fact
from dispatch.situations.growing import STEADY_AFTER, USUAL_QUIET, Step, grow
from dispatch.situations.patterns import ScanRule
from dispatch.situations.scan import HotSpot
from dispatch.situations.scanning import Happened, inside, last_look, scan
from dispatch.situations.sighting import Sighting, sighted_by_scan
from dispatch.situations.zones import Zones
from streams.loops import keep_at

LOOK_EVERY_S: Final = 1.0
OLDEST: Final = timedelta(days=30)
"""What is told so long afterwards is no emergency, and would have half the year looked at."""

_LOCK: Final = 1936290932
"""Advisory lock of the one look-out at work; the number has no meaning."""

_log: Final = structlog.get_logger("citygrid.situations")


class Lookout:
    """The look-out of one worker process."""

    def __init__(self, database_url: str, metrics: WorkerMetrics | None = None) -> None:
        self._url, self._metrics = database_url, metrics
        self._in_force = PatternsInForce()
        self._conn: AsyncConnection | None = None
        self._leads = False

    @classmethod
    def of(cls, settings: Settings, metrics: WorkerMetrics) -> Lookout:
        """The look-out of a process with these settings."""
        return cls(settings.database_url, metrics)

    async def run(self) -> None:
        """Look until cancelled, at work only while no other process is."""
        ticks = wake_ups(self._url, LOG_CHANNEL, PACK_CHANNEL, every_s=LOOK_EVERY_S)
        try:
            await keep_at("situations", self.turn, ticks)
        finally:
            await self.close()

    async def close(self) -> None:
        """Let go of the lock."""
        if self._conn:
            await self._conn.close()

    async def turn(self) -> int:
        """Look once at what is new, or else make one scan that is due; how much was done."""
        conn = await self._leading()
        if conn is None:
            return 0
        async with conn.transaction():
            city = await self._in_force.read(conn)
            if city is None:
                return 0
            read = await self._read_on(conn, city)
        return read or await self._scan_due(conn, city)

    async def _leading(self) -> AsyncConnection | None:
        """The connection that holds the lock; None while another process does."""
        if self._conn is None or self._conn.closed:
            self._conn, self._leads = await connect(self._url), False
        if not self._leads:
            found = await self._conn.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            self._leads = await found.fetchone() == (True,)
        return self._conn if self._leads else None

    async def _read_on(self, conn: AsyncConnection, city: CityPatterns) -> int:
        """Take in the next rows of the numbered log; how many there were."""
        position = await _position(conn)
        touched = await touched_after(conn, position)
        moment = await now(conn)
        facts = await _facts_around(conn, city, touched, moment)
        if facts or await _something_rests(conn, city, moment):
            known = await lock_current(conn, min((fact.at for fact in facts), default=moment))
            await self._save(conn, city, grow(known, facts, city.patterns, moment))
        if touched.position != position:
            await conn.execute("UPDATE situation_watch SET position = %s", [touched.position])
        return touched.position - position

    async def _scan_due(self, conn: AsyncConnection, city: CityPatterns) -> int:
        """Make the scan that has been due the longest; 0 when none is."""
        async with conn.transaction():
            moment, looks = await now(conn), await _looks(conn)
            due = _due(city.patterns.scans, looks, moment)
            if due is None:
                return 0
            rule, at = due
            zones = await self._in_force.zones(conn, rule, city.grid_version)
            since = at - rule.history - rule.longest
            cases = await cases_in_time(conn, rule.family, since, at)
        happened = Happened(zones.numbers(cases.areas), cases.at_s)
        # Nothing is locked while it is reckoned, but for the lead.
        spots = await asyncio.to_thread(scan, happened, rule, zones, at, city.zone)
        async with conn.transaction():
            seen = [await _sighting(conn, spot, rule, cases, happened, zones, at) for spot in spots]
            await self._take_in(conn, city, seen)
            told = Jsonb({rule.name: rfc3339(at)})
            await conn.execute("UPDATE situation_watch SET looks = looks || %s", [told])
        return 1

    async def _take_in(
        self, conn: AsyncConnection, city: CityPatterns, seen: Sequence[Sighting]
    ) -> None:
        if not seen:
            return
        moment = await now(conn)
        first = min(fact.at for one in seen for fact in one.facts)
        known = await lock_current(conn, first)
        await self._save(conn, city, grow(known, [], city.patterns, moment, seen))

    async def _save(self, conn: AsyncConnection, city: CityPatterns, steps: list[Step]) -> None:
        saved = await save_steps(conn, steps, city=city.city, grid_version=city.grid_version)
        for step, one in zip(steps, saved, strict=True):
            for change in step.changes:
                _log.info("situation " + change.kind, situation=one.id, family=one.family)
                if self._metrics:
                    self._metrics.situations.labels(one.family, change.kind).inc()


async def _facts_around(
    conn: AsyncConnection, city: CityPatterns, touched: Touched, moment: datetime
) -> list[Fact]:
    """All facts that what was touched may belong together with; none when that is of no family."""
    patterns = city.patterns
    fresh = [
        *await cases_named(conn, touched.cases), *await alarms_named(conn, touched.alarms)
    ]  # fmt: skip
    concerned = [
        fact for fact in fresh if fact.at >= moment - OLDEST and patterns.families_of(fact)
    ]
    if not concerned:
        return []
    since = min([fact.at for fact in concerned] + [moment]) - patterns.horizon
    return await facts_since(conn, since, patterns)


async def _sighting(
    conn: AsyncConnection,
    spot: HotSpot,
    rule: ScanRule,
    cases: CasesInTime,
    happened: Happened,
    zones: Zones,
    at: datetime,
) -> Sighting:
    numbers = np.flatnonzero(inside(happened, spot, rule, zones, at)).tolist()
    facts = await cases_named(conn, [cases.ids[number] for number in numbers])
    return sighted_by_scan(spot, rule, facts)


async def _position(conn: AsyncConnection) -> int:
    """How far the log was read; the first look begins at its end, not with a city's whole past."""
    found = await conn.execute("SELECT position FROM situation_watch FOR UPDATE")
    row = await found.fetchone()
    if row and row[0] is not None:
        return row[0]
    found = await conn.execute(
        """
        UPDATE situation_watch
           SET position = (SELECT position FROM log_head)
        RETURNING position
        """
    )
    row = await found.fetchone()
    return row[0] if row else 0


async def _something_rests(conn: AsyncConnection, city: CityPatterns, moment: datetime) -> bool:
    """Whether a situation may have become stable or ended, without reading any."""
    rules = (*city.patterns.rules, *city.patterns.scans)
    shortest = min([USUAL_QUIET, *(rule.quiet for rule in rules)])
    found = await conn.execute(
        """
        SELECT EXISTS (
               SELECT FROM situation
                WHERE over_at IS NULL
                  AND moved_at <= CASE state WHEN 'stable' THEN %(ends)s::timestamptz
                                             ELSE %(steadies)s::timestamptz END)
        """,
        {"ends": moment - shortest, "steadies": moment - shortest * STEADY_AFTER},
    )
    return await found.fetchone() == (True,)


async def _looks(conn: AsyncConnection) -> Mapping[str, datetime]:
    found = await conn.execute("SELECT looks FROM situation_watch FOR UPDATE")
    row = await found.fetchone()
    told: Mapping[str, str] = row[0] if row else {}
    return {name: datetime.fromisoformat(text) for name, text in told.items()}


def _due(
    scans: Sequence[ScanRule], looks: Mapping[str, datetime], moment: datetime
) -> tuple[ScanRule, datetime] | None:
    """A scan that was not made at its last moment, and that moment; older ones are not made up."""
    moments = [(last_look(rule, moment), rule) for rule in scans]
    waiting = [(at, rule) for at, rule in moments if at != looks.get(rule.name)]
    at, rule = min(waiting, key=lambda one: (one[0], one[1].name), default=(moment, None))
    return None if rule is None else (rule, at)
