"""The deadlines of all open cases reckoned anew by the calendar that was loaded last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection

from app.database import Database
from app.identity.postgres import write_audit
from app.rulebook import read_parts
from dispatch.calendar import WorkingCalendar
from dispatch.clock_trust import Trust
from dispatch.postgres.clock import now, read_standing
from dispatch.postgres.recounting import Life, next_cases, read_lives, save_recounts
from dispatch.workflow.recount import Move, Recount, recount

BATCH: Final = 200
"""Cases in one transaction: so long does nobody else get at them."""

_VERSION: Final = "SELECT max(version) FROM city_part WHERE part = 'calendar'"


class ClockFrozen(Exception):
    """The database's clock is not believed, so nobody can say what has passed."""

    def __init__(self) -> None:
        super().__init__(
            "the database's clock is not trusted: settle that first, `citygrid clock show` says how"
            " it stands; nothing was moved"
        )


class CalendarChanged(Exception):
    """Another calendar was loaded in the middle of it."""

    def __init__(self, begun: int, loaded: int) -> None:
        super().__init__(
            f"calendar {loaded} was loaded while deadlines were reckoned by calendar {begun}:"
            " run it again"
        )
        self.begun, self.loaded = begun, loaded


@dataclass(frozen=True, slots=True)
class CaseMove:
    """One milestone of one case, by the number that people quote."""

    case_id: int
    number: str
    move: Move


@dataclass(slots=True)
class Outcome:
    """What came of it: *cases* were looked at; *moves* holds what moves and what stays though late.

    *calendar* is the version that it was reckoned by.
    """

    calendar: int
    cases: int = 0
    moves: list[CaseMove] = field(default_factory=list[CaseMove])

    @property
    def moved(self) -> int:
        """How many milestones are due at another time."""
        return sum(one.move.moved_to is not None for one in self.moves)

    @property
    def kept(self) -> int:
        """How many stay as they were, because their new time has passed already."""
        return len(self.moves) - self.moved

    @property
    def cases_moved(self) -> int:
        """How many cases get an event."""
        return len({one.case_id for one in self.moves if one.move.moved_to is not None})


Tell = Callable[[Outcome], None]


async def recompute(
    url: str, *, actor: str, plan: bool, tell: Tell = lambda outcome: None
) -> Outcome:
    """Reckon every open case anew; a *plan* writes nothing. *tell* hears after each batch.

    Each batch is a transaction of its own: what is done stays done when it is broken off, and
    another run finds it right. Raises NoCity, ClockFrozen, CalendarChanged, DatabaseAway.
    """
    database = Database(url, 1)
    try:
        return await _recompute(database, actor, plan, tell)
    finally:
        await database.close()


@dataclass(frozen=True)
class _Run:
    """One run over the open cases of a city."""

    city: str
    calendar: WorkingCalendar
    actor: str
    plan: bool
    outcome: Outcome

    async def batch(self, conn: AsyncConnection, after: int) -> int | None:
        """Reckon the next cases; the id of the last of them, None when there are no more."""
        await _check(conn, self.outcome.calendar)
        ids = await next_cases(conn, after, BATCH)
        lives = await read_lives(conn, ids, locked=not self.plan)
        moment = await now(conn)
        done = [(life, self._recount(life, moment)) for life in lives]
        if not self.plan:
            events = [(life, one.event) for life, one in done if one.event is not None]
            await save_recounts(conn, events, city=self.city, now=moment)
        _note(self.outcome, done)
        return ids[-1] if ids else None

    def _recount(self, life: Life, moment: datetime) -> Recount:
        return recount(
            life.case, life.history, life.deadlines, self.calendar,
            version=self.outcome.calendar, actor=self.actor, now=moment,
        )  # fmt: skip


async def _recompute(database: Database, actor: str, plan: bool, tell: Tell) -> Outcome:
    async with database.connection() as conn:
        parts, versions = await read_parts(conn)
    calendar, outcome = WorkingCalendar.of(parts["calendar"]), Outcome(versions["calendar"])
    run = _Run(parts["city"]["code"], calendar, actor, plan, outcome)
    last: int | None = 0
    while last is not None:
        async with database.connection() as conn:
            last = await run.batch(conn, last)
        tell(outcome)
    if not plan:
        await _audit(database, actor, outcome)
    return outcome


async def _check(conn: AsyncConnection, calendar: int) -> None:
    if (await read_standing(conn)).trust is Trust.FROZEN:
        raise ClockFrozen
    found = await conn.execute(_VERSION)
    [newest] = await found.fetchone() or (calendar,)
    if newest != calendar:
        raise CalendarChanged(calendar, newest)


def _note(outcome: Outcome, done: Sequence[tuple[Life, Recount]]) -> None:
    outcome.cases += len(done)
    outcome.moves += [
        CaseMove(life.case.id, life.case.number, move) for life, one in done for move in one.moves
    ]


async def _audit(database: Database, actor: str, outcome: Outcome) -> None:
    told = {"cases": outcome.cases_moved, "deadlines": outcome.moved, "kept": outcome.kept}
    async with database.connection() as conn:
        target = f"calendar {outcome.calendar}"
        await write_audit(conn, actor, "calendar.recompute", target, "done", told)
