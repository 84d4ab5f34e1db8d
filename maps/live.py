"""The live map at work: follow the numbered log into the hub, and send the hub to the screens.

PostgreSQL is the truth; its announcements wake the follower, and a slow look every few seconds
covers an announcement that was lost. Redis may bring the same rows earlier and is never needed.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from maps.board import Scope
from maps.errors import LogAway, PatchesMissing, UnreadableRow
from maps.hub import Hub
from maps.patch import Patch, Row, join, read_patch
from maps.ports import Log, LogDoor, Shortcut
from maps.wire import RESET, beat_text, frame_text, hello_text

TICK_S: Final = 0.1
BEAT_S: Final = 3.0
LOOK_S: Final = 2.0
RETRY_S: Final = 0.5
HEAD_START_S: Final = 0.02
PAGE: Final = 1_000
KEPT_AT_START: Final = 5_000

_LOGGER = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LiveMap:
    """One process's share of the live map: one reader of the log, any number of streams.

    *degraded* says what is not as it should be right now; every beat tells it to the screens.
    """

    def __init__(
        self,
        door: LogDoor,
        *,
        hub: Hub | None = None,
        shortcut: Shortcut | None = None,
        clock: Callable[[], datetime] = _utc_now,
        degraded: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.hub = hub or Hub()
        self._door = door
        self._shortcut = shortcut
        self._clock = clock
        self._degraded = degraded
        self._ready = asyncio.Event()
        self._current_at = clock()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["LiveMap"]:
        """Follow, send and beat until the block is left; then every stream ends."""
        tasks = [asyncio.create_task(work()) for work in (self._follow, self._send, self._beat)]
        for task in tasks:
            task.add_done_callback(_log_crash)
        try:
            yield self
        finally:
            # A cancellation may be swallowed by asyncio.wait_for before 3.12: hence the flag.
            self._stopping = True
            self.hub.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def ready(self, within_s: float) -> bool:
        """Whether the log has been reached, waiting for it for a while."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), within_s)
        return self._ready.is_set()

    async def stream(self, scope: Scope, since: int) -> AsyncGenerator[bytes]:
        """The events of one screen that stands after row *since*, until it leaves or must restart.

        The screen joins before the rows it missed are looked up: nothing falls between.
        """
        viewer = self.hub.join(scope)
        try:
            yield hello_text(self.hub.sent, self._clock())
            missed = self.hub.since(since)
            if missed is None:
                yield RESET
                return
            if missed:
                yield frame_text(join(missed, scope), self._clock())
            yield beat_text(
                self.hub.sent,
                self._clock(),
                self._current_at,
                self._degraded(),
                self.hub.situations,
            )
            while (text := await viewer.take()) is not None:
                yield text
        finally:
            self.hub.leave(viewer)

    def hear(self, rows: Sequence[Row]) -> None:
        """Take rows that came by the shortcut; a hole is left to the log itself."""
        with suppress(PatchesMissing):
            if self._ready.is_set():
                self.hub.take(_patches(rows))

    async def _follow(self) -> None:
        while not self._stopping:
            try:
                async with self._door.open() as log:
                    await self._begin(log)
                    await self._follow_on(log)
            except LogAway as err:
                _LOGGER.warning("live map lost the log", extra={"problem": err.problem})
                await asyncio.sleep(RETRY_S)

    async def _begin(self, log: Log) -> None:
        """Stand at the head the first time, a stretch before it already sent, for who returns."""
        if self._ready.is_set():
            return
        head = await log.head()
        self.hub.restart(max(0, head - KEPT_AT_START))
        await self._catch_up(log)
        self._ready.set()

    async def _follow_on(self, log: Log) -> None:
        while not self._stopping:
            await self._catch_up(log)
            announced = await log.news(LOOK_S)
            if announced and self._shortcut and self._shortcut.is_open:
                await asyncio.sleep(HEAD_START_S)

    async def _catch_up(self, log: Log) -> None:
        started_at = self._clock()
        while rows := await log.rows_since(self.hub.position, PAGE):
            self._take(rows)
            if len(rows) < PAGE:
                break
        else:
            await self._start_over_if_replaced(log)
        self._current_at = started_at

    def _take(self, rows: Sequence[Row]) -> None:
        try:
            self.hub.take(_patches(rows))
        except PatchesMissing as err:
            _LOGGER.warning("live map starts over", extra={"missing": err.expected})
            self.hub.restart(rows[0].position - 1)

    async def _start_over_if_replaced(self, log: Log) -> None:
        stood_at = self.hub.position
        head = await log.head()
        if head < stood_at:
            _LOGGER.warning("live map starts over", extra={"log_head": head})
            self.hub.restart(head)

    async def _send(self) -> None:
        """The first change goes out at once, those right behind it together a tick later.

        That something happened to situations is told with them.
        """
        told = 0
        while not self._stopping:
            await self.hub.news.wait()
            self.hub.flush(self._clock())
            if self.hub.situations != told:
                told = self.hub.situations
                self.beat()
            await asyncio.sleep(TICK_S)

    async def _beat(self) -> None:
        while not self._stopping:
            await asyncio.sleep(BEAT_S)
            self.beat()

    def beat(self) -> None:
        """Tell every screen at once how things stand; happens by itself every few seconds."""
        self.hub.beat(self._clock(), self._current_at, self._degraded())


def _log_crash(task: asyncio.Task[None]) -> None:
    """A dead follower shows on the screens as data that grows old; here it says why."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOGGER.critical("live map crashed", exc_info=error)


def _patches(rows: Sequence[Row]) -> list[Patch]:
    return [_patch(row) for row in rows]


def _patch(row: Row) -> Patch:
    """The patch of a row; one that cannot be read must not stop the map for everybody."""
    try:
        return read_patch(row)
    except UnreadableRow as err:
        _LOGGER.error("row not shown", extra={"position": row.position, "problem": err.problem})
        return Patch(row.position, None)
