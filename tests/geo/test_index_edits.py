"""Cells changed, added and removed in an index: the answers are those of a full build."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import affinity

from geo.errors import BadCodes, BadGeometry
from geo.index import CellIndex
from tests.geo import specimens
from tests.geo.cities import city, positions
from tests.geo.oracle import assert_agrees, critical_positions
from tests.geo.strategies import cities

Drawn = tuple[Any, Any, np.random.Generator]
Changes = dict[str, shapely.Geometry | None]


@settings(deadline=None, max_examples=80)
@given(cities(), st.integers(1, 3))
def test_any_edits_of_any_cells_answer_as_a_full_build_does(drawn: Drawn, rounds: int) -> None:
    shapes, codes, rng = drawn
    assume(len(shapes) > 1)
    index, cells = CellIndex.build(shapes, codes), dict(zip(codes.tolist(), shapes, strict=True))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("geo.index.edits.MANY", 1e9)  # never the easy way out
        for _ in range(rounds):
            changes = _some_changes(cells, rng)
            cells = {code: shape for code, shape in (cells | changes).items() if shape is not None}
            index = index.replaced(changes)

    now, names = np.array(list(cells.values()), dtype=object), np.array(list(cells))
    assert index.codes.tolist() == sorted(cells)
    assert_agrees(index, now, names, critical_positions(now, rng))
    assert_agrees(index, now, names, critical_positions(shapes, rng))


def _some_changes(cells: dict[str, shapely.Geometry], rng: np.random.Generator) -> Changes:
    """One cell split in two, one moved, and perhaps one removed."""
    changes: Changes = {}
    split, moved, removed = rng.choice(sorted(cells), 3)
    west, south, east, north = cells[split].bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    parts = {split: cells[split].intersection(half), f"{split}b": cells[split].difference(half)}
    step = (cells[moved].bounds[2] - cells[moved].bounds[0]) / 4
    changes[moved] = affinity.scale(cells[moved], 0.7, 0.7, origin=(west + step, south))
    changes |= parts
    if len(cells) > 2 and rng.random() < 0.5:
        changes[removed] = None
    return {code: shape for code, shape in changes.items() if shape is None or _usable(shape)}


def _usable(shape: shapely.Geometry) -> bool:
    on_earth = shapely.box(-180, -90, 180, 90).contains(shape)
    return shape.is_valid and shape.area > 0 and on_earth and "Polygon" in shape.geom_type[-7:]


def test_one_changed_cell_of_a_city_leaves_most_of_the_pyramid_alone() -> None:
    shapes, codes = city(1500, seed=3)
    index = CellIndex.build(shapes, codes)
    changed = affinity.scale(shapes[700], 0.8, 0.8)
    where = positions(shapes, 30_000, seed=4, on_edges=0.2)

    edited = index.replaced({codes[700]: changed})

    before, after = (i._parts.pyramid for i in (index, edited))  # pyright: ignore[reportPrivateUsage]
    shapes[700] = changed
    assert_agrees(edited, shapes, codes, where)
    assert len(after.blocks) - len(before.blocks) < 0.03 * len(before.blocks)
    assert (after.top != before.top).mean() < 0.03


def test_a_cell_outside_of_the_old_bounds_is_added_by_building_anew() -> None:
    shapes, codes = city(300, seed=5)
    far = shapely.box(116.0, 24.0, 116.001, 24.001)

    edited = CellIndex.build(shapes, codes).replaced({"far": far})

    assert edited.code_at(116.0005, 24.0005) == "far"
    assert edited.bounds[2:] == (116.001, 24.001)


def test_the_old_index_answers_as_before() -> None:
    index = CellIndex.build([specimens.SQUARE, specimens.HORSESHOE], ["a", "b"])
    inside = specimens.SQUARE.centroid

    edited = index.replaced({"a": None})

    assert index.code_at(inside.x, inside.y) == "a"
    assert edited.code_at(inside.x, inside.y) == "b"


def test_a_longer_code_is_not_cut_to_the_old_length() -> None:
    index = CellIndex.build([specimens.SQUARE], ["a"])

    edited = index.replaced({"a": None, "a-much-longer-code": specimens.SQUARE})

    assert edited.codes.tolist() == ["a-much-longer-code"]


def test_edits_that_cannot_be_made_are_refused() -> None:
    index = CellIndex.build([specimens.SQUARE], ["a"])

    with pytest.raises(BadCodes, match="do not exist: b"):
        index.replaced({"b": None})
    with pytest.raises(BadCodes, match="at least one cell"):
        index.replaced({"a": None})
    with pytest.raises(BadGeometry, match="Self-intersection"):
        index.replaced({"a": specimens.BOW_TIE})


def test_no_change_is_the_same_index() -> None:
    index = CellIndex.build([specimens.SQUARE], ["a"])

    assert index.replaced({}) is index
