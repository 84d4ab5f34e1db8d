"""The register in PostgreSQL, held against the index that decides where a report belongs."""

from pathlib import Path

import numpy as np
from psycopg import AsyncConnection

from grid.postgres import load_grid, load_hierarchy
from grid.register.postgres import (
    find_cell,
    last_version_of,
    list_editions,
    locate_cells,
    successors_of,
)
from tests.app.grid.city import FIRST, HALVES, THIRD
from tests.app.http.ogc.ground import FIRST_DAY, SWITCH, lay_ground
from tests.makers import COMMUNITY, SOUTH, STEP, WEST


async def test_positions_belong_where_the_index_says(conn: AsyncConnection, tmp_path: Path):
    await lay_ground(conn)
    rng = np.random.default_rng(20261127)
    anywhere = rng.uniform(
        (WEST - STEP, SOUTH - STEP), (WEST + 3 * STEP, SOUTH + 3 * STEP), (500, 2)
    )
    corners = [(WEST + i * STEP / 2, SOUTH + j * STEP / 2) for i in range(5) for j in range(5)]
    lon_lat = np.concatenate([anywhere, np.array(corners)])

    for version in (1, 2):
        index = await load_grid(conn, version, tmp_path)
        expected = [place and (place.cell, place.areas[0]) for place in index.places(lon_lat)]

        assert await locate_cells(conn, lon_lat, version) == expected
        assert 25 < sum(one is not None for one in expected) < 525


async def test_editions_tell_the_latest_first_with_their_sizes(conn: AsyncConnection):
    await lay_ground(conn)

    editions = await list_editions(conn)

    told = [(one.version, one.active_from, one.active_until, one.cells) for one in editions]
    assert told == [(2, SWITCH, None, 4), (1, FIRST_DAY, SWITCH, 4)]
    assert editions[0].areas == 3


async def test_a_cell_has_its_life_and_its_successors(conn: AsyncConnection):
    await lay_ground(conn)

    cell = await find_cell(conn, THIRD, 1)

    assert cell is not None
    assert (cell.area, cell.began_at, cell.ended_at) == (COMMUNITY, FIRST_DAY, SWITCH)
    successors = await successors_of(conn, THIRD, 1)
    assert [one.successor for one in successors] == list(HALVES)
    assert await find_cell(conn, THIRD, 2) is None
    assert await last_version_of(conn, THIRD, SWITCH) == 1
    assert await last_version_of(conn, FIRST, SWITCH) == 2
    assert await last_version_of(conn, "nowhere", SWITCH) is None


async def test_areas_of_no_version_are_none(conn: AsyncConnection):
    await lay_ground(conn)

    assert len(await load_hierarchy(conn, 1)) == 3
    assert len(await load_hierarchy(conn, 9)) == 0
