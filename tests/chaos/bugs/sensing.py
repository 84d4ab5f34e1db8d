"""Bugs of the road from samples to alarms."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from app.sensing import Watch
from dispatch.sensing.alarms import Alarm
from tests.chaos.bugs.bug import Bug
from tests.chaos.bugs.patching import around, swap


def _window_not_in_key() -> None:
    def key(self: Alarm) -> str:
        return hashlib.sha256(f"{self.sensor.code}|{self.rule.name}".encode()).hexdigest()

    swap(Alarm, "key", property(key))


def _remembered_before_committed() -> None:
    def made(report: Any) -> Any:
        async def remembering(self: Any, alarms: Sequence[Alarm], language: Any) -> Any:
            self._raised.update(alarm.key for alarm in alarms)
            return await report(self, alarms, language)

        return remembering

    around(Watch, "_report", made)


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
