"""Degraded modes: what of the city's servers is missing right now, as this process sees it.

A mode is shown on every page, counted in `city_degraded{mode=…}` and told by `/api/state`; what it
means and what to do is in the runbook.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Final, Protocol

import structlog

EVERY_S: Final = 1.0
"""How often everything is looked at."""

_log = structlog.get_logger()


class Mode(StrEnum):
    """One thing that is not as it should be; worst first."""

    DATABASE_AWAY = "database_away"
    DATABASE_READ_ONLY = "database_read_only"
    DISK_LOW = "disk_low"
    CLOCK_FROZEN = "clock_frozen"
    KAFKA_AWAY = "kafka_away"
    REDIS_AWAY = "redis_away"


class Probe(Protocol):
    """Looks at one server."""

    async def look(self) -> Collection[Mode]:
        """The modes that the server causes; bounded in time, raises nothing."""
        ...

    async def close(self) -> None:
        """Let go of the server."""
        ...


class Lookout:
    """Asks the probes again and again; *degraded* holds the modes of the last look, worst first."""

    def __init__(self, probes: Sequence[Probe]) -> None:
        self._probes = probes
        self.degraded: tuple[Mode, ...] = ()
        self.on_change: Callable[[], object] = lambda: None

    async def look(self) -> None:
        """Ask every probe once, side by side."""
        looks = await asyncio.gather(*(probe.look() for probe in self._probes))
        found = {mode for modes in looks for mode in modes}
        before, self.degraded = self.degraded, tuple(mode for mode in Mode if mode in found)
        if before != self.degraded:
            _log.warning("modes changed", degraded=self.degraded, before=before)
            self.on_change()

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(EVERY_S)
        finally:
            for probe in self._probes:
                await probe.close()
