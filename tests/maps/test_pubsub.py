"""The shortcut through Redis, on a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from maps.errors import LogAway
from maps.patch import Row
from maps.pubsub import RedisShortcut
from streams.herald import RedisHerald


class Ear:
    """Hears what one log announces."""

    def __init__(self, redis_url: str, *names: str) -> None:
        self._names = list(names)
        self.rows: list[Row] = []
        self.heard = asyncio.Event()
        self.shortcut = RedisShortcut(redis_url, self._name)

    async def _name(self) -> str:
        name = self._names[0] if len(self._names) == 1 else self._names.pop(0)
        if name == "away":
            raise LogAway("not yet")
        return name

    def hear(self, rows: Sequence[Row]) -> None:
        self.rows += rows
        self.heard.set()


@pytest.fixture
async def herald(redis_url: str) -> AsyncIterator[RedisHerald]:
    herald = RedisHerald(redis_url)
    yield herald
    await herald.close()


async def open_(ear: Ear) -> asyncio.Task[None]:
    task = asyncio.create_task(ear.shortcut.run(ear.hear))
    async with asyncio.timeout(10):
        while not ear.shortcut.is_open:
            await asyncio.sleep(0.01)
    return task


async def test_rows_arrive_as_they_were_announced(redis_url: str, herald: RedisHerald) -> None:
    ear = Ear(redis_url, "log-1")
    task = await open_(ear)

    await herald.announce(
        "log-1", [(1, "case-events.v1", '{"a":1}'), (2, "case-events.v1", '{"城":"云溪"}')]
    )
    async with asyncio.timeout(10):
        await ear.heard.wait()

    assert [(row.position, row.payload) for row in ear.rows] == [
        (1, '{"a":1}'),
        (2, '{"城":"云溪"}'),
    ]
    task.cancel()


async def test_two_cities_on_one_redis_do_not_hear_each_other(
    redis_url: str, herald: RedisHerald
) -> None:
    ear = Ear(redis_url, "log-1")
    task = await open_(ear)

    await herald.announce("log-2", [(1, "case-events.v1", "foreign")])
    await herald.announce("log-1", [(1, "case-events.v1", "own")])
    async with asyncio.timeout(10):
        await ear.heard.wait()

    assert [row.payload for row in ear.rows] == ["own"]
    task.cancel()


async def test_a_log_that_cannot_be_named_yet_is_asked_again(
    redis_url: str, herald: RedisHerald
) -> None:
    ear = Ear(redis_url, "away", "log-1")
    task = await open_(ear)

    await herald.announce("log-1", [(1, "case-events.v1", "own")])
    async with asyncio.timeout(10):
        await ear.heard.wait()

    assert [row.position for row in ear.rows] == [1]
    task.cancel()


async def test_without_redis_nothing_is_announced_and_nothing_fails() -> None:
    away = RedisHerald("redis://127.0.0.1:1/0")
    none = RedisHerald(None)

    await away.announce("log-1", [(1, "case-events.v1", "x")])
    await none.announce("log-1", [(1, "case-events.v1", "x")])

    await away.close()
    await none.close()
    assert not RedisShortcut("redis://127.0.0.1:1/0", Ear("", "x")._name).is_open
