"""A release from the first drawing to the switch and back, as a person types it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import psycopg
import pytest
from psycopg import AsyncConnection
from shapely import box

from app.city.loading import load_pack
from app.database import Database, connect
from app.decider import Decider
from app.grid.carried_cases import count_by_cell
from app.worker_metrics import WorkerMetrics
from dispatch.postgres.inbox import accept_many
from tests.app.city.makers import change_layer, write_pack
from tests.app.grid.typed import told, typed
from tests.makers import submission

pytestmark = pytest.mark.usefixtures("environment")
COMMUNITY = "990101001001"
CUT, WEST_HALF, EAST_HALF = f"{COMMUNITY}001", f"{COMMUNITY}801", f"{COMMUNITY}802"
TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def old(tmp_path: Path, database_url: str) -> Path:
    """The pack that is loaded."""
    (tmp_path / "old").mkdir()
    pack = write_pack(tmp_path / "old")
    load_pack(pack, database_url)
    return pack


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """The same with the first cell cut in two."""
    (tmp_path / "new").mkdir()
    pack = write_pack(tmp_path / "new")
    change_layer(pack / "cells.geojson", cut_the_first)
    return pack


def cut_the_first(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    [place] = cells.index[cells["code"] == CUT]
    west, south, east, north = cells.geometry[place].bounds
    middle = (west + east) / 2
    half = cells.loc[[place]].assign(code=EAST_HALF, geometry=[box(middle, south, east, north)])
    cells = cells.assign(code=cells["code"].replace(CUT, WEST_HALF))
    cells.loc[place, "geometry"] = box(west, south, middle, north)
    return gpd.GeoDataFrame(
        {name: [*cells[name], *half[name]] for name in cells.columns}, crs=cells.crs
    )


def with_database(database_url: str, act: Callable[[AsyncConnection], Any]) -> Any:
    async def work() -> Any:
        async with await connect(database_url) as conn:
            return await act(conn)

    return asyncio.run(work())


def a_case_in_the_cut_cell(database_url: str, cache: Path) -> None:
    async def work() -> None:
        database = Database(database_url, 2)
        async with database.connection() as conn:
            spot = (112.8002, 30.8005)
            [one] = await accept_many(conn, [submission(at=spot)])
        await Decider(database, cache, WorkerMetrics()).decide([one.report_id])
        await database.close()

    asyncio.run(work())


def test_a_release_is_drafted_compared_approved_ordered_and_taken_back(
    old: Path, new: Path, database_url: str
):
    assert told("draft", new, "--note", "mill street", "--by", "planner") == {"version": 2}
    found = told("diff", 1, 2)
    assert found["kept"]
    assert [(one["kind"], one["before"], one["after"]) for one in found["changes"]] == [
        ("split", [CUT], [WEST_HALF, EAST_HALF])
    ]
    assert told("approve", 2, "--by", "chief")["approved_by"] == "chief"

    ordered = told("activate", 2, "--at", TOMORROW.isoformat(), "--by", "chief")
    told("activate", 1, "--at", (TOMORROW + timedelta(days=1)).isoformat())

    assert datetime.fromisoformat(ordered["active_from"]) == TOMORROW
    listed = told("releases")
    assert [one["version"] for one in listed["reigns"]] == [1, 2, 1]
    assert listed["active"] == 1
    assert [one["stage"] for one in listed["releases"]] == ["approved"]
    with psycopg.connect(database_url) as conn:
        audit = conn.execute("SELECT actor, action, target FROM audit ORDER BY id").fetchall()
    assert audit == [
        ("planner", "grid.draft", "2"),
        ("command line", "grid.compare", "2"),
        ("chief", "grid.approve", "2"),
        ("chief", "grid.activate", "2"),
        ("command line", "grid.activate", "1"),
    ]


def test_the_index_is_on_disk_before_the_switch(old: Path, new: Path, tmp_path: Path):
    told("draft", new)
    told("diff", 1, 2)
    told("approve", 2)

    told("activate", 2, "--at", TOMORROW.isoformat())

    assert len(list((tmp_path / "home" / "cache").glob("grid-2-*.cells"))) == 1


def test_a_draft_is_not_approved_unseen_nor_activated_unapproved(old: Path, new: Path):
    told("draft", new)

    unseen, unapproved = typed("approve", 2), typed("activate", 2)

    assert (unseen.exit_code, unapproved.exit_code) == (1, 1)
    assert "run `citygrid grid diff 1 2`" in unseen.stderr
    assert "not approved" in unapproved.stderr


def test_an_approval_falls_when_another_grid_came_into_force(
    old: Path, new: Path, database_url: str
):
    told("draft", new)
    told("diff", 1, 2)
    told("approve", 2)
    change_layer(old / "cells.geojson", lambda cells: cells.assign(name_en="Renamed"))
    load_pack(old, database_url)

    stale = typed("activate", 2)
    told("diff", 3, 2)

    assert stale.exit_code == 1
    assert "compared with version 1, in force is version 3" in stale.stderr
    assert told("releases")["releases"][0]["stage"] == "compared"
    assert told("approve", 2)["base"] == 3


def test_a_code_for_other_ground_cannot_be_approved(old: Path, new: Path):
    def exchanged(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        first, second = f"{COMMUNITY}002", f"{COMMUNITY}003"
        return cells.assign(code=cells["code"].replace({first: second, second: first}))

    change_layer(new / "cells.geojson", exchanged)
    told("draft", new)
    told("diff", 1, 2)

    refused = typed("approve", 2)

    assert refused.exit_code == 1
    assert f"{COMMUNITY}002, {COMMUNITY}003" in refused.stderr


def test_a_switch_needs_a_moment_ahead(old: Path):
    refused = typed("activate", 1, "--at", "2020-01-01T00:00")

    assert refused.exit_code == 1
    assert "is too soon; the earliest is" in refused.stderr


def test_packs_are_compared_without_a_database(
    old: Path, new: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CITY_DATABASE_URL")

    found = told("diff", old, new)

    assert found["sums"] == {"split": {"changes": 1, "area_m2": pytest.approx(10_600, rel=0.05)}}
    assert "open_cases" not in found
    assert told("diff", old / "cells.geojson", new / "cells.geojson")["sums"] == found["sums"]


def test_open_cases_are_told_with_the_cell_as_then_and_as_now(
    old: Path, new: Path, database_url: str, tmp_path: Path
):
    a_case_in_the_cut_cell(database_url, tmp_path)
    told("draft", new)

    found = told("diff", 1, 2, "--cases")
    shown = typed("diff", 1, 2, "--cases")

    [case] = found["open_cases"]
    assert (case["before"], case["after"]) == (CUT, WEST_HALF)
    assert found["changes"][0]["open_cases"] == 1
    assert "1 open case(s) belong to another cell" in shown.stdout
    assert with_database(database_url, count_by_cell) == {CUT: 1}
    assert with_database(database_url, lambda conn: count_by_cell(conn, 2)) == {WEST_HALF: 1}


def test_a_cell_is_known_by_its_number_and_not_by_a_word(old: Path):
    unknown, no_pack = typed("diff", 1, 7), typed("diff", 1, "nowhere")

    assert (unknown.exit_code, no_pack.exit_code) == (1, 1)
    assert "no grid has the version 7" in unknown.stderr
    assert "nowhere is not a city pack" in no_pack.stderr


def test_a_time_without_an_offset_is_the_citys_own(old: Path, database_url: str):
    local = (TOMORROW + timedelta(hours=8)).replace(tzinfo=None)

    ordered = told("activate", 1, "--at", local.isoformat())

    assert datetime.fromisoformat(ordered["active_from"]) == TOMORROW
