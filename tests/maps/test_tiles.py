"""The shelf of tiles: drawn once, kept by grid, also without Redis."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from maps.errors import NoSuchTile, UnknownLayer
from maps.layers import LAYERS, TileNumber, tile_at, tiles_over
from maps.tiles import TileShelf

TILE = TileNumber("cells", 14, 13_339, 6_783)


class Drawer:
    def __init__(self, content: bytes = b"a tile") -> None:
        self.content = content
        self.drawn = 0

    async def __call__(self, tile: TileNumber) -> bytes:
        self.drawn += 1
        await asyncio.sleep(0)
        return self.content


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        await client.flushdb()
        yield client


async def test_a_tile_is_drawn_once_per_grid(redis: Redis) -> None:
    shelf, draw = TileShelf(redis), Drawer()

    first = await shelf.tile(TILE, "1-aaaa", draw)
    again = await TileShelf(redis).tile(TILE, "1-aaaa", draw)
    other_grid = await shelf.tile(TILE, "2-bbbb", draw)

    assert gzip.decompress(first) == b"a tile"
    assert first == again == other_grid
    assert draw.drawn == 2


async def test_an_empty_tile_is_kept_as_empty(redis: Redis) -> None:
    shelf, draw = TileShelf(redis), Drawer(b"")

    assert await shelf.tile(TILE, "1-aaaa", draw) == b""
    assert await shelf.tile(TILE, "1-aaaa", draw) == b""
    assert draw.drawn == 1


async def test_many_who_ask_at_once_wait_for_one_drawing() -> None:
    shelf, draw = TileShelf(None), Drawer()

    tiles = await asyncio.gather(*(shelf.tile(TILE, "1-aaaa", draw) for _ in range(20)))

    assert len(set(tiles)) == 1
    assert draw.drawn == 1


async def test_without_a_redis_that_answers_tiles_are_drawn_each_time() -> None:
    async with Redis.from_url("redis://127.0.0.1:1") as nobody:
        shelf, draw = TileShelf(nobody), Drawer()

        assert gzip.decompress(await shelf.tile(TILE, "1-aaaa", draw)) == b"a tile"
        assert gzip.decompress(await shelf.tile(TILE, "1-aaaa", draw)) == b"a tile"

    assert draw.drawn == 2


async def test_a_rebuild_draws_again_what_was_kept(redis: Redis) -> None:
    shelf = TileShelf(redis)
    await shelf.tile(TILE, "1-aaaa", Drawer(b"old"))

    filled = await shelf.rebuild([TILE], "1-aaaa", Drawer(b"new"))

    assert filled == 1
    assert gzip.decompress(await shelf.tile(TILE, "1-aaaa", Drawer(b"never"))) == b"new"


@pytest.mark.parametrize(
    ("z", "x", "y"), [(-1, 0, 0), (23, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)]
)
def test_a_tile_outside_the_world_is_refused(z: int, x: int, y: int) -> None:
    with pytest.raises(NoSuchTile):
        TileNumber("cells", z, x, y)


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownLayer):
        TileNumber("secrets", 3, 0, 0)


def test_the_tiles_over_a_city_are_those_that_hold_its_corners() -> None:
    bbox = (113.0, 29.0, 113.2, 29.3)

    tiles = tiles_over(bbox, LAYERS["cells"])

    for z in range(12, 16):
        columns = {tile.x for tile in tiles if tile.z == z}
        rows = {tile.y for tile in tiles if tile.z == z}
        assert (min(columns), max(rows)) == tile_at(113.0, 29.0, z)
        assert (max(columns), min(rows)) == tile_at(113.2, 29.3, z)


def test_outlines_are_simplified_less_the_nearer_one_looks_and_not_at_all_in_the_end() -> None:
    tolerances = [TileNumber("cells", z, 0, 0).tolerance_m for z in range(12, 16)]

    assert tolerances == sorted(tolerances, reverse=True)
    assert tolerances[-1] == 0.0
