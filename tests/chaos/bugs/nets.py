"""Safety nets of the product, taken away, and what the product needs before a bug can show."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from app import clock, worker
from dispatch import actions
from dispatch import decide as decisions
from dispatch.case import Move, Order
from dispatch.errors import Undecidable
from dispatch.postgres import book, saving
from dispatch.postgres.book import PostgresBook
from dispatch.workflow.errors import MoveRefused
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, reword, swap

STREAM_ALONE = ("rescue", "older reports of the category are decided along")


def stream_alone() -> None:
    """Only the stream decides, and only what it was told of: what it skips stays undecided."""

    async def idle(_: object) -> None:
        await asyncio.Event().wait()

    swap(worker.Worker, "_rescue", idle)
    older = "category = ANY(%(categories)s) AND id < %(newest)s"
    reword(book, "_UNDECIDED", older, f"false AND {older}")


def with_poison() -> None:
    """Three reports in a hundred can never be decided; by their bytes, so always the same ones.

    They are given up after two attempts, for the sake of who waits.
    """

    def made(decide: Any) -> Any:
        def decided(report: Any, *args: Any, **more: Any) -> Any:
            if report.body_sha256[0] < 8:
                raise Undecidable(report.id, "it is poison")
            return decide(report, *args, **more)

        return decided

    around(decisions, "decide", made)
    swap(saving, "MAX_ATTEMPTS", 2)


# The same for everybody who asks at the same time: so they meet over one task.
_FREE_TASKS: Final = """
    SELECT id
      FROM cases
     WHERE state = 'assigned' AND taken_by IS NULL
     ORDER BY id
     LIMIT 3
"""


def with_two_handlers() -> None:
    """At every clock process sits a handler, and all of them take the oldest tasks that are free.

    Nobody else of a run moves a case while others may: reports join it in its first second, and its
    deadlines come when they have stopped. Who comes second is refused by the workflow.
    """

    def made(turn: Any) -> Any:
        async def taking(self: Any, city: str) -> int:
            database = self._database
            async with database.session() as conn:
                free = await (await conn.execute(_FREE_TASKS)).fetchall()
            for (case_id,) in free:
                await _take(database, case_id, city)
            return await turn(self, city)

        return taking

    around(clock.Clock, "turn", made)


async def _take(database: Any, case_id: int, city: str) -> None:
    with suppress(MoveRefused):
        async with database.connection() as conn:
            order = Order(Move.TAKE)
            now = datetime.now(UTC)
            await actions.move(
                PostgresBook(conn), case_id, order, actor="handler", city=city, now=now
            )


CONTROLS = (
    Bug(
        name="control",
        says="The product as it is.",
        processes=(),
        provoked_by=(
            "process-killed",
            "process-frozen",
            "all-killed",
            "postgres-immediate",
            "postgres-backend-ended",
            "network-delayed",
            "network-cut",
            "clock-jumped",
        ),
        caught_by=(),
    ),
    Bug(
        name="control-stream-alone",
        says="No bug, but nothing behind the stream.",
        processes=("worker",),
        provoked_by=(
            "process-killed",
            "all-killed",
            "process-frozen",
            "postgres-backend-ended",
            "postgres-immediate",
            "postgres-killed",
            "postgres-slow",
            "network-cut",
            "network-delayed",
        ),
        nets=STREAM_ALONE,
        caught_by=(),
        apply=stream_alone,
    ),
    Bug(
        name="control-poison",
        says="No bug, but reports that can never be decided, which the judge must see as dead.",
        processes=("worker",),
        caught_by=("no good report is dead",),
        apply=with_poison,
    ),
    Bug(
        name="control-two-handlers",
        says="No bug, but two handlers who take the same tasks at the same time.",
        processes=("clock",),
        caught_by=(),
        apply=with_two_handlers,
    ),
)
"""Where nothing may object but *caught_by*: that a check objects to a bug means nothing where it
objects without one as well."""
