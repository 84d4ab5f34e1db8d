"""The duplicate rule: its bounds, its choice among several, and its metres against the geodesic."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from dispatch.matching import Candidate, find_same

WGS84 = Geod(ellps="WGS84")
LON, LAT = 120.13, 30.26
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


def case(case_id: int = 1, *, metres: float = 0.0, bearing: float = 90.0, **changed: object):
    """An open case so far from the place of the report."""
    lon, lat, _ = WGS84.fwd(LON, LAT, bearing, metres)
    values = {"category": "06010", "lon": lon, "lat": lat, "reported_at": NOON, **changed}
    return Candidate(case_id=case_id, **values)  # pyright: ignore[reportArgumentType]


def same(*cases: Candidate, at: datetime = NOON) -> int | None:
    found = find_same(cases, "06010", LON, LAT, at)
    return found.case_id if found else None


@pytest.mark.parametrize("bearing", [0, 45, 90, 180, 225, 270])
def test_fifty_metres_are_close_enough_and_a_centimetre_more_is_not(bearing: float):
    assert same(case(metres=50.0, bearing=bearing)) == 1
    assert same(case(metres=50.01, bearing=bearing)) is None


@pytest.mark.parametrize("later", [timedelta(minutes=30), timedelta(minutes=-30)])
def test_thirty_minutes_before_or_after_are_close_enough_and_a_second_more_is_not(
    later: timedelta,
):
    second = timedelta(seconds=1) if later > timedelta(0) else timedelta(seconds=-1)

    assert same(case(), at=NOON + later) == 1
    assert same(case(), at=NOON + later + second) is None


def test_another_category_is_another_incident():
    assert same(case(category="06011")) is None


def test_without_open_cases_nothing_is_the_same():
    assert same() is None


def test_the_nearest_case_is_taken():
    assert same(case(1, metres=40), case(2, metres=10), case(3, metres=20)) == 2


def test_of_equally_near_cases_the_oldest_is_taken():
    assert same(case(7, metres=10), case(3, metres=10, bearing=270), case(5, metres=10)) == 3


def test_a_case_outside_the_bounds_does_not_hide_one_within():
    too_early = case(1, reported_at=NOON - timedelta(hours=1))

    assert same(too_early, case(2, category="06011"), case(3, metres=49)) == 3


def test_radius_and_span_can_be_chosen():
    far = case(metres=199, reported_at=NOON - timedelta(hours=2))

    found = find_same([far], "06010", LON, LAT, NOON, radius_m=200.0, within=timedelta(hours=2))

    assert found is far


@pytest.mark.parametrize(("lon", "lat"), [(float("nan"), LAT), (LON, float("nan"))])
def test_a_place_that_is_none_is_near_nothing(lon: float, lat: float):
    assert find_same([case()], "06010", lon, lat, NOON) is None


@given(st.floats(-179, 179), st.floats(-85, 85), st.floats(0, 360), st.floats(0.1, 1000))
def test_metres_agree_with_the_geodesic(lon: float, lat: float, bearing: float, metres: float):
    there_lon, there_lat, _ = WGS84.fwd(lon, lat, bearing, metres)
    there = Candidate(1, "06010", there_lon, there_lat, NOON)

    slack_m = 0.001 + metres / 1000
    assert find_same([there], "06010", lon, lat, NOON, radius_m=metres + slack_m) is there
    assert find_same([there], "06010", lon, lat, NOON, radius_m=metres - slack_m) is None
