from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from app.city.checking import check_pack
from app.city.yunxi.blocks import GRID_M, find_borders, make_blocks
from app.city.yunxi.catalogue import catalogue, limits
from app.city.yunxi.making import OWN_HOURS, make_yunxi
from app.city.yunxi.regions import make_regions, rank_of
from app.city.yunxi.townscape import make_townscape
from dispatch.calendar import WorkingCalendar
from dispatch.severity import Grading
from grid.code import CellCode
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from grid.patrol.roster import Roster
from grid.profile.figures import ATTRIBUTES


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("yunxi")
    make_yunxi(out, cells=300)
    return out


@pytest.fixture(scope="module")
def cells(pack: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(pack / "cells.gpkg")


@pytest.fixture(scope="module")
def areas(pack: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(pack / "areas.gpkg")


def test_the_same_seed_gives_the_same_bytes(pack: Path, tmp_path: Path):
    make_yunxi(tmp_path, cells=300)

    names = sorted(path.name for path in pack.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in names if _bytes(pack, name) != _bytes(tmp_path, name)] == []


def test_another_seed_gives_another_city(pack: Path, tmp_path: Path):
    make_yunxi(tmp_path, cells=300, seed=1)

    assert _bytes(pack, "cells.gpkg") != _bytes(tmp_path, "cells.gpkg")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("cells", [100, 700])
def test_cells_cover_the_city_without_gap_or_overlap(cells: int, seed: int):
    rng = np.random.default_rng(seed)
    town = make_townscape(cells, rng)

    blocks = make_blocks(town, rng)

    assert shapely.is_valid(blocks.shapes).all()
    assert shapely.coverage_is_valid(blocks.shapes)
    covered = shapely.coverage_union_all(blocks.shapes)
    rounding = town.boundary.length * GRID_M
    assert covered.symmetric_difference(town.boundary).area < rounding
    assert abs(len(blocks.shapes) / cells - 1) < 0.25


@pytest.mark.parametrize("seed", range(12))
def test_every_community_and_street_is_one_piece(seed: int):
    rng = np.random.default_rng(seed)
    blocks = make_blocks(make_townscape(700, rng), rng)

    regions = make_regions(blocks)

    streets = regions.street[regions.community]
    for group in (regions.community, streets):
        for number in range(group.max() + 1):
            whole = shapely.coverage_union_all(blocks.shapes[group == number])
            assert whole.geom_type == "Polygon"


def test_cells_stay_a_coverage_on_the_globe(cells: gpd.GeoDataFrame):
    assert cells.crs == "EPSG:4326"
    assert cells.is_valid.all()
    assert shapely.coverage_is_valid(cells.geometry.to_numpy())


def test_a_community_is_exactly_the_union_of_its_cells(
    cells: gpd.GeoDataFrame, areas: gpd.GeoDataFrame
):
    shapes = areas.set_index("code").geometry
    for community, members in cells.groupby("area"):
        assert shapely.coverage_union_all(members.geometry.to_numpy()).equals(shapes[community])


def test_codes_name_the_areas_above(cells: gpd.GeoDataFrame, areas: gpd.GeoDataFrame):
    parents = areas.set_index("code")["parent"]
    for code, area in zip(cells["code"], cells["area"], strict=True):
        community, street, division = CellCode.parse(code).parents
        assert area == community
        assert parents[community] == street
        assert parents[street] == division


def test_serials_are_dense_and_begin_in_the_north_west(cells: gpd.GeoDataFrame):
    for _, members in cells.groupby("area"):
        serials = [CellCode.parse(code).serial for code in members["code"]]
        assert serials == list(range(1, len(serials) + 1))
        middle = shapely.get_coordinates(shapely.centroid(members.geometry.to_numpy()))
        assert rank_of(middle).tolist() == list(range(len(serials)))


def test_the_mean_cell_is_about_ten_thousand_square_metres(cells: gpd.GeoDataFrame):
    mean = cells.to_crs("EPSG:32649").area.mean()

    assert 8_000 < mean < 12_000


def test_the_pack_has_rules_of_severity_and_merging_and_departments_with_hours_of_their_own(
    pack: Path,
):
    checked = check_pack(pack)

    parts = checked.sound().parts
    grading = Grading.of(parts["severity"], parts["sites"])
    assert len(grading.rules) == 5
    assert grading.sites.kinds == {"school", "hospital", "market"}
    school = next(site for site in parts["sites"] if site["kind"] == "school")
    facts = {"category": "06013", "attributes": {}, "alarms": [], "hour": 12}
    assert grading.grade(2, facts, school["lon"], school["lat"]).severity == 1
    assert [rule["name"] for rule in parts["city"]["merge"]["rules"]] == [
        "rubbish", "broken-road", "noise",
    ]  # fmt: skip
    calendar = WorkingCalendar.of(parts["calendar"])
    assert all(calendar.kept_by(code) is not calendar for code in OWN_HOURS)
    assert calendar.kept_by("MUNI") is calendar


def test_the_catalogue_has_the_403_codes_of_the_standard():
    lines = catalogue()

    kinds = [line["kind"] for line in lines]
    assert (kinds.count("component"), kinds.count("matter")) == (153, 250)
    assert len({(line["kind"], line["code"]) for line in lines}) == 403


def test_every_matter_has_exactly_one_condition_by_default():
    matters = [line["code"] for line in catalogue() if line["kind"] == "matter"]
    defaults = {(line["category"], line["condition"]) for line in limits() if _is_default(line)}

    assert sorted(category for category, _ in defaults) == sorted([*matters, "*"])


def test_a_city_of_no_sensible_size_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="100 to 100,000"):
        make_yunxi(tmp_path, cells=99)


def test_the_base_map_stays_inside_the_city(pack: Path, areas: gpd.GeoDataFrame):
    city = areas.geometry.iloc[0].buffer(1e-6)
    for layer in ("roads", "water", "rail", "parks"):
        drawn = gpd.read_file(pack / "layers.gpkg", layer=layer)
        assert len(drawn)
        assert drawn.within(city).all()


def test_bridges_lie_over_the_river(pack: Path):
    roads = gpd.read_file(pack / "layers.gpkg", layer="roads")
    river = gpd.read_file(pack / "layers.gpkg", layer="water").union_all()

    bridges = roads[roads["class"] == "bridge"]

    assert len(bridges) >= 4
    assert bridges.within(river.buffer(1e-6)).all()
    assert bridges["name_en"].str.endswith("Bridge").all()


def test_the_two_rings_have_their_names(pack: Path):
    roads = gpd.read_file(pack / "layers.gpkg", layer="roads")

    rings = roads.loc[roads["class"] == "ring", "name_zh"]

    assert set(rings) == {"内环路", "外环路"}


def test_gauges_stand_in_the_river_and_everything_else_on_land(pack: Path):
    sensors = pd.read_csv(pack / "sensors.csv")
    river = gpd.read_file(pack / "layers.gpkg", layer="water").union_all()

    wet = gpd.points_from_xy(sensors["lon"], sensors["lat"]).intersects(river)

    assert set(sensors.loc[wet, "kind"]) == {"water_level"}
    assert set(sensors.loc[~wet, "kind"]) == {"rain", "cover_tilt", "air", "noise", "gas", "smoke"}


def test_gauges_of_water_and_rain_come_through_the_gateway_of_the_water_bureau(pack: Path):
    sensors = pd.read_csv(pack / "sensors.csv")

    water = sensors[sensors["source"] == "gateway:water"]

    assert set(water["kind"]) == {"water_level", "rain"}


def test_the_sensors_of_every_rule_stand_on_streets(pack: Path):
    parts = check_pack(pack).sound().parts

    by_property = {
        rule["property"]: {s["area"] for s in parts["sensors"] if s["property"] == rule["property"]}
        for rule in parts["sensor_rules"]
    }

    assert set(by_property) == {
        "water_level", "rainfall_10min", "pm2_5", "tilt", "methane", "sound_level",
    }  # fmt: skip
    assert all(areas and "990101" not in areas for areas in by_property.values())


def test_every_cell_and_category_has_one_department_by_a_duty_alone(pack: Path):
    parts = check_pack(pack).sound().parts
    table, hierarchy = Jurisdiction.of(parts["jurisdiction"]), Hierarchy.of(parts["areas"])
    reportable = [one["code"] for one in parts["catalogue"]["categories"] if one["reportable"]]
    cells = gpd.read_file(pack / "cells.gpkg")

    nobody = [
        (cell, category)
        for cell, area in zip(cells["code"], cells["area"], strict=True)
        for category in reportable
        if table.responsible(category, hierarchy.path(area)) is None
    ]

    assert len(reportable) == 250
    assert nobody == []


def test_every_cell_is_patrolled_by_day_and_by_night_and_by_one_duty_grid_each(pack: Path):
    checked = check_pack(pack)

    grids = checked.sound().parts["duty_grids"]
    cells = sorted(cell.code for cell in checked.sound().tiling.cells)
    assert checked.hints == ()
    for kind in ("patrol", "night"):
        held = [cell for one in grids if one["kind"] == kind for cell in one["cells"]]
        assert sorted(held) == cells


def test_every_hour_of_a_workday_has_somebody_where_the_plan_says_so(pack: Path):
    parts = check_pack(pack).sound().parts
    zone = ZoneInfo("Asia/Shanghai")
    roster = Roster.of(parts["duty_grids"], parts["duty_shifts"], zone)
    [cell] = [parts["duty_grids"][0]["cells"][0]]

    watched = {
        hour: [
            watch.duty_grid.kind
            for watch in roster.on_duty(cell, datetime(2026, 11, 25, hour, tzinfo=zone))
            if watch.on_duty
        ]
        for hour in (3, 9, 13, 15, 20, 23)
    }

    night, day = ["night"], ["patrol"]
    assert watched == {3: night, 9: day, 13: [], 15: day, 20: [], 23: night}


def test_components_stand_in_their_cells_in_every_shape(pack: Path):
    components = check_pack(pack).sound().components or ()
    cells = gpd.read_file(pack / "cells.gpkg").set_index("code").geometry

    assert len(components) > 1.5 * len(cells)
    assert {one.geometry.geom_type for one in components} == {
        "Point", "LineString", "Polygon",
    }  # fmt: skip
    assert all(one.geometry.dwithin(cells[one.cell], 1e-6) for one in components)


def test_figures_are_there_for_every_cell_and_attribute(pack: Path):
    made = check_pack(pack).sound()

    totals = made.parts["profile"]["attributes"]
    assert set(totals) == set(ATTRIBUTES)
    assert {one["places"] for one in totals.values()} == {len(made.tiling.cells)}
    assert 50 < totals["population"]["total"] / len(made.tiling.cells) < 300


def test_borders_are_told_once_with_both_sides():
    shapes = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 5, 6, 6)])

    borders = find_borders(shapes)

    assert (borders.left.tolist(), borders.right.tolist()) == ([0], [1])
    assert borders.length_m.tolist() == [1.0]


def _bytes(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def _is_default(line: dict[str, str]) -> bool:
    return line["default"] == "true"
