"""Situations in PostgreSQL: their histories, which are the truth, and the rows that follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
import shapely
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from dispatch.errors import DispatchError
from dispatch.events import rfc3339
from dispatch.postgres.log import OUTBOX_CHANNEL
from dispatch.situations.changes import Change, change_of, told
from dispatch.situations.errors import UnknownSituation
from dispatch.situations.growing import Step
from dispatch.situations.outline import outline
from dispatch.situations.situation import GOING_ON, Situation, fold

SITUATION_EVENTS: Final = "situation-events.v1"

# A hot spot is drawn as its areas, with whatever of it lies outside them.
_OUTLINE: Final = """
    CASE WHEN %(zone)s::text[] = '{}' THEN ST_GeomFromWKB(%(hull)s, 4326)
         ELSE coalesce((SELECT ST_Union(geom) FROM area
                         WHERE grid_version = %(grid)s AND code = ANY(%(zone)s::text[])),
                       ST_GeomFromWKB(%(hull)s, 4326)) END
"""

_INSERT: Final = (
    """
    INSERT INTO situation (family, way, rules, plan, state, members, areas, departments, zone,
                           outline, first_at, last_at, flagged_at, moved_at, over_at,
                           acknowledged_by, acknowledged_at, merged_into, version)
    VALUES (%(family)s, %(way)s, %(rules)s, %(plan)s, %(state)s, %(members)s, %(areas)s,
            %(departments)s, %(zone)s, """
    + _OUTLINE
    + """, %(first_at)s, %(last_at)s, %(flagged_at)s, %(moved_at)s, %(over_at)s,
            %(acknowledged_by)s, %(acknowledged_at)s, %(merged_into)s, %(version)s)
    RETURNING id
"""
)

_UPDATE: Final = (
    """
    UPDATE situation
       SET rules = %(rules)s, plan = %(plan)s, state = %(state)s, members = %(members)s,
           areas = %(areas)s, departments = %(departments)s, zone = %(zone)s, outline = """
    + _OUTLINE
    + """, first_at = %(first_at)s, last_at = %(last_at)s, moved_at = %(moved_at)s,
           over_at = %(over_at)s, acknowledged_by = %(acknowledged_by)s,
           acknowledged_at = %(acknowledged_at)s, merged_into = %(merged_into)s,
           version = %(version)s
     WHERE id = %(id)s
       AND version = %(before)s
    RETURNING id
"""
)

_MEMBERS: Final = """
    WITH now AS (
           SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(
                  kind text, ref text, case_id bigint, at timestamptz, joined_at timestamptz)),
         gone AS (
           DELETE FROM situation_member m
            WHERE m.situation = %(id)s
              AND NOT EXISTS (SELECT FROM now WHERE now.kind = m.kind AND now.ref = m.ref))
    INSERT INTO situation_member (situation, kind, ref, case_id, at, joined_at)
    SELECT %(id)s, kind, ref, case_id, at, joined_at FROM now
        ON CONFLICT (situation, kind, ref) DO NOTHING
"""

_EVENTS: Final = """
    WITH happened AS (
           SELECT r.*
             FROM ROWS FROM (jsonb_to_recordset(%(rows)s::jsonb) AS (
                      seq integer, kind text, at timestamptz, actor text, fields jsonb,
                      payload text))
                  WITH ORDINALITY AS r(seq, kind, at, actor, fields, payload, n)),
         written AS (
           INSERT INTO situation_event (situation, seq, kind, at, actor, fields)
           SELECT %(id)s, seq, kind, at, actor, fields FROM happened)
    INSERT INTO outbox (topic, key, dedup, payload)
    SELECT %(topic)s, %(id)s::text, 'situation-' || %(id)s || '-' || seq, payload
      FROM happened
     ORDER BY n
"""

_HISTORIES: Final = """
    SELECT situation, kind, at, actor, fields
      FROM situation_event
     WHERE situation = ANY(%(ids)s)
     ORDER BY situation, seq
"""


class SituationMoved(DispatchError):
    """Somebody changed the situation although it was locked: a fault of ours."""

    def __init__(self, situation_id: int) -> None:
        super().__init__(f"situation {situation_id} was changed by somebody else")
        self.situation_id = situation_id


async def lock_situation(conn: AsyncConnection, situation_id: int) -> Situation:
    """The situation, locked until the transaction ends. Raises UnknownSituation."""
    return await _one(conn, situation_id, " FOR UPDATE")


async def read_situation(conn: AsyncConnection, situation_id: int) -> Situation:
    """The situation as its history tells it. Raises UnknownSituation."""
    return await _one(conn, situation_id, "")


async def _one(conn: AsyncConnection, situation_id: int, lock: LiteralString) -> Situation:
    query: LiteralString = "SELECT id FROM situation WHERE id = %s" + lock
    found = await conn.execute(query, [situation_id])
    if await found.fetchone() is None:
        raise UnknownSituation(situation_id)
    return (await _folded(conn, [situation_id]))[situation_id]


async def lock_current(conn: AsyncConnection, since: datetime) -> list[Situation]:
    """Those that go on, and those of which something has happened since; locked, in their order."""
    found = await conn.execute(
        """
        SELECT id
          FROM situation
         WHERE over_at IS NULL
            OR (last_at >= %s AND state <> 'merged')
         ORDER BY id
           FOR UPDATE
        """,
        [since],
    )
    ids = [row[0] for row in await found.fetchall()]
    return list((await _folded(conn, ids)).values())


async def histories(conn: AsyncConnection, ids: Collection[int]) -> Mapping[int, list[Change]]:
    """The history of each situation, in order."""
    found = await conn.execute(_HISTORIES, {"ids": list(ids)})
    lines: dict[int, list[Change]] = {}
    for situation_id, kind, at, actor, fields in await found.fetchall():
        lines.setdefault(situation_id, []).append(change_of(kind, at, actor, fields))
    return lines


async def _folded(conn: AsyncConnection, ids: Collection[int]) -> dict[int, Situation]:
    lines = await histories(conn, ids)
    return {number: replace(fold(line), id=number) for number, line in lines.items()}


async def situations_of_case(conn: AsyncConnection, case_id: int) -> list[dict[str, Any]]:
    """What a case belongs to: id, family and state of each situation, the newest first."""
    found = await conn.execute(
        """
        SELECT DISTINCT s.id, s.family, s.state
          FROM situation_member m
          JOIN situation s ON s.id = m.situation
         WHERE m.case_id = %s
         ORDER BY s.id DESC
        """,
        [case_id],
    )
    rows = await found.fetchall()
    return [{"id": row[0], "family": row[1], "state": row[2]} for row in rows]


async def save_steps(
    conn: AsyncConnection, steps: Sequence[Step], *, city: str, grid_version: int
) -> list[Situation]:
    """Write what happened and tell the relay; the situations as they are stored.

    The caller's transaction makes it all or nothing. Raises SituationMoved.
    """
    saved = [await _save(conn, step, city, grid_version) for step in steps]
    if saved:
        await conn.execute("SELECT pg_notify(%s, '')", [OUTBOX_CHANNEL])
    return saved


async def _save(conn: AsyncConnection, step: Step, city: str, grid_version: int) -> Situation:
    one = step.situation
    row = as_row(one) | {"grid": grid_version, "hull": shapely.to_wkb(outline(one.facts))}
    before = one.version - len(step.changes)
    query = _INSERT if one.id is None else _UPDATE
    found = await conn.execute(query, row | {"id": one.id, "before": before})
    written = await found.fetchone()
    if written is None:
        raise SituationMoved(one.id or 0)
    stored = replace(one, id=written[0])
    members = [_member(key, stored) for key in stored.members]
    await conn.execute(_MEMBERS, {"id": stored.id, "rows": Jsonb(members, dumps=_dumps)})
    events = [_event(stored, city, before + n, one) for n, one in enumerate(step.changes, 1)]
    values = {"id": stored.id, "topic": SITUATION_EVENTS, "rows": Jsonb(events, dumps=_dumps)}
    await conn.execute(_EVENTS, values)
    return stored


def as_row(one: Situation) -> dict[str, Any]:
    """The columns of the table `situation` that follow from the history; none of the outline."""
    return {
        "family": one.family,
        "way": one.way,
        "rules": list(one.rules),
        "plan": one.plan,
        "state": str(one.state),
        "members": len(one.members),
        "areas": list(one.areas),
        "departments": list(one.departments),
        "zone": list(one.zone),
        "first_at": one.first_at,
        "last_at": one.last_at,
        "flagged_at": one.flagged_at,
        "moved_at": one.moved_at,
        "over_at": one.over_at,
        "acknowledged_by": one.acknowledged_by,
        "acknowledged_at": one.acknowledged_at,
        "merged_into": one.merged_into,
        "version": one.version,
    }


def _member(key: str, one: Situation) -> dict[str, Any]:
    member = one.members[key]
    fact = member.fact
    case_id = int(fact.ref) if fact.kind == "case" else fact.case_id
    return {
        "kind": str(fact.kind),
        "ref": fact.ref,
        "case_id": case_id,
        "at": fact.at,
        "joined_at": member.joined_at,
    }


def _event(after: Situation, city: str, seq: int, change: Change) -> dict[str, Any]:
    payload = {
        "specversion": "1.0",
        "id": f"situation-{after.id}-{seq}",
        "source": f"citygrid/{city}",
        "type": f"citygrid.situation.{change.kind}",
        "subject": str(after.id),
        "time": rfc3339(change.at),
        "datacontenttype": "application/json",
        "data": {
            "kind": change.kind,
            "seq": seq,
            "actor": change.actor,
            "situation": as_told(after),
        },
    }
    return {
        "seq": seq,
        "kind": change.kind,
        "at": rfc3339(change.at),
        "actor": change.actor,
        "fields": told(change),
        "payload": msgspec.json.encode(payload).decode(),
    }


def as_told(one: Situation) -> dict[str, Any]:
    """A situation as the topic and the doors tell it: its row, and the keys of its members."""
    row = as_row(one)
    told = {name: rfc3339(v) if isinstance(v, datetime) else v for name, v in row.items()}
    return {"id": one.id, **told, "members": sorted(one.members), "goes_on": one.state in GOING_ON}


def _dumps(value: object) -> bytes:
    return msgspec.json.encode(value)
