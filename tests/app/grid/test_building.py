"""`citygrid grid build`: what it reads, refuses and leaves behind."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from click.testing import Result
from shapely import LineString, Point, box
from typer.testing import CliRunner

from app.__main__ import main
from app.city.checking import check_pack
from app.city.yunxi.making import make_yunxi

WGS84, ZONE = "EPSG:4326", "EPSG:4526"
"""Degrees, and CGCS2000 in the Gauss-Krüger zone 38 around 114° E."""
HERE = (114.05, 22.54)


@pytest.fixture(scope="module")
def yunxi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("yunxi") / "pack"
    make_yunxi(folder, 300, 1)
    return folder


def build(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["grid", "build", *map(str, arguments)])


def told(*arguments: str | Path) -> dict[str, Any]:
    done = build(*arguments, "--json")
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return json.loads(done.stdout)


def of_yunxi(pack: Path, out: Path) -> list[str | Path]:
    layers = [f"{pack / 'layers.gpkg'}:{name}" for name in ("roads", "rail", "water")]
    lines = [part for layer in layers for part in ("--lines", layer)]
    return ["--areas", pack / "areas.gpkg", *lines, "--out", out]


def square(west: float, south: float, size: float = 0.002) -> Any:
    return box(HERE[0] + west, HERE[1] + south, HERE[0] + west + size, HERE[1] + south + size)


def write(path: Path, shapes: list[Any], crs: str = WGS84, **columns: list[str]) -> Path:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84).to_crs(crs).to_file(path)
    return path


@pytest.fixture
def communities(tmp_path: Path) -> Path:
    return write(
        tmp_path / "communities.geojson",
        [square(0, 0), square(0.002, 0)],
        code=["440304001001", "440304001002"],
        name_zh=["东社区", "西社区"],
    )


def test_the_cells_of_yunxi_make_a_pack_without_faults(yunxi: Path, tmp_path: Path):
    report = told(*of_yunxi(yunxi, tmp_path / "grid"))

    pack = tmp_path / "pack"
    # Components are told by the cells they stand in, which are others now.
    shutil.copytree(yunxi, pack, ignore=shutil.ignore_patterns("components.*"))
    for name in ("cells.gpkg", "areas.gpkg"):
        shutil.copy(tmp_path / "grid" / name, pack / name)
    checked = check_pack(pack)
    assert checked.faults == ()
    assert checked.pack is not None
    assert len(checked.pack.tiling.cells) == report["cells"]
    assert 7_000 < report["sizes_m2"]["median"] < 13_000


def test_two_runs_and_other_orders_of_rows_give_the_same_bytes(yunxi: Path, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    for name, layers in (("areas", ["areas"]), ("layers", ["roads", "rail", "water"])):
        for layer in layers:
            frame = gpd.read_file(yunxi / f"{name}.gpkg", layer=layer)
            frame.iloc[::-1].to_file(other / f"{name}.gpkg", layer=layer)

    told(*of_yunxi(yunxi, tmp_path / "one"))
    told(*of_yunxi(yunxi, tmp_path / "two"))
    told(*of_yunxi(other, tmp_path / "three"))

    for name in ("cells.gpkg", "areas.gpkg", "report.json"):
        first, *rest = ((tmp_path / run / name).read_bytes() for run in ("one", "two", "three"))
        assert rest == [first, first]


def test_the_areas_keep_what_was_written_about_them(yunxi: Path, tmp_path: Path):
    told(*of_yunxi(yunxi, tmp_path / "grid"))

    columns = ["code", "level", "parent", "name_zh", "name_en", "department"]
    before, after = (
        gpd.read_file(folder / "areas.gpkg")[columns].fillna("").sort_values("code")
        for folder in (yunxi, tmp_path / "grid")
    )
    assert after.to_dict("records") == before.to_dict("records")


def test_communities_alone_get_the_areas_above_from_their_codes(communities: Path, tmp_path: Path):
    report = told("--areas", communities, "--out", tmp_path / "grid")

    areas = gpd.read_file(tmp_path / "grid" / "areas.gpkg")
    assert list(areas["code"]) == ["440304", "440304001", "440304001001", "440304001002"]
    assert list(areas["level"]) == ["division", "street", "community", "community"]
    assert list(areas["name_en"])[2] == "东社区"
    assert report["areas_named_by_code"] == ["440304", "440304001"]


def test_any_format_and_coordinate_system_gives_the_same_cells(communities: Path, tmp_path: Path):
    road = LineString([(HERE[0] + 0.001, HERE[1] - 1), (HERE[0] + 0.001, HERE[1] + 1)])
    plain = write(tmp_path / "road.geojson", [road], name=["路"])
    packed = tmp_path / "road.geojson.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    # Short, because what is straight in one system is not in another.
    short = LineString([(HERE[0] + 0.001, HERE[1] - 1e-4), (HERE[0] + 0.001, HERE[1] + 0.0021)])
    surveyed = write(tmp_path / "road.shp", [short], ZONE, name=["路"])

    made = [
        told("--areas", communities, "--lines", lines, "--out", tmp_path / f"out{n}")
        for n, lines in enumerate((plain, packed, surveyed))
    ]

    assert [one["cells"] for one in made] == [made[0]["cells"]] * 3
    assert [one["lines"] for one in made] == [1, 1, 1]
    assert made[2]["sizes_m2"]["median"] == pytest.approx(made[0]["sizes_m2"]["median"], abs=1)


def test_the_report_and_the_map_tell_what_was_done(communities: Path, tmp_path: Path):
    out = tmp_path / "grid"

    done = build("--areas", communities, "--out", out, "--target-m2", "20000")

    report = json.loads((out / "report.json").read_text("utf-8"))
    assert done.exit_code == 0
    assert f"{report['cells']} in 2 communities" in done.stdout
    assert report["target_m2"] == 20_000
    assert [one["cells"] for one in report["by_community"]] == [2, 2]
    page = (out / "map.html").read_text("utf-8")
    assert page.count('class="cell') == report["cells"]
    assert "东社区第1网格" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_names_from_a_file_cannot_put_markup_into_the_map(tmp_path: Path):
    names = ["<script>alert(1)</script>"]
    areas = write(tmp_path / "a.geojson", [square(0, 0)], code=["440304001001"], name_zh=names)

    told("--areas", areas, "--out", tmp_path / "grid")

    assert "<script" not in (tmp_path / "grid" / "map.html").read_text("utf-8")


def test_cells_that_are_there_stay_unless_they_may_be_replaced(communities: Path, tmp_path: Path):
    out = tmp_path / "grid"
    told("--areas", communities, "--out", out)

    again = build("--areas", communities, "--out", out)
    replaced = build("--areas", communities, "--out", out, "--replace", "--target-m2", "20000")

    assert (again.exit_code, replaced.exit_code) == (2, 0)
    assert "--replace" in again.stderr
    assert len(gpd.read_file(out / "cells.gpkg")) == 4


def test_a_folder_that_cannot_be_made_ends_with_exit_code_two(communities: Path):
    done = build("--areas", communities, "--out", communities / "grid", "--json")

    assert done.exit_code == 2
    assert communities.name in json.loads(done.stdout)["problem"]


def test_all_faults_of_all_files_are_told_at_once(yunxi: Path, tmp_path: Path):
    points = write(tmp_path / "points.geojson", [Point(*HERE)], name=["点"])
    (tmp_path / "broken.geojson").write_text("{")
    nameless = write(tmp_path / "nameless.geojson", [square(0, 0)], code=["440304001001"])
    lines = [points, tmp_path / "broken.geojson", yunxi / "layers.gpkg", tmp_path / "none.shp"]
    arguments = [part for line in lines for part in ("--lines", line)]

    done = build("--areas", nameless, *arguments, "--out", tmp_path / "grid", "--json")

    faults = {fault["file"]: fault for fault in json.loads(done.stdout)["faults"]}
    assert done.exit_code == 1
    assert faults["nameless.geojson"]["field"] == "name_zh"
    assert faults["points.geojson"]["problem"] == "it holds no lines"
    assert "cannot be read" in faults["broken.geojson"]["problem"]
    assert "layers.gpkg:water" in faults["layers.gpkg"]["remedy"]
    assert "there is no file" in faults["none.shp"]["problem"]
    assert not (tmp_path / "grid").exists()


@pytest.mark.parametrize(
    ("shapes", "codes", "row", "problem"),
    [
        ([square(0, 0), square(0.001, 0)], ["440304001001", "440304001002"], 2, "overlap by"),
        ([square(0, 0), None], ["440304001001", "440304001002"], 2, "no usable shape"),
        ([square(0, 0), square(0.002, 0)], ["440304001001", "44030400100"], 2, "twelve digits"),
        ([square(0, 0), square(0.002, 0)], ["440304001001", "440304001001"], 2, "stands in row 1"),
        ([square(0, 0), square(0.002, 0)], ["440304001001", "440305001001"], None, "several"),
    ],
)
def test_communities_that_cannot_be_divided_are_named_by_their_row(
    tmp_path: Path, shapes: list[Any], codes: list[str], row: int | None, problem: str
):
    areas = write(tmp_path / "areas.geojson", shapes, code=codes, name_zh=["东", "西"])

    found = told("--areas", areas, "--out", tmp_path / "grid")

    assert [(fault["file"], fault["row"]) for fault in found["faults"]] == [("areas.geojson", row)]
    assert problem in found["faults"][0]["problem"]


def test_a_layer_without_a_coordinate_system_is_refused(tmp_path: Path):
    columns = {"code": ["440304001001"], "name_zh": ["东"]}
    areas = write(tmp_path / "areas.shp", [square(0, 0)], **columns)
    areas.with_suffix(".prj").unlink()

    found = told("--areas", areas, "--out", tmp_path / "grid")

    assert [fault["field"] for fault in found["faults"]] == ["crs"]


def test_metres_that_call_themselves_degrees_are_refused(tmp_path: Path):
    columns = {"code": ["440304001001"], "name_zh": ["东"]}
    frame = gpd.GeoDataFrame(columns, geometry=[box(505_000, 2_493_000, 506_000, 2_494_000)])
    frame.set_crs(WGS84).to_file(tmp_path / "areas.gpkg")

    found = told("--areas", tmp_path / "areas.gpkg", "--out", tmp_path / "grid")

    assert "are no degrees" in found["faults"][0]["problem"]
    assert found["faults"][0]["row"] == 1
