"""The facts that situations are made of, read from cases, their reports, and alarms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from dispatch.situations.facts import Fact, Kind, Source
from dispatch.situations.patterns import Family, Patterns

CASE_EVENTS: Final = "case-events.v1"
ALARMS: Final = "alarms.v1"
MOST_ROWS: Final = 2_000
"""Rows of the numbered log that are looked at in one turn."""

_TELLING: Final = frozenset(
    {"reported", "merged", "unmerged", "corrected", "reopened", "case_merged", "confirmed"}
)
"""Events of a case after which it may belong to a situation that it did not belong to before."""

# Who told of a case: a sensor, an inspector by key or login, else a citizen; the first one first.
_CASES: Final = """
    SELECT c.id, c.reported_at, ST_X(c.position), ST_Y(c.position), c.areas, c.category,
           c.reports, c.department, told.sources, told.property
      FROM cases c
     CROSS JOIN LATERAL (
           SELECT array_agg(CASE WHEN i.channel = 'sensor' THEN 'sensor'
                                 WHEN EXISTS (SELECT FROM api_key k
                                               WHERE k.source = i.source
                                                 AND 'inspector' = ANY(k.roles))
                                   OR EXISTS (SELECT FROM person p
                                               WHERE p.login = i.source
                                                 AND 'inspector' = ANY(p.roles))
                                 THEN 'inspector' ELSE 'citizen' END ORDER BY i.id) AS sources,
                  max(i.body->'attributes'->>'property') FILTER (WHERE i.channel = 'sensor')
                      AS property
             FROM inbox i
            WHERE i.case_id = c.id) AS told
     WHERE c.state <> 'void'
"""

_OF_FAMILIES: Final = """
       AND (c.category LIKE ANY(%(categories)s) OR told.property = ANY(%(properties)s))
"""

# An alarm that was withdrawn never was; one that was cleared was.
_ALARMS: Final = """
    SELECT a.key, a.started_at, ST_X(a.position), ST_Y(a.position), a.areas, a.property,
           a.highest, coalesce(a.category, ''), i.case_id
      FROM alarm a
      LEFT JOIN inbox i ON i.id = a.report
     WHERE a.state <> 'withdrawn'
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """What the numbered log says has happened: which cases and alarms are to be looked at."""

    position: int
    cases: frozenset[int]
    alarms: frozenset[str]


async def alarms_named(conn: AsyncConnection, keys: Collection[str]) -> list[Fact]:
    """Those alarms, without the withdrawn."""
    if not keys:
        return []
    return await _alarms(conn, _ALARMS + " AND a.key = ANY(%(keys)s)", {"keys": list(keys)})


async def _alarms_since(conn: AsyncConnection, since: datetime) -> list[Fact]:
    return await _alarms(conn, _ALARMS + " AND a.started_at >= %(since)s", {"since": since})


async def _alarms(
    conn: AsyncConnection, query: LiteralString, values: dict[str, Any]
) -> list[Fact]:
    found = await conn.execute(query, values)
    return [_alarm(row) for row in await found.fetchall()]


async def touched_after(conn: AsyncConnection, position: int) -> Touched:
    """What the next rows of the numbered log are about, and how far that reaches."""
    found = await conn.execute(
        """
        SELECT position, topic, key, payload
          FROM outbox
         WHERE position > %s
         ORDER BY position
         LIMIT %s
        """,
        [position, MOST_ROWS],
    )
    rows = await found.fetchall()
    cases = {int(key) for _, topic, key, text in rows if topic == CASE_EVENTS and _tells(text)}
    alarms = {key for _, topic, key, _ in rows if topic == ALARMS}
    last = rows[-1][0] if rows else position
    return Touched(last, frozenset(cases), frozenset(alarms))


async def cases_named(conn: AsyncConnection, case_ids: Collection[int]) -> list[Fact]:
    """Those cases, without the void."""
    if not case_ids:
        return []
    found = await conn.execute(_CASES + " AND c.id = ANY(%(ids)s)", {"ids": list(case_ids)})
    return [_case(row) for row in await found.fetchall()]


async def facts_since(conn: AsyncConnection, since: datetime, patterns: Patterns) -> list[Fact]:
    """All cases of the families that happened since then, and all alarms raised since then."""
    found = await conn.execute(
        _CASES + _OF_FAMILIES + " AND c.reported_at >= %(since)s",
        {**_families(patterns.categories, patterns.properties), "since": since},
    )
    cases = [_case(row) for row in await found.fetchall()]
    return [*cases, *await _alarms_since(conn, since)]


@dataclass(frozen=True, slots=True)
class CasesInTime:
    """Cases of one family as columns of one length: id, smallest area, seconds since 1970."""

    ids: tuple[int, ...]
    areas: tuple[str, ...]
    at_s: NDArray[np.float64]


async def cases_in_time(
    conn: AsyncConnection, family: Family, since: datetime, until: datetime
) -> CasesInTime:
    """The cases of a family in a time, for scans: whatever became of them, but for the void."""
    found = await conn.execute(
        """
        SELECT c.id, c.areas[1], extract(epoch FROM c.reported_at)::float8
          FROM cases c
         WHERE c.state <> 'void'
           AND c.category LIKE ANY(%(categories)s)
           AND c.reported_at > %(since)s
           AND c.reported_at <= %(until)s
         ORDER BY c.id
        """,
        {**_families(family.categories, ()), "since": since, "until": until},
    )
    rows = await found.fetchall()
    at_s = np.array([row[2] for row in rows], dtype=np.float64)
    return CasesInTime(tuple(row[0] for row in rows), tuple(row[1] for row in rows), at_s)


def _families(categories: Sequence[str], properties: Collection[str]) -> dict[str, list[str]]:
    """Beginnings of codes as patterns; a code has neither % nor backslash, but may have _."""
    likes = [one.replace("_", r"\_") + "%" for one in categories]
    return {"categories": likes, "properties": list(properties)}


def _case(row: tuple[Any, ...]) -> Fact:
    case_id, at, lon, lat, areas, category, reports, department, sources, measured = row
    told = [Source(one) for one in sources or [Source.CITIZEN]]
    return Fact(
        kind=Kind.CASE,
        ref=str(case_id),
        at=at,
        lon=lon,
        lat=lat,
        areas=tuple(areas),
        source=told[0],
        category=category,
        observed_property=measured or "",
        reports=reports,
        department=department,
        also=tuple(sorted(set(told[1:]) - {told[0]})),
    )


def _alarm(row: tuple[Any, ...]) -> Fact:
    key, at, lon, lat, areas, measured, level, category, case_id = row
    return Fact(
        kind=Kind.ALARM,
        ref=key,
        at=at,
        lon=lon,
        lat=lat,
        areas=tuple(areas),
        source=Source.SENSOR,
        category=category,
        observed_property=measured,
        level=level,
        case_id=case_id,
    )


class _Body(msgspec.Struct):
    kind: str = ""


class _Event(msgspec.Struct):
    data: _Body


_READER: Final = msgspec.json.Decoder(_Event)


def _tells(payload: str) -> bool:
    """Whether an event of a case may make it part of something; one that cannot be read may."""
    try:
        return _READER.decode(payload).data.kind in _TELLING
    except msgspec.MsgspecError:
        return True
