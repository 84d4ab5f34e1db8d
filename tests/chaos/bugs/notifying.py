"""Bugs of the deliveries: what leaves the city and reaches a receiver."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import structlog

from app.courier import Courier
from app.database import TRANSIENT, DatabaseAway, connect
from app.outlets.events import DestinationOutlet
from dispatch.postgres import leases, saving, statements
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, reword, swap

_log = structlog.get_logger("citygrid.bug")

_OWE: str = """
    INSERT INTO delivery (destination, dedup, event)
    SELECT t.name, o.dedup, o.id
      FROM outbox o, destination t
     WHERE o.dedup = ANY(%s) AND t.ended_at IS NULL
"""
_later: set[asyncio.Task[None]] = set()


def _owed_after_the_commit() -> None:
    def made(write: Any) -> Any:
        async def written(conn: Any, text: str, rows: Any, **more: object) -> int:
            count = await write(conn, text, rows, **more)
            if rows and text == statements.INSERT_OUTBOX:
                task = asyncio.create_task(owe([row["dedup"] for row in rows]))
                _later.add(task)
                task.add_done_callback(_later.discard)
            return count

        return written

    async def owe(events: list[str]) -> None:
        await asyncio.sleep(0.2)
        try:
            async with await connect(os.environ["CITY_DATABASE_URL"]) as other:
                await other.execute(_OWE.encode(), [events])
        except (DatabaseAway, *TRANSIENT) as trouble:
            _log.error("not owed", error=repr(trouble))

    reword(
        statements, "INSERT_OUTBOX", "JOIN told ON told.kinds = '{}' OR", "JOIN told ON false AND"
    )
    around(saving, "_write", made)


def _without_lease() -> None:
    reword(leases, "_CLAIM", "FOR UPDATE OF w SKIP LOCKED", "")
    reword(leases, "_CLAIM", "w.leased_until IS NULL", "true")


def _sent_before_post() -> None:
    async def turn(self: Any) -> int:
        async with self._database.connection() as conn:
            letters = await self._outlet.claim(conn, self._outlet.at_once)
            await self._outlet.settle(conn, [one.id for one in letters], [], most=self._most)
        await asyncio.gather(*map(self._outlet.send, letters), return_exceptions=True)
        return len(letters)

    swap(Courier, "_turn", turn)


def _any_answer_is_a_yes() -> None:
    def made(send: Any) -> Any:
        async def trusting(self: Any, letter: Any) -> str | None:
            problem = await send(self, letter)
            return None if problem and problem.startswith("answered") else problem

        return trusting

    around(DestinationOutlet, "send", made)


def _key_of_each_attempt() -> None:
    def made(headers: Any) -> Any:
        def numbered(self: Any, letter: Any, body: bytes) -> dict[str, str]:
            told = headers(self, letter, body)
            return {**told, "idempotency-key": f"{letter.dedup}-{letter.attempts}"}

        return numbered

    around(DestinationOutlet, "_headers", made)


BUGS = (
    Bug(
        name="owed-after-commit",
        says="What is owed to receivers is written on another connection after the decision is "
        "committed.",
        processes=("worker", "clock", "web"),
        caught_by=("owed to destinations",),
        apply=_owed_after_the_commit,
    ),
    Bug(
        name="notifier-without-lease",
        says="Two notifiers take up the same deliveries.",
        processes=("notifier",),
        caught_by=("delivered again",),
        apply=_without_lease,
    ),
    Bug(
        name="sent-before-post",
        says="A delivery is marked as sent and then sent.",
        processes=("notifier",),
        provoked_by=("process-killed", "network-refused", "network-cut"),
        aimed_at=r"notifier-\d|notifiers>sink",
        caught_by=("delivered to the sink", "marked as sent"),
        apply=_sent_before_post,
    ),
    Bug(
        name="any-answer-is-a-yes",
        says="A delivery counts as sent when the receiver answers, whatever it says.",
        processes=("notifier",),
        caught_by=("delivered to the sink", "marked as sent"),
        apply=_any_answer_is_a_yes,
    ),
    Bug(
        name="key-of-each-attempt",
        says="The Idempotency-Key changes with every attempt.",
        processes=("notifier",),
        caught_by=("no effect but ours",),
        apply=_key_of_each_attempt,
    ),
)
