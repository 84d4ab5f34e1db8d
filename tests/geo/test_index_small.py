"""The cell index on a handful of cells whose answers can be seen with the eye."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geo.errors import BadCodes, BadGeometry, BadPosition
from geo.index import CellIndex

WEST = shapely.box(114.0, 22.0, 114.001, 22.001)
EAST = shapely.box(114.001, 22.0, 114.002, 22.001)


def test_a_point_inside_belongs_to_its_cell() -> None:
    index = CellIndex.build([EAST, WEST], ["b", "a"])

    cells = index.locate([(114.0005, 22.0005), (114.0015, 22.0005), (114.003, 22.0005)])

    assert cells.tolist() == [0, 1, -1]
    assert index.codes.tolist() == ["a", "b"]


@pytest.mark.parametrize("codes", [["a", "b"], ["b", "a"]])
def test_a_shared_edge_belongs_to_the_lower_code(codes: list[str]) -> None:
    index = CellIndex.build([WEST, EAST], codes)

    assert index.code_at(114.001, 22.0005) == "a"
    assert index.code_at(114.001, 22.001) == "a"


def test_what_is_no_position_is_outside() -> None:
    index = CellIndex.build([WEST], ["a"])

    cells = index.locate([(np.nan, 22.0), (114.0, np.nan), (np.inf, 22.0), (1e308, -np.inf)])

    assert cells.tolist() == [-1, -1, -1, -1]
    assert index.code_at(np.nan, np.nan) is None


def test_no_positions_give_no_cells() -> None:
    index = CellIndex.build([WEST], ["a"])

    assert index.locate(np.empty((0, 2))).shape == (0,)
    assert index.codes_of([]) == []


def test_positions_of_another_shape_are_refused() -> None:
    index = CellIndex.build([WEST], ["a"])

    with pytest.raises(BadPosition, match=r"shape \(n, 2\)"):
        index.locate([114.0, 22.0])


def test_codes_of_names_each_cell_or_none() -> None:
    index = CellIndex.build([WEST, EAST], ["a", "b"])

    assert index.codes_of([(114.0015, 22.0005), (0.0, 0.0)]) == ["b", None]


def test_bounds_are_those_of_all_cells() -> None:
    index = CellIndex.build([WEST, EAST], ["a", "b"])

    assert index.bounds == (114.0, 22.0, 114.002, 22.001)


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        (["a"], "1 codes for 2 geometries"),
        (["a", "a"], "more than once"),
        (["a", ""], "may not be empty"),
        (["a", "b\0"], "NUL"),
    ],
)
def test_codes_that_cannot_name_cells_are_refused(codes: list[str], reason: str) -> None:
    with pytest.raises(BadCodes, match=reason):
        CellIndex.build([WEST, EAST], codes)


def test_an_index_of_nothing_is_refused() -> None:
    with pytest.raises(BadCodes, match="at least one cell"):
        CellIndex.build([], [])


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (None, "has no geometry"),
        (shapely.Point(114, 22), "not a Polygon or MultiPolygon"),
        (shapely.Polygon(), "is empty"),
        (shapely.box(22.0, 114.0, 22.1, 114.1), "degrees"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "Self-intersection"),
    ],
)
def test_a_geometry_that_cannot_be_a_cell_is_refused_by_its_code(
    geometry: shapely.Geometry | None, reason: str
) -> None:
    cells = np.array([WEST, geometry], dtype=object)

    with pytest.raises(BadGeometry, match=reason) as refused:
        CellIndex.build(cells, ["a", "wrong"])

    assert refused.value.code == "wrong"
