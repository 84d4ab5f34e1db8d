"""Bugs of the clock: deadlines that pass early, twice, or while the clock is wrong."""

from __future__ import annotations

import asyncio
from typing import Any

from app import clock
from dispatch.postgres import log
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, reword, swap


def _early_timer() -> None:
    reword(log, "due_now", "d.due_at <= %s", "d.due_at <= %s + interval '5 s'")


def _timer_without_claim() -> None:
    def made(due_now: Any) -> Any:
        async def slowly(*given: Any) -> Any:
            due = await due_now(*given)
            await asyncio.sleep(0.5 if due else 0)
            return due

        return slowly

    reword(log, "due_now", "FOR UPDATE OF c, d SKIP LOCKED", "")
    around(clock, "due_now", made)


def _jump_believed() -> None:
    swap(clock, "may_judge", lambda *_: True)  # pyright: ignore[reportUnknownLambdaType]


BUGS = (
    Bug(
        name="early-timer",
        says="Deadlines pass five seconds before they are due.",
        processes=("clock",),
        shows_after_s=50.0,
        caught_by=("early",),
        apply=_early_timer,
    ),
    Bug(
        name="timer-without-claim",
        says="Two clocks look at the same deadlines and both let them pass.",
        processes=("clock",),
        shows_after_s=50.0,
        caught_by=("'overdue'",),
        apply=_timer_without_claim,
    ),
    Bug(
        name="jump-believed",
        says="Deadlines are judged by the database's clock although it has jumped.",
        processes=("clock",),
        provoked_by=("clock-jumped",),
        caught_by=("early",),
        apply=_jump_believed,
    ),
)
