"""A layer held against a reference: in which datum it really is, and how far off it lies."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from geo.shift import Datum
from grid.importing.errors import NothingToCompare
from grid.importing.fitting import Verdict, fit
from tests.grid.importing.makers import HERE, PLANE, moved, placed, shifted, streets


def true_offset(datum: Datum) -> np.ndarray:
    """Metres by which the datum moves the middle of the streets."""
    middle = placed(Point(1_000, 1_000))
    there, here = (shapely.get_coordinates(one)[0] for one in (shifted(middle, datum), middle))
    return (there - here) * [PLANE.east_m, PLANE.north_m]


def test_a_layer_that_lies_where_it_says_fits():
    found = fit(streets(1), streets(1))

    assert (found.verdict, found.datum) == (Verdict.FITS, Datum.WGS84)
    assert found.labelled.near == 1.0
    assert found.offset.metres < 0.1


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shifted_layer_is_found_and_its_offset_measured(datum: Datum, seed: int):
    found = fit(shifted(streets(seed), datum), streets(seed))

    measured = np.array([found.offset.east_m, found.offset.north_m])
    assert (found.verdict, found.datum) == (Verdict.SHIFTED, datum)
    assert np.hypot(*(measured - true_offset(datum))) < 3
    assert found.best.near == 1.0
    assert found.labelled.near < 0.7


@pytest.mark.parametrize("noise_m", [3.0, 10.0, 20.0])
def test_a_rough_drawing_is_neither_refused_nor_believed_when_it_is_shifted(noise_m: float):
    chance = np.random.default_rng(4)
    rough = shapely.transform(
        shapely.segmentize(streets(1), 0.001),
        lambda at: at + chance.normal(0, noise_m, at.shape) / [PLANE.east_m, PLANE.north_m],
    )

    assert fit(rough, streets(1)).verdict is Verdict.FITS
    found = fit(shifted(rough, Datum.GCJ02), streets(1))
    assert (found.verdict, found.datum) == (Verdict.SHIFTED, Datum.GCJ02)


def test_cgcs2000_is_as_good_as_wgs84():
    assert fit(shifted(streets(1), Datum.CGCS2000), streets(1)).verdict is Verdict.FITS


@settings(max_examples=5, deadline=None)
@given(east=st.floats(-600, 600), north=st.floats(-600, 600))
def test_an_offset_that_no_datum_explains_is_measured_too(east: float, north: float):
    found = fit(moved(streets(1), east, north), streets(1))

    measured = np.array([found.offset.east_m, found.offset.north_m])
    assert np.hypot(*(measured - [east, north])) < 3
    explained = [true_offset(datum) - [east, north] for datum in (Datum.GCJ02, Datum.BD09)]
    if np.hypot(east, north) > 60:
        assert found.verdict in (Verdict.DISPLACED, Verdict.SHIFTED)
    if min(np.hypot(*one) for one in explained) > 60:
        assert found.verdict is not Verdict.SHIFTED


def test_points_can_be_held_against_lines():
    lamps = shapely.points(shapely.get_coordinates(shapely.segmentize(streets(1), 0.0004)))

    assert fit(lamps, streets(1)).verdict is Verdict.FITS
    found = fit(shifted(lamps, Datum.GCJ02), streets(1))
    assert (found.verdict, found.datum) == (Verdict.SHIFTED, Datum.GCJ02)


def test_a_layer_finer_than_its_reference_is_held_against_it_the_other_way_round():
    coarse, fine = placed(box(0, 0, 2_000, 2_000), LineString([(0, 900), (2_000, 1_100)])), []
    for at in range(50, 2_000, 50):
        fine.append(LineString([(at, 0), (at, 2_000)]))
    layer = np.concatenate([coarse, placed(*fine)])

    assert fit(layer, coarse).verdict is Verdict.FITS
    found = fit(shifted(layer, Datum.GCJ02), coarse)
    assert (found.verdict, found.datum) == (Verdict.SHIFTED, Datum.GCJ02)


def test_drawings_of_other_things_are_unclear():
    assert fit(streets(5), streets(6, count=3)).verdict is Verdict.UNCLEAR


def test_outside_china_nothing_is_taken_for_shifted():
    there = np.asarray(shapely.transform(streets(1), lambda at: at - HERE + [-74.0, 40.7]))

    assert fit(there, there).verdict is Verdict.FITS


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (placed(Point(0, 0)), "neither lines nor outlines"),
        (placed(None), "no shapes"),
        (moved(streets(1), 90_000, 0), "does not lie where"),
    ],
)
def test_what_cannot_be_compared_is_refused(reference: np.ndarray, reason: str):
    with pytest.raises(NothingToCompare, match=reason):
        fit(streets(1), reference)
