"""Endless loops beside the main work of a process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Final

import structlog

_CANCELLED_WITHIN_S: Final = 3.0
"""A client of a server that is away may take its time; the process does not wait for it."""

_log: Final = structlog.get_logger("citygrid.background")


@asynccontextmanager
async def running(*loops: Coroutine[object, object, None]) -> AsyncGenerator[None]:
    """Run the loops until the block is left; one that ends by a defect ends the whole process."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    for task in tasks:
        task.add_done_callback(_end_process)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_CANCELLED_WITHIN_S)


def _end_process(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (defect := task.exception()) is not None:
        _log.critical("a loop of this process ended", exc_info=defect)
        signal.raise_signal(signal.SIGTERM)
