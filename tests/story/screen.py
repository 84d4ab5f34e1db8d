"""What a dispatcher's browser does, in Python: follow the stream, keep a board."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import msgspec

from maps.board import WHOLE_CITY, Board, Marker
from maps.live import LiveMap
from maps.patch import Frame, advance
from maps.postgres.log import PostgresLogDoor

PATIENCE_S = 20.0


class Screen:
    """A board that begins empty and is moved on by nothing but the frames of the stream."""

    def __init__(self, stream: AsyncGenerator[bytes]) -> None:
        self.board = Board()
        self._stream = stream

    async def follow_to(self, position: int) -> None:
        """Read the stream until the board stands at *position* of the numbered log."""
        async with asyncio.timeout(PATIENCE_S):
            while self.board.position < position:
                self._take(await anext(self._stream))

    def marker(self, case_id: int) -> Marker | None:
        """The case as it is painted, None when it is not on the map."""
        return self.board.markers.get(case_id)

    def _take(self, text: bytes) -> None:
        for event in text.split(b"\n\n"):
            head, _, data = event.partition(b"data: ")
            if b"event: patch\n" in head:
                self.board = advance(self.board, [msgspec.json.decode(data, type=Frame)])


@asynccontextmanager
async def a_screen(database_url: str) -> AsyncGenerator[Screen]:
    """A live map on this database, and one screen that sees the whole city."""
    live = LiveMap(PostgresLogDoor(database_url))
    async with live.running():
        assert await live.ready(PATIENCE_S)
        async with aclosing(live.stream(WHOLE_CITY, since=0)) as stream:
            yield Screen(stream)
