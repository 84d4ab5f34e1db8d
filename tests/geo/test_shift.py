"""GCJ-02 and BD-09 against what the map services' own libraries give, and round trips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.shift import Datum, from_wgs84, to_wgs84

# WGS84, GCJ-02 and BD-09 as gcoord 1.0.7 gives them.
REFERENCE = [
    ((116.403988, 39.914266), (116.41023240747266, 39.915670251113426)),
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((87.6168, 43.8256), (87.61964994946926, 43.82680539311119)),
    ((113.2644, 23.1291), (113.26972959210308, 23.126423339922844)),
]
BAIDU = [
    ((116.403988, 39.914266), (116.41661560068297, 39.92196580126834)),
    ((121.5272106, 31.1774276), (121.53801568643858, 31.18132860687446)),
    ((113.912316, 22.543847), (113.92368472926734, 22.546667437751108)),
    ((87.6168, 43.8256), (87.62609977081571, 43.83294979479329)),
    ((113.2644, 23.1291), (113.27615075157122, 23.13271125723948)),
]
IN_CHINA = st.tuples(st.floats(73.0, 136.0), st.floats(2.0, 54.0))


@pytest.mark.parametrize(
    ("datum", "pairs"), [(Datum.GCJ02, REFERENCE), (Datum.BD09, BAIDU)], ids=["gcj02", "bd09"]
)
def test_known_places_are_shifted_as_the_map_services_do(
    datum: Datum, pairs: list[tuple[tuple[float, float], tuple[float, float]]]
) -> None:
    wgs84, shifted = (np.array(column) for column in zip(*pairs, strict=True))

    assert np.abs(from_wgs84(wgs84, datum) - shifted).max() < 1e-12
    assert np.abs(to_wgs84(shifted, datum) - wgs84).max() < 1e-9


@given(st.lists(IN_CHINA, min_size=1, max_size=20), st.sampled_from(Datum))
def test_there_and_back_is_where_it_started(
    positions: list[tuple[float, float]], datum: Datum
) -> None:
    wgs84 = np.array(positions)

    back = to_wgs84(from_wgs84(wgs84, datum), datum)

    assert np.abs(back - wgs84).max() < 1e-9


@given(st.sampled_from(Datum))
def test_a_position_outside_the_rectangle_of_the_map_services_stays(datum: Datum) -> None:
    abroad = np.array([(-74.0, 40.7), (0.0, 0.0), (139.7, 35.7), (100.0, -10.0)])

    assert (from_wgs84(abroad, datum) == abroad).all()
    assert (to_wgs84(abroad, datum) == abroad).all()


@pytest.mark.parametrize("datum", list(Datum))
def test_nan_stays_nan_and_the_argument_stays_as_it_was(datum: Datum) -> None:
    given_ = np.array([(np.nan, 22.5), (114.0, 22.5)])
    before = given_.copy()

    shifted = to_wgs84(given_, datum)

    assert np.isnan(shifted[0, 0])
    assert np.array_equal(given_, before, equal_nan=True)
    assert shifted is not given_


def test_no_positions_give_none() -> None:
    assert to_wgs84(np.empty((0, 2)), Datum.BD09).shape == (0, 2)


def test_cgcs2000_is_taken_as_wgs84() -> None:
    position = np.array([(114.05, 22.55)])

    assert (to_wgs84(position, Datum.CGCS2000) == position).all()
