"""The profile of a pack: figures by code or by shape, none counted twice."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from psycopg import AsyncConnection
from shapely import Point, box

from app.city.checking import check_pack
from app.city.loading import load
from grid.profile.postgres import sum_figures
from tests.app.city.found import only_fault
from tests.app.city.makers import SIDE, SOUTH, WEST, square, write_frame

CELLS = [f"990101001001{n:03d}" for n in range(1, 5)]
HEADER = "code,source,as_of,population,cameras"


def table(folder: Path, *rows: str, header: str = HEADER) -> None:
    (folder / "profile.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def layer(folder: Path, shape: Any, **columns: Any) -> None:
    values = {"code": "", "source": "census", "as_of": "2020-11-01", "population": 10} | columns
    rows = {name: [value] for name, value in values.items()}
    write_frame(folder / "profile.gpkg", gpd.GeoDataFrame(rows, geometry=[shape], crs=4326))


def test_figures_of_cells_and_areas_are_read_and_summed_up(folder: Path):
    table(
        folder,
        f"{CELLS[0]},census,2020-11-01,100,",
        f"{CELLS[1]},census,2020-11-01,50,2",
        "990101001002,register,2026-01-01,400,",
    )

    pack = check_pack(folder).sound()

    assert len(pack.figures) == 4
    attributes = pack.parts["profile"]["attributes"]
    assert (attributes["population"]["total"], attributes["cameras"]["total"]) == (550, 2)
    assert attributes["population"]["newest"] == "2026-01-01"


def test_a_pack_without_a_profile_has_no_such_part(folder: Path):
    assert "profile" not in check_pack(folder).sound().parts


def test_a_shape_of_its_own_needs_no_code(folder: Path):
    layer(folder, box(WEST, SOUTH, WEST + SIDE / 2, SOUTH + SIDE))

    [one] = check_pack(folder).sound().figures

    assert (one.target, one.value, one.geometry.geom_type) == ("#1", 10, "MultiPolygon")


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        ("990101001001099,census,2020-11-01,1,", "code", "no cell or area"),
        (",census,2020-11-01,1,", "code", "names no cell or area"),
        (f"{CELLS[0]},,2020-11-01,1,", "source", "missing"),
        (f"{CELLS[0]},census,2020,1,", "as_of", "not a date"),
        (f"{CELLS[0]},census,2020-11-01,-1,", "population", "not a number from 0"),
        (f"{CELLS[0]},census,2020-11-01,1.5,", "population", "not a whole number"),
        (f"{CELLS[0]},census,2020-11-01,王芳,", "population", "not a number"),
    ],
)
def test_a_wrong_figure_is_told(folder: Path, row: str, field: str, problem: str):
    table(folder, row)

    fault = only_fault(folder)

    assert (fault.file, fault.row, fault.field) == ("profile.csv", 2, field)
    assert problem in fault.problem


def test_a_table_that_counts_nothing_known_is_told(folder: Path):
    table(folder, f"{CELLS[0]},census,2020-11-01,3", header="code,source,as_of,cats")

    assert "counts nothing" in only_fault(folder).problem


def test_a_figure_stands_once(folder: Path):
    table(folder, *[f"{CELLS[0]},census,2020-11-01,1,"] * 2)

    assert (only_fault(folder).row, only_fault(folder).field) == (3, "population")


def test_a_community_and_its_cell_would_count_the_same_people_twice(folder: Path):
    table(folder, f"{CELLS[0]},census,2020-11-01,1,", "990101001001,census,2020-11-01,100,", ",,,,")

    fault = only_fault(folder)

    assert fault.field == "population"
    assert f"{CELLS[0]} and 990101001001" in fault.problem


def test_a_cell_and_its_community_may_count_different_things(folder: Path):
    table(folder, f"{CELLS[0]},census,2020-11-01,,1", "990101001001,census,2020-11-01,100,")

    assert check_pack(folder).faults == ()


def test_a_shape_over_a_cell_with_a_figure_is_told(folder: Path):
    table(folder, f"{CELLS[0]},census,2020-11-01,1,")
    layer(folder, square(0, 0, 2, 2))

    assert "#1 and" in only_fault(folder).problem


def test_a_shape_that_is_no_area_is_told(folder: Path):
    layer(folder, Point(WEST, SOUTH))

    assert only_fault(folder).field == "code"


async def test_figures_are_loaded_as_a_version_of_their_part(conn: AsyncConnection, folder: Path):
    table(folder, f"{CELLS[0]},census,2020-11-01,100,")
    await load(conn, check_pack(folder).sound())
    again = await load(conn, check_pack(folder).sound())
    assert [change for change in again if change.is_change] == []
    table(folder, f"{CELLS[0]},census,2020-11-01,120,")

    changes = await load(conn, check_pack(folder).sound())

    assert [(one.part, one.new) for one in changes if one.is_change] == [("profile", 2)]
    found = await sum_figures(conn, square(0, 0))
    assert found["population"].value == 120
