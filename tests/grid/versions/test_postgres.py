"""What the database says of releases: in force when, succeeded by what, carried where."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from psycopg import AsyncConnection

from dispatch.postgres.clock import now
from grid.cell import Cell
from grid.errors import UnknownGridVersion
from grid.postgres import store_grid
from grid.versions.carrying import Carrier
from grid.versions.comparing import compare
from grid.versions.errors import NoActiveGrid, NotARelease
from grid.versions.postgres import (
    active_version,
    approve,
    coming_reign,
    draft_release,
    get_release,
    list_reigns,
    list_releases,
    order_activation,
    read_cells,
    save_comparison,
)
from grid.versions.release import Stage
from tests.grid.versions.makers import SIDE, SOUTH, WEST, cell, square, tiling

OLD = [cell("a", square(0, 0)), cell("b", square(1, 0))]
NEW = [cell("a1", square(0, 0, 0.5)), cell("a2", square(0.5, 0, 0.5)), OLD[1]]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SOON = timedelta(seconds=0.3)


async def store(conn: AsyncConnection, cells: list[Cell]) -> int:
    made = tiling(cells)
    async with conn.transaction():
        return await store_grid(conn, made, made.digest())


async def release(conn: AsyncConnection, cells: list[Cell]) -> int:
    """Compared with version 1, and approved."""
    async with conn.transaction():
        version = await store(conn, cells)
        await draft_release(conn, version, "", "planner")
        found = compare(await read_cells(conn, 1), await read_cells(conn, version))
        await save_comparison(conn, version, 1, found)
        await approve(conn, version, "chief")
    return version


async def test_nothing_is_in_force_before_the_first_pack(conn: AsyncConnection):
    with pytest.raises(NoActiveGrid):
        await active_version(conn, await now(conn))


async def test_a_version_of_a_pack_is_in_force_at_once_and_a_draft_is_not(conn: AsyncConnection):
    first = await store(conn, OLD)
    async with conn.transaction():
        drafted = await store(conn, NEW)
        await draft_release(conn, drafted, "next year", "planner")

    assert (first, drafted) == (1, 2)
    assert await active_version(conn, await now(conn)) == 1
    assert await active_version(conn, await now(conn) + timedelta(days=999)) == 1


async def test_an_order_switches_at_its_moment_and_an_old_version_can_come_back(
    conn: AsyncConnection,
):
    await store(conn, OLD)
    second = await release(conn, NEW)
    first_switch = await now(conn) + timedelta(hours=1)
    way_back = first_switch + timedelta(hours=1)

    await order_activation(conn, second, first_switch, "chief")
    await order_activation(conn, 1, way_back, "chief")

    moments = [first_switch - SOON, first_switch, way_back - SOON, way_back]
    assert [await active_version(conn, at) for at in moments] == [1, 2, 2, 1]
    coming = await coming_reign(conn, await now(conn))
    assert coming is not None
    assert (coming.version, coming.active_from, coming.active_until) == (2, first_switch, way_back)
    assert [one.version for one in await list_reigns(conn)] == [1, 2, 1]


async def test_an_order_for_the_same_moment_takes_the_place_of_the_one_before(
    conn: AsyncConnection,
):
    await store(conn, OLD)
    second = await release(conn, NEW)
    at = await now(conn) + timedelta(hours=1)

    await order_activation(conn, second, at, "chief")
    await order_activation(conn, 1, at, "chief")

    assert await active_version(conn, at + timedelta(days=1)) == 1


async def test_a_clock_set_back_before_everything_leaves_the_first_in_force(conn: AsyncConnection):
    await store(conn, OLD)
    await store(conn, NEW)

    assert await active_version(conn, LONG_AGO) == 1


async def test_the_function_of_the_database_says_the_same(conn: AsyncConnection):
    await store(conn, OLD)
    second = await release(conn, NEW)
    at = await now(conn) + timedelta(hours=1)
    await order_activation(conn, second, at, "chief")

    for moment in (LONG_AGO, await now(conn), at, at + SOON):
        found = await conn.execute("SELECT active_grid_version(%s)", [moment])
        assert await found.fetchone() == (await active_version(conn, moment),)


async def test_the_database_refuses_a_version_that_nobody_approved(conn: AsyncConnection):
    await store(conn, OLD)
    async with conn.transaction():
        await draft_release(conn, await store(conn, NEW), "", "planner")

    with pytest.raises(psycopg.errors.CheckViolation, match="not approved"):
        await order_activation(conn, 2, await now(conn) + timedelta(hours=1), "chief")


async def test_the_database_refuses_to_order_what_is_past_and_to_change_an_order(
    conn: AsyncConnection,
):
    await store(conn, OLD)

    with pytest.raises(psycopg.errors.CheckViolation):
        await order_activation(conn, 1, await now(conn) - SOON, "chief")
    await order_activation(conn, 1, await now(conn) + timedelta(hours=1), "chief")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        await conn.execute("DELETE FROM grid_activation")


async def test_cells_come_back_from_the_database_as_they_were(conn: AsyncConnection):
    await store(conn, NEW)

    assert compare(NEW, await read_cells(conn, 1)).changes == []


async def test_a_release_keeps_its_comparison_and_the_successors(conn: AsyncConnection):
    await store(conn, OLD)
    second = await release(conn, NEW)

    [kept] = await list_releases(conn)
    found = await conn.execute(
        "SELECT code, successor, round(share::numeric, 3)::float FROM cell_lineage ORDER BY 1, 2"
    )

    assert (kept.version, kept.base, kept.stage) == (second, 1, Stage.APPROVED)
    assert kept.comparison is not None
    assert kept.comparison["sums"]["split"]["changes"] == 1
    assert await found.fetchall() == [("a", "a1", 0.5), ("a", "a2", 0.5)]


async def test_comparing_again_replaces_the_successors(conn: AsyncConnection):
    await store(conn, OLD)
    second = await release(conn, NEW)
    found = compare(OLD, NEW)

    await save_comparison(conn, second, 1, found)

    counted = await conn.execute("SELECT count(*) FROM cell_lineage")
    assert await counted.fetchone() == (2,)


async def test_what_is_no_release_is_refused(conn: AsyncConnection):
    await store(conn, OLD)

    with pytest.raises(NotARelease):
        await get_release(conn, 1)
    with pytest.raises(UnknownGridVersion):
        await get_release(conn, 9)
    with pytest.raises(UnknownGridVersion):
        await read_cells(conn, 9)


async def test_a_cell_ends_on_the_day_its_successors_begin(conn: AsyncConnection):
    await store(conn, OLD)
    second = await release(conn, NEW)
    at = await now(conn) + timedelta(seconds=0.2)
    await order_activation(conn, second, at, "chief")

    found = await conn.execute("SELECT code, began_at, ended_at FROM cell_life ORDER BY code")
    life = {code: (began, ended) for code, began, ended in await found.fetchall()}

    assert life["a"][1] == at
    assert life["a1"] == (at, None)
    assert life["b"][1] is None
    assert life["b"][0] < at


async def test_the_database_carries_positions_as_the_carrier_does(conn: AsyncConnection):
    cells = [cell("a", square(0, 0)), cell("b", square(1.01, 0)), cell("c", square(0, 1))]
    await store(conn, cells)
    metre = SIDE / 97.4
    spots = np.array(
        [
            (WEST + x * SIDE + east * metre, SOUTH + y * SIDE)
            for x in (0.0, 0.5, 1.0, 1.005, 1.01, 2.01)
            for y in (0.0, 0.5, 1.0, 1.5)
            for east in (-0.9, -0.2, 0.0, 0.2, 0.9)
        ]
    )

    found = await asyncio.gather(*(_at(conn, lon, lat) for lon, lat in spots.tolist()))

    assert found == Carrier.to(cells).cells(spots)
    assert {"a", "b", "c", None} == set(found)


async def _at(conn: AsyncConnection, lon: float, lat: float) -> str | None:
    cursor = await conn.execute(
        "SELECT cell_at(ST_SetSRID(ST_MakePoint(%s, %s), 4326), 1)", [lon, lat]
    )
    [code] = await cursor.fetchone() or (None,)
    return code
