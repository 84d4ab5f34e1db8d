"""Which cell covers a pixel wholly: the ground on which edges are then drawn.

A pixel that no edge of a cell touches lies wholly inside or wholly outside of it, so one point
tells; that point is its middle, and even-odd crossings left of it tell. No edge is nearer to the
middle than half a pixel, so rounding cannot matter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.index.fans import NO_COVER
from geo.index.lattice import CHILDREN, SPLIT
from geo.index.outlines import NOBODY
from geo.index.sheet import Sheet, Touched, Window, groups
from geo.index.trace import crossings, ranges

# The children of a row from each step on, as bits.
FROM_STEP: Final = np.array([0b1111, 0b1110, 0b1100, 0b1000], dtype=np.uint8)


def ground(
    sheet: Sheet, window: Window, pixel: NDArray[np.int64], edge: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Lowest cell that covers each top pixel of the window (flat) wholly, or NO_COVER."""
    wide, high = window.east - window.west + 1, window.north - window.south + 1
    rows, columns = sheet.lattice.rows, sheet.lattice.columns
    keys = _crossing_keys(sheet, 0, window.south, window.north)
    line, enter = np.divmod(keys[0::2], columns)
    leave = keys[1::2] - line * columns
    cell, row = np.divmod(line, rows)
    stretch, column = ranges(np.maximum(enter, window.west), np.minimum(leave - 1, window.east))
    place = (row[stretch] - window.south) * wide + (column - window.west)
    cell = cell[stretch]
    is_touched = np.zeros(wide * high, dtype=bool)
    is_touched[pixel] = True
    certain = ~is_touched[place]
    doubtful = np.flatnonzero(~certain)
    certain[doubtful] = ~_own_edge(sheet, pixel, edge, place[doubtful], cell[doubtful])
    lowest = np.full(wide * high, NO_COVER, dtype=np.int32)
    np.minimum.at(lowest, place[certain], cell[certain].astype(np.int32))
    return lowest


def children_cover(
    sheet: Sheet,
    parents: Touched,
    block: NDArray[np.intp],
    touch: NDArray[np.intp],
    child: NDArray[np.int64],
    west: NDArray[np.int64],
    south: NDArray[np.int64],
    level: int,
) -> NDArray[np.int32]:
    """Lowest cell that covers each child (blocks, 16) wholly, or NO_COVER."""
    cells = len(sheet.outlines)
    owners = sheet.sides[parents.edge]
    somebody = owners != NOBODY
    pairs, numbers = _numbered((block[:, None] * cells + owners)[somebody])
    pair = np.full(owners.shape, len(pairs))
    pair[somebody] = numbers
    own = np.zeros((len(pairs) + 1, CHILDREN), dtype=bool)  # the last row takes NOBODY's
    own[pair[touch, 0], child] = True
    own[pair[touch, 1], child] = True
    pair_block, pair_cell = np.divmod(pairs, cells)
    inside = _middles_inside(sheet, pair_cell, west[pair_block], south[pair_block], level)
    pair, child = np.nonzero(inside & ~own[:-1])
    cover = np.repeat(parents.cover[:, None], CHILDREN, axis=1)
    np.minimum.at(cover, (pair_block[pair], child), pair_cell[pair].astype(np.int32))
    return cover


def _own_edge(
    sheet: Sheet,
    pixel: NDArray[np.int64],
    edge: NDArray[np.int64],
    place: NDArray[np.int64],
    cell: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Does an edge of *cell* itself touch the pixel at *place*?"""
    cells = len(sheet.outlines)
    owners = sheet.sides[edge]
    owned = np.sort((pixel[:, None] * cells + owners)[owners != NOBODY], kind="stable")
    return _is_in(owned, place * cells + cell)


def _middles_inside(
    sheet: Sheet,
    cell: NDArray[np.int64],
    west: NDArray[np.int64],
    south: NDArray[np.int64],
    level: int,
) -> NDArray[np.bool_]:
    """(n, 16): is the middle of each child of a block inside *cell*?

    True or false by crossings left of it; it counts only where no edge of the cell touches.
    """
    rows, columns = sheet.lattice.rows * SPLIT**level, sheet.lattice.columns * SPLIT**level
    keys = _crossing_keys(sheet, level, int(south.min()), int(south.max()) + SPLIT - 1, cell)
    # Each line of each cell has an even number of keys: the count of all keys before a place is
    # odd exactly where the count on its own line is.
    line = (cell * rows + south)[:, None] + np.arange(SPLIT)
    here = line * columns + west[:, None]
    before = np.searchsorted(keys, here)
    before, here = before.ravel(), here.ravel()
    inside = (before % 2).astype(np.uint8) * np.uint8((1 << SPLIT) - 1)  # a bit per child
    padded = np.append(keys, np.iinfo(np.int64).max)
    pending = np.arange(before.size)
    while len(pending):
        step = padded[np.minimum(before[pending], len(keys))] - here[pending]
        crossed = np.flatnonzero(step < SPLIT)
        pending = pending[crossed]
        inside[pending] ^= FROM_STEP[step[crossed]]
        before[pending] += 1
    children = np.unpackbits(inside[:, None], axis=1, count=SPLIT, bitorder="little")
    return children.view(np.bool_).reshape(-1, CHILDREN)


def _crossing_keys(
    sheet: Sheet, level: int, south: int, north: int, cells: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Sorted (cell, row, column) keys of the middle lines each cell's outline crosses."""
    scale = SPLIT**level
    rows, columns = sheet.lattice.rows * scale, sheet.lattice.columns * scale
    sides, segments = sheet.sides, sheet.segments
    if cells is not None:
        wanted = np.zeros(len(sheet.outlines), dtype=bool)
        wanted[cells] = True
        sides = np.where((sides != NOBODY) & wanted[sides], sides, np.int32(NOBODY))
        useful = (sides != NOBODY).any(axis=1)
        sides, segments = sides[useful], segments[useful]
    crossed = crossings(segments * scale, south, north)
    place = crossed.row * columns + crossed.column
    owner = sides[crossed.segment].astype(np.int64)
    keys = owner * (rows * columns) + place[:, None]
    return np.sort(keys[owner != NOBODY])


def _numbered(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The different keys in ascending order, and the number of each key among them.

    Nearly sorted keys, as they come here, are sorted ten times faster by the stable kind.
    """
    order = np.argsort(keys, kind="stable")
    distinct, starts = groups(keys[order])
    numbers = np.empty(len(keys), dtype=np.intp)
    numbers[order] = np.repeat(np.arange(len(distinct)), np.diff(starts))
    return distinct, numbers


def _is_in(table: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which *keys* stand in the sorted *table*?"""
    place = np.searchsorted(table, keys)
    found = place < len(table)
    found[found] = table[place[found]] == keys[found]
    return found
