"""The cell index against shapely, position by position."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings

from geo.index import CellIndex
from tests.geo import specimens
from tests.geo.cities import city, positions
from tests.geo.oracle import assert_agrees, critical_positions, lowest_cell
from tests.geo.strategies import cities

Drawn = tuple[Any, Any, np.random.Generator]


@settings(deadline=None, max_examples=150)
@given(cities())
def test_any_cells_anywhere_answer_as_shapely_does(drawn: Drawn) -> None:
    shapes, codes, rng = drawn
    assume(len(shapes))
    where = critical_positions(shapes, rng)

    index = CellIndex.build(shapes, codes)

    assert_agrees(index, shapes, codes, where)


@settings(deadline=None, max_examples=30)
@given(cities())
def test_one_position_answers_as_an_array_does(drawn: Drawn) -> None:
    shapes, codes, rng = drawn
    assume(len(shapes))
    where = critical_positions(shapes, rng, most=50)
    where = np.concatenate([where, [(np.nan, 0.0), (0.0, np.inf), (-np.inf, np.nan)]])

    index = CellIndex.build(shapes, codes)

    one_by_one = [index.locate_one(lon, lat) for lon, lat in where.tolist()]
    assert one_by_one == index.locate(where).tolist()


@pytest.mark.parametrize(
    "shape",
    [*specimens.VALID.values(), specimens.EMPTY_PART, specimens.EMPTY_LAST_PART],
    ids=[*specimens.VALID, "empty_part", "empty_last_part"],
)
def test_every_specimen_answers_as_shapely_does(shape: shapely.Geometry) -> None:
    shapes, codes = np.array([shape], dtype=object), np.array(["a"])
    where = critical_positions(shapes, np.random.default_rng(0))

    assert_agrees(CellIndex.build(shapes, codes), shapes, codes, where)


def test_all_specimens_together_answer_as_shapely_does() -> None:
    shapes = np.array(list(specimens.VALID.values()), dtype=object)
    codes = np.array(list(specimens.VALID))
    rng = np.random.default_rng(0)
    where = np.concatenate([critical_positions(shapes[i : i + 1], rng) for i in range(len(shapes))])

    index = CellIndex.build(shapes, codes)

    assert_agrees(index, shapes, codes, where)
    assert set(index.codes_of(where)) > {
        None,
        "huge",
        "at_the_pole",
        "by_the_date_line",
        "clockwise",
    }


def test_a_made_city_answers_as_shapely_does_on_its_edges_too() -> None:
    shapes, codes = city(2000, seed=7)
    where = positions(shapes, 60_000, seed=8, on_edges=0.3)

    assert_agrees(CellIndex.build(shapes, codes), shapes, codes, where)


def test_a_city_on_both_sides_of_the_date_line_is_not_smeared_around_the_world() -> None:
    east, _ = city(60, seed=1, west=-180.0, south=-17.0)
    west, _ = city(60, seed=2, west=179.95, south=-17.0)
    shapes, codes = np.concatenate([west, east]), np.array([f"{n:03d}" for n in range(120)])
    rng = np.random.default_rng(3)
    where = np.concatenate([critical_positions(west, rng), critical_positions(east, rng)])

    index = CellIndex.build(shapes, codes)

    assert_agrees(index, shapes, codes, where)
    assert index._parts.pyramid.top.nbytes < 2_000_000  # pyright: ignore[reportPrivateUsage]


def test_small_cells_in_a_wide_province_are_found_through_deeper_levels() -> None:
    town, _ = city(300, seed=4)
    farms = np.array(
        [shapely.box(w, s, w + 1, s + 1) for w in range(110, 118) for s in range(20, 26)]
    )
    shapes = np.concatenate([farms, town])
    codes = np.array([f"b{n:03d}" for n in range(len(farms))] + [f"a{n:03d}" for n in range(300)])
    where = np.concatenate(
        [positions(town, 5000, seed=5, on_edges=0.2), positions(farms, 5000, seed=6, on_edges=0.2)]
    )

    index = CellIndex.build(shapes, codes)

    assert_agrees(index, shapes, codes, where)


def test_the_city_plotted_in_many_strips_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, codes = city(500, seed=9)
    where = positions(shapes, 20_000, seed=10, on_edges=0.2)
    monkeypatch.setattr("geo.index.build.TOP_PIXELS_AT_ONCE", 500)

    assert_agrees(CellIndex.build(shapes, codes), shapes, codes, where)


def test_a_layer_drawn_twice_gives_the_lower_code_of_each_pair() -> None:
    once, _ = city(80, seed=11)
    shapes = np.concatenate([once, once, once])
    codes = np.random.default_rng(12).permutation([f"{n:03d}" for n in range(240)])
    where = critical_positions(shapes, np.random.default_rng(13))

    assert_agrees(CellIndex.build(shapes, codes), shapes, codes, where)


@pytest.mark.parametrize("west_south", [(114.0, 22.5), (0.001, 0.001)])
def test_needles_one_ulp_wide_answer_as_shapely_does(west_south: tuple[float, float]) -> None:
    # Near zero an ulp is so small that the computed area of a needle may have the wrong sign.
    rng = np.random.default_rng(14)
    start = west_south + rng.uniform(0.0, 0.01, (500, 2))
    stop = start + rng.uniform(-0.001, 0.001, (500, 2))
    beside = np.nextafter((start + stop) / 2, rng.choice([0.0, 200.0], (500, 2)))
    needles = shapely.polygons(np.stack([start, stop, beside, start], axis=1))
    shapes = needles[shapely.is_valid(needles)]
    codes = np.array([f"{n:03d}" for n in range(len(shapes))])

    index = CellIndex.build(shapes, codes)

    assert len(shapes) > 100
    assert_agrees(index, shapes, codes, critical_positions(shapes, rng, most=2000))


def test_the_oracle_itself_sees_shared_edges_and_outside() -> None:
    shapes = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    where = np.array([(1.0, 0.5), (1.5, 0.5), (3.0, 0.5)])

    assert lowest_cell(shapes, np.array(["b", "a"]), where).tolist() == [0, 0, -1]
