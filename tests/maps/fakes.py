"""A numbered log in memory, whose outages and announcements the test commands."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from maps.errors import LogAway
from maps.patch import Row


class LogInMemory:
    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.away = False
        self.opened = 0
        self._announced = asyncio.Event()

    def append(self, *rows: Row) -> None:
        """Rows are committed and announced."""
        self.rows.extend(rows)
        self._announced.set()

    def go_away(self) -> None:
        """Every connection breaks, and none can be made."""
        self.away = True
        self._announced.set()

    def come_back(self) -> None:
        self.away = False

    def replace(self, *rows: Row) -> None:
        """The database is another one now."""
        self.rows = list(rows)
        self._announced.set()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["LogInMemory"]:
        self._check()
        self.opened += 1
        yield self

    async def head(self) -> int:
        self._check()
        return max((row.position for row in self.rows), default=0)

    async def rows_since(self, position: int, limit: int) -> Sequence[Row]:
        self._check()
        return [row for row in self.rows if row.position > position][:limit]

    async def news(self, within_s: float) -> int | None:
        self._check()
        try:
            await asyncio.wait_for(self._announced.wait(), within_s)
        except TimeoutError:
            return None
        self._announced.clear()
        return await self.head()

    def _check(self) -> None:
        if self.away:
            raise LogAway("the test took it away")


class OpenShortcut:
    is_open = True
