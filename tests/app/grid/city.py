"""Littletown, and what a release may make of its four cells by the mill."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from psycopg import AsyncConnection
from shapely import MultiPolygon, Polygon, box, union_all

from geo.measure import area_m2
from grid.cell import Cell
from grid.hierarchy import Area
from grid.naming import Label
from grid.postgres import store_grid
from grid.tiling import Tiling
from grid.versions.comparing import compare
from grid.versions.postgres import (
    approve,
    draft_release,
    order_activation,
    read_cells,
    save_comparison,
)
from tests.makers import AREAS, CELLS, COMMUNITY, cells

FIRST, SECOND, THIRD, FOURTH = CELLS
HALVES = (f"{COMMUNITY}005", f"{COMMUNITY}006")
"""West and east half of the third cell, in which `tests.makers.spot` lies."""


def drawn() -> dict[str, Polygon]:
    """The cells as the city pack has them."""
    return dict(zip(CELLS, cells(), strict=True))


def redrawn() -> dict[str, Polygon]:
    """The third cell in two halves, the first two joined under the first one's code."""
    before = drawn()
    west, south, east, north = before[THIRD].bounds
    middle = (west + east) / 2
    joined = union_all([before[FIRST], before[SECOND]])
    assert isinstance(joined, Polygon)
    return {
        FIRST: joined,
        FOURTH: before[FOURTH],
        HALVES[0]: box(west, south, middle, north),
        HALVES[1]: box(middle, south, east, north),
    }


def tiling_of(shapes: Mapping[str, Polygon]) -> Tiling:
    """The cells in Littletown's areas."""
    many = {code: MultiPolygon([shapes[code]]) for code in sorted(shapes)}
    whole = union_all(list(many.values()))
    outline = whole if isinstance(whole, MultiPolygon) else MultiPolygon([whole])
    made = [
        Cell(code, COMMUNITY, Label(f"网格{code[-3:]}", f"Cell {code[-3:]}"), shape)
        for code, shape in many.items()
    ]
    sizes = area_m2(np.array(list(many.values()), dtype=object)).tolist()
    areas = sorted((Area.of(row) for row in AREAS), key=lambda area: area.code)
    return Tiling(areas, np.array([outline] * len(areas), dtype=object), made, sizes, [])


async def draft(conn: AsyncConnection, shapes: Mapping[str, Polygon]) -> int:
    """A drafted release of these cells."""
    tiling = tiling_of(shapes)
    async with conn.transaction():
        version = await store_grid(conn, tiling, tiling.digest())
        await draft_release(conn, version, "", "planner")
    return version


async def approved(conn: AsyncConnection, shapes: Mapping[str, Polygon]) -> int:
    """A release of these cells, compared with version 1 and approved."""
    version = await draft(conn, shapes)
    async with conn.transaction():
        found = compare(await read_cells(conn, 1), await read_cells(conn, version))
        await save_comparison(conn, version, 1, found)
        await approve(conn, version, "chief")
    return version


async def order(conn: AsyncConnection, version: int, active_from: datetime) -> None:
    """The order to activate it, told to all processes."""
    async with conn.transaction():
        await order_activation(conn, version, active_from, "chief")
        await conn.execute("NOTIFY citygrid_pack")
