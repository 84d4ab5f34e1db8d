"""Degraded modes: what of the city's servers is missing right now, as this process sees it.

A mode is shown on every page, counted in `city_degraded{mode=…}` and told by `/api/state`; what it
means and what to do is in the runbook.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Final, Protocol

import structlog

EVERY_S: Final = 1.0
"""How often everything is looked at."""

PATIENCE_S: Final = 3.0
"""A server that has not answered by then counts as away."""

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
    """Looks at one server; *silent* are the modes that it stands for while it does not answer."""

    silent: Collection[Mode]

    async def look(self) -> Collection[Mode]:
        """The modes that the server causes; raises nothing."""
        ...

    async def close(self) -> None:
        """Let go of the server."""
        ...


class Lookout:
    """Asks the probes again and again; *degraded* holds the modes of the last look, worst first."""

    def __init__(self, probes: Sequence[Probe], *, patience_s: float = PATIENCE_S) -> None:
        self._probes, self._patience_s = probes, patience_s
        self._looks: dict[int, Task[Collection[Mode]]] = {}
        self.degraded: tuple[Mode, ...] = ()
        self.on_change: Callable[[], object] = lambda: None

    async def look(self) -> None:
        """Ask every probe once, side by side, and wait for their answers with patience.

        A probe that has not answered by then is not asked again until it does. (To cancel it would
        not help: giving up a question to PostgreSQL takes as long as PostgreSQL is silent.)
        """
        for number, probe in enumerate(self._probes):
            if number not in self._looks:
                self._looks[number] = asyncio.create_task(probe.look())
        await asyncio.wait(self._looks.values(), timeout=self._patience_s)
        found: set[Mode] = set()
        for number, probe in enumerate(self._probes):
            is_done = self._looks[number].done()
            found.update(self._looks.pop(number).result() if is_done else probe.silent)
        self._become(tuple(mode for mode in Mode if mode in found))

    def _become(self, degraded: tuple[Mode, ...]) -> None:
        before, self.degraded = self.degraded, degraded
        if before != degraded:
            _log.warning("modes changed", degraded=degraded, before=before)
            self.on_change()

    async def run(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(EVERY_S)
        finally:
            for look in self._looks.values():
                look.cancel()
            await asyncio.gather(*self._looks.values(), return_exceptions=True)
            for probe in self._probes:
                await probe.close()
