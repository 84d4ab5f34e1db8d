"""GeoJSON from strangers: what is right comes back, what is wrong is refused with its path."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import BadGeometry
from geo.geojson import geojson_of, geometry_of
from tests.geo import specimens

RING = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("name", specimens.VALID)
def test_every_valid_specimen_survives_the_round_trip(name: str) -> None:
    shape = specimens.VALID[name]

    back = geometry_of(json.loads(json.dumps(geojson_of(shape, digits=12))))

    assert shapely.equals_exact(back, shape, tolerance=1e-11)


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(1, 2),
        shapely.MultiPoint([(1, 2), (3, 4)]),
        shapely.LineString([(1, 2), (3, 4)]),
        shapely.MultiLineString([[(1, 2), (3, 4)]]),
    ],
)
def test_points_and_lines_survive_the_round_trip(shape: shapely.Geometry) -> None:
    assert geometry_of(geojson_of(shape)) == shape


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ([], "area", "GeoJSON geometry object"),
        ({"type": "Circle"}, "area", "must be one of"),
        ({"type": "GeometryCollection", "geometries": []}, "area", "must be one of"),
        ({"type": "Polygon"}, "area.coordinates", "must be a list"),
        ({"type": "Polygon", "coordinates": []}, "area.coordinates", "must not be empty"),
        ({"type": "Polygon", "coordinates": [[]]}, "area.coordinates[0]", "must not be empty"),
        ({"type": "Polygon", "coordinates": [RING[:3]]}, "area.coordinates[0]", "a ring needs"),
        ({"type": "Polygon", "coordinates": [[*RING[:3], [2, 2]]]}, "area.coordinates[0]", "ring"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "area.coordinates", "two positions"),
        ({"type": "Point", "coordinates": [0]}, "area.coordinates", "[longitude, latitude]"),
        ({"type": "Point", "coordinates": [0, True]}, "area.coordinates[1]", "a number"),
        ({"type": "Point", "coordinates": [0, "1"]}, "area.coordinates[1]", "a number"),
        ({"type": "Point", "coordinates": [math.nan, 1]}, "area.coordinates[0]", "-180 and 180"),
        ({"type": "Point", "coordinates": [0, math.inf]}, "area.coordinates[1]", "-90 and 90"),
        ({"type": "Point", "coordinates": [22.5, 114.0]}, "area.coordinates[1]", "-90 and 90"),
        ({"type": "Point", "coordinates": [10**400, 1]}, "area.coordinates[0]", "-180 and 180"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(value: Any, path: str, reason: str) -> None:
    with pytest.raises(BadGeometry) as refused:
        geometry_of(value, path="area")

    assert refused.value.path == path
    assert reason in refused.value.reason


def test_a_self_intersection_is_refused_with_its_place() -> None:
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}

    with pytest.raises(BadGeometry, match=r"Self-intersection\[0\.5 0\.5\]"):
        geometry_of(bow_tie)


def test_a_geometry_with_too_many_vertices_is_refused_before_it_is_built() -> None:
    line = {"type": "LineString", "coordinates": [[0, 0]] * 1000}

    with pytest.raises(BadGeometry, match="more than 999 vertices"):
        geometry_of(line, most_vertices=999)


def test_only_the_kinds_asked_for_are_read() -> None:
    with pytest.raises(BadGeometry, match="must be one of Polygon, MultiPolygon"):
        geometry_of({"type": "Point", "coordinates": [0, 0]}, kinds=("Polygon", "MultiPolygon"))


@given(st.recursive(st.none() | st.floats() | st.text(max_size=3), st.lists, max_leaves=20))
def test_nothing_but_bad_geometry_comes_out_of_random_coordinates(coordinates: Any) -> None:
    for kind in ("Point", "LineString", "Polygon", "MultiPolygon"):
        with contextlib.suppress(BadGeometry):
            assert geometry_of({"type": kind, "coordinates": coordinates}).is_valid


def test_what_geojson_cannot_say_is_not_written() -> None:
    with pytest.raises(BadGeometry, match="LinearRing"):
        geojson_of(shapely.LinearRing([(0, 0), (1, 0), (1, 1)]))
    with pytest.raises(BadGeometry, match="not finite"):
        geojson_of(shapely.Point(math.nan, 1.0))
