"""What all clients have in common: their arguments, and that SIGTERM asks them to finish."""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

MOST_BEHIND_S: Final = 2.0


class Stop:
    """Set by SIGTERM or SIGINT: make nothing new, finish what was planned, leave."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._event.set)

    def __bool__(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        """Until it is asked."""
        await self._event.wait()

    async def pause(self, seconds: float) -> None:
        """Sleep, or until it is asked to stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)


async def unless_stopped(stop: Stop, work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of *work*; None when the stop came first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    working.cancel()
    return None


class Pace:
    """Lets so much happen per second on average, however long each thing takes."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._next = time.monotonic()

    async def step(self, seconds: float) -> None:
        """Wait until *seconds* after the step before; what a long pause missed is not made good."""
        now = time.monotonic()
        self._next = max(self._next + seconds, now - MOST_BEHIND_S)
        await self._stop.pause(max(0.0, self._next - now))


def arguments(name: str) -> argparse.ArgumentParser:
    """A parser that knows ``--run`` and ``--seed``."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.chaos.clients.{name}")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def doors(text: str) -> list[str]:
    """The web processes, given as ``URL,URL``."""
    return [url.rstrip("/") for url in text.split(",") if url]


def run(work: Callable[[Stop], Awaitable[None]]) -> None:
    """Work until it is done; the process then ends with 0."""

    async def main() -> None:
        await work(Stop())

    asyncio.run(main())
