"""Bugs of deciding: the agent, the one transaction, the locks, the fold."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from app.database import TRANSIENT, DatabaseAway, connect
from dispatch import decide as decisions
from dispatch import events as e
from dispatch.postgres import book, saving, statements
from dispatch.postgres import cases as stored_cases
from dispatch.postgres import log as outbox_log
from dispatch.workflow import history
from streams import agents, batches
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.nets import STREAM_ALONE, stream_alone, with_poison, with_two_handlers
from tests.chaos.bugs.patching import around, reword, swap

_log = structlog.get_logger("citygrid.bug")


def _acknowledged_before_handled() -> None:
    async def acknowledging_first(
        stream: Any, *, handle: Any, size: int = 500, within_s: float = 0.02, **_: Any
    ) -> None:
        async for events in stream.take(size, within=within_s):
            for event in events:
                await stream.ack(event)
            await stream.app.consumer.commit()
            await asyncio.sleep(0.1)
            await handle([batches.message_of(event) for event in events])

    swap(agents, "batches", acknowledging_first)
    stream_alone()


def _raise_in_agent() -> None:
    async def raising(
        stream: Any, *, handle: Any, size: int = 500, within_s: float = 0.02, **_: Any
    ) -> None:
        async for events in stream.take(size, within=within_s):
            await handle([batches.message_of(event) for event in events])

    swap(agents, "batches", raising)
    stream_alone()


def _swallowed_error() -> None:
    async def handling(self: Any, messages: Sequence[Any]) -> None:
        try:
            await self.handle(messages)
        except Exception as trouble:
            _log.error("batch failed", error=repr(trouble))

    swap(batches._Loop, "settle", handling)  # pyright: ignore[reportPrivateUsage]
    stream_alone()


_later: set[asyncio.Task[None]] = set()


def _after_the_commit(statement: str) -> None:
    """Let one of the statements of `save` run on another connection, a moment after the commit."""

    def made(write: Any) -> Any:
        async def written(
            conn: Any, text: str, rows: Sequence[Mapping[str, object]], **more: object
        ) -> int:
            if text != getattr(statements, statement):
                return await write(conn, text, rows, **more)
            _later.add(task := asyncio.create_task(later(text, rows, more)))
            task.add_done_callback(_later.discard)
            return len(rows)

        async def later(text: Any, rows: Any, more: Any) -> None:
            await asyncio.sleep(0.2)
            try:
                async with await connect(os.environ["CITY_DATABASE_URL"]) as other:
                    await write(other, text, rows, **more)
            except (DatabaseAway, *TRANSIENT) as trouble:
                _log.error("not written", error=repr(trouble))

        return written

    getattr(statements, statement)  # a missing one must show now
    around(saving, "_write", made)


def _outbox_outside() -> None:
    _after_the_commit("INSERT_OUTBOX")


def _outcome_outside() -> None:
    _after_the_commit("DECIDE_REPORTS")


def _no_row_locks() -> None:
    def made(read: Any) -> Any:
        async def slowly(*given: Any) -> Any:
            found = await read(*given)
            await asyncio.sleep(0.5)
            return found

        return slowly

    reword(stored_cases, "read_locked", "FOR UPDATE", "")
    reword(book, "_NEAR", "FOR UPDATE", "")
    reword(outbox_log, "due_now", "FOR UPDATE OF c, d", "FOR UPDATE OF d")
    around(book, "read_locked", made)
    with_two_handlers()


def _nobody_takes_turns() -> None:
    async def at_once(*_: object) -> None:
        await asyncio.sleep(0.05)

    def made(write: Any) -> Any:
        async def unchecked(conn: Any, text: str, rows: Any, **more: object) -> int:
            written = await write(conn, text, rows, **more)
            return len(rows) if text == statements.DECIDE_REPORTS else written

        return unchecked

    swap(book.PostgresBook, "take_turn", at_once)
    reword(book, "_UNDECIDED", "FOR UPDATE", "")
    around(saving, "_write", made)


def _merge_counted_twice() -> None:
    def made(changed: Any) -> Any:
        def twice(case: Any, event: Any) -> Any:
            after = changed(case, event)
            if isinstance(event, e.ReportMerged):
                return replace(after, reports=after.reports + 1)
            return after

        return twice

    around(history, "_changed", made)


def _time_zone_slip() -> None:
    def made(due_times: Any) -> Any:
        def slipped(*given: Any) -> dict[str, Any]:
            return {name: due + timedelta(hours=8) for name, due in due_times(*given).items()}

        return slipped

    around(decisions, "due_times", made)


_FORGET = """
    WITH dead AS (SELECT id FROM inbox WHERE state = 'dead'),
         photos AS (DELETE FROM photo WHERE inbox_id IN (SELECT id FROM dead)),
         people AS (DELETE FROM reporter WHERE inbox_id IN (SELECT id FROM dead))
    DELETE FROM inbox WHERE id IN (SELECT id FROM dead)
"""


def _dead_letter_dropped() -> None:
    def made(write: Any) -> Any:
        async def forgetting(conn: Any, text: str, rows: Any, **more: object) -> int:
            written = await write(conn, text, rows, **more)
            if rows and text == statements.FAIL_REPORTS:
                await conn.execute(_FORGET)
            return written

        return forgetting

    with_poison()
    around(saving, "_write", made)


_SERVER_FAULTS = ("postgres-backend-ended", "postgres-immediate", "postgres-killed", "network-cut")

BUGS = (
    Bug(
        name="acknowledged-before-handled",
        says="The agent acknowledges a batch and then decides it.",
        processes=("worker",),
        provoked_by=("process-killed", "all-killed", *_SERVER_FAULTS),
        nets=STREAM_ALONE,
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("undecided", "became an alarm"),
        apply=_acknowledged_before_handled,
    ),
    Bug(
        name="raise-in-agent",
        says="An exception leaves the agent, and Faust skips what it was handling.",
        processes=("worker",),
        provoked_by=_SERVER_FAULTS,
        nets=STREAM_ALONE,
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("undecided", "became an alarm"),
        apply=_raise_in_agent,
    ),
    Bug(
        name="swallowed-error",
        says="A batch that fails is logged, acknowledged and never tried again.",
        processes=("worker",),
        provoked_by=_SERVER_FAULTS,
        nets=STREAM_ALONE,
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("undecided", "became an alarm"),
        apply=_swallowed_error,
    ),
    Bug(
        name="outbox-outside-transaction",
        says="The outbox is written on another connection after the decision is committed.",
        processes=("worker", "clock", "web"),
        caught_by=("outbox",),
        apply=_outbox_outside,
    ),
    Bug(
        name="outcome-outside-transaction",
        says="The outcome is written into the inbox after the case is committed.",
        processes=("worker",),
        caught_by=("cased", "accepted ="),
        apply=_outcome_outside,
    ),
    Bug(
        name="case-rows-not-locked",
        says="Cases are read without a lock half a second before their next event is chained; two "
        "handlers take the same tasks.",
        processes=("worker", "clock", "web"),
        nets=(
            "primary key of case_event",
            "unique outbox.dedup",
            "unique delivery (destination, dedup)",
        ),
        caught_by=("last event", "versions of cases", "chains"),
        apply=_no_row_locks,
        sql="""
            ALTER TABLE case_event DROP CONSTRAINT case_event_pkey;
            ALTER TABLE outbox DROP CONSTRAINT outbox_dedup_key;
            ALTER TABLE delivery DROP CONSTRAINT delivery_destination_dedup_key
        """,
    ),
    Bug(
        name="nobody-takes-turns",
        says="Agent and rescue decide one report at the same time, with no lock and no check.",
        processes=("worker",),
        provoked_by=("process-killed", "process-frozen", "postgres-slow"),
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("cases", "one outcome"),
        apply=_nobody_takes_turns,
    ),
    Bug(
        name="merge-counted-twice",
        says="A report that joins a case counts as two in it.",
        processes=("worker",),
        caught_by=("counted in cases",),
        apply=_merge_counted_twice,
    ),
    Bug(
        name="time-zone-slip",
        says="Deadlines are eight hours off: local time taken for UTC.",
        processes=("worker",),
        caught_by=("limits say",),
        apply=_time_zone_slip,
    ),
    Bug(
        name="dead-letter-dropped",
        says="A report that cannot be decided is deleted instead of kept as dead.",
        processes=("worker",),
        caught_by=("acknowledged report is in the inbox",),
        apply=_dead_letter_dropped,
    ),
)
