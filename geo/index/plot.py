"""Plots the outlines of cells onto pixels, level by level.

A window of top pixels is plotted at a time: a strip of a whole city, or the surroundings of one
changed cell. A pixel that no edge touches lies in one piece of ground, so one point of it tells
which cells cover it; that point is its middle, and even-odd crossings left of it tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.index.fans import NO_COVER, fans
from geo.index.lattice import CHILDREN, SPLIT, Lattice
from geo.index.outlines import NOBODY, Outlines
from geo.index.tables import CHORD, FAN_EDGES, OUTSIDE, PAIR_EDGES, Growing, refer
from geo.index.trace import Box, crossings, ranges, touches

FIRST_FAN_LEVEL: Final = 1


class Window(NamedTuple):
    """First and last column and row of top pixels."""

    west: int
    south: int
    east: int
    north: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The edges that matter in a window: their numbers, their ends in top pixels, their cells."""

    lattice: Lattice
    outlines: Outlines
    edges: NDArray[np.intp]
    segments: NDArray[np.float64]
    sides: NDArray[np.int32]


class Touched(NamedTuple):
    """Pixels of one level that edges touch.

    `pixel` (ascending) and `edge` (row of the sheet) have one entry per touch; `keys`, `starts`
    and `cover` one per pixel. `cover` is the lowest cell that covers the pixel wholly.
    """

    pixel: NDArray[np.int64]
    edge: NDArray[np.int64]
    keys: NDArray[np.int64]
    starts: NDArray[np.intp]
    cover: NDArray[np.int32]


def plot(
    lattice: Lattice,
    outlines: Outlines,
    bounds: NDArray[np.float64],
    window: Window,
    tables: Growing,
) -> NDArray[np.int32]:
    """Top pixels (rows, columns) of *window*; what they refer to is added to *tables*.

    *bounds* (n, 4) are those of all cells in degrees.
    """
    sheet = _sheet(lattice, outlines, bounds, window)
    wide, high = window.east - window.west + 1, window.north - window.south + 1
    hit = touches(sheet.segments, Box(*window))
    pixel = (hit.row - window.south) * wide + (hit.column - window.west)
    pixel, edge = _sorted_pairs(pixel, hit.segment)
    keys, starts = _groups(pixel)
    ground = _ground(sheet, window, pixel, edge)
    top = np.where(ground == NO_COVER, np.int32(OUTSIDE), ground)
    touched = Touched(pixel, edge, keys, starts, ground[keys])
    values, rest = _settled(sheet, touched, 0, tables)
    row, column = np.divmod(touched.keys[rest], wide)
    values[rest] = _finer(
        sheet, _part(touched, rest), column + window.west, row + window.south, 1, tables
    )
    top[keys] = values
    return top.reshape(high, wide)


def _sheet(
    lattice: Lattice, outlines: Outlines, bounds: NDArray[np.float64], window: Window
) -> Sheet:
    corners = lattice.pixels(bounds.reshape(-1, 2, 2))
    low, high = corners[:, 0] - 0.01, corners[:, 1] + 0.01
    starts_before = (low < (window.east + 1, window.north + 1)).all(axis=1)
    ends_after = (high > (window.west, window.south)).all(axis=1)
    listed = np.asarray(starts_before & ends_after)
    _, steps = outlines.half_edges(np.flatnonzero(listed))
    is_used = np.zeros(len(outlines.ends), dtype=bool)
    is_used[steps >> 1] = True
    edges = np.flatnonzero(is_used)
    sides = outlines.sides[edges]
    sides = np.where((sides != NOBODY) & listed[sides], sides, np.int32(NOBODY))
    segments = lattice.pixels(outlines.ends[edges].reshape(-1, 2)).reshape(-1, 4)
    return Sheet(lattice, outlines, edges, segments, sides)


def _ground(
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
    ground = np.full(wide * high, NO_COVER, dtype=np.int32)
    np.minimum.at(ground, place[certain], cell[certain].astype(np.int32))
    return ground


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


def _settled(
    sheet: Sheet, touched: Touched, level: int, tables: Growing
) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
    """Values of the touched pixels that few edges can answer, and which others remain."""
    counts = np.diff(touched.starts)
    values = np.zeros(len(counts), dtype=np.int32)
    chord = (counts == 1) & (touched.cover == NO_COVER)
    values[chord] = refer(CHORD, sheet.edges[touched.edge[touched.starts[:-1][chord]]])
    remains = ~chord
    if level >= FIRST_FAN_LEVEL:
        two = ~chord & (counts <= PAIR_EDGES)
        more = (counts > PAIR_EDGES) & (counts <= FAN_EDGES)
        for few, most, add in (
            (two, PAIR_EDGES, tables.add_pairs),
            (more, FAN_EDGES, tables.add_fans),
        ):
            pixels = np.flatnonzero(few)
            rows, fits = _fans(sheet, touched, pixels, most)
            values[pixels[fits]] = add(rows[fits])
            remains[pixels[fits]] = False
    return values, np.flatnonzero(remains)


def _fans(
    sheet: Sheet, touched: Touched, pixels: NDArray[np.intp], most: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Rows for *pixels* that up to *most* edges touch, and which of them can be one."""
    place = touched.starts[pixels, None] + np.arange(most)
    present = place < touched.starts[pixels + 1, None]
    edges = np.where(present, sheet.edges[touched.edge[np.where(present, place, 0)]], -1)
    outlines = sheet.outlines
    return fans(edges, touched.cover[pixels], outlines.ends, outlines.sides)


def _finer(
    sheet: Sheet,
    parents: Touched,
    column: NDArray[np.int64],
    row: NDArray[np.int64],
    level: int,
    tables: Growing,
) -> NDArray[np.int32]:
    """Values for *parents*, pixels at *column*, *row* of the level above: blocks or crowds."""
    if level == sheet.lattice.levels:
        return _crowds(sheet, parents, tables)
    if len(parents.keys) == 0:
        return np.empty(0, dtype=np.int32)
    block = np.repeat(np.arange(len(column)), np.diff(parents.starts))
    west, south = column * SPLIT, row * SPLIT
    box = Box(west[block], south[block], west[block] + SPLIT - 1, south[block] + SPLIT - 1)
    hit = touches(sheet.segments[parents.edge] * SPLIT**level, box)
    child = (hit.row % SPLIT) * SPLIT + hit.column % SPLIT
    cover = _children_cover(sheet, parents, block, hit.segment, child, west, south, level)
    blocks = np.where(cover == NO_COVER, np.int32(OUTSIDE), cover)
    result = tables.add_blocks(blocks)
    pixel, edge = _sorted_pairs(block[hit.segment] * CHILDREN + child, parents.edge[hit.segment])
    keys, starts = _groups(pixel)
    touched = Touched(pixel, edge, keys, starts, cover.ravel()[keys])
    values, rest = _settled(sheet, touched, level, tables)
    parent, child = np.divmod(keys[rest], CHILDREN)
    values[rest] = _finer(
        sheet,
        _part(touched, rest),
        west[parent] + child % SPLIT,
        south[parent] + child // SPLIT,
        level + 1,
        tables,
    )
    blocks.ravel()[keys] = values
    return result


def _children_cover(
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
    inside = np.zeros((len(cell), SPLIT, SPLIT), dtype=bool)
    inside[:] = (before % 2 == 1)[:, :, None]
    padded = np.append(keys, np.iinfo(np.int64).max)
    pending = np.arange(before.size)
    before, here, flat = before.ravel(), here.ravel(), inside.reshape(-1, SPLIT)
    while len(pending):
        step = padded[np.minimum(before[pending], len(keys))] - here[pending]
        pending, step = pending[step < SPLIT], step[step < SPLIT]
        flat[pending] ^= np.arange(SPLIT) >= step[:, None]
        before[pending] += 1
    return inside.reshape(-1, CHILDREN)


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


def _crowds(sheet: Sheet, pixels: Touched, tables: Growing) -> NDArray[np.int32]:
    """Candidate cells of each pixel, in ascending order up to the one that covers it wholly."""
    cells = len(sheet.outlines)
    crowd = np.repeat(np.arange(len(pixels.keys)), np.diff(pixels.starts))
    owners = sheet.sides[pixels.edge]
    useful = (owners != NOBODY) & (owners < pixels.cover[crowd, None])
    covered = np.flatnonzero(pixels.cover != NO_COVER)
    keys = np.concatenate(
        [
            (crowd[:, None] * cells + owners)[useful],
            covered * cells + pixels.cover[covered],
        ]
    )
    owner, cell = np.divmod(_groups(np.sort(keys))[0], cells)
    sizes = np.bincount(owner, minlength=len(pixels.keys)).astype(np.int32)
    return tables.add_crowds(sizes, cell.astype(np.int32))


def _part(touched: Touched, chosen: NDArray[np.intp]) -> Touched:
    """Only the chosen pixels, renumbered from 0."""
    first, last = touched.starts[chosen], touched.starts[chosen + 1] - 1
    number, place = ranges(first, last)
    starts = np.concatenate([[0], np.cumsum(last - first + 1)])
    return Touched(number, touched.edge[place], touched.keys[chosen], starts, touched.cover[chosen])


def _sorted_pairs(
    pixel: NDArray[np.int64], edge: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both by ascending pixel, then edge."""
    packed = np.sort((pixel << 32) | edge, kind="stable")
    return packed >> 32, packed & 0xFFFFFFFF


def _groups(pixel: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The different pixels, and where each starts, with the end of the last."""
    is_first = np.ones(len(pixel), dtype=bool)
    is_first[1:] = pixel[1:] != pixel[:-1]
    first = np.flatnonzero(is_first)
    return pixel[first], np.append(first, len(pixel))


def _numbered(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """The different keys in ascending order, and the number of each key among them.

    Nearly sorted keys, as they come here, are sorted ten times faster by the stable kind.
    """
    order = np.argsort(keys, kind="stable")
    distinct, starts = _groups(keys[order])
    numbers = np.empty(len(keys), dtype=np.intp)
    numbers[order] = np.repeat(np.arange(len(distinct)), np.diff(starts))
    return distinct, numbers


def _is_in(table: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which *keys* stand in the sorted *table*?"""
    place = np.searchsorted(table, keys)
    found = place < len(table)
    found[found] = table[place[found]] == keys[found]
    return found
