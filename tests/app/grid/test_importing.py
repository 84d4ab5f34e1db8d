"""`citygrid grid import`: what it reads, refuses, mends and leaves behind."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import Result
from shapely import LineString, Polygon, box
from typer.testing import CliRunner

from app.__main__ import main
from geo.measure import distance_m
from geo.shift import Datum
from tests.grid.importing.makers import placed, shifted, streets

WGS84 = "EPSG:4326"
NAMES = ["福田街道", "罗湖"]
TWO = (box(0, 0, 100, 100), box(99.9, 0, 200, 100))
BOW_TIE = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["grid", "import", *map(str, arguments)])


def told(*arguments: str | Path) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return json.loads(done.stdout)


def write(path: Path, shapes: Any, crs: str = WGS84, **columns: list[str]) -> Path:
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=WGS84).to_crs(crs).to_file(path)
    return path


def labelled(path: Path, shapes: Any, true: str, label: str) -> Path:
    """A file whose coordinates are in one system and whose label says another."""
    frame = gpd.GeoDataFrame(geometry=list(shapes), crs=WGS84).to_crs(true)
    frame.set_crs(label, allow_override=True).to_file(path)
    return path


def test_a_dry_run_tells_everything_and_writes_no_layer(tmp_path: Path):
    file, out = write(tmp_path / "areas.gpkg", placed(*TWO, BOW_TIE)), tmp_path / "out"

    done = run(file, "--out", out, "--tolerance-m2", "20")

    report = json.loads((out / "report.json").read_text("utf-8"))
    (layer,) = report["layers"]
    assert done.exit_code == 1
    assert "no layer written" in done.stdout
    assert (report["ok"], report["repair"], layer["written"]) == (False, False, None)
    assert layer["kinds"]["invalid"] == {
        "found": 1,
        "area_m2": 0.0,
        "open": 0,
        "mendable": 1,
        "mended": 0,
    }
    assert not (out / "areas.gpkg").exists()


def test_repairing_writes_the_layer_and_what_was_changed_row_by_row(tmp_path: Path):
    shapes, out = placed(*TWO, box(300, 0, 400, 100)), tmp_path / "out"
    file = write(tmp_path / "areas.gpkg", shapes, code=["a", "b", "c"])

    done = run(file, "--repair", "--tolerance-m2", "20", "--out", out)

    layer = json.loads((out / "report.json").read_text("utf-8"))["layers"][0]
    assert done.exit_code == 0
    assert [(one["kind"], one["rows"], one["outcome"]) for one in layer["findings"]] == [
        ("overlap", [1, 2], "mended")
    ]
    assert layer["findings"][0]["area_m2"] == pytest.approx(10, rel=0.01)
    after = gpd.read_file(out / "areas.gpkg")
    assert list(after["code"]) == ["a", "b", "c"]
    assert after.geometry[0].equals(shapes[0])
    assert after.geometry[0].intersection(after.geometry[1]).area < 1e-18


def test_findings_are_a_layer_of_places_and_one_of_ground_and_a_map(tmp_path: Path):
    file, out = write(tmp_path / "areas.gpkg", placed(*TWO)), tmp_path / "out"

    told(file, "--out", out)

    places, ground = (gpd.read_file(out / "findings.gpkg", layer=n) for n in ("places", "ground"))
    assert [list(one["rows"]) for one in (places, ground)] == [["1, 2"], ["1, 2"]]
    assert places.geometry[0].within(ground.geometry[0])
    assert ground["area_m2"][0] == pytest.approx(10, rel=0.01)
    page = (out / "map.html").read_text("utf-8")
    assert 'class="spot overlap"' in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_layer_without_faults_is_written_as_it_is_without_asking(tmp_path: Path):
    file = write(tmp_path / "areas.geojson", placed(box(0, 0, 100, 100)), name=["区"])

    report = told(file, "--out", tmp_path / "out")

    assert (report["ok"], report["layers"][0]["written"]) == (True, "areas.gpkg")
    assert list(gpd.read_file(tmp_path / "out" / "areas.gpkg")["name"]) == ["区"]


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_shifted_file_labelled_wgs84_is_refused_with_the_measured_offset(
    tmp_path: Path, datum: Datum
):
    roads = write(tmp_path / "roads.gpkg", streets(1))
    lying = write(tmp_path / "new.geojson", shifted(streets(1), datum))

    report = told(lying, "--reference", roads, "--repair", "--out", tmp_path / "out")

    (fault,), fit = report["faults"], report["layers"][0]["fit"]
    assert (fit["verdict"], fit["datum"]) == ("shifted", datum.value)
    best = next(one for one in fit["residuals"] if one["datum"] == datum.value)
    assert fit["offset"]["east_m"] == pytest.approx(best["east_m"], abs=3)
    assert fit["offset"]["north_m"] == pytest.approx(best["north_m"], abs=3)
    assert f"{fit['offset']['east_m']:+.1f} m east" in fault["problem"]
    assert f"--datum {datum.value}" in fault["remedy"]
    assert not (tmp_path / "out" / "new.gpkg").exists()


def test_the_shift_is_taken_away_when_the_administrator_says_so(tmp_path: Path):
    roads = write(tmp_path / "roads.gpkg", streets(1))
    lying = write(tmp_path / "new.geojson", shifted(streets(1), Datum.GCJ02))
    out = tmp_path / "out"

    report = told(lying, "--reference", roads, "--datum", "gcj02", "--out", out)

    assert report["layers"][0]["fit"]["verdict"] == "fits"
    there, here = (
        shapely.get_coordinates(gpd.read_file(file).geometry.array)
        for file in (out / "new.gpkg", roads)
    )
    assert distance_m(there, here).max() < 0.01


def test_a_file_at_another_place_than_the_reference_is_refused(tmp_path: Path):
    roads = write(tmp_path / "roads.gpkg", streets(1))
    far = write(tmp_path / "far.gpkg", placed(LineString([(90_000, 0), (95_000, 0)])))

    report = told(far, "--reference", roads, "--out", tmp_path / "out")

    assert "does not lie where the reference does" in report["faults"][0]["problem"]


@pytest.mark.parametrize(
    "system", ["EPSG:4547", "EPSG:4526", "EPSG:4508", "EPSG:4497", "EPSG:4490"]
)
def test_gauss_krueger_files_land_where_they_belong(tmp_path: Path, system: str):
    """3° and 6° zones, with and without the zone in the easting; 4508 and 4497 are zone 19."""
    file = write(tmp_path / "survey.shp", placed(box(0, 0, 100, 100)), system)

    told(file, "--out", tmp_path / "out")

    there = shapely.get_coordinates(gpd.read_file(tmp_path / "out" / "survey.gpkg").geometry.array)
    here = shapely.get_coordinates(placed(box(0, 0, 100, 100)))
    apart = [distance_m(here, spot[None, :]).min() for spot in there]
    assert max(apart) < 0.001


@pytest.mark.parametrize(
    ("true", "label", "problem"),
    [
        ("EPSG:4526", "EPSG:4547", "begin with zone 38"),
        ("EPSG:4547", "EPSG:4526", "carry no zone number"),
        ("EPSG:4526", "EPSG:4525", "begin with zone 38"),
        ("EPSG:4526", "EPSG:4326", "begin with zone 38"),
        ("EPSG:4497", "EPSG:4508", "begin with zone 19"),
    ],
)
def test_a_wrong_zone_is_refused_with_the_system_that_would_fit(
    tmp_path: Path, true: str, label: str, problem: str
):
    file = labelled(tmp_path / "survey.gpkg", placed(box(0, 0, 100, 100)), true, label)

    refused = told(file, "--out", tmp_path / "one")
    taken = told(file, "--crs", true, "--out", tmp_path / "two")

    assert problem in refused["faults"][0]["problem"]
    assert f"--crs {true}" in refused["faults"][0]["remedy"]
    assert taken["ok"]
    assert taken["layers"][0]["crs"]["labelled"] != taken["layers"][0]["crs"]["taken"]


def test_a_file_without_a_system_is_told_which_one_its_eastings_name(tmp_path: Path):
    file = write(tmp_path / "survey.shp", placed(box(0, 0, 100, 100)), "EPSG:4526")
    file.with_suffix(".prj").unlink()

    refused = told(file, "--out", tmp_path / "one")

    assert "names no coordinate system" in refused["faults"][0]["problem"]
    assert told(file, "--crs", "EPSG:4526", "--out", tmp_path / "two")["ok"]


def test_axes_the_wrong_way_round_are_refused(tmp_path: Path):
    frame = gpd.GeoDataFrame(geometry=list(placed(box(0, 0, 100, 100))), crs=WGS84).to_crs(4526)
    turned = shapely.transform(np.asarray(frame.geometry.array), lambda at: at[:, ::-1])
    gpd.GeoDataFrame(geometry=turned, crs="EPSG:4526").to_file(tmp_path / "survey.gpkg")

    refused = told(tmp_path / "survey.gpkg", "--out", tmp_path / "out")

    assert "axes are the wrong way round" in refused["faults"][0]["problem"]


def test_the_chinese_of_a_gbk_shapefile_without_cpg_is_read_and_said(tmp_path: Path):
    file = tmp_path / "streets.shp"
    shapes = list(placed(box(0, 0, 100, 100), box(100, 0, 200, 100)))
    frame = gpd.GeoDataFrame({"名称": NAMES}, geometry=shapes, crs=WGS84)
    frame.to_file(file, encoding="GBK")
    file.with_suffix(".cpg").unlink()

    done = run(file, "--out", tmp_path / "out")

    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert list(gpd.read_file(tmp_path / "out" / "streets.gpkg")["名称"]) == NAMES
    assert report["layers"][0]["encoding"]["taken"] == "gb18030"
    assert "gb18030: it has no .cpg" in done.stdout.replace("\n", " ")


def test_a_cpg_that_contradicts_the_texts_is_refused(tmp_path: Path):
    file = tmp_path / "streets.shp"
    frame = gpd.GeoDataFrame({"name": NAMES[:1]}, geometry=list(placed(TWO[0])), crs=WGS84)
    frame.to_file(file, encoding="GBK")
    file.with_suffix(".cpg").write_text("UTF-8")

    report = told(file, "--out", tmp_path / "out")

    assert report["faults"][0]["field"] == "encoding"
    assert "gb18030" in report["faults"][0]["problem"]
    assert told(file, "--encoding", "gbk", "--out", tmp_path / "two")["ok"]


def test_several_files_packed_ones_too_go_into_one_report(tmp_path: Path):
    plain = write(tmp_path / "one.geojson", placed(TWO[0]))
    packed = tmp_path / "two.geojson.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    report = told(plain, packed, "--out", tmp_path / "out")

    assert [layer["written"] for layer in report["layers"]] == ["one.gpkg", "two.gpkg"]


def test_one_bad_file_keeps_all_layers_from_being_written_and_all_faults_are_told(tmp_path: Path):
    good = write(tmp_path / "good.gpkg", placed(TWO[0]))
    (tmp_path / "broken.geojson").write_text("{")
    (tmp_path / "other").mkdir()
    twin = Path(shutil.copy(good, tmp_path / "other" / "good.gpkg"))

    done = run(
        good, twin, tmp_path / "broken.geojson", tmp_path / "no.shp", "--out", tmp_path / "o"
    )

    report = json.loads((tmp_path / "o" / "report.json").read_text("utf-8"))
    assert done.exit_code == 1
    assert [fault["file"] for fault in report["faults"]] == [
        "broken.geojson",
        "no.shp",
        "good.gpkg",
    ]
    assert list((tmp_path / "o").glob("good*")) == []


def test_heights_are_dropped_and_counted(tmp_path: Path):
    high = shapely.force_3d(placed(TWO[0]), 12.0)

    report = told(write(tmp_path / "high.gpkg", high), "--out", tmp_path / "out")

    assert report["layers"][0]["heights_dropped"] == 1
    assert not gpd.read_file(tmp_path / "out" / "high.gpkg").geometry.has_z.any()


def test_results_that_are_there_stay_unless_they_may_be_replaced(tmp_path: Path):
    file = write(tmp_path / "one.gpkg", placed(TWO[0]))
    told(file, "--out", tmp_path / "out")

    again = run(file, "--out", tmp_path / "out")
    replaced = run(file, "--out", tmp_path / "out", "--replace")

    assert (again.exit_code, replaced.exit_code) == (2, 0)
    assert "--replace" in again.stderr


def test_a_feature_without_a_shape_is_kept_as_a_row_and_stays_open(tmp_path: Path):
    file = write(tmp_path / "one.gpkg", [*placed(TWO[0]), None], name=["有", "无"])

    report = told(file, "--repair", "--out", tmp_path / "out")

    assert report["layers"][0]["kinds"]["missing"]["open"] == 1
    assert list(gpd.read_file(tmp_path / "out" / "one.gpkg")["name"]) == ["有", "无"]


def test_columns_that_a_geopackage_takes_for_the_same_get_other_names(tmp_path: Path):
    columns = {"fid": ["7", "7"], "ID": ["a", "b"], "id": ["c", "d"]}
    file = tmp_path / "one.geojson"
    gpd.GeoDataFrame(columns, geometry=list(placed(*TWO)), crs=WGS84).to_file(file)

    report = told(file, "--repair", "--tolerance-m2", "20", "--out", tmp_path / "out")

    after = gpd.read_file(tmp_path / "out" / "one.gpkg")
    assert report["layers"][0]["renamed"] == {"fid": "fid_2", "id": "id_2"}
    assert [list(after[name]) for name in ("fid_2", "ID", "id_2")] == [
        ["7", "7"],
        ["a", "b"],
        ["c", "d"],
    ]


def test_a_file_without_features_is_refused_as_layer_and_as_reference(tmp_path: Path):
    empty = write(tmp_path / "empty.gpkg", [], name=[])
    file = write(tmp_path / "one.gpkg", placed(TWO[0]))

    alone = told(empty, "--out", tmp_path / "one")
    behind = told(file, "--reference", empty, "--out", tmp_path / "two")

    assert alone["faults"][0]["problem"] == "it has no features"
    assert "the reference has no shapes" in behind["faults"][0]["problem"]


def test_a_folder_that_cannot_be_made_ends_with_exit_code_two(tmp_path: Path):
    file = write(tmp_path / "one.gpkg", placed(TWO[0]))

    done = run(file, "--out", file / "out", "--json")

    assert done.exit_code == 2
    assert "one.gpkg" in json.loads(done.stdout)["problem"]
