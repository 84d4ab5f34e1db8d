"""Littletown with everything at work that `citygrid web` and `citygrid worker` would run.

No processes: each method is one step of the road, taken when the story says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection

from app.database import Database, connect
from app.decider import Decider
from app.http.intake import Intake
from app.migrating import prepare
from app.policy import Actor, Resource, Role, authorize
from app.settings import Settings
from app.worker_metrics import WorkerMetrics
from dispatch import actions
from dispatch.case import Case, Move, Order
from dispatch.ledger import Books, Equation, equations
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.cases import read_case
from dispatch.postgres.clock import now
from dispatch.postgres.inbox import Standing, find_by_receipt
from dispatch.postgres.ledger import read_books
from dispatch.report import Acceptance, Submission
from maps.board import WHOLE_CITY, Board
from maps.postgres.log import read_board
from streams.embedded.postgres import PostgresLog
from streams.herald import RedisHerald
from streams.postgres import LogCarrier, carry_turn, number_turn
from streams.topics import PARTITIONS, REPORTS
from streams.wire import read_report_accepted
from tests.littletown import settle
from tests.makers import CITY
from tests.story.screen import Screen, a_screen

WHOLE_TOWN = frozenset({CITY})
INSPECTOR = Actor("inspector", frozenset({Role.INSPECTOR}), areas=WHOLE_TOWN)
OPERATOR = Actor("operator", frozenset({Role.OPERATOR}), areas=WHOLE_TOWN)
HANDLER = Actor("handler", frozenset({Role.HANDLER}), department="sanitation")
PLUMBER = Actor("plumber", frozenset({Role.HANDLER}), department="water")


@dataclass(frozen=True)
class Town:
    """The parts of the road, each of them the real one."""

    conn: AsyncConnection
    screen: Screen
    _database: Database
    _intake: Intake
    _decider: Decider
    _log: PostgresLog

    async def accept(self, submission: Submission) -> Acceptance:
        """What the door does: the answer comes when the report is durable."""
        return await self._intake.accept(submission)

    async def relay(self) -> None:
        """What the one relay does: number what happened, carry it and the accepted reports."""
        async with await connect(self._database.url) as conn:
            while await number_turn(conn, RedisHerald(None)) + await carry_turn(
                conn, LogCarrier(conn)
            ):
                pass

    async def stream(self) -> list[int]:
        """The ids of the reports that stand in the topic, in the order of one reader."""
        places = {(REPORTS, number): 0 for number in range(PARTITIONS[REPORTS])}
        records = await self._log.read(places, 100)
        return sorted(read_report_accepted(record.value) for record in records)

    async def decide(self, report_ids: list[int]) -> int:
        """What the Faust agent does with a batch; also with one that is delivered again."""
        return await self._decider.decide(report_ids)

    async def paint(self) -> None:
        """Number what happened and wait until the screen has heard of it."""
        await self.relay()
        await self.screen.follow_to((await self.books()).outbox_last)

    async def fresh_board(self) -> Board:
        """The board as somebody sees it who opens the map now."""
        async with self._database.connection() as conn:
            return await read_board(conn, WHOLE_CITY)

    async def order(self, actor: Actor, case_id: int, order: Order) -> Case:
        """What the door of moves does: ask the policy, then act, in one transaction."""
        async with self._database.connection() as conn:
            case = await read_case(conn, case_id)
            resource = Resource(department=case.department, areas=frozenset(case.areas))
            authorize(actor, f"case.move.{order.move}", resource)
            return await actions.move(
                PostgresBook(conn), case_id, order, actor=actor.name, city=CITY,
                now=await now(conn),
            )  # fmt: skip

    async def move(self, actor: Actor, case_id: int, move: Move, reason: str = "") -> Case:
        """An order of one word, and perhaps a reason."""
        return await self.order(actor, case_id, Order(move, reason))

    async def standing(self, receipt: str) -> Standing:
        """What the holder of a receipt is told."""
        found = await find_by_receipt(self.conn, receipt)
        assert found is not None
        return found

    async def deadlines(self, case_id: int) -> list[tuple[str, str]]:
        """Milestone and state of every deadline of the case."""
        found = await self.conn.execute(
            "SELECT kind, state FROM deadline WHERE case_id = %s ORDER BY kind, round", [case_id]
        )
        return [(kind, state) for kind, state in await found.fetchall()]

    async def books(self) -> Books:
        """The books of this moment."""
        return await read_books(self.conn)

    async def unbalanced(self) -> list[Equation]:
        """The equations of the books that do not hold."""
        return [one for one in equations(await self.books()) if not one.holds]


def why(case: Case) -> Mapping[str, object]:
    """Why the case went where it went."""
    routing = case.why["routing"]
    assert isinstance(routing, Mapping)
    return routing


@asynccontextmanager
async def at_work(database_url: str, conn: AsyncConnection, home: Path) -> AsyncGenerator[Town]:
    """Littletown settled in this database, its doors open."""
    await prepare(Settings(database_url=database_url, home=home))
    await settle(conn)
    database, log = Database(database_url), PostgresLog(database_url)
    intake = Intake(database, waiting=100, batch=50)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.push_async_callback(log.close)
        committing = asyncio.create_task(intake.run())
        stack.push_async_callback(_ended, committing)
        screen = await stack.enter_async_context(a_screen(database_url))
        decider = Decider(database, home / "cache", WorkerMetrics())
        yield Town(conn, screen, database, intake, decider, log)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
