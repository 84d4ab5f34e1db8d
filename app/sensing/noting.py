"""Telling a case that the alarm which opened it has changed, and asking to look whether it is so.

Apart from the checkpoints, for a case may be in somebody's hands, and samples do not wait for that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog
from psycopg import AsyncConnection

from app.database import Database
from dispatch.case import Case, Entry, continued
from dispatch.ports import Changes
from dispatch.postgres.alarm_notes import Note, claim_notes, settle_notes
from dispatch.postgres.cases import read_locked
from dispatch.postgres.clock import now
from dispatch.postgres.saving import save
from dispatch.rulebook import Rulebook
from dispatch.sensing.facts import AlarmNoted
from dispatch.sensing.standing import ACTOR

_log = structlog.get_logger("citygrid.sensing")


class Noter:
    """One for a worker process; several do no harm, the notes are locked."""

    def __init__(self, database: Database, rules: Callable[[], Awaitable[Rulebook]]) -> None:
        self._database, self._rules = database, rules

    async def turn(self) -> int:
        """Write the notes that can be written, in one transaction; how many were looked at.

        Case and report stay as they are: a case that has ended is left alone.
        """
        city = (await self._rules()).city
        async with self._database.connection() as conn:
            notes = await claim_notes(conn)
            if not notes:
                return 0
            moment = await now(conn)
            cases = await read_locked(conn, sorted({n.case_id for n in notes if n.case_id}))
            live = [note for note in notes if _is_live(cases.get(note.case_id or 0))]
            void = [note for note in notes if _is_over(cases.get(note.case_id or 0))]
            await self._write(conn, live, dict(cases), city, moment)
            await settle_notes(conn, live, noted=True)
            await settle_notes(conn, void, noted=False)
        _log.info("cases told of their alarms", notes=len(live))
        return len(notes)

    async def _write(
        self,
        conn: AsyncConnection,
        notes: Sequence[Note],
        cases: dict[int, Case],
        city: str,
        moment: datetime,
    ) -> None:
        entries: list[Entry] = []
        for note in notes:
            case = cases[note.case_id or 0]
            entry = continued(case, _event(note, moment))
            cases[case.id] = entry.case
            entries.append(entry)
        changed = {entry.case.id: entry.case for entry in entries}
        await save(conn, Changes(changed=changed, entries=entries), city=city, now=moment)


def _is_live(case: Case | None) -> bool:
    return case is not None and case.closed_at is None


def _is_over(case: Case | None) -> bool:
    """One that was merged a moment ago is not: the next look finds the case that stands for it."""
    return case is None or (case.closed_at is not None and case.merged_into is None)


def _event(note: Note, moment: datetime) -> AlarmNoted:
    return AlarmNoted(
        at=moment,
        actor=ACTOR,
        alarm=note.alarm,
        alarm_seq=note.seq,
        device=note.device,
        rule=note.rule,
        change=note.change,
        level=note.level,
    )
