"""A past day lived again: each report decided when it was made, its work done when it was done.

Everything goes through the ordinary actions with the times of the file as their `now`. No door, no
stream and no clock process takes part, so that a day of last year stays a day of last year.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from itertools import groupby
from typing import Any, Final

from psycopg import AsyncConnection

from dispatch import actions
from dispatch.case import Move, Order
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.postgres.log import due_now
from dispatch.report import Submission
from dispatch.rulebook import Rulebook
from dispatch.workflow.variant import Terms

WORK: Final = (
    (Move.HANDLE, "replay.handler"),
    (Move.VERIFY, "replay.inspector"),
    (Move.CLOSE, "replay.operator"),
)
"""What is done when the work is done, and by whom: nobody verifies what they handled."""

_ACCEPTED_AT_ONCE: Final = 500
_NEXT_DUE: Final = "SELECT min(due_at) FROM deadline WHERE state = 'pending'"
_CASES: Final = "SELECT id, case_id FROM inbox WHERE id = ANY(%s) AND state = 'cased'"


@dataclass(frozen=True, slots=True)
class Life:
    """A report and when its work was done, None when that is not known; both aware."""

    report: Submission
    done_at: datetime | None

    @property
    def made_at(self) -> datetime:
        """When it was reported, and so decided."""
        return self.report.happened_at

    @property
    def is_possible(self) -> bool:
        """Whether the work was not done before anybody reported it."""
        return self.done_at is None or self.done_at >= self.made_at


@dataclass(slots=True)
class Lived:
    """What became of a day: *impossible* are reports whose work was done before they were made."""

    reports: int = 0
    closed: int = 0
    late: int = 0
    impossible: int = 0


class _Turn(IntEnum):
    """What comes first of the same moment."""

    DONE = 0
    MADE = 1


async def live(
    conn: AsyncConnection[Any],
    lives: Sequence[Life],
    rules: Rulebook,
    *,
    until: datetime,
    on_step: Callable[[int], None] = lambda count: None,
) -> Lived:
    """Live through all of it in the order of time, and let deadlines fall due up to *until*.

    The case of a report is closed when the file says that its work was done; a report that joined
    the case of another closes nothing. An impossible date is no date: that case stays open.
    *conn* must not be inside a transaction.
    """
    day = _Day(conn, rules, on_step)
    day.lived.impossible = sum(not life.is_possible for life in lives)
    # A day that breaks off is lived again from the beginning: no commit needs to reach the disk.
    await conn.execute("SET synchronous_commit TO off")
    await day.expect(sorted(lives, key=lambda life: life.made_at))
    await day.run(until)
    return day.lived


@dataclass
class _Day:
    conn: AsyncConnection[Any]
    rules: Rulebook
    on_step: Callable[[int], None]
    lived: Lived = field(default_factory=Lived)
    done_at: dict[int, datetime] = field(default_factory=dict[int, datetime])
    to_come: list[tuple[datetime, _Turn, list[int]]] = field(
        default_factory=list[tuple[datetime, _Turn, list[int]]]
    )

    async def expect(self, lives: Sequence[Life]) -> None:
        """Accept the reports, in their order; those of one moment will be decided together."""
        ids: list[int] = []
        for start in range(0, len(lives), _ACCEPTED_AT_ONCE):
            some = lives[start : start + _ACCEPTED_AT_ONCE]
            async with self.conn.transaction():
                accepted = await accept_many(self.conn, [life.report for life in some])
            ids += [one.report_id for one in accepted]
        pairs = list(zip(ids, lives, strict=True))
        self.done_at = {n: life.done_at for n, life in pairs if life.done_at and life.is_possible}
        for at, together in groupby(pairs, key=lambda pair: pair[1].made_at):
            heapq.heappush(self.to_come, (at, _Turn.MADE, [n for n, _ in together]))

    async def run(self, until: datetime) -> None:
        """Everything that is to come, deadlines in between at the moment they are due."""
        while self.to_come and self.to_come[0][0] <= until:
            at, turn, ids = heapq.heappop(self.to_come)
            await self._pass(at)
            await (self._close(ids, at) if turn is _Turn.DONE else self._decide(ids, at))
        await self._pass(until)

    async def _decide(self, ids: list[int], at: datetime) -> None:
        async with self.conn.transaction():
            await actions.decide(PostgresBook(self.conn), ids, self.rules, now=at)
            found = await self.conn.execute(_CASES, [ids])
            for report, case_id in await found.fetchall():
                if report in self.done_at:
                    heapq.heappush(self.to_come, (self.done_at[report], _Turn.DONE, [case_id]))
        self.lived.reports += len(ids)
        self.on_step(len(ids))

    async def _close(self, case_ids: list[int], at: datetime) -> None:
        terms = Terms(self.rules.variant, self.rules.calendar)
        async with self.conn.transaction():
            for case_id in case_ids:
                for move, actor in WORK:
                    await actions.move(
                        PostgresBook(self.conn),
                        case_id,
                        Order(move),
                        actor=actor,
                        city=self.rules.city,
                        now=at,
                        terms=terms,
                    )
        self.lived.closed += len(case_ids)

    async def _pass(self, until: datetime) -> None:
        """Let each deadline up to *until* fall due at its own moment; this clock is never late."""
        while True:
            found = await self.conn.execute(_NEXT_DUE)
            [due_at] = await found.fetchone() or (None,)
            if due_at is None or due_at > until:
                return
            async with self.conn.transaction():
                due = await due_now(self.conn, due_at)
                self.lived.late += await actions.fall_due(
                    PostgresBook(self.conn), due, city=self.rules.city, now=due_at
                )
