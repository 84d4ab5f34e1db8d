"""Safety nets of the product, taken away, and what the product needs before a bug can show."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from app import worker
from dispatch import decide as decisions
from dispatch.errors import Undecidable
from dispatch.postgres import book, saving
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


def with_hasty_deadlines() -> None:
    """Every milestone is due a second after its case was opened, while reports still join it."""

    def made(due_times: Any) -> Any:
        def hasty(limit: Any, start: datetime, calendar: Any) -> dict[str, datetime]:
            return dict.fromkeys(due_times(limit, start, calendar), start + timedelta(seconds=1))

        return hasty

    around(decisions, "due_times", made)


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
)
"""Where nothing may object but *caught_by*: that a check objects to a bug means nothing where it
objects without one as well."""
