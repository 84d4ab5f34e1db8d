"""Redis as the shortcut of the live map: rows of the numbered log as the relay announces them.

Best effort: a lost message is a hole, and a hole is read from PostgreSQL.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from maps.errors import LogAway
from maps.patch import CASE_EVENTS, Row

CHANNEL: Final = "citygrid:log"
RETRY_S: Final = 1.0

_AWAY: Final = (LogAway, RedisError, OSError, RuntimeError)
"""uvloop says RuntimeError where a connection that was reset is written to."""

_LOGGER = logging.getLogger(__name__)


class _Line(msgspec.Struct):
    position: int
    payload: str
    topic: str = CASE_EVENTS


_READER = msgspec.json.Decoder(_Line)


def read_rows(message: bytes) -> list[Row]:
    """The rows of one message, JSON lines of position, topic and payload.

    Raises msgspec.MsgspecError when a line has not this form.
    """
    lines = (_READER.decode(line) for line in message.splitlines() if line)
    return [Row(line.position, line.topic, line.payload) for line in lines]


class RedisShortcut:
    """Listens until cancelled and hands on what it hears of one log.

    *log_name* is asked at each subscription: channels of all cities on a Redis are in one space.
    """

    def __init__(self, url: str, log_name: Callable[[], Awaitable[str]]) -> None:
        self._url = url
        self._log_name = log_name
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether the subscription stands."""
        return self._open

    async def run(self, hear: Callable[[Sequence[Row]], None]) -> None:
        """Subscribe, and again whenever the server went away."""
        while True:
            try:
                await self._listen(hear)
            except _AWAY as err:
                _LOGGER.warning("live map without redis", extra={"problem": str(err)})
            finally:
                self._open = False
            await asyncio.sleep(RETRY_S)

    async def _listen(self, hear: Callable[[Sequence[Row]], None]) -> None:
        channel = f"{CHANNEL}:{await self._log_name()}"
        redis: Any = Redis.from_url(self._url, socket_connect_timeout=2, health_check_interval=10)
        async with redis, redis.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(channel)
            self._open = True
            async for message in subscription.listen():
                self._hand_on(message["data"], hear)

    def _hand_on(self, message: bytes, hear: Callable[[Sequence[Row]], None]) -> None:
        try:
            hear(read_rows(message))
        except msgspec.MsgspecError as err:
            _LOGGER.error("redis message not read", extra={"problem": str(err)})
