"""Redis going away in the middle of a conversation is an absence, and never a defect of ours."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvloop
from redis.asyncio import Redis

from app.probing import RedisProbe
from maps.layers import TileNumber
from maps.tiles import TileShelf
from streams.herald import CHANNEL, RedisHerald
from tests.chaos.network import Network

ROUTE = "us>redis"
TIMES = 30


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with Network(tmp_path / "proxy.log") as running:
        yield running


@pytest.fixture
def url(network: Network, redis_url: str) -> str:
    """Redis, by a way that can be cut."""
    port = urlsplit(redis_url).port or 0
    return redis_url.replace(f":{port}/", f":{network.open(ROUTE, port)}/")


async def cut_again_and_again(network: Network, act: Callable[[], Awaitable[object]]) -> None:
    """Act on a connection that was reset a moment ago, noticed already or not."""
    for number in range(TIMES):
        await act()
        network.cut(ROUTE)
        for _ in range(number):
            await asyncio.sleep(0)


def test_the_probe_says_that_redis_is_away_or_finds_it_again(network: Network, url: str) -> None:
    async def look() -> None:
        probe = RedisProbe(url)
        await cut_again_and_again(network, probe.look)
        await probe.look()
        assert await probe.look() == ()
        await probe.close()

    uvloop.run(look())


def test_the_herald_outlives_a_redis_that_went_away(
    network: Network, url: str, redis_url: str
) -> None:
    async def announce() -> None:
        herald = RedisHerald(url)
        await cut_again_and_again(
            network, lambda: herald.announce("log", [(1, "case-events.v1", "{}")])
        )
        async with Redis.from_url(redis_url) as redis, redis.pubsub() as screen:
            await screen.subscribe(f"{CHANNEL}:log")
            assert await screen.get_message(timeout=10)  # says that it listens
            await herald.announce(
                "log", [(2, "case-events.v1", "{}")]
            )  # may meet the connection that was cut
            await herald.announce("log", [(3, "case-events.v1", "{}")])
            told = await screen.get_message(timeout=10, ignore_subscribe_messages=True)
        assert told is not None
        await herald.close()

    uvloop.run(announce())


def test_tiles_are_drawn_while_the_shelf_is_out_of_reach(network: Network, url: str) -> None:
    async def draw(tile: TileNumber) -> bytes:
        return b"drawn"

    async def fetch() -> None:
        async with Redis.from_url(url) as redis:
            shelf, tile = TileShelf(redis), TileNumber("cells", 3, 1, 1)

            async def look() -> None:
                assert gzip.decompress(await shelf.tile(tile, "stamp", draw)) == b"drawn"

            await cut_again_and_again(network, look)

    uvloop.run(fetch())
