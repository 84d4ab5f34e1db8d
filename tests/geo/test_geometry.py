"""Polygons made usable, with a word for each that was not."""

from __future__ import annotations

import numpy as np
import shapely

from geo.geometry import cleaned
from tests.geo import specimens


def test_a_valid_polygon_stays_as_it_is() -> None:
    result = cleaned([specimens.SQUARE, specimens.TWO_ISLANDS])

    assert result.repairs == ()
    assert result.polygons.tolist() == [specimens.SQUARE, specimens.TWO_ISLANDS]


def test_a_bow_tie_becomes_two_triangles_and_is_reported() -> None:
    result = cleaned([specimens.SQUARE, specimens.BOW_TIE])

    (repair,) = result.repairs
    assert (repair.number, repair.kept) == (1, True)
    assert repair.reason.startswith("Self-intersection")
    assert result.polygons[1].is_valid
    assert shapely.get_num_geometries(result.polygons[1]) == 2


def test_overlapping_parts_are_merged() -> None:
    parts = shapely.MultiPolygon([specimens.SQUARE, specimens.SQUARE])

    assert shapely.equals(cleaned([parts]).polygons[0], specimens.SQUARE)


def test_what_has_no_area_is_dropped_with_its_reason() -> None:
    flat = shapely.Polygon([(0, 0), (1, 1), (0, 0), (1, 1)])
    with np.errstate(invalid="ignore"):  # shapely warns of what this test is about
        nan = shapely.Polygon([(0, 0), (np.nan, 1), (1, 1), (0, 0)])
    given = [None, shapely.Polygon(), shapely.Point(0, 0), flat, nan]

    result = cleaned(given)

    assert result.polygons.tolist() == [None] * 5
    assert [repair.kept for repair in result.repairs] == [False] * 5
    assert [repair.reason for repair in result.repairs][:3] == [
        "no geometry",
        "empty Polygon",
        "Point has no area",
    ]


def test_a_collection_gives_its_polygons() -> None:
    mixed = shapely.GeometryCollection([specimens.SQUARE, shapely.Point(9, 9)])

    result = cleaned([mixed])

    assert shapely.equals(result.polygons[0], specimens.SQUARE)
    assert len(result.repairs) == 1


def test_height_is_taken_off() -> None:
    high = shapely.force_3d(specimens.SQUARE, 7.0)

    assert not cleaned([high]).polygons[0].has_z
