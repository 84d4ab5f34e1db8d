"""Bugs of the clock: deadlines that pass early, twice, or while the clock is wrong."""

from __future__ import annotations

import asyncio
from typing import Any

from app import clock
from dispatch.postgres import log
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, reword


def _early_timer() -> None:
    reword(log, "due_now", "d.due_at <= clock_timestamp()", "d.due_at <= clock_timestamp() + '5 s'")


def _timer_without_claim() -> None:
    def made(due_now: Any) -> Any:
        async def slowly(*given: Any) -> Any:
            due = await due_now(*given)
            await asyncio.sleep(0.5 if due else 0)
            return due

        return slowly

    reword(log, "due_now", "FOR UPDATE OF c SKIP LOCKED", "")
    around(clock, "due_now", made)


BUGS = (
    Bug(
        name="early-timer",
        says="Deadlines pass five seconds before they are due.",
        processes=("clock",),
        caught_by=("early", "deadline"),
        apply=_early_timer,
    ),
    Bug(
        name="timer-without-claim",
        says="Two clocks look at the same deadlines and both let them pass.",
        processes=("clock",),
        caught_by=("overdue", "fired", "deadline"),
        apply=_timer_without_claim,
    ),
)
