"""Reference systems, and metres of things given in degrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from pyproj import CRS

from geo.crs import (
    CGCS2000,
    WGS84,
    crs_named,
    geometries_transformed,
    metric_crs_for,
    transformed,
)
from geo.errors import UnknownCrs
from geo.measure import area_m2, distance_m


@pytest.mark.parametrize("name", [None, 0, "", "0", "EPSG:0"])
def test_a_missing_system_is_refused_not_guessed(name: str | int | None) -> None:
    with pytest.raises(UnknownCrs, match="say which one"):
        crs_named(name)


def test_an_unknown_system_is_refused_by_name() -> None:
    with pytest.raises(UnknownCrs, match="'EPSG:999999' is not known"):
        crs_named("EPSG:999999")


def test_gauss_krueger_comes_back_with_longitude_first() -> None:
    position = np.array([(114.05, 22.55)])
    zone = crs_named("EPSG:4547")

    east_north = transformed(position, crs_named(CGCS2000), zone)
    back = transformed(east_north, zone, crs_named(CGCS2000))

    assert 400_000 < east_north[0, 0] < 600_000
    assert 2_400_000 < east_north[0, 1] < 2_600_000
    assert np.abs(back - position).max() < 1e-9


def test_geometries_are_transformed_and_none_stays() -> None:
    cells = np.array([shapely.box(114.0, 22.5, 114.001, 22.501), None], dtype=object)

    metric = geometries_transformed(cells, crs_named(WGS84), metric_crs_for((114, 22, 115, 23)))

    assert metric[1] is None
    assert metric[0].area == pytest.approx(102.9 * 110.7, rel=0.01)


def test_a_metric_system_is_true_across_a_zone_border() -> None:
    here, there = np.array([(119.99, 30.0)]), np.array([(120.01, 30.0)])
    local = metric_crs_for((119.9, 29.9, 120.1, 30.1))

    plane = transformed(np.vstack([here, there]), CRS(WGS84), local)

    assert local.axis_info[0].unit_name == "metre"
    assert math.dist(*plane) == pytest.approx(distance_m(here, there)[0], rel=1e-5)


def test_a_degree_of_latitude_at_the_equator_is_110574_metres() -> None:
    metres = distance_m(np.array([(0.0, 0.0)]), np.array([(0.0, 1.0), (0.0, 0.0)]))

    assert metres == pytest.approx([110_574.39, 0.0], abs=0.01)


def test_distance_to_nowhere_is_nan() -> None:
    assert np.isnan(distance_m(np.array([(np.nan, 0.0)]), np.array([(0.0, 1.0)])))[0]


def test_area_is_that_of_the_ellipsoid() -> None:
    cells = np.array([shapely.box(114, 22, 115, 23), shapely.Polygon(), None], dtype=object)

    area = area_m2(cells)

    # The zone between two parallels has a closed form; 1/360 of the one from 22 to 23 degrees.
    assert area[0] == pytest.approx(_zone_m2(23) - _zone_m2(22), rel=1e-9)
    assert area.tolist()[1:] == [0.0, 0.0]


def _zone_m2(latitude: float) -> float:
    """Area from the equator to a parallel, one degree wide, on the WGS84 ellipsoid."""
    axis, flattening = 6_378_137.0, 1 / 298.257223563
    e = math.sqrt(flattening * (2 - flattening))
    s = math.sin(math.radians(latitude))
    q = s / (1 - e * e * s * s) + math.atanh(e * s) / e
    return math.radians(1) * axis**2 * (1 - e * e) / 2 * q
