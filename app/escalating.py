"""Escalating: the part of the clock process that holds open cases against their ladders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from psycopg import AsyncConnection

from app.database import TRANSIENT, Database
from app.ladders import LadderRules, LaddersInForce
from dispatch.case import Case
from dispatch.clock_trust import may_judge
from dispatch.escalation.climbing import climb
from dispatch.escalation.ladder import Told
from dispatch.escalation.notices import notices
from dispatch.escalation.people import Heard, Person, who
from dispatch.escalation.rule import Call, Outlook, Taken, outlook
from dispatch.escalation.timeline import Line, runs
from dispatch.ports import Changes
from dispatch.postgres.agenda import claim, look_again, take_up
from dispatch.postgres.cases import deadlines_of, read_locked
from dispatch.postgres.clock import Machine, read_clock
from dispatch.postgres.escalations import histories, list_people, steps_taken, take, write_notices
from dispatch.postgres.saving import save
from dispatch.workflow.clocks import Counting

AT_ONCE: Final = 100
"""Cases looked at in one transaction."""

_AFTER_A_FAULT: Final = timedelta(hours=1)

_log: Final = structlog.get_logger("citygrid.escalation")


class Escalator:
    """One for a clock process; a second one does no harm, the claims are locked."""

    def __init__(self, database: Database, machine: Machine) -> None:
        self._database, self._machine = database, machine
        self._in_force = LaddersInForce()

    async def turn(self) -> int:
        """Look at what stands on the agenda, by a reading of the clock that is right; how many.

        The steps, what they order and what is to be told are written together or not at all.
        """
        async with self._database.connection() as conn:
            known, reading = await read_clock(conn, self._machine)
            rules = await self._in_force.read(conn) if may_judge(known, reading) else None
            if rules is None:
                return 0
            if await take_up(conn, rules.version):
                return 1
            case_ids = await claim(conn, reading.database_at, AT_ONCE)
            if not case_ids:
                return 0
            look = _Look(conn, rules, self._in_force, reading.database_at)
            return await look.at(case_ids)


class _Look:
    """One look at some cases that are locked, in one transaction."""

    def __init__(
        self, conn: AsyncConnection, rules: LadderRules, in_force: LaddersInForce, now: datetime
    ) -> None:
        self._conn, self._rules, self._in_force, self._now = conn, rules, in_force, now
        self._people: list[Person] | None = None

    async def at(self, case_ids: list[int]) -> int:
        """Look at each of the cases; one that breaks is put off and holds up no other."""
        cases = await read_locked(self._conn, case_ids)
        taken = await steps_taken(self._conn, case_ids)
        lines = await histories(self._conn, case_ids)
        again: dict[int, datetime | None] = {}
        for case_id in case_ids:
            try:
                found = self._outlook(cases[case_id], taken[case_id], lines[case_id])
                if found.call is None:
                    again[case_id] = found.look_at
                else:
                    async with self._conn.transaction():
                        await self._take(cases[case_id], found.call)
            except TRANSIENT:
                raise
            except Exception as fault:
                _log.error("case cannot be escalated", case=case_id, problem=repr(fault))
                again[case_id] = self._now + _AFTER_A_FAULT
        await look_again(self._conn, again)
        return len(case_ids)

    def _outlook(self, case: Case, taken: Sequence[Taken], lines: Sequence[Line]) -> Outlook:
        """What the ladder asks for first, and when to look again if that is nothing."""
        counting = Counting(case, self._rules.terms.calendar)
        return outlook(
            case,
            runs(lines, counting),
            taken,
            self._rules.ladders,
            counting,
            since=self._rules.since,
            now=self._now,
        )

    async def _take(self, case: Case, call: Call) -> None:
        """Write the step and all that comes with it; that brings the case onto the agenda again."""
        heard = await self._heard(case, call)
        climbed = climb(
            case,
            call,
            heard,
            terms=self._rules.terms,
            deadlines=await deadlines_of(self._conn, case.id),
            language=self._rules.language,
            now=self._now,
        )
        changes = Changes(
            changed={case.id: climbed.case},
            entries=list(climbed.entries),
            settled=list(climbed.settled),
        )
        await save(self._conn, changes, city=self._rules.city, now=self._now)
        at = climbed.entries[0].event.at
        escalation = await take(self._conn, case.id, call, heard, at)
        made = notices(
            climbed.case,
            call,
            heard,
            self._rules.names(climbed.case),
            seq=climbed.seq,
            language=self._rules.language,
            now=at,
        )
        await write_notices(self._conn, escalation, made)
        _log.info("case escalated", case=case.id, step=call.step.name, times=call.times)

    async def _heard(self, case: Case, call: Call) -> Heard:
        if self._people is None:
            self._people = await list_people(self._conn)
        on_duty = frozenset[str]()
        if Told.ON_DUTY in call.step.tell:
            on_duty = await self._in_force.on_duty(self._conn, case.cell, self._now)
        return who(call.step.tell, case, self._people, on_duty)
