"""Zones of Gauss-Krüger: what their numbers mean, held against PROJ."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS

from geo.gauss_kruger import Zone, zone_at, zone_numbered, zone_of

ZONES = [Zone(number, 3) for number in range(25, 46)] + [Zone(n, 6) for n in range(13, 24)]


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: f"{zone.width}-{zone.number}")
@pytest.mark.parametrize("numbered", [True, False])
def test_the_system_of_a_zone_is_the_one_that_proj_has(zone: Zone, numbered: bool):
    crs = CRS.from_user_input(zone.crs(numbered=numbered))

    given = {one.name: one.value for one in crs.coordinate_operation.params}
    prefix = zone.number * 1_000_000 if numbered else 0
    assert "CGCS2000" in crs.name
    assert given["Longitude of natural origin"] == zone.meridian
    assert given["False easting"] == prefix + 500_000


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: f"{zone.width}-{zone.number}")
def test_a_zone_is_found_by_its_number_and_by_its_meridian(zone: Zone):
    assert zone_numbered(zone.number) == zone
    assert zone_at(zone.meridian, zone.width) == zone


def test_eastings_with_a_number_in_front_tell_their_zone():
    assert zone_of(np.array([38_480_000.0, 38_530_000.0])) == Zone(38, 3)
    assert zone_of(np.array([19_650_000.0])) == Zone(19, 6)


@pytest.mark.parametrize(
    "eastings",
    [[505_000.0], [38_500_000.0, 39_500_000.0], [38_010_000.0], [12_500_000.0], [np.nan], []],
)
def test_other_numbers_tell_no_zone(eastings: list[float]):
    assert zone_of(np.array(eastings)) is None
