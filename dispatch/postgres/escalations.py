"""Steps that were taken: written once, read by the rule and by people, and acknowledged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from dispatch.escalation.errors import AlreadyEscalated, UnknownEscalation
from dispatch.escalation.notices import Notice
from dispatch.escalation.people import Heard, Person
from dispatch.escalation.rule import Call, Taken
from grid.naming import Label

NOTICE_CHANNEL: Final = "citygrid_notice"
"""NOTIFY channel: something is to be told, or a channel was set up or removed."""

_HISTORIES: Final = """
    SELECT case_id, seq, kind, at, canon
      FROM case_event
     WHERE case_id = ANY(%(cases)s)
     ORDER BY case_id, seq
"""

_TAKEN: Final = """
    SELECT case_id, run, since, step, times, told_at, acknowledged_at IS NOT NULL
      FROM escalation
     WHERE case_id = ANY(%(cases)s)
"""

# The second time is only written when exactly the first stands: nobody tells a step twice at once.
_TAKE: Final = """
    INSERT INTO escalation AS e (case_id, run, since, step, ladder, due_at, told_at, people)
    VALUES (%(case_id)s, %(run)s, %(since)s, %(step)s, %(ladder)s, %(due_at)s, %(now)s, %(people)s)
        ON CONFLICT (case_id, run, since, step) DO UPDATE
       SET times = e.times + 1,
           told_at = excluded.told_at,
           people = ARRAY(SELECT DISTINCT unnest(e.people || excluded.people) ORDER BY 1)
     WHERE e.times = %(times)s - 1
    RETURNING id, times
"""

_NOTICE: Final = """
    INSERT INTO notice (escalation, dedup, channel, person, payload, state, last_error)
    VALUES (%(escalation)s, %(dedup)s, %(channel)s, %(person)s, %(payload)s,
            CASE WHEN %(problem)s::text IS NULL THEN 'pending' ELSE 'dead' END, %(problem)s)
"""

_PEOPLE: Final = """
    SELECT login, name_zh, name_en, roles, department, areas, language, mail, phone
      FROM person
     WHERE active
     ORDER BY login
"""

_ESCALATION: Final = """
    SELECT e.id, e.case_id, e.run, e.since, e.step, e.ladder, e.due_at, e.times, e.told_at,
           e.people, e.acknowledged_by, e.acknowledged_at
      FROM escalation e
"""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a history as the rule reads it; *fields* are those that were hashed."""

    seq: int
    kind: str
    at: datetime
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Escalation:
    """A step that was taken, as it stands; *people* are logins of all who were told."""

    id: int
    case_id: int
    run: str
    since: int
    step: str
    ladder: str
    due_at: datetime
    times: int
    told_at: datetime
    people: list[str]
    acknowledged_by: str | None
    acknowledged_at: datetime | None


async def steps_taken(
    conn: AsyncConnection, case_ids: Collection[int]
) -> Mapping[int, list[Taken]]:
    """The steps taken in each of the cases."""
    found = await conn.execute(_TAKEN, {"cases": list(case_ids)})
    taken: dict[int, list[Taken]] = {case_id: [] for case_id in case_ids}
    for case_id, run, since, step, times, told_at, acknowledged in await found.fetchall():
        taken[case_id].append(Taken((run, since, step), times, told_at, acknowledged))
    return taken


async def histories(
    conn: AsyncConnection, case_ids: Collection[int]
) -> Mapping[int, list[HistoryLine]]:
    """Everything that happened to each of the cases, oldest first."""
    found = await conn.execute(_HISTORIES, {"cases": list(case_ids)})
    lines: dict[int, list[HistoryLine]] = {case_id: [] for case_id in case_ids}
    for case_id, seq, kind, at, canon in await found.fetchall():
        lines[case_id].append(HistoryLine(seq, kind, at, msgspec.json.decode(canon)))
    return lines


async def list_people(conn: AsyncConnection) -> list[Person]:
    """Everybody who has an account that is open, and how they are reached."""
    found = await conn.execute(_PEOPLE)
    return [
        Person(login, Label(zh, en), frozenset(roles), department, frozenset(areas), *reached)
        for login, zh, en, roles, department, areas, *reached in await found.fetchall()
    ]


async def take(conn: AsyncConnection, case_id: int, call: Call, heard: Heard, now: datetime) -> int:
    """Write that the step is taken, or told again; its id. Raises AlreadyEscalated."""
    run, since, step = call.key
    row = {
        "case_id": case_id,
        "run": run,
        "since": since,
        "step": step,
        "ladder": call.ladder.name,
        "due_at": call.due_at,
        "now": now,
        "people": sorted(one.login for one in heard.people),
        "times": call.times,
    }
    found = await conn.execute(_TAKE, row)
    written = await found.fetchone()
    if written is None or written[1] != call.times:
        raise AlreadyEscalated(case_id, step, call.times)
    return written[0]


async def write_notices(
    conn: AsyncConnection, escalation_id: int, notices: Sequence[Notice]
) -> None:
    """Owe the notices, and tell the notifiers; one that cannot be sent is dead at once."""
    async with conn.cursor() as cursor:
        rows = [
            {
                "escalation": escalation_id,
                "dedup": one.dedup,
                "channel": one.channel,
                "person": one.person,
                "payload": one.payload,
                "problem": one.problem,
            }
            for one in notices
        ]
        await cursor.executemany(_NOTICE, rows)
    await conn.execute("SELECT pg_notify(%s, '')", [NOTICE_CHANNEL])


async def read_escalation(conn: AsyncConnection, escalation_id: int) -> Escalation:
    """The escalation; raises UnknownEscalation."""
    async with conn.cursor(row_factory=class_row(Escalation)) as cur:
        await cur.execute(f"{_ESCALATION} WHERE e.id = %s", [escalation_id])
        found = await cur.fetchone()
    if found is None:
        raise UnknownEscalation(escalation_id)
    return found


async def note_acknowledged(
    conn: AsyncConnection, escalation_id: int, person: str, now: datetime
) -> None:
    """Write who has taken notice; the case is locked and nobody had."""
    await conn.execute(
        "UPDATE escalation SET acknowledged_by = %s, acknowledged_at = %s WHERE id = %s",
        [person, now, escalation_id],
    )


async def list_escalations(
    conn: AsyncConnection, condition: LiteralString, values: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Escalations, newest first, with their case as it stands and how their notices do.

    *condition* is of the tables `escalation e` and `cases`, its parameters are *values*.
    """
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            f"""
            SELECT e.id, e.case_id AS "case", cases.number, cases.state::text AS case_state,
                   cases.department, cases.overdue, e.ladder, e.step, e.run, e.due_at,
                   e.times, e.told_at, e.people, e.acknowledged_by, e.acknowledged_at,
                   coalesce((SELECT jsonb_agg(jsonb_build_object(
                                    'id', n.id, 'channel', n.channel, 'person', n.person,
                                    'state', n.state, 'attempts', n.attempts,
                                    'last_error', n.last_error, 'created_at', n.created_at,
                                    'sent_at', n.sent_at) ORDER BY n.id)
                               FROM notice n
                              WHERE n.escalation = e.id), '[]') AS notices
              FROM escalation e
              JOIN cases ON cases.id = e.case_id
             WHERE {condition}
             ORDER BY e.id DESC
             LIMIT %(limit)s
            """,
            values,
        )
        return await cur.fetchall()
