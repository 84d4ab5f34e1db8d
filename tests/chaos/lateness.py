"""Who sees deadlines fall due, and judges whether each did so once, never early, and how late.

By own SQL and by a clock that no fault touches. What a run undergoes is not told by whoever causes
it: a moment counts as an outage when the database did not answer, no clock process was connected,
or the database's clock was wrong.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import psycopg

CLOCKS: Final = ("clock-1", "clock-2")
_EVERY_S: Final = 0.05
_PATIENCE_S: Final = 2.0
_RIGHT_WITHIN_S: Final = 1.0
_OVERLAP: Final = 3000
"""Rows read again at each look: ids are given before they are committed, so older ones follow."""

_LOOK: Final = """
    SELECT extract(epoch FROM clock_timestamp())::float8,
           (SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%(clocks)s))
"""
_FRESH: Final = """
    SELECT id, dedup FROM outbox
     WHERE id > %(after)s AND payload LIKE '%%"type":"citygrid.case.overdue"%%'
"""
_EVENTS: Final = """
    SELECT case_id, canon::jsonb ->> 'milestone', 'case-' || case_id || '-' || seq,
           extract(epoch FROM at)::float8
      FROM case_event
     WHERE kind = 'overdue'
"""
_DEADLINES: Final = """
    SELECT case_id, kind, extract(epoch FROM due_at)::float8, state FROM deadline
"""

Deadline = tuple[int, str]
Span = tuple[float, float]


class Event(NamedTuple):
    """One overdue event: whose, the name of its row in the outbox, when it says it was."""

    deadline: Deadline
    dedup: str
    at: float


class UndisturbedClock:
    """Unix time that goes on evenly from one reading, whatever happens to any clock after it."""

    def __init__(self) -> None:
        self._ahead_s = time.time() - time.monotonic()

    def __call__(self) -> float:
        return self._ahead_s + time.monotonic()


@dataclass
class Witness:
    """Looks twenty times a second; *seen* is when each event was first there, by its dedup.

    *outages* are the spans in which nothing could be expected to fall due.
    """

    database_url: str
    clock: UndisturbedClock
    seen: dict[str, float] = field(default_factory=dict[str, float])
    outages: list[Span] = field(default_factory=list[Span])
    _down_since: float | None = None

    async def watch(self) -> None:
        """Look until cancelled, with a connection that is made again at once."""
        while True:
            with suppress(psycopg.OperationalError, TimeoutError):
                async with await psycopg.AsyncConnection.connect(
                    self.database_url, autocommit=True, connect_timeout=2
                ) as conn:
                    await self._look(conn)
            self._note(up=False)
            await asyncio.sleep(_EVERY_S)

    async def _look(self, conn: psycopg.AsyncConnection) -> None:
        last = 0
        while True:
            async with asyncio.timeout(_PATIENCE_S):
                state = await (await conn.execute(_LOOK, {"clocks": list(CLOCKS)})).fetchone()
                after = {"after": last - _OVERLAP}
                rows = await (await conn.execute(_FRESH, after)).fetchall()
            now = self.clock()
            for row_id, dedup in rows:
                self.seen.setdefault(dedup, now)
                last = max(last, row_id)
            database_s, connected = state or (0.0, 0)
            self._note(up=connected > 0 and abs(database_s - now) < _RIGHT_WITHIN_S)
            await asyncio.sleep(_EVERY_S)

    def _note(self, *, up: bool) -> None:
        if not up and self._down_since is None:
            self._down_since = self.clock()
        elif up and self._down_since is not None:
            self.outages.append((self._down_since, self.clock()))
            self._down_since = None


async def read_events(conn: psycopg.AsyncConnection) -> list[Event]:
    """All overdue events."""
    found = await conn.execute(_EVENTS)
    return [Event((case, kind), dedup, at) for case, kind, dedup, at in await found.fetchall()]


async def read_deadlines(conn: psycopg.AsyncConnection) -> tuple[dict[Deadline, float], int]:
    """When each deadline is due, and how many of them have fired."""
    rows = await (await conn.execute(_DEADLINES)).fetchall()
    due = {(case, kind): due_at for case, kind, due_at, _ in rows}
    return due, sum(state == "fired" for *_, state in rows)


def judge(
    due: Mapping[Deadline, float],
    events: Sequence[Event],
    seen: Mapping[str, float],
    outages: Sequence[Span],
) -> dict[str, Any]:
    """What can be counted, all of it; `ok` when nothing is lost, doubled, invented or early."""
    by_deadline: dict[Deadline, list[Event]] = {}
    for event in events:
        by_deadline.setdefault(event.deadline, []).append(event)
    wrong = {
        "lost": len(due.keys() - by_deadline.keys()),
        "twice": sum(len(found) > 1 for found in by_deadline.values()),
        "invented": len(by_deadline.keys() - due.keys()),
        "early": sum(_early(event, due, seen) for event in events),
        "unseen": sum(event.dedup not in seen for event in events),
    }
    late = list(_lateness(due, events, seen, outages))
    return {
        "ok": not any(wrong.values()),
        "deadlines": len(due),
        "events": len(events),
        **wrong,
        "late_while_up_s": _spread([seconds for seconds, after in late if not after]),
        "late_after_outage_s": _spread([seconds for seconds, after in late if after]),
    }


def _early(event: Event, due: Mapping[Deadline, float], seen: Mapping[str, float]) -> bool:
    """Whether it was there, or says that it was, before its deadline."""
    due_at = due.get(event.deadline, 0.0)
    return min(event.at, seen.get(event.dedup, event.at)) < due_at


def _lateness(
    due: Mapping[Deadline, float],
    events: Sequence[Event],
    seen: Mapping[str, float],
    outages: Sequence[Span],
) -> Iterator[tuple[float, bool]]:
    """Seconds from when it could fall due, and whether that was the end of an outage."""
    for event in events:
        if event.dedup in seen and event.deadline in due:
            due_at, seen_at = due[event.deadline], seen[event.dedup]
            ends = [end for start, end in outages if start < seen_at and end > due_at]
            since = min(max(ends, default=due_at), seen_at)
            yield seen_at - since, bool(ends)


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {"n": 0}
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    return {
        "n": len(ordered),
        "p50": round(p50, 2),
        "p99": round(p99, 2),
        "max": round(ordered[-1], 2),
    }
