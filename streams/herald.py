"""Telling the live maps at once, through Redis; without it they read PostgreSQL a moment later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL: Final = "citygrid:log"
"""Followed by the name of the log: channels are not kept apart by Redis's own databases."""

_AWAY: Final = (RedisError, OSError, RuntimeError)
"""uvloop says RuntimeError where a connection that was reset is written to."""

_log: Final = structlog.stdlib.get_logger(__name__)


class RedisHerald:
    """Publishes rows of the numbered log as JSON lines; does nothing without a *url*."""

    def __init__(self, url: str | None) -> None:
        self._redis: Any = (
            Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5) if url else None
        )

    async def announce(self, log: str, rows: Sequence[tuple[int, str, str]]) -> None:
        """One message with all the rows; a Redis that is away is logged and left alone."""
        if self._redis is None:
            return
        lines = [
            msgspec.json.encode({"position": position, "topic": topic, "payload": payload})
            for position, topic, payload in rows
        ]
        try:
            await self._redis.publish(f"{CHANNEL}:{log}", b"\n".join(lines))
        except _AWAY as err:
            _log.warning("live maps not told through redis", error=str(err))

    async def close(self) -> None:
        """Close the connection."""
        if self._redis is not None:
            await self._redis.aclose()
