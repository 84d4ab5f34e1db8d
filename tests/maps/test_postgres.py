"""What is read from PostgreSQL: the board of one moment, rows since a number, tiles."""

import asyncio
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from dispatch.case import State
from maps.board import WHOLE_CITY, Board, Scope
from maps.errors import LogAway, MapWithoutCity
from maps.layers import LAYERS, TileNumber, tiles_over
from maps.live import LiveMap
from maps.patch import join, read_patch
from maps.postgres.city import find_cell, read_map_parts
from maps.postgres.log import PostgresLogDoor, read_board
from maps.postgres.tiles import draw_tile, read_grid_stamp
from tests.maps.city import SIZE, SOUTH, STEP, WEST, build_lattice, in_lattice, put_case, put_row

LATTICE = (WEST, SOUTH, WEST + SIZE * STEP, SOUTH + SIZE * STEP)


@pytest.fixture
async def lattice(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    await build_lattice(conn)
    return conn


async def board(conn: AsyncConnection[Any], scope: Scope = WHOLE_CITY) -> Board:
    async with conn.transaction():
        return await read_board(conn, scope)


async def test_the_board_is_every_open_case_as_the_log_would_tell_it(
    lattice: AsyncConnection[Any],
) -> None:
    markers = [in_lattice(1), in_lattice(2, department=None, due_at=None, state=State.FILED)]
    for marker in [*markers, in_lattice(3, state=State.CLOSED)]:
        await put_case(lattice, marker)
    position = await put_row(lattice, markers[0])

    assert await board(lattice) == Board.of(position, markers)


async def test_the_board_of_an_empty_city_stands_before_the_first_row(
    conn: AsyncConnection[Any],
) -> None:
    assert await board(conn) == Board()


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), set[int]()),
        (Scope(departments=frozenset({"water"})), {2}),
        (Scope(areas=frozenset({"990101001001"})), {1}),
        (Scope(departments=frozenset({"water"}), areas=frozenset({"990101001001"})), {1, 2}),
    ],
)
async def test_the_database_and_the_scope_agree_on_who_sees_what(
    lattice: AsyncConnection[Any], scope: Scope, expected: set[int]
) -> None:
    for marker in (in_lattice(1), in_lattice(5, id=2, department="water")):
        await put_case(lattice, marker)

    seen = await board(lattice, scope)

    assert set(seen.markers) == expected
    assert seen == (await board(lattice)).seen_by(scope)


async def test_rows_since_a_number_come_in_order_and_are_announced(
    lattice: AsyncConnection[Any], database_url: str
) -> None:
    async with PostgresLogDoor(database_url).open() as log:
        for version in (3, 4, 5):
            await put_row(lattice, in_lattice(1, version=version))

        announced = await log.news(within_s=10)
        rows = await log.rows_since(1, limit=10)

        assert announced in (1, 2, 3)
        assert [row.position for row in rows] == [2, 3]
        assert await log.head() == 3
        assert join([read_patch(row) for row in rows], WHOLE_CITY).shown[0].version == 5


async def test_no_news_is_told_as_none(database_url: str) -> None:
    async with PostgresLogDoor(database_url).open() as log:
        assert await log.news(within_s=0.01) is None


async def test_a_server_that_is_not_there_is_a_log_that_is_away() -> None:
    with pytest.raises(LogAway):
        async with PostgresLogDoor("postgresql://127.0.0.1:1/nowhere").open():
            pass


async def test_a_terminated_connection_is_replaced_without_a_gap(
    lattice: AsyncConnection[Any], database_url: str
) -> None:
    async with LiveMap(PostgresLogDoor(database_url)).running() as live:
        assert await live.ready(10)
        stream = live.stream(WHOLE_CITY, 0)
        assert b"event: hello" in await anext(stream)
        assert b"event: beat" in await anext(stream)
        await put_row(lattice, in_lattice(1, version=1))
        assert b'"last":1' in await asyncio.wait_for(anext(stream), 10)

        await lattice.execute(
            """
            SELECT pg_terminate_backend(pid)
              FROM pg_stat_activity
             WHERE application_name = 'citygrid live map' AND datname = current_database()
            """
        )
        await put_row(lattice, in_lattice(1, version=2))

        assert b'"first":2,"last":2' in await asyncio.wait_for(anext(stream), 10)


async def test_a_map_without_a_city_says_so(conn: AsyncConnection[Any]) -> None:
    with pytest.raises(MapWithoutCity):
        await read_grid_stamp(conn)


@pytest.mark.parametrize(("layer", "words"), [("cells", [b"cells"]), ("areas", [b"areas"])])
async def test_tiles_hold_shapes_and_label_points_with_both_names(
    lattice: AsyncConnection[Any], layer: str, words: list[bytes]
) -> None:
    stamp = await read_grid_stamp(lattice)
    numbers = [t for t in tiles_over(LATTICE, LAYERS[layer]) if t.z == LAYERS[layer].last_zoom]

    tiles = [await draw_tile(lattice, number, stamp) for number in numbers]

    together = b"".join(tiles)
    assert all(tiles)
    assert layer.encode() in together
    assert f"{layer[:-1]}_labels".encode() in together
    assert "社区".encode() in together or "格".encode() in together


async def test_every_cell_is_labelled_in_exactly_one_tile(lattice: AsyncConnection[Any]) -> None:
    stamp = await read_grid_stamp(lattice)
    numbers = [tile for tile in tiles_over(LATTICE, LAYERS["cells"]) if tile.z == 15]

    tiles = [await draw_tile(lattice, number, stamp) for number in numbers]

    labels = b"".join(tile.split(b"cell_labels", 1)[1] for tile in tiles if b"cell_labels" in tile)
    names = {f"Cell {number}" for number in range(SIZE * SIZE)}
    assert all(labels.count(b"\x0a" + bytes([len(n)]) + n.encode()) <= 1 for n in names)
    assert all(n.encode() in labels for n in names)


async def test_a_tile_where_nothing_lies_or_at_a_zoom_not_drawn_is_empty(
    lattice: AsyncConnection[Any],
) -> None:
    stamp = await read_grid_stamp(lattice)

    assert await draw_tile(lattice, TileNumber("cells", 13, 0, 0), stamp) == b""
    assert await draw_tile(lattice, TileNumber("cells", 5, 26, 13), stamp) == b""


async def test_reading_the_board_cannot_write(lattice: AsyncConnection[Any]) -> None:
    async with lattice.transaction():
        await read_board(lattice, WHOLE_CITY)

        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await lattice.execute("DELETE FROM cell")


async def test_a_drafted_grid_is_not_drawn_before_its_time(lattice: AsyncConnection):
    standing = await read_grid_stamp(lattice)
    parts = await read_map_parts(lattice)
    await draft_the_same_under_other_names(lattice)

    assert await read_grid_stamp(lattice) == standing
    assert await read_map_parts(lattice) == parts
    assert parts["areas"] != []


async def test_a_cell_keeps_its_name_until_another_grid_is_in_force(lattice: AsyncConnection):
    cursor = await lattice.execute("SELECT min(code) FROM cell")
    [code] = await cursor.fetchone() or ("",)
    before = await find_cell(lattice, code)
    await draft_the_same_under_other_names(lattice)
    drafted = await find_cell(lattice, code)

    await lattice.execute("DELETE FROM grid_release")

    assert before is not None
    assert drafted == before
    in_force = await find_cell(lattice, code)
    assert in_force == before | {"name": {"zh": "新", "en": "New"}}


async def draft_the_same_under_other_names(conn: AsyncConnection) -> None:
    await conn.execute("INSERT INTO grid_version (version, sha256) VALUES (2, 'ffffffffffffff')")
    await conn.execute("INSERT INTO grid_release (version, drafted_by) VALUES (2, 'planner')")
    await conn.execute(
        "INSERT INTO area SELECT 2, code, level, parent, '新', 'New', geom FROM area"
    )
    await conn.execute(
        "INSERT INTO cell SELECT 2, code, area, '新', 'New', area_m2, geom FROM cell"
    )
