"""Waking those who wait for news of a topic or a group."""

import asyncio
from collections import Counter
from collections.abc import Iterable


class Bell:
    """Counts rings by name, so that a ring between looking and waiting is never missed.

    Look first (`heard`), then ask the log, then `wait_past` what was heard.
    """

    def __init__(self) -> None:
        self._rings: Counter[str] = Counter()
        self._for_all = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def heard(self, names: Iterable[str]) -> int:
        """How often it rang for any of *names* so far."""
        return self._for_all + sum(self._rings[name] for name in names)

    def ring(self, name: str) -> None:
        """Wake those who wait for *name*."""
        self._rings[name] += 1
        self._wake()

    def ring_for_all(self) -> None:
        """Wake everybody: news may have been missed."""
        self._for_all += 1
        self._wake()

    async def wait_past(self, heard: int, names: Iterable[str], timeout_s: float) -> None:
        """Return when it has rung more than *heard* times for *names*, or after *timeout_s*."""
        wanted = tuple(names)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while self.heard(wanted) <= heard and (left := deadline - loop.time()) > 0:
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiting.add(waiter)
            try:
                await asyncio.wait({waiter}, timeout=left)
            finally:
                self._waiting.discard(waiter)

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
