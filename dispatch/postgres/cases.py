"""Reading cases, their histories and the reports in them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import DictRow, class_row, dict_row

from dispatch.case import Case, Part, State
from dispatch.errors import UnknownCase
from dispatch.workflow.clocks import Deadline, Ending
from dispatch.workflow.state import Appeal, Check

_CASE: Final = """
    SELECT id, number, state::text AS state, category, severity, cell, grid_version, areas,
           department, ST_X(position) AS lon, ST_Y(position) AS lat, address, description,
           component, reported_at, opened_at, due_at, overdue, closed_at, reports, handled_by, why,
           version, head, round, accepted_by, report_check AS "check", taken_by, suspended_at,
           extension_until, extension_by, supervised_at, appeal, appeal_by, rerouted_at,
           returned_by, merged_into, state_before, merged_reports,
           (SELECT jsonb_agg(to_jsonb(p) - 'case_id' ORDER BY p.number)
              FROM case_part p
             WHERE p.case_id = cases.id) AS parts,
           (SELECT e.at FROM case_event e
             WHERE e.case_id = cases.id AND e.seq = cases.version) AS changed_at
      FROM cases
"""


def _case(row: DictRow) -> Case:
    fields: dict[str, Any] = dict(row)
    fields["state"] = State(fields["state"])
    fields["areas"] = tuple(fields["areas"])
    fields["returned_by"] = tuple(fields["returned_by"])
    fields["head"] = bytes(fields["head"])
    fields["check"] = Check(fields["check"]) if fields["check"] else None
    fields["appeal"] = Appeal(fields["appeal"]) if fields["appeal"] else None
    fields["state_before"] = State(before) if (before := fields["state_before"]) else None
    fields["parts"] = msgspec.convert(fields["parts"] or (), tuple[Part, ...])
    return Case(**fields)


async def read_case(conn: AsyncConnection, case_id: int) -> Case:
    """The case; raises UnknownCase."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(f"{_CASE} WHERE id = %s", [case_id])
        row = await cur.fetchone()
    if row is None:
        raise UnknownCase(case_id)
    return _case(row)


async def read_all(conn: AsyncConnection, case_ids: Collection[int]) -> Mapping[int, Case]:
    """Those of the cases that exist, as they are now and not locked."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(f"{_CASE} WHERE id = ANY(%s)", [list(case_ids)])
        return {row["id"]: _case(row) for row in await cur.fetchall()}


async def read_locked(conn: AsyncConnection, case_ids: Collection[int]) -> Mapping[int, Case]:
    """Those of the cases that exist, locked in the order of their ids."""
    ids = list(case_ids)
    # Read by a statement of its own: one that has waited for a lock sees the newest row of the
    # case, but its events and parts as they were before it began to wait.
    await conn.execute("SELECT 1 FROM cases WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [ids])
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(f"{_CASE} WHERE id = ANY(%s) ORDER BY id", [ids])
        return {row["id"]: _case(row) for row in await cur.fetchall()}


# What was left of a deadline when its case was suspended is told by the event, to the second.
_DEADLINES: Final = """
    SELECT DISTINCT ON (d.case_id, d.kind) d.case_id, d.kind, d.due_at, d.state,
           CASE WHEN d.state = 'cancelled' THEN (told.left_s ->> d.kind)::integer END AS left_s
      FROM deadline d
      LEFT JOIN LATERAL (
           SELECT e.canon::jsonb -> 'left_s' AS left_s
             FROM case_event e
            WHERE e.case_id = d.case_id AND e.kind IN ('suspended', 'recounted')
            ORDER BY e.seq DESC
            LIMIT 1) told ON true
     WHERE d.case_id = ANY(%s)
     ORDER BY d.case_id, d.kind, d.round DESC
"""


async def deadlines_of(conn: AsyncConnection, case_id: int) -> list[Deadline]:
    """The newest round of every deadline of the case."""
    return (await deadlines_of_all(conn, [case_id])).get(case_id, [])


async def deadlines_of_all(
    conn: AsyncConnection, case_ids: Collection[int]
) -> dict[int, list[Deadline]]:
    """The newest round of every deadline of the cases, for those that have any."""
    found = await conn.execute(_DEADLINES, [list(case_ids)])
    deadlines: dict[int, list[Deadline]] = {}
    for case_id, kind, due_at, state, left_s in await found.fetchall():
        ending = None if state == "pending" else Ending(state)
        left = None if left_s is None else timedelta(seconds=left_s)
        deadlines.setdefault(case_id, []).append(Deadline(kind, due_at, ending, left))
    return deadlines


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of a history as it stands in the table; *fields* are those that were hashed."""

    seq: int
    kind: str
    at: datetime
    actor: str
    fields: Mapping[str, object]
    canon: str
    hash: bytes


async def history(conn: AsyncConnection, case_id: int) -> list[StoredEvent]:
    """Everything that happened to the case, oldest first."""
    found = await conn.execute(
        """
        SELECT seq, kind, at, actor, canon, hash
          FROM case_event
         WHERE case_id = %s
         ORDER BY seq
        """,
        [case_id],
    )
    return [
        StoredEvent(seq, kind, at, actor, _fields(canon), canon, bytes(digest))
        for seq, kind, at, actor, canon, digest in await found.fetchall()
    ]


def _fields(canon: str) -> Mapping[str, object]:
    return cast("dict[str, object]", json.loads(canon))


@dataclass(frozen=True, slots=True)
class CaseReport:
    """One report inside a case, without the reporter; *photos* are ids.

    *case_id* is the case that it is in: this one, or one that was merged into it. *stars* and
    *rating* are what the reporter says of what was done, None when nothing.
    """

    id: int
    case_id: int
    state: str
    channel: str
    description: str
    address: str
    happened_at: datetime
    received_at: datetime
    photos: list[str]
    stars: int | None
    rating: str | None


async def reports_of(conn: AsyncConnection, case_id: int) -> list[CaseReport]:
    """The reports in the case, the one it was opened from first, then in those merged into it."""
    async with conn.cursor(row_factory=class_row(CaseReport)) as cur:
        await cur.execute(
            """
            SELECT i.id, i.case_id, i.state, i.channel, i.body->>'description' AS description,
                   i.body->>'address' AS address, i.happened_at, i.received_at,
                   ARRAY(SELECT p.id::text FROM photo p
                          WHERE p.inbox_id = i.id ORDER BY p.added_at) AS photos,
                   said.stars, said.text AS rating
              FROM inbox i
              LEFT JOIN LATERAL (
                   SELECT r.stars, r.text FROM rating r
                    WHERE r.inbox_id = i.id ORDER BY r.id DESC LIMIT 1) AS said ON true
             WHERE i.case_id IN (SELECT cases_stood_for(%(case)s))
             ORDER BY i.case_id <> %(case)s, i.id
            """,
            {"case": case_id},
        )
        return await cur.fetchall()


async def find_report(conn: AsyncConnection, case_id: int, report_id: int) -> bool:
    """Whether the report was merged into the case; locks the report."""
    found = await conn.execute(
        """
        SELECT 1 FROM inbox
         WHERE id = %s AND case_id = %s AND state = 'merged'
           FOR UPDATE
        """,
        [report_id, case_id],
    )
    return await found.fetchone() is not None
