"""Real layers and the true list of their faults, held against an overlay in the national grid."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.shift import Datum
from grid.importing.finding import Finding, Kind, Outcome
from grid.importing.fitting import Verdict, fit
from grid.importing.survey import Rules, Surveyed, surveyed
from grid.tessellate.plane import Shapes
from tests.grid.importing.makers import shifted

pytestmark = pytest.mark.realdata


TRACTS = "nyc_geo/census_tracts_2010.geojson.gz"
VILLAGES = "tainan_admin/villages.geojson.gz"
ROADS = "cn_shenzhen/futian_road_edges.geojson.gz"
DISTRICTS = "cn_shenzhen/sz_districts_10.geojson.gz"


def layer(shared_data: Path, name: str) -> Shapes:
    frame = gpd.read_file(f"/vsigzip/{shared_data.resolve() / name}", columns=[])
    return np.asarray(shapely.force_2d(np.asarray(frame.geometry.array, dtype=object)))


def told(found: Surveyed) -> list[tuple[Kind, tuple[int, ...]]]:
    return [(one.kind, one.rows) for one in found.findings]


def of_kind(found: Surveyed, kind: Kind) -> list[Finding]:
    return [one for one in found.findings if one.kind is kind]


def flat(shapes: Shapes, epsg: int) -> Shapes:
    """The shapes in metres of a national system, made valid by GEOS' other method."""
    metres = gpd.GeoSeries(shapes, crs=4326).to_crs(epsg)
    return np.asarray(shapely.make_valid(np.asarray(metres.array, dtype=object)))


def overlaps(shapes: Shapes, least_m2: float) -> dict[tuple[int, int], float]:
    """Every pair of rows that shares ground, by intersecting all neighbours."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = one < other
    one, other = one[pairs], other[pairs]
    m2 = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    rows = zip((one + 1).tolist(), (other + 1).tolist(), m2.tolist(), strict=True)
    return {(a, b): size for a, b, size in rows if size >= least_m2}


def holes(shapes: Shapes, least_m2: float) -> list[float]:
    whole = shapely.union_all(shapes)
    rings = [ring for part in shapely.get_parts(whole) for ring in part.interiors]
    sizes = shapely.area(shapely.polygons(rings)) if rings else []
    return sorted((size for size in np.asarray(sizes).tolist() if size >= least_m2), reverse=True)


def test_the_villages_of_tainan_have_one_broken_ring_and_one_overlap(shared_data: Path):
    shapes = layer(shared_data, VILLAGES)

    found = surveyed(shapes, Rules())

    assert told(found) == [(Kind.INVALID, (105,)), (Kind.OVERLAP, (104, 105))]
    ring, overlap = found.findings
    assert ring.reason == "Self-intersection (1)"
    assert overlap.area_m2 == pytest.approx(4.99, abs=0.02)
    expected = overlaps(flat(shapes, 3826), 0.01)
    assert expected == {(104, 105): pytest.approx(overlap.area_m2, rel=0.01)}
    assert holes(flat(shapes, 3826), 0.01) == []


def test_the_villages_of_tainan_are_sound_once_mended_up_to_ten_square_metres(shared_data: Path):
    shapes = layer(shared_data, VILLAGES)

    done = surveyed(shapes, Rules(mend=True, tolerance_m2=10))

    assert done.open == 0
    assert surveyed(done.shapes, Rules()).findings == ()
    same = shapely.equals_exact(done.shapes, shapes)
    assert np.flatnonzero(~same).tolist() == [104]


def test_the_districts_of_tainan_have_no_fault(shared_data: Path):
    shapes = layer(shared_data, "tainan_admin/districts.geojson.gz")

    assert surveyed(shapes, Rules()).findings == ()
    assert overlaps(flat(shapes, 3826), 0.01) == {}
    assert holes(flat(shapes, 3826), 0.01) == []


@pytest.mark.parametrize(
    ("name", "invalid"),
    [("200", (1, 2, 3)), ("350", (1, 2, 3, 4)), ("cityr450", (1, 2)), ("cityr600", (1, 2, 3))],
)
def test_the_floods_of_tainan_have_rings_that_touch_themselves_and_lose_no_ground_mended(
    shared_data: Path, name: str, invalid: tuple[int, ...]
):
    shapes = layer(shared_data, f"tainan_flood_potential/{name}.geojson.gz")

    done = surveyed(shapes, Rules(mend=True, gaps=False))

    assert told(done) == [(Kind.INVALID, (row,)) for row in invalid]
    assert np.flatnonzero(~shapely.is_valid(shapes)).tolist() == [row - 1 for row in invalid]
    for one in done.findings:
        assert one.outcome is Outcome.MENDED
        assert "Ring Self-intersection" in one.reason
        assert one.after_m2 == pytest.approx(one.before_m2, abs=0.01)
        assert one.area_m2 < 0.01
    assert shapely.is_valid(done.shapes).all()
    assert overlaps(flat(shapes, 3826), 0.01) == {}


def test_the_tracts_of_new_york_have_a_broken_ring_an_overlap_and_two_gaps(shared_data: Path):
    shapes = layer(shared_data, TRACTS)

    found = surveyed(shapes, Rules())

    assert told(found) == [
        (Kind.INVALID, (1991,)),
        (Kind.OVERLAP, (1991, 2059)),
        (Kind.GAP, (1225, 1952)),
        (Kind.GAP, (1067, 1577, 2050)),
    ]
    (overlap,) = of_kind(found, Kind.OVERLAP)
    assert overlap.area_m2 == pytest.approx(2.83, abs=0.02)
    assert overlap.width_m < 0.02
    # In another projection straight edges bend: what is found there may differ by slivers.
    assert overlaps(flat(shapes, 32618), 1.0) == {
        (1991, 2059): pytest.approx(overlap.area_m2, rel=0.05)
    }


@pytest.mark.parametrize(
    ("name", "invalid"),
    [
        ("borough.geo.json", ()),
        ("CD.geo.json", ()),
        ("NTA.geo.json", ()),
        ("council_districts_2020.geojson", (20, 32)),
    ],
)
def test_the_other_layers_of_new_york_have_at_most_broken_rings(
    shared_data: Path, name: str, invalid: tuple[int, ...]
):
    shapes = layer(shared_data, f"nyc_geo/{name}.gz")

    found = surveyed(shapes, Rules())

    assert told(found) == [(Kind.INVALID, (row,)) for row in invalid]
    assert overlaps(flat(shapes, 32618), 1.0) == {}


def test_two_districts_of_shenzhen_leave_a_gap_between_them(shared_data: Path):
    shapes = layer(shared_data, DISTRICTS)

    found = surveyed(shapes, Rules())

    assert told(found) == [(Kind.GAP, (7, 10))]
    expected = holes(flat(shapes, 4547), 1.0)
    assert expected == [pytest.approx(found.findings[0].area_m2, rel=0.001)]
    assert overlaps(flat(shapes, 4547), 1.0) == {}


def test_the_roads_of_futian_hold_four_edges_twice_and_its_nodes_no_fault(shared_data: Path):
    roads = layer(shared_data, ROADS)
    nodes = layer(shared_data, "cn_shenzhen/futian_road_nodes.geojson.gz")

    found = surveyed(roads, Rules())

    pairs = {tuple(one.rows) for one in of_kind(found, Kind.DUPLICATE)}
    assert len(pairs) == len(found.findings) == 4
    near = shapely.STRtree(roads).query(roads, predicate="intersects").T.tolist()
    same = {(a + 1, b + 1) for a, b in near if a < b and roads[a].equals_exact(roads[b])}
    assert {pair for rows in pairs for pair in combinations(rows, 2)} == same
    assert surveyed(nodes, Rules()).findings == ()


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_shifted_roads_of_futian_are_found_to_within_a_metre(shared_data: Path, datum: Datum):
    roads = layer(shared_data, ROADS)

    found = fit(shifted(roads, datum), roads)

    assert (found.verdict, found.datum) == (Verdict.SHIFTED, datum)
    assert (found.offset.east_m, found.offset.north_m) == pytest.approx(
        (found.best.east_m, found.best.north_m), abs=1
    )
    assert fit(roads, roads).verdict is Verdict.FITS


def test_shifted_roads_are_found_by_other_roads_of_the_same_town(shared_data: Path):
    roads = layer(shared_data, ROADS)

    found = fit(shifted(roads[::2], Datum.GCJ02), roads[1::2])

    assert (found.verdict, found.datum) == (Verdict.SHIFTED, Datum.GCJ02)
    assert fit(roads[::2], roads[1::2]).verdict is Verdict.FITS


@pytest.mark.parametrize(("one", "other"), [("villages", "districts"), ("districts", "villages")])
def test_shifted_areas_are_found_by_areas_of_another_level(shared_data: Path, one: str, other: str):
    layer_, reference = (layer(shared_data, f"tainan_admin/{n}.geojson.gz") for n in (one, other))

    found = fit(shifted(layer_, Datum.GCJ02), reference)

    assert (found.verdict, found.datum) == (Verdict.SHIFTED, Datum.GCJ02)
    assert (found.offset.east_m, found.offset.north_m) == pytest.approx(
        (found.best.east_m, found.best.north_m), abs=5
    )
    assert fit(layer_, reference).verdict is Verdict.FITS
