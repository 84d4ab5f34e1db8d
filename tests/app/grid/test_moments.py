"""Moments as people type them."""

from datetime import UTC, datetime

import pytest

from app.grid.moments import NotAMoment, moment_of


def test_a_moment_without_an_offset_is_by_the_clocks_of_the_city():
    here = moment_of("2027-01-01T08:30", "Asia/Shanghai")
    said = moment_of("2027-01-01T00:30+00:00", "Asia/Shanghai")

    assert here == said == datetime(2027, 1, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "2027-13-01", "0001-01-01T00:00", "9999-12-31T23:59", "2027-01-01T25:00"]
)
def test_what_is_no_moment_anybody_means_is_refused(text: str):
    with pytest.raises(NotAMoment):
        moment_of(text, "Asia/Shanghai")
