"""Writing what was decided: a handful of statements for a whole batch, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection

from dispatch import events as e
from dispatch.errors import DispatchError
from dispatch.ports import Changes
from dispatch.postgres import statements as sql
from dispatch.postgres.agenda import MARK
from dispatch.postgres.log import OUTBOX_CHANNEL
from dispatch.postgres.rows import (
    ENDINGS,
    begun_deadlines,
    cases_with,
    event_row,
    new_cases,
    old_cases,
    outbox_row,
    outcome_row,
    part_rows,
)
from dispatch.workflow.facts import CaseCorrected

CASE_EVENTS: Final = "case-events.v1"
REPORT_OUTCOMES: Final = "report-outcomes.v1"
MAX_ATTEMPTS: Final = 5
"""Failed decisions after which a report is dead: visible, in the books, and replayable."""


class AlreadyDecided(DispatchError):
    """A report was decided by somebody else although it was locked: a fault of ours."""

    def __init__(self, wanted: int, written: int) -> None:
        super().__init__(f"{wanted} reports to decide, {written} were still undecided")
        self.wanted, self.written = wanted, written


async def save(conn: AsyncConnection, changes: Changes, *, city: str, now: datetime) -> None:
    """Write the changes and tell the relay; the caller's transaction makes it all or nothing."""
    chain = [entry for one in changes.opened for entry in one.entries] + changes.entries
    await _write(conn, sql.INSERT_CASES, new_cases(changes))
    await _write(conn, sql.UPDATE_CASES, old_cases(changes))
    await _write(conn, sql.CORRECT_CASES, cases_with(chain, CaseCorrected))
    await _write(conn, sql.RETURN_CASES, cases_with(chain, e.CaseSentBack))
    await _write(conn, sql.INSERT_EVENTS, [event_row(entry) for entry in chain])
    outbox = [outbox_row(entry, city) for entry in chain]
    await _write(conn, sql.INSERT_OUTBOX, outbox, topic=CASE_EVENTS)
    settled = [{"case_id": c, "kind": kind, "ending": end} for c, kind, end in changes.settled]
    await _write(conn, sql.SETTLE, settled, now=now)
    await _write(conn, sql.BEGIN_DEADLINES, begun_deadlines(changes, chain))
    await _write(conn, sql.SAVE_PARTS, part_rows(changes))
    await _write(conn, MARK, [{"case_id": entry.case.id} for entry in chain])
    await _settle_reports(conn, changes, now)
    endings = [outcome_row(entry, city) for entry in chain if entry.event.kind in ENDINGS]
    await _write(conn, sql.TELL_REPORTS, endings, topic=REPORT_OUTCOMES)
    if chain:
        await conn.execute("SELECT pg_notify(%s, '')", [OUTBOX_CHANNEL])


async def fail_report(conn: AsyncConnection, report_id: int, problem: str, now: datetime) -> None:
    """Count one failed attempt on the report; the fifth makes it dead."""
    rows = [{"id": report_id, "problem": problem}]
    await _write(conn, sql.FAIL_REPORTS, rows, now=now, max=MAX_ATTEMPTS)


async def _settle_reports(conn: AsyncConnection, changes: Changes, now: datetime) -> None:
    rows = [
        *({"id": o.report.id, "state": "cased", "case_id": o.case.id} for o in changes.opened),
        *({"id": m.report.id, "state": "merged", "case_id": m.case_id} for m in changes.merged),
        *({"id": r.report.id, "state": "rejected", "reason": r.reason} for r in changes.rejected),
    ]
    written = await _write(conn, sql.DECIDE_REPORTS, rows, now=now)
    if written != len(rows):
        raise AlreadyDecided(len(rows), written)
    failed = [{"id": f.report.id, "problem": f.problem} for f in changes.failed]
    await _write(conn, sql.FAIL_REPORTS, failed, now=now, max=MAX_ATTEMPTS)


async def _write(
    conn: AsyncConnection,
    statement: LiteralString,
    rows: Sequence[Mapping[str, object]],
    **more: object,
) -> int:
    if not rows:
        return 0
    done = await conn.execute(statement, {"rows": msgspec.json.encode(rows).decode(), **more})
    return done.rowcount
