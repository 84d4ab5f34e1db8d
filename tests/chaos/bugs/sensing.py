"""Bugs of the road from samples to alarms."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.sensing.memory import Memory
from app.sensing.watch import Watch
from dispatch.sensing import register
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, swap


def _window_not_in_key() -> None:
    def key(device: str, rule: str, first_at: datetime, turn: int = 1) -> str:
        return hashlib.sha256(f"{device}|{rule}".encode()).hexdigest()

    swap(register, "alarm_key", key)


def _remembered_before_committed() -> None:
    def made(write: Any) -> Any:
        async def forgetting(self: Any, conn: Any, dirty: Sequence[Memory], *more: Any) -> Any:
            try:
                return await write(self, conn, dirty, *more)
            except BaseException:
                for memory in dirty:
                    memory.told.clear()
                raise

        return forgetting

    around(Watch, "_write", made)


BUGS = (
    Bug(
        name="window-not-in-key",
        says="The key of an alarm leaves out its window: a device alarms once and never again.",
        processes=("worker",),
        caught_by=("became an alarm", "no alarm was invented"),
        apply=_window_not_in_key,
    ),
    Bug(
        name="alarm-remembered-early",
        says="An alarm counts as raised before it is committed.",
        processes=("worker",),
        provoked_by=("postgres-backend-ended", "postgres-down", "network-refused"),
        aimed_at=r"worker-\d(>postgres)?",
        caught_by=("became an alarm",),
        apply=_remembered_before_committed,
    ),
)
