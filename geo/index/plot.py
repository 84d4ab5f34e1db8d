"""Plots the outlines of cells onto pixels, level by level.

A window of top pixels is plotted at a time: a strip of a whole city, or the surroundings of one
changed cell. What few edges cannot answer in a pixel is left to finer pixels, and at the finest
level to a list of candidates.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.index.cover import children_cover, ground
from geo.index.fans import NO_COVER, fans
from geo.index.lattice import CHILDREN, SPLIT, Lattice
from geo.index.outlines import NOBODY, Outlines
from geo.index.sheet import Sheet, Touched, Window, groups, part, sheet_of, sorted_pairs
from geo.index.tables import CHORD, FAN_EDGES, OUTSIDE, PAIR_EDGES, Growing, refer
from geo.index.trace import Box, touches

# Pairs and fans cost more than a finer pixel, so the large pixels of the top do without.
FIRST_FAN_LEVEL: Final = 1


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
    sheet = sheet_of(lattice, outlines, bounds, window)
    wide, high = window.east - window.west + 1, window.north - window.south + 1
    hit = touches(sheet.segments, Box(*window))
    pixel = (hit.row - window.south) * wide + (hit.column - window.west)
    pixel, edge = sorted_pairs(pixel, hit.segment)
    keys, starts = groups(pixel)
    covered = ground(sheet, window, pixel, edge)
    top = np.where(covered == NO_COVER, np.int32(OUTSIDE), covered)
    touched = Touched(pixel, edge, keys, starts, covered[keys])
    values, rest = _settled(sheet, touched, 0, tables)
    row, column = np.divmod(touched.keys[rest], wide)
    values[rest] = _finer(
        sheet, part(touched, rest), column + window.west, row + window.south, 1, tables
    )
    top[keys] = values
    return top.reshape(high, wide)


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
    cover = children_cover(sheet, parents, block, hit.segment, child, west, south, level)
    blocks = np.where(cover == NO_COVER, np.int32(OUTSIDE), cover)
    result = tables.add_blocks(blocks)
    pixel, edge = sorted_pairs(block[hit.segment] * CHILDREN + child, parents.edge[hit.segment])
    keys, starts = groups(pixel)
    touched = Touched(pixel, edge, keys, starts, cover.ravel()[keys])
    values, rest = _settled(sheet, touched, level, tables)
    parent, child = np.divmod(keys[rest], CHILDREN)
    values[rest] = _finer(
        sheet,
        part(touched, rest),
        west[parent] + child % SPLIT,
        south[parent] + child // SPLIT,
        level + 1,
        tables,
    )
    blocks.ravel()[keys] = values
    return result


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
    owner, cell = np.divmod(groups(np.sort(keys))[0], cells)
    sizes = np.bincount(owner, minlength=len(pixels.keys)).astype(np.int32)
    return tables.add_crowds(sizes, cell.astype(np.int32))
