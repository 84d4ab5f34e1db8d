"""Tiles kept in Redis by grid version, drawn when they are missing; works without Redis too."""

import asyncio
import gzip
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from maps.layers import TileNumber

FORMAT: Final = 1
"""Goes up by one whenever the same grid would be drawn differently."""
KEPT_S: Final = 14 * 24 * 3600
EMPTY: Final = b""

_AWAY: Final = (RedisError, OSError, RuntimeError)
"""uvloop says RuntimeError where a connection that was reset is written to."""

_LOGGER = logging.getLogger(__name__)

Draw = Callable[[TileNumber], Awaitable[bytes]]


class TileShelf:
    """Gzipped tiles by grid stamp; *redis* None keeps none. One drawing of a tile at a time."""

    def __init__(self, redis: "Redis | None") -> None:
        self._redis: Any = redis
        self._drawing: dict[str, asyncio.Task[bytes]] = {}

    async def tile(self, tile: TileNumber, stamp: str, draw: Draw) -> bytes:
        """The gzipped tile, empty when nothing lies in it; *draw* makes what is not on the shelf.

        Raises whatever *draw* raises.
        """
        key = _key(tile, stamp)
        kept = await self._find(key)
        if kept is not None:
            return kept
        task = self._drawing.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, tile, draw))
            self._drawing[key] = task
            task.add_done_callback(lambda _: self._drawing.pop(key, None))
        return await asyncio.shield(task)

    async def rebuild(self, tiles: Iterable[TileNumber], stamp: str, draw: Draw) -> int:
        """Draw these tiles anew and put them on the shelf; how many were not empty."""
        filled = 0
        for tile in tiles:
            filled += bool(await self._make(_key(tile, stamp), tile, draw))
        return filled

    async def _make(self, key: str, tile: TileNumber, draw: Draw) -> bytes:
        drawn = await draw(tile)
        packed = gzip.compress(drawn, compresslevel=6, mtime=0) if drawn else EMPTY
        await self._keep(key, packed)
        return packed

    async def _find(self, key: str) -> bytes | None:
        if self._redis is None:
            return None
        try:
            return await self._redis.get(key)
        except _AWAY as err:
            _LOGGER.warning("tile shelf away", extra={"problem": str(err)})
            return None

    async def _keep(self, key: str, packed: bytes) -> None:
        if self._redis is None:
            return
        try:
            await self._redis.set(key, packed, ex=KEPT_S)
        except _AWAY as err:
            _LOGGER.warning("tile shelf away", extra={"problem": str(err)})


def _key(tile: TileNumber, stamp: str) -> str:
    return f"citygrid:tile:{FORMAT}:{stamp}:{tile.path()}"
