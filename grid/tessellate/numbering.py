"""Numbers, codes and names of cells: west to east, then north to south, in each community.

A community is read like a page: rows as high as a good cell, counted from its northern edge, and
in each row from west to east. What counts is the middle of a cell's extent, to the millimetre; of
two with the same the northern comes first.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely

from grid.code import LAST_SERIAL, CellCode
from grid.naming import Label
from grid.tessellate.errors import TooManyCells
from grid.tessellate.measures import Measures
from grid.tessellate.plane import Numbers, Plane, Shapes

_COMMUNITY_DIGITS: Final = 12


def serials(shapes: Shapes, community: Numbers, plane: Plane, measures: Measures) -> Numbers:
    """The number of each cell in its community, from 1."""
    west, south, east, north = np.round(shapely.bounds(plane.metres(shapes)), 3).T
    x, y = (west + east) / 2, (south + north) / 2
    top = np.full(int(community.max()) + 1, -np.inf)
    np.maximum.at(top, community, north)
    row = (top[community] - y) // measures.side_m
    order = np.lexsort([-y, x, row, community])
    first = np.searchsorted(community[order], np.arange(len(top)))
    numbers = np.empty(len(shapes), dtype=np.intp)
    numbers[order] = np.arange(len(shapes)) - first[community[order]] + 1
    return numbers


def refuse_too_many(numbers: Numbers, community: Numbers, codes: Sequence[str]) -> None:
    """Raise TooManyCells for a community with more cells than a code has serials."""
    last = int(numbers.argmax())
    if numbers[last] > LAST_SERIAL:
        raise TooManyCells(codes[int(community[last])], int(numbers[last]), LAST_SERIAL)


def code_of(community: str, serial: int) -> str:
    """Fifteen digits by the standard; below an area of another scheme ``area-serial``.

    >>> code_of("990101001002", 17), code_of("MN01", 17)
    ('990101001002017', 'MN01-017')
    """
    if len(community) == _COMMUNITY_DIGITS and community.isascii() and community.isdigit():
        return str(CellCode.of(community, serial))
    return f"{community}-{serial:03d}"


def name_of(community: Label, serial: int) -> Label:
    """The community's name and the number of the cell in it."""
    return Label(f"{community.zh}第{serial}网格", f"{community.en} cell {serial}")
