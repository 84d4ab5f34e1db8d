"""The components of a pack: every attribute checked, loaded as versions."""

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from psycopg import AsyncConnection
from shapely import LineString, Point

from app.city.checking import check_pack
from app.city.loading import COMPONENTS, Change, load
from grid.components.component import Body, Component, ComponentState, Origin
from grid.components.postgres import component_versions, nearest_components
from tests.app.city.found import only_fault
from tests.app.city.makers import SIDE, SOUTH, WEST, change_text, write_frame

CELL = "990101001001001"
ROW: dict[str, Any] = {
    "id": "99010103005000001",
    "name": "垃圾箱",
    "manager_code": "12990101YX00000001",
    "manager_name": "环卫中心",
    "cell": CELL,
    "state": "完好",
    "initial_on": "20240131",
}
INSIDE = Point(WEST + SIDE / 2, SOUTH + SIDE / 2)


def write(folder: Path, *rows: dict[str, Any], shapes: list[Any] | None = None) -> None:
    """Components with the usual attributes but those of *rows*, in the first cell."""
    drawn = shapes or [INSIDE] * len(rows)
    frame = gpd.GeoDataFrame(pd.DataFrame([ROW | row for row in rows]), geometry=drawn, crs=4326)
    (folder / "components.gpkg").unlink(missing_ok=True)
    write_frame(folder / "components.gpkg", frame)


def read(folder: Path) -> tuple[Component, ...]:
    components = check_pack(folder).sound().components
    assert components is not None
    return components


def test_every_attribute_is_read(folder: Path):
    rest = {
        "owner_code": "91", "owner_name": "公司", "maintainer_code": "92", "maintainer_name": "队",
        "changed_on": "2025-02-01", "origin": "实测", "note": "新换", "street_code": CELL[:9],
        "street_name": "东街道", "community_code": CELL[:12], "community_name": "甲",
        "accuracy": "A",
    }  # fmt: skip
    write(folder, rest)

    [one] = read(folder)

    assert (one.id, one.category, one.cell) == ("99010103005000001", "03005", CELL)
    assert (one.manager.name, one.owner, one.maintainer) == (
        "环卫中心", Body("91", "公司"), Body("92", "队")
    )  # fmt: skip
    assert (one.state, one.origin, one.accuracy) == (ComponentState.INTACT, Origin.SURVEYED, "A")
    assert (one.initial_on, one.changed_on) == (date(2024, 1, 31), date(2025, 2, 1))
    assert (one.street, one.community) == (Body(CELL[:9], "东街道"), Body(CELL[:12], "甲"))
    assert one.geometry.equals(INSIDE)


def test_the_names_of_the_standard_and_the_older_ones_are_understood(folder: Path):
    names = {
        "id": "GLBJBSM", "name": "ObjName", "manager_code": "DeptCode1",
        "manager_name": "主管部门名称", "cell": "BGID", "state": "GLBJZT", "initial_on": "CSRQ",
    }  # fmt: skip
    frame = gpd.GeoDataFrame(pd.DataFrame([ROW]).rename(columns=names), geometry=[INSIDE], crs=4326)
    write_frame(folder / "components.gpkg", frame)

    assert [one.id for one in read(folder)] == [ROW["id"]]


def test_a_component_may_be_a_line_and_an_empty_cell_is_filled_in(folder: Path):
    line = LineString([INSIDE, Point(INSIDE.x + SIDE / 4, INSIDE.y)])
    write(folder, {"cell": ""}, shapes=[line])

    [one] = read(folder)

    assert one.cell == CELL
    assert one.geometry.geom_type == "LineString"


def test_a_date_field_of_a_gis_is_taken(folder: Path):
    write(folder, {"initial_on": pd.Timestamp("2024-01-31")})

    assert read(folder)[0].initial_on == date(2024, 1, 31)


@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"id": "9901010300500001"}, "id", "no id by GB/T 47678.5-2026"),
        ({"id": "99010103005000000"}, "id", "begin at 000001"),
        ({"id": "11010103005000001"}, "id", "division 110101"),
        ({"id": "99010101001000001"}, "id", "no component category '01001'"),
        ({"id": "bin-1"}, "id", "no id by GB/T 47678.5-2026"),
        ({"name": ""}, "name", "missing"),
        ({"name": "长" * 31}, "name", "31 characters"),
        ({"manager_code": ""}, "manager_code", "missing"),
        ({"state": "好"}, "state", "'好' is not known"),
        ({"state": ""}, "state", "missing"),
        ({"initial_on": "31.1.2024"}, "initial_on", "not a date"),
        ({"initial_on": "20240230"}, "initial_on", "not a date"),
        ({"initial_on": ""}, "initial_on", "missing"),
        ({"cell": "990101001001002"}, "cell", f"it stands in {CELL}, not in 990101001001002"),
        ({"cell": "990101001001099"}, "cell", "there is no cell"),
        ({"street_code": "990101002"}, "street_code", "does not hold the cell"),
        ({"accuracy": "D"}, "accuracy", "'D' is not known"),
        ({"origin": "听说"}, "origin", "'听说' is not known"),
    ],
)
def test_a_wrong_attribute_is_told_with_its_row(
    folder: Path, wrong: dict[str, Any], field: str, problem: str
):
    write(folder, {"id": "99010103005000002"}, wrong)

    fault = only_fault(folder)

    assert (fault.file, fault.row, fault.field) == ("components.gpkg", 2, field)
    assert problem in fault.problem


def test_an_id_stands_once(folder: Path):
    write(folder, {}, {})

    assert only_fault(folder).row == 2


def test_what_stands_nowhere_is_told(folder: Path):
    write(folder, {"cell": ""}, shapes=[Point(WEST - 1, SOUTH)])

    assert "stands in no cell" in only_fault(folder).problem


def test_what_has_no_shape_is_told(folder: Path):
    write(folder, {}, {"id": "99010103005000002", "cell": ""}, shapes=[INSIDE, None])

    assert [fault.field for fault in check_pack(folder).faults] == ["geometry", "cell"]


def test_a_missing_column_is_told_with_the_name_of_the_standard(folder: Path):
    frame = gpd.GeoDataFrame(
        pd.DataFrame([ROW]).drop(columns="state"), geometry=[INSIDE], crs="EPSG:4326"
    )
    write_frame(folder / "components.gpkg", frame)

    fault = only_fault(folder)

    assert (fault.row, fault.field) == (None, "state")
    assert "GLBJZT" in fault.remedy


def test_a_citys_own_numbering_names_the_category(folder: Path):
    change_text(folder / "city.toml", "GB/T 47678.5-2026", "NYC 311")
    write(folder, {"id": "bin-1", "category": "03005"}, {"id": "bin-2", "category": "03006"})

    fault = only_fault(folder)

    assert (fault.row, fault.field) == (2, "category")


async def test_components_are_loaded_with_the_pack_and_compared_next_time(
    conn: AsyncConnection, folder: Path
):
    write(folder, {}, {"id": "99010103005000002"})
    assert _noted(await load(conn, check_pack(folder).sound())) == "2 new"
    assert _noted(await load(conn, check_pack(folder).sound())) == ""
    write(folder, {"state": "破损"})

    assert _noted(await load(conn, check_pack(folder).sound())) == "1 changed, 1 ended"

    [near] = await nearest_components(conn, INSIDE.x, INSIDE.y, categories=["03005"])
    assert (near.id, near.state) == (ROW["id"], "broken")
    assert len(await component_versions(conn, near.id)) == 2


async def test_a_pack_without_components_leaves_those_that_stand(
    conn: AsyncConnection, folder: Path
):
    write(folder, {})
    await load(conn, check_pack(folder).sound())
    (folder / "components.gpkg").unlink()

    changes = await load(conn, check_pack(folder).sound())

    assert COMPONENTS not in {change.part for change in changes}
    assert len(await nearest_components(conn, INSIDE.x, INSIDE.y)) == 1


def _noted(changes: tuple[Change, ...]) -> str:
    [note] = [change.note for change in changes if change.part == COMPONENTS]
    return note
