from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Point, Polygon

from app.city.checking import check_pack
from app.city.faults import BrokenPack, Fault, Faults, NotAPack
from app.city.lines import Line
from app.city.profile import Tolerance
from app.city.territory import Areas, Cells
from app.city.tessellation import Plane, check_tessellation
from tests.app.city.found import faults, only_fault
from tests.app.city.makers import (
    SIDE,
    append_row,
    change_layer,
    change_text,
    moved,
    square,
    write_frame,
)


def place(fault: Fault) -> tuple[str, int | None, str]:
    return fault.file, fault.row, fault.field


def reshape(folder: Path, row: int, shape: object, layer: str = "cells") -> None:
    """Give the feature *row* (from 1) of a layer another shape."""

    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = frame.geometry.tolist()
        shapes[row - 1] = shape
        return frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))

    change_layer(folder / f"{layer}.geojson", change)


def test_a_pack_without_faults_is_read_whole(folder: Path):
    pack = check_pack(folder).sound()

    assert len(pack.tiling.cells) == 8
    assert [area["code"] for area in pack.parts["areas"]][:2] == ["990101", "990101001"]
    assert pack.parts["city"]["bbox"] == pytest.approx([112.8, 30.8, 112.804, 30.802])
    assert sum(pack.tiling.sizes_m2) == pytest.approx(8 * 95.6 * 110.9, rel=0.01)
    assert [person.roles for person in pack.people] == [("inspector",), ("operator", "dispatcher")]


def test_all_faults_of_all_files_are_told_at_once(folder: Path):
    (folder / "calendar.csv").unlink()
    change_text(folder / "city.toml", "Asia/Shanghai", "Asia/Shanghi")
    change_text(folder / "departments.csv", "POLICE,公安分局", "SANI,公安分局")
    change_text(folder / "catalogue.csv", "06028,噪声扰民,Noise nuisance,3", "06028,噪声扰民,,9")
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "FIRE"])
    append_row(folder / "limits.csv", ["*", "night", "夜", "Night", "resolve", "x", "days", "no"])
    append_row(folder / "people.csv", ["x", "甲", "A", "boss", "SANI", "990199"])
    reshape(folder, 3, square(1, 0, width=2))

    told = {place(fault) for fault in faults(folder)}

    assert told >= {
        ("calendar.csv", None, ""),
        ("city.toml", None, "timezone"),
        ("departments.csv", 3, "code"),
        ("catalogue.csv", 3, "name_en"),
        ("catalogue.csv", 3, "severity"),
        ("jurisdiction.csv", 4, "department"),
        ("limits.csv", 5, "amount"),
        ("limits.csv", 5, "unit"),
        ("people.csv", 4, "roles"),
        ("people.csv", 4, "areas"),
        ("routing.toml", 1, "department"),
    }
    assert {file for file, _, field in told if field == "geometry"} == {"cells.geojson"}
    with pytest.raises(BrokenPack, match=f"{len(faults(folder))} faults"):
        check_pack(folder).sound()


@pytest.mark.parametrize(
    "file", ["city.toml", "departments.csv", "jurisdiction.csv", "catalogue.csv", "people.csv"]
)
def test_a_missing_file_is_one_fault_and_not_a_flood(folder: Path, file: str):
    (folder / file).unlink()

    assert place(only_fault(folder)) == (file, None, "")


@pytest.mark.parametrize("stem", ["areas", "cells"])
def test_a_missing_layer_is_one_fault_and_not_a_flood(folder: Path, stem: str):
    (folder / f"{stem}.geojson").unlink()

    assert place(only_fault(folder)) == (f"{stem}.gpkg", None, "")


def test_sensors_rules_and_drawings_may_be_left_out(folder: Path):
    (folder / "sensors.csv").unlink()
    (folder / "routing.toml").unlink()

    assert faults(folder) == []


# ── text ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("encoding", "said"), [("gbk", "GBK"), ("utf-16", "UTF-16"), ("big5", "Big5|GBK")]
)
def test_another_encoding_is_told_with_its_name_and_row(folder: Path, encoding: str, said: str):
    text = "code,name_zh,name_en,kind,phone\nSANI,環衛,Sanitation,bureau,1\n"
    (folder / "departments.csv").write_bytes(text.encode(encoding))

    fault = only_fault(folder)

    assert fault.file == "departments.csv"
    assert fault.row == (1 if encoding == "utf-16" else 2)
    assert any(word in fault.problem for word in said.split("|"))
    assert "UTF-8" in fault.remedy


def test_a_byte_order_mark_is_fine(folder: Path):
    path = folder / "departments.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert faults(folder) == []


def test_every_missing_column_is_told(folder: Path):
    change_text(folder / "departments.csv", "name_zh,name_en,kind", "naam,name_en,art")

    assert {place(fault) for fault in faults(folder)} == {
        ("departments.csv", 1, "name_zh"),
        ("departments.csv", 1, "kind"),
    }


def test_a_column_twice_is_told(folder: Path):
    change_text(folder / "departments.csv", "kind,phone", "phone,phone")

    assert ("departments.csv", 1, "phone") in {place(fault) for fault in faults(folder)}


def test_a_row_with_a_value_too_many_is_told(folder: Path):
    append_row(folder / "departments.csv", ["A", "甲", "A", "bureau", "1", "2"])

    assert place(only_fault(folder)) == ("departments.csv", 5, "")


def test_an_unclosed_quote_is_told(folder: Path):
    with (folder / "departments.csv").open("a", encoding="utf-8") as file:
        file.write('A,"甲,A,bureau,1\n')

    assert "no CSV table" in only_fault(folder).problem


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\x1bb", "a\u2028b"])
def test_control_characters_are_refused(folder: Path, text: str):
    append_row(folder / "departments.csv", ["A", text, "A", "bureau", "1"])

    assert place(only_fault(folder)) == ("departments.csv", 5, "name_zh")


def test_a_setting_with_a_slip_in_its_name_is_told(folder: Path):
    change_text(folder / "city.toml", "default_language", "defualt_language")

    assert {fault.field for fault in faults(folder)} == {"default_language", "defualt_language"}


def test_toml_that_is_none_is_told_with_its_line(folder: Path):
    change_text(folder / "city.toml", 'code = "990101"', "code = 990101x")

    assert "line 2" in only_fault(folder).problem


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("centre = [112.802, 30.801]", 'centre = "here"', "centre"),
        ("centre = [112.802, 30.801]", "centre = [nan, 30.8]", "centre.lon"),
        ("zoom = 14", "zoom = 99", "zoom"),
        ("weekend = [6, 7]", "weekend = [8]", "working_time.weekend"),
        ('["14:00", "18:00"]', '["11:00", "18:00"]', "working_time.periods"),
        ("weekend = [6, 7]", 'weekend = "Sunday"', "working_time.weekend"),
        ("weekend = [6, 7]", "weekend = 7", "working_time"),
        ("radius_m = 50", "radius_m = -1", "radius_m"),
        ('filing = "auto"', 'filing = "perhaps"', "filing"),
        ("^[0-9]{15}$", "[0-9", "cell_code_pattern"),
    ],
)
def test_a_wrong_setting_is_told(folder: Path, old: str, new: str, field: str):
    change_text(folder / "city.toml", old, new)

    assert field in {fault.field for fault in faults(folder) if fault.file == "city.toml"}


# ── tables ───────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_department_is_told_with_the_nearest_one(folder: Path):
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "SANY"])

    fault = only_fault(folder)

    assert place(fault) == ("jurisdiction.csv", 4, "department")
    assert fault.remedy == "Did you mean 'SANI'?"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (["07001", "", "SANI"], "category"),
        (["06010", "990199", "SANI"], "area"),
        (["06010", "", "POLICE"], "category"),
    ],
)
def test_a_wrong_duty_is_told(folder: Path, row: list[str], field: str):
    append_row(folder / "jurisdiction.csv", row)

    assert place(only_fault(folder)) == ("jurisdiction.csv", 4, field)


def test_a_duty_may_be_written_for_the_beginning_of_codes(folder: Path):
    append_row(folder / "jurisdiction.csv", ["06", "", "POLICE"])
    append_row(folder / "jurisdiction.csv", ["*", "", "POLICE"])

    assert faults(folder) == []


def test_a_category_that_nobody_takes_is_told(folder: Path):
    change_layer(folder / "areas.geojson", lambda areas: areas.assign(department=""))
    change_text(folder / "jurisdiction.csv", "06028,,SANI", "06028,990101001001,SANI")

    fault = only_fault(folder)

    assert place(fault) == ("jurisdiction.csv", None, "category")
    assert "'06028' in 4 cells, those of 990101001002" in fault.problem


def test_a_matter_may_carry_the_code_of_a_component_but_not_of_another_matter(folder: Path):
    line = ["matter", "03", "市容环卫类", "Bins", "03005", "垃圾箱异常", "Bin", "4", "false", ""]
    append_row(folder / "catalogue.csv", line)
    assert faults(folder) == []

    append_row(folder / "catalogue.csv", line)
    assert place(only_fault(folder)) == ("catalogue.csv", 6, "code")


@pytest.mark.parametrize(
    ("old", "new", "place_"),
    [
        ("small,少量,A little,resolve,2,", "small,少量,A little,resolve,nan,", (2, "amount")),
        ("small,少量,A little,resolve,2,", "small,少量,A little,resolve,-2,", (2, "amount")),
        ("4,work_hour,false", "4,work_hours,false", (3, "unit")),
        ("4,work_hour,false", "4,work_hour,true", (2, "default")),
        ("2,work_hour,true", "2,work_hour,false", (2, "default")),
        ("2,work_hour,true", "2,work_hour,maybe", (2, "default")),
        ("06010,large", "06010,small", (3, "milestone")),
        ("*,any", "06010,any", (2, "default")),
        ("06010,large", "99999,large", (3, "category")),
    ],
)
def test_a_wrong_limit_is_told(folder: Path, old: str, new: str, place_: tuple[int, str]):
    change_text(folder / "limits.csv", old, new)

    assert ("limits.csv", *place_) in {place(fault) for fault in faults(folder)}


def test_a_category_without_end_is_told(folder: Path):
    change_text(folder / "limits.csv", "*,any", "06010,other")
    change_text(folder / "limits.csv", "5,work_day,true", "5,work_day,false")

    fault = only_fault(folder)

    assert place(fault) == ("limits.csv", None, "category")
    assert "'06028' has no limit" in fault.problem


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (["2026-02-30", "holiday", "甲", "A"], "date"),
        (["1.10.2026", "holiday", "甲", "A"], "date"),
        (["20261001", "holiday", "甲", "A"], "date"),
        (["2026-10-01", "workday", "甲", "A"], "date"),
        (["2026-10-02", "feast", "甲", "A"], "kind"),
    ],
)
def test_a_wrong_day_is_told(folder: Path, row: list[str], field: str):
    append_row(folder / "calendar.csv", row)

    assert place(only_fault(folder)) == ("calendar.csv", 4, field)


@pytest.mark.parametrize(
    "when", ["category ==", "colour == 'red'", "hour + 1", "category.hasten('06')"]
)
def test_a_broken_condition_is_told_by_its_rule(folder: Path, when: str):
    change_text(
        folder / "routing.toml", "'category == \"06028\" && (hour >= 22 || hour < 6)'", f'"{when}"'
    )

    assert place(only_fault(folder)) == ("routing.toml", 1, "when")


def test_a_sensor_outside_the_city_is_told(folder: Path):
    append_row(folder / "sensors.csv", ["S2", "甲", "A", "air", "pm2_5", "", "0", "30.801"])

    assert place(only_fault(folder)) == ("sensors.csv", 3, "lon")


def test_a_login_twice_is_told_with_the_row_of_the_first(folder: Path):
    append_row(folder / "people.csv", ["operator1", "甲", "A", "auditor", "", ""])

    fault = only_fault(folder)

    assert place(fault) == ("people.csv", 4, "login")
    assert "row 2" in fault.problem


@pytest.mark.parametrize("role", ["anyone", "sensor", "root", ""])
def test_nobody_gets_a_role_that_is_none_for_people(folder: Path, role: str):
    append_row(folder / "people.csv", ["x", "甲", "A", role, "", ""])

    assert {place(fault) for fault in faults(folder)} == {("people.csv", 4, "roles")}


# ── layers ───────────────────────────────────────────────────────────────────────────────────────


def test_a_layer_without_coordinate_system_is_refused(folder: Path):
    frame = gpd.read_file(folder / "cells.geojson").set_crs(None, allow_override=True)
    (folder / "cells.geojson").unlink()
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(folder / "cells.gpkg", engine="pyogrio")

    fault = only_fault(folder)

    assert place(fault) == ("cells.gpkg", None, "crs")
    assert "SRID 0" in fault.problem


def test_another_coordinate_system_is_taken_only_when_city_toml_names_it(folder: Path):
    frame = gpd.read_file(folder / "cells.geojson").to_crs(4547)
    (folder / "cells.geojson").unlink()
    write_frame(folder / "cells.gpkg", frame)

    assert place(only_fault(folder)) == ("cells.gpkg", None, "crs")

    change_text(
        folder / "city.toml", 'filing = "auto"', 'filing = "auto"\nsource_crs = "EPSG:4547"'
    )
    change_text(
        folder / "city.toml", "[merge]", "[tolerance]\ngap_m2 = 2\noutside_m2 = 2\n\n[merge]"
    )
    assert faults(folder) == []


def test_metres_under_the_name_of_degrees_are_refused(folder: Path):
    frame = gpd.read_file(folder / "cells.geojson").to_crs(4547)
    write_frame(folder / "cells.geojson", frame.set_crs(4326, allow_override=True))

    told = faults(folder)

    assert {place(fault)[0::2] for fault in told if fault.field == "crs"} == {
        ("cells.geojson", "crs")
    }


def test_cgcs2000_is_taken_as_it_is(folder: Path):
    frame = gpd.read_file(folder / "cells.geojson").set_crs(4490, allow_override=True)
    (folder / "cells.geojson").unlink()
    write_frame(folder / "cells.gpkg", frame)

    assert faults(folder) == []


def test_a_shapefile_without_its_encoding_is_refused(folder: Path):
    frame = gpd.read_file(folder / "cells.geojson")
    (folder / "cells.geojson").unlink()
    write_frame(folder / "cells.shp", frame)
    assert faults(folder) == []

    (folder / "cells.cpg").unlink()
    assert place(only_fault(folder)) == ("cells.shp", None, "")


def test_two_files_of_one_layer_are_told(folder: Path):
    write_frame(folder / "cells.gpkg", gpd.read_file(folder / "cells.geojson"))

    assert "holds this layer too" in only_fault(folder).problem


def test_a_file_that_is_no_layer_is_told(folder: Path):
    (folder / "cells.geojson").write_text("{}", encoding="utf-8")

    assert place(only_fault(folder)) == ("cells.geojson", None, "")


def test_a_missing_field_of_a_layer_is_told(folder: Path):
    change_layer(folder / "cells.geojson", lambda cells: cells.drop(columns="name_en"))

    assert place(only_fault(folder)) == ("cells.geojson", None, "name_en")


# ── codes on the ground ──────────────────────────────────────────────────────────────────────────


def set_value(folder: Path, layer: str, row: int, column: str, value: str) -> None:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        values = frame[column].tolist()
        values[row - 1] = value
        return frame.assign(**{column: values})

    change_layer(folder / f"{layer}.geojson", change)


def test_a_cell_code_twice_is_told(folder: Path):
    set_value(folder, "cells", 2, "code", "990101001001001")

    fault = only_fault(folder)

    assert place(fault) == ("cells.geojson", 2, "code")
    assert "row 1" in fault.problem


@pytest.mark.parametrize(
    ("code", "field"),
    [("99010100100100A", "code"), ("990101001001000", "code"), ("990101001002099", "area")],
)
def test_a_cell_code_that_does_not_fit_is_told(folder: Path, code: str, field: str):
    set_value(folder, "cells", 1, "code", code)

    assert place(only_fault(folder)) == ("cells.geojson", 1, field)


def test_codes_may_follow_a_pattern_of_the_city(folder: Path):
    change_text(folder / "city.toml", "^[0-9]{15}$", "^c[0-9]+$")
    change_layer(
        folder / "cells.geojson", lambda cells: cells.assign(code=[f"c{n}" for n in range(8)])
    )

    assert faults(folder) == []


@pytest.mark.parametrize(
    ("row", "column", "value", "place_"),
    [
        (3, "parent", "990199", (3, "parent")),
        (3, "parent", "", (3, "parent")),
        (2, "level", "village", (2, "level")),
        (2, "department", "FIRE", (2, "department")),
        (1, "code", "990102", (1, "code")),
        (2, "code", "990101001001", (3, "code")),
        (1, "parent", "990101001001", (None, "parent")),
    ],
)
def test_areas_that_make_no_tree_are_told(
    folder: Path, row: int, column: str, value: str, place_: tuple[int | None, str]
):
    set_value(folder, "areas", row, column, value)

    assert ("areas.geojson", *place_) in {place(fault) for fault in faults(folder)}


# ── shapes on the ground ─────────────────────────────────────────────────────────────────────────


def test_overlapping_cells_are_told_with_both_codes_and_the_area(folder: Path):
    wider = shapely.box(*square(0, 0).bounds[:3], square(0, 0).bounds[3] + SIDE / 100)
    reshape(folder, 1, wider)

    fault = only_fault(folder)

    assert place(fault) == ("cells.geojson", 2, "geometry")
    assert "990101001001001 and 990101001001002 overlap by 10" in fault.problem


def test_one_cell_drawn_twice_is_an_overlap(folder: Path):
    reshape(folder, 2, square(0, 0))

    told = faults(folder)

    assert any("overlap by" in fault.problem for fault in told)
    assert any("have no cell" in fault.problem for fault in told)


def test_a_cell_within_another_is_an_overlap(folder: Path):
    reshape(folder, 2, square(0, 0).buffer(-SIDE / 4))

    assert any("overlap by" in fault.problem for fault in faults(folder))


def test_a_gap_is_told_with_its_size_and_place(folder: Path):
    west, south, east, north = square(0, 0).bounds
    reshape(folder, 1, shapely.box(west, south, east - SIDE / 10, north))

    fault = only_fault(folder)

    assert place(fault) == ("areas.geojson", 3, "geometry")
    assert "m² of 990101001001 have no cell near 112.80095" in fault.problem
    assert 1_000 < float(fault.problem.split(" ")[0].replace(",", "")) < 1_100


def test_a_cell_outside_its_community_is_told(folder: Path):
    reshape(folder, 8, moved(square(3, 1), SIDE / 10))

    told = {place(fault): fault.problem for fault in faults(folder)}

    assert "out of 990101001002" in told["cells.geojson", 8, "geometry"]


def test_a_community_outside_its_street_is_told(folder: Path):
    reshape(folder, 2, square(0, 0, 3, 2), layer="areas")

    assert any(
        "990101001002 reaches" in fault.problem and fault.file == "areas.geojson"
        for fault in faults(folder)
    )


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (None, "no shape"),
        (Polygon(), "no shape"),
        (Point(112.8005, 30.8005), "a Point"),
        (Polygon([(112.8, 30.8), (112.801, 30.801), (112.801, 30.8), (112.8, 30.801)]), "invalid"),
    ],
)
def test_a_shape_that_is_no_area_is_told(folder: Path, shape: object, said: str):
    reshape(folder, 1, shape)

    fault = only_fault(folder)

    assert place(fault) == ("cells.geojson", 1, "geometry")
    assert said in fault.problem


def test_what_the_tolerance_allows_is_no_fault(folder: Path):
    west, south, east, north = square(0, 0).bounds
    reshape(folder, 1, shapely.box(west, south, east - SIDE / 1000, north))
    assert len(faults(folder)) == 1

    change_text(folder / "city.toml", "[merge]", "[tolerance]\ngap_m2 = 20\n\n[merge]")
    assert faults(folder) == []


shifts = st.floats(-0.4, 0.4, allow_nan=False)
sides = st.sampled_from([0.2, 0.5, 1.0, 1.5])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(shifts, shifts, sides), min_size=2, max_size=6))
def test_exactly_the_pairs_that_share_ground_are_told(boxes: list[tuple[float, float, float]]):
    shapes = np.array(
        [
            shapely.box(n / 2 + x, 30 + y, n / 2 + x + w, 30 + y + w)
            for n, (x, y, w) in enumerate(boxes)
        ]
    )
    plane = Plane((0, 30, 7, 32))
    found = Faults()
    rows = [{"code": f"c{n}", "area": "a"} for n in range(len(shapes))]
    lines = tuple(Line("cells", n + 1, {}, found) for n in range(len(shapes)))
    no_areas = Areas([], (), np.array([], dtype=object), is_tree=True)

    check_tessellation(no_areas, Cells(rows, lines, shapes), Tolerance(0, 0, 0), plane, found)

    sharing = {
        (f"c{i}", f"c{j}")
        for i in range(len(shapes))
        for j in range(i + 1, len(shapes))
        if plane.area_m2(np.array([shapes[i].intersection(shapes[j])]))[0] > 1e-6
    }
    assert {tuple(fault.problem.split(" overlap")[0].split(" and ")) for fault in found.found} == (
        sharing
    )


# ── the pack as a whole ──────────────────────────────────────────────────────────────────────────


def test_a_path_that_is_no_pack_is_refused(tmp_path: Path):
    with pytest.raises(NotAPack, match="no such file"):
        check_pack(tmp_path / "nowhere")


def test_an_empty_folder_misses_every_file(tmp_path: Path):
    missing = {fault.file for fault in faults(tmp_path)}

    assert missing == {
        "city.toml",
        "areas.gpkg",
        "cells.gpkg",
        "departments.csv",
        "jurisdiction.csv",
        "catalogue.csv",
        "limits.csv",
        "calendar.csv",
        "people.csv",
    }


def test_a_drawing_without_shape_is_told_with_its_layer(folder: Path):
    roads = gpd.GeoDataFrame(
        {"class": ["primary", "primary"], "name_zh": ["甲路", ""], "name_en": ["First Road", ""]},
        geometry=[shapely.LineString([(112.8, 30.8), (112.804, 30.802)]), None],
        crs="EPSG:4326",
    )
    roads.to_file(folder / "layers.gpkg", layer="roads", engine="pyogrio")

    assert place(only_fault(folder)) == ("layers.gpkg/roads", 2, "geometry")


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ('off = ["verify"]', "workflow.off"),
        ('off = "transfer"', "workflow.off"),
        ("off = [1]", "workflow.off"),
        ('off = [["transfer"]]', "workflow.off"),
        ('photo = ["fly"]', "workflow.photo"),
        ("minutes = { accept = -1 }", "workflow.minutes.accept"),
        ("minutes = { lunch = 5 }", "workflow.minutes.lunch"),
        ('names = { suspend = { zh = "缓办" } }', "workflow.names.suspend.en"),
        ('names = { fly = { zh = "飞", en = "Fly" } }', "workflow.names.fly"),
        ("speed = 1", "workflow.speed"),
    ],
)
def test_what_a_city_cannot_make_of_the_workflow_is_told(folder: Path, told: str, field: str):
    change_text(folder / "city.toml", "[merge]", f"[workflow]\n{told}\n\n[merge]")

    assert field in {fault.field for fault in faults(folder) if fault.file == "city.toml"}


def test_what_a_city_may_make_of_the_workflow_is_kept(folder: Path):
    told = '[workflow]\noff = ["transfer"]\nminutes = { verify = 0 }\n\n[merge]'
    change_text(folder / "city.toml", "[merge]", told)

    assert faults(folder) == []
