"""Open cases whose deadlines may move, read in batches with their histories and written back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from dispatch import case as cases
from dispatch.case import Case
from dispatch.events import Event
from dispatch.kinds import event_of
from dispatch.ports import Changes
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import deadlines_of_all, read_all, read_locked
from dispatch.workflow.clocks import Deadline, ended
from dispatch.workflow.facts import DeadlinesRecounted

# Only cases with a milestone that runs, or stands because the case is suspended.
_NEXT: Final = """
    SELECT c.id
      FROM cases c
     WHERE c.closed_at IS NULL
       AND c.id > %(after)s
       AND (c.suspended_at IS NOT NULL OR EXISTS (
           SELECT FROM deadline d
            WHERE d.case_id = c.id AND d.state = 'pending' AND NOT starts_with(d.kind, 'stage.')))
     ORDER BY c.id
     LIMIT %(limit)s
"""

_HISTORIES: Final = """
    SELECT case_id, canon
      FROM case_event
     WHERE case_id = ANY(%s)
     ORDER BY case_id, seq
"""


@dataclass(frozen=True, slots=True)
class Life:
    """An open case with all that happened to it and the newest rounds of its deadlines."""

    case: Case
    history: tuple[Event, ...]
    deadlines: tuple[Deadline, ...]


async def next_cases(conn: AsyncConnection, after: int, limit: int) -> list[int]:
    """The ids of the next open cases with milestones, in order."""
    found = await conn.execute(_NEXT, {"after": after, "limit": limit})
    return [row[0] for row in await found.fetchall()]


async def read_lives(
    conn: AsyncConnection, case_ids: Collection[int], *, locked: bool
) -> list[Life]:
    """The cases in order; *locked* nobody else changes them until the transaction ends."""
    read = read_locked if locked else read_all
    found = await read(conn, case_ids)
    histories = await _histories(conn, case_ids)
    deadlines = await deadlines_of_all(conn, case_ids)
    return [
        Life(found[one], tuple(histories[one]), tuple(deadlines.get(one, ())))
        for one in sorted(found)
    ]


async def _histories(conn: AsyncConnection, case_ids: Collection[int]) -> Mapping[int, list[Event]]:
    found = await conn.execute(_HISTORIES, [list(case_ids)])
    histories: dict[int, list[Event]] = {}
    for case_id, canon in await found.fetchall():
        histories.setdefault(case_id, []).append(event_of(canon))
    return histories


async def save_recounts(
    conn: AsyncConnection,
    recounts: Iterable[tuple[Life, DeadlinesRecounted]],
    *,
    city: str,
    now: datetime,
) -> None:
    """Write one event for each of the cases, which are locked, and the next rounds."""
    changes = Changes()
    for life, event in recounts:
        entry = cases.continued(life.case, event)
        changes.changed[life.case.id] = entry.case
        changes.entries.append(entry)
        settled = ended(entry.event, life.deadlines)
        changes.settled += [(life.case.id, kind, ending) for kind, ending in settled]
    await PostgresBook(conn).save(changes, city=city, now=now)
