"""Figures summed over a drawn area, against the same sum reckoned by shapely."""

from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from psycopg import AsyncConnection
from shapely import MultiPolygon, Polygon, box

from geo.measure import area_m2
from grid.profile.figures import ATTRIBUTES, Figure, FigureSum, summary
from grid.profile.postgres import store_figures, sum_figures

WEST, SOUTH, SIDE = 112.8, 30.8, 0.001


def square(column: int, row: int = 0) -> MultiPolygon:
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return MultiPolygon([box(west, south, west + SIDE, south + SIDE)])


def figure(target: str, value: float, geometry: MultiPolygon, **changes: Any) -> Figure:
    fields: dict[str, Any] = {
        "attribute": "population",
        "target": target,
        "value": value,
        "source": "census",
        "as_of": date(2020, 11, 1),
        "geometry": geometry,
    }
    return Figure(**(fields | changes))


async def store(conn: AsyncConnection, *figures: Figure, version: int = 1) -> None:
    async with conn.transaction():
        await conn.execute(
            "INSERT INTO city_part (part, version, content, sha256)"
            " VALUES ('profile', %s, '{}', '')",
            [version],
        )
        await store_figures(conn, figures, version)


async def people(conn: AsyncConnection, shape: Polygon | MultiPolygon) -> FigureSum:
    return (await sum_figures(conn, shape))["population"]


async def test_whole_places_add_up_without_estimate(conn: AsyncConnection):
    await store(conn, figure("c1", 100, square(0)), figure("c2", 50, square(1)))

    found = await people(conn, box(WEST, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE))

    assert (found.value, found.places, found.cut, found.estimated) == (150, 2, 0, False)
    assert found.covered == pytest.approx(1)


async def test_a_place_that_is_cut_counts_by_its_share_and_says_so(conn: AsyncConnection):
    await store(conn, figure("c1", 100, square(0)), figure("c2", 50, square(1)))

    found = await people(conn, box(WEST, SOUTH, WEST + 1.5 * SIDE, SOUTH + SIDE))

    assert found.value == pytest.approx(125)
    assert (found.places, found.cut, found.estimated) == (2, 1, True)


async def test_ground_of_which_nothing_is_known_is_told(conn: AsyncConnection):
    await store(conn, figure("c1", 100, square(0)))

    found = await people(conn, box(WEST, SOUTH, WEST + 4 * SIDE, SOUTH + SIDE))

    assert found.value == 100
    assert found.covered == pytest.approx(0.25)


async def test_what_is_known_of_nothing_is_left_out_and_not_zero(conn: AsyncConnection):
    await store(conn, figure("c1", 0, square(0)))

    assert (await people(conn, square(0))).value == 0
    assert await sum_figures(conn, square(9)) == {}
    assert await sum_figures(conn, square(0), ["cameras"]) == {}


async def test_a_neighbour_that_only_touches_is_no_part(conn: AsyncConnection):
    await store(conn, figure("c1", 100, square(0)), figure("c2", 50, square(1)))

    found = await people(conn, square(0))

    assert (found.value, found.places, found.cut) == (100, 1, 0)


async def test_sources_and_days_go_with_the_sum(conn: AsyncConnection):
    register = {"source": "register", "as_of": date(2026, 1, 1)}
    await store(conn, figure("c1", 100, square(0)), figure("c2", 50, square(1), **register))

    found = await people(conn, box(WEST, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE))

    assert list(found.sources) == ["census", "register"]
    assert (found.oldest, found.newest) == (date(2020, 11, 1), date(2026, 1, 1))


async def test_only_the_newest_figures_count(conn: AsyncConnection):
    await store(conn, figure("c1", 100, square(0)), figure("c2", 50, square(1)))
    await store(conn, figure("c1", 120, square(0)), version=2)

    found = await sum_figures(conn, box(WEST, SOUTH, WEST + 2 * SIDE, SOUTH + SIDE))

    assert found["population"].value == 120


async def test_the_sum_is_that_of_shapely_for_any_drawn_area(conn: AsyncConnection):
    rng = np.random.default_rng(3)
    cells = [square(column, row) for column in range(8) for row in range(8)]
    values = rng.integers(0, 500, len(cells)).tolist()
    await store(
        conn,
        *(figure(f"c{n}", v, s) for n, (v, s) in enumerate(zip(values, cells, strict=True))),
    )
    shapes = np.array(cells, dtype=object)

    for _ in range(10):
        corners = np.array([WEST, SOUTH]) + rng.uniform(0, 8 * SIDE, (5, 2))
        drawn = shapely.MultiPoint(corners).convex_hull
        shares = area_m2(shapely.intersection(shapes, drawn)) / area_m2(shapes)

        found = await people(conn, drawn)

        assert found.value == pytest.approx(float(np.dot(shares, values)), rel=1e-4)
        assert found.cut == int(((shares > 1e-6) & (shares < 1 - 1e-6)).sum())
        assert found.covered == pytest.approx(1, abs=1e-4)


def test_the_summary_tells_totals_and_changes_with_any_figure():
    one, other = figure("c1", 100, square(0)), figure("c2", 50, square(1))

    told = summary([one, other])

    assert told["attributes"]["population"] == {
        "total": 150,
        "places": 2,
        "oldest": "2020-11-01",
        "newest": "2020-11-01",
        "sources": ["census"],
    }
    assert summary([other, one]) == told
    for changed in (figure("c2", 51, square(1)), figure("c2", 50, square(2))):
        assert summary([one, changed])["sha256"] != told["sha256"]


def test_every_attribute_has_a_name_in_both_languages():
    assert all(label.zh and label.en for label in ATTRIBUTES.values())
