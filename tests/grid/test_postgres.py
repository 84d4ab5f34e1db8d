from pathlib import Path

import numpy as np
import pytest
from psycopg import AsyncConnection
from shapely import MultiPolygon, box

from grid.cell import Cell, Place
from grid.errors import UnknownGridVersion
from grid.hierarchy import Area
from grid.naming import Label
from grid.postgres import load_grid, newest_version, store_grid
from grid.tiling import Drawing, Tiling

NAME = Label("甲", "First")


def square(west: float, width: float = 1) -> MultiPolygon:
    return MultiPolygon([box(west, 30, west + width, 31)])


def tiling(first: str = "c1") -> Tiling:
    cells = [Cell(first, "a1", NAME, square(110)), Cell("c2", "a2", NAME, square(111))]
    areas = [
        Area("a", "division", None, NAME, None),
        Area("a1", "community", "a", NAME, None),
        Area("a2", "community", "a", NAME, None),
    ]
    shapes = np.array([square(110, 2), square(110), square(111)], dtype=object)
    drawings = [Drawing("roads", "primary", NAME, box(110, 30, 110.1, 31))]
    return Tiling(areas, shapes, cells, [1.0, 2.0], drawings)


def spoil_every_file(folder: Path) -> None:
    files = list(folder.iterdir())
    assert len(files) == 1
    files[0].write_bytes(b"not an index")


async def test_a_stored_grid_answers_where_a_position_belongs(
    conn: AsyncConnection, tmp_path: Path
):
    version = await store_grid(conn, tiling(), "digest")

    grid = await load_grid(conn, version, tmp_path)

    assert grid.place(110.5, 30.5) == Place("c1", ("a1", "a"))
    assert grid.places(np.array([[111.5, 30.5], [110.0, 31.5], [np.nan, 0]])) == [
        Place("c2", ("a2", "a")),
        None,
        None,
    ]


async def test_a_position_on_a_shared_edge_belongs_to_the_smaller_code(
    conn: AsyncConnection, tmp_path: Path
):
    grid = await load_grid(conn, await store_grid(conn, tiling("c3"), "digest"), tmp_path)

    place = grid.place(111.0, 30.5)

    assert place is not None
    assert place.cell == "c2"


async def test_versions_are_numbered_and_the_newest_is_known(conn: AsyncConnection):
    assert await newest_version(conn) is None

    assert await store_grid(conn, tiling(), "one") == 1
    assert await store_grid(conn, tiling("c0"), "two") == 2

    assert await newest_version(conn) == (2, "two")


async def test_an_old_version_can_still_be_asked(conn: AsyncConnection, tmp_path: Path):
    await store_grid(conn, tiling("c0"), "one")
    await store_grid(conn, tiling("c1"), "two")

    old = await load_grid(conn, 1, tmp_path)

    assert old.place(110.5, 30.5) == Place("c0", ("a1", "a"))


async def test_an_unknown_version_is_refused(conn: AsyncConnection, tmp_path: Path):
    with pytest.raises(UnknownGridVersion, match="version 7"):
        await load_grid(conn, 7, tmp_path)


async def test_a_damaged_index_on_disk_is_built_anew(conn: AsyncConnection, tmp_path: Path):
    version = await store_grid(conn, tiling(), "digest")
    await load_grid(conn, version, tmp_path)
    spoil_every_file(tmp_path)

    grid = await load_grid(conn, version, tmp_path)

    assert grid.place(110.5, 30.5) == Place("c1", ("a1", "a"))


async def test_what_is_drawn_beneath_the_cells_is_stored(conn: AsyncConnection):
    await store_grid(conn, tiling(), "digest")

    cursor = await conn.execute("SELECT layer, class, name_en, ST_SRID(geom) FROM base_layer")
    assert await cursor.fetchall() == [("roads", "primary", "First", 4326)]


def test_the_digest_changes_with_a_code_and_with_a_shape():
    other_shape = tiling()
    other_shape.area_shapes[0] = square(110, 3)

    digests = {tiling().digest(), tiling("c0").digest(), other_shape.digest()}

    assert len(digests) == 3
    assert tiling().digest() == tiling().digest()
