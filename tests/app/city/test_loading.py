import asyncio
from pathlib import Path
from typing import Any

import pytest
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.faults import BrokenPack
from app.city.loading import Change, load, load_pack, plan, plan_pack
from app.city.pack import CityPack
from app.rulebook import load_rulebook
from dispatch.calendar import Unit
from grid.postgres import store_grid
from grid.versions.postgres import draft_release
from tests.app.city.makers import append_row, change_layer, change_text, write_pack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pack(tmp_path)


def pack_of(folder: Path) -> CityPack:
    return check_pack(folder).sound()


def changed(changes: tuple[Change, ...]) -> dict[str, int | None]:
    return {change.part: change.new for change in changes if change.is_change}


async def count(conn: AsyncConnection[Any], table: str) -> int:
    cursor = await conn.execute(f"SELECT count(*) FROM {table}")  # pyright: ignore
    return (await cursor.fetchone() or (0,))[0]


async def test_a_loaded_pack_makes_a_rulebook(conn: AsyncConnection, folder: Path, tmp_path: Path):
    await load(conn, pack_of(folder))

    rules = await load_rulebook(conn, tmp_path / "cache")

    place = rules.grid.place(112.8035, 30.8015)
    assert place is not None
    assert place.cell == "990101001002004"
    assert place.areas == ("990101001002", "990101001", "990101")
    assert rules.grid.hierarchy.area("990101001").department == "OFFICE001"
    assert rules.catalogue.category("06010").name.en == "Exposed rubbish"
    assert rules.limits.limit_for("06010").milestones[0].unit is Unit.WORK_HOUR
    assert rules.versions["grid"] == 1


async def test_the_first_load_stores_everything(conn: AsyncConnection, folder: Path):
    await load(conn, pack_of(folder))

    assert await count(conn, "cell") == 8
    assert await count(conn, "area") == 4
    assert await count(conn, "person") == 2
    assert await count(conn, "city_part") == 13


async def test_the_same_pack_again_makes_no_version(conn: AsyncConnection, folder: Path):
    await load(conn, pack_of(folder))

    assert changed(await load(conn, pack_of(folder))) == {}
    assert await count(conn, "city_part") == 13


async def test_only_the_part_that_changed_gets_a_version(conn: AsyncConnection, folder: Path):
    await load(conn, pack_of(folder))
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "OFFICE001"])

    assert changed(await load(conn, pack_of(folder))) == {"jurisdiction": 2}


async def test_other_cells_make_a_new_grid_version_and_the_old_one_stays(
    conn: AsyncConnection, folder: Path, tmp_path: Path
):
    await load(conn, pack_of(folder))
    change_layer(folder / "cells.geojson", lambda cells: cells.assign(name_en="Renamed"))

    assert changed(await load(conn, pack_of(folder))) == {"grid": 2}
    assert await count(conn, "cell") == 16
    assert (await load_rulebook(conn, tmp_path / "cache")).grid.version == 2


async def test_the_order_of_cells_in_a_file_is_no_change(conn: AsyncConnection, folder: Path):
    await load(conn, pack_of(folder))
    change_layer(folder / "cells.geojson", lambda cells: cells.iloc[::-1])

    assert changed(await load(conn, pack_of(folder))) == {}


async def test_a_plan_says_what_would_change_and_writes_nothing(
    conn: AsyncConnection, folder: Path
):
    planned = await plan(conn, pack_of(folder))

    assert await count(conn, "city_part") == 0
    assert planned == await load(conn, pack_of(folder))


async def test_what_changes_is_told_before_anything_is_written(conn: AsyncConnection, folder: Path):
    def refuse(changes: tuple[Change, ...]) -> None:
        raise RuntimeError(f"{len(changed(changes))} changes")

    with pytest.raises(RuntimeError, match="15 changes"):
        await load(conn, pack_of(folder), refuse)

    assert await count(conn, "city_part") == 0


async def test_people_are_added_and_changed_but_keep_their_passwords(
    conn: AsyncConnection, folder: Path
):
    await load(conn, pack_of(folder))
    await conn.execute("UPDATE person SET password_hash = 'kept'")
    await conn.execute(
        "INSERT INTO person (login, name_zh, name_en, roles)"
        " VALUES ('guest', '客', 'Guest', '{auditor}')"
    )
    change_text(folder / "people.csv", "inspector1,李伟", "inspector1,李强")
    append_row(folder / "people.csv", ["operator2", "张三", "Zhang San", "operator", "", ""])

    [people] = [c for c in await load(conn, pack_of(folder)) if c.part == "people"]

    assert people.note == "1 new, 1 changed"
    cursor = await conn.execute("SELECT login, name_zh, password_hash FROM person ORDER BY login")
    assert await cursor.fetchall() == [
        ("guest", "客", None),
        ("inspector1", "李强", "kept"),
        ("operator1", "王芳", "kept"),
        ("operator2", "张三", None),
    ]


async def test_a_load_that_fails_midway_leaves_nothing(conn: AsyncConnection, folder: Path):
    pack = pack_of(folder)
    await conn.execute("ALTER TABLE person ADD CHECK (login <> 'operator1')")

    with pytest.raises(Exception, match="person_login_check"):
        await load(conn, pack)

    assert [await count(conn, t) for t in ("grid_version", "cell", "city_part")] == [0, 0, 0]


async def test_two_loads_at_once_make_one_version(database_url: str, folder: Path):
    both = await asyncio.gather(
        asyncio.to_thread(load_pack, folder, database_url),
        asyncio.to_thread(load_pack, folder, database_url),
    )

    assert sorted(len(changed(changes)) for changes in both) == [0, 15]


async def test_a_pack_with_faults_is_not_loaded(
    conn: AsyncConnection, database_url: str, folder: Path
):
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "FIRE"])

    with pytest.raises(BrokenPack, match="FIRE") as refused:
        await asyncio.to_thread(load_pack, folder, database_url)

    assert len(refused.value.faults) == 1
    assert await count(conn, "city_part") == 0


async def test_a_load_is_told_to_whoever_listens(conn: AsyncConnection, folder: Path):
    await conn.execute("LISTEN citygrid_pack")

    await load(conn, pack_of(folder))

    assert [note.channel async for note in conn.notifies(timeout=5, stop_after=1)] == [
        "citygrid_pack"
    ]


def test_a_plan_reads_the_database_by_its_address(database_url: str, folder: Path):
    assert len(changed(plan_pack(folder, database_url))) == 15


async def test_a_pack_is_held_against_the_grid_in_force_not_against_a_draft(
    conn: AsyncConnection, folder: Path
):
    await load(conn, pack_of(folder))
    change_layer(folder / "cells.geojson", lambda cells: cells.assign(name_en="Renamed"))
    drafted = pack_of(folder).tiling
    async with conn.transaction():
        await draft_release(conn, await store_grid(conn, drafted, drafted.digest()), "", "planner")

    [grid] = [change for change in await plan(conn, pack_of(folder)) if change.part == "grid"]

    assert (grid.old, grid.new) == (1, 3)
