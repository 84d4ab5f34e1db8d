"""Fans: pixels crossed by up to four edges, answered by the side of each edge.

Within such a pixel each cell is one half-plane, or two joined at a common vertex (both when the
corner is convex, either when it is reflex). So the sides of a point decide the cell.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.index.orientation import orientation
from geo.index.outlines import NOBODY
from geo.index.tables import OUTSIDE

NO_COVER: Final = np.int32(np.iinfo(np.int32).max)


def fans(
    edges: NDArray[np.intp],
    cover: NDArray[np.int32],
    ends: NDArray[np.float64],
    sides: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """A row for each pixel crossed by *edges* (n, k; -1 = none), and whether it holds.

    A row is the k edges and the cell for each of 2**k combinations of sides; bit i of a
    combination is set right of edge i. *cover* is the lowest cell that covers the pixel wholly, or
    NO_COVER. *ends* and *sides* are those of all edges.
    """
    known = np.where(edges[:, :, None] >= 0, sides[edges], NOBODY)
    cells = np.ascontiguousarray(known.reshape(-1, 2 * edges.shape[1]).T)
    inside, fits = _membership(edges, cells, ends)
    bit = 1 << np.arange(1 << edges.shape[1], dtype=np.uint16)[:, None]
    labels = np.repeat(cover[None], len(bit), axis=0)
    for cell, combinations in zip(np.where(cells == NOBODY, NO_COVER, cells), inside, strict=True):
        np.minimum(labels, np.where(combinations & bit, cell, NO_COVER), out=labels)
    labels[labels == NO_COVER] = OUTSIDE
    present = np.where(edges >= 0, edges, edges[:, :1])
    return np.hstack([present, labels.T]).astype(np.int32), fits


def _membership(
    edges: NDArray[np.intp], cells: NDArray[np.int32], ends: NDArray[np.float64]
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """(slots, n): the combinations, as bits, where the slot's cell is. (n,): does that rule hold?

    *cells* (slots, n) are those left and right of each edge.
    """
    slots, combination = len(cells), np.arange(1 << edges.shape[1])
    is_right = (combination >> np.arange(edges.shape[1])[:, None]) & 1
    right = (is_right << combination).sum(axis=1)
    left = (1 << len(combination)) - 1 - right
    alone = np.column_stack([left, right]).ravel().astype(np.uint16)
    inside = np.repeat(alone[:, None], len(edges), axis=1)
    fits = np.ones(len(edges), dtype=bool)
    somebody = cells != NOBODY
    partners = np.zeros(cells.shape, dtype=np.int8)
    for a in range(slots):
        for b in range(a + 1, slots):
            same = np.flatnonzero((cells[a] == cells[b]) & somebody[a])
            if len(same) == 0:
                continue
            partners[a, same] += 1
            partners[b, same] += 1
            convex, joined = _corner(ends[edges[same, a // 2]], ends[edges[same, b // 2]], a, b)
            together = np.where(convex, alone[a] & alone[b], alone[a] | alone[b])
            inside[a, same] = inside[b, same] = together
            fits[same] &= joined
    return inside, fits & (partners <= 1).all(axis=0)


def _corner(
    first: NDArray[np.float64], second: NDArray[np.float64], a: int, b: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Is the corner of a cell between two edges convex, and are they joined to one for certain?

    Edges are turned so that the cell lies on their left; one must then end where the other starts.
    """
    if a // 2 == b // 2:  # one edge with the same cell on both sides
        return np.zeros(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
    first = first if a % 2 == 0 else first[:, [2, 3, 0, 1]]
    second = second if b % 2 == 0 else second[:, [2, 3, 0, 1]]
    onward = (first[:, 2:] == second[:, :2]).all(axis=1)
    backward = (second[:, 2:] == first[:, :2]).all(axis=1)
    before = np.where(onward[:, None], first, second)
    after = np.where(onward[:, None], second, first)
    turn = orientation(before, after[:, 2:])
    straight = _on_axis(before, after)
    return (turn > 0) | straight, (onward ^ backward) & ((turn != 0) | straight)


def _on_axis(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Do both edges lie on one meridian or one parallel, exactly, one after the other?"""
    level = [
        (before[:, axis] == before[:, 2 + axis]) & (before[:, axis] == after[:, 2 + axis])
        for axis in (0, 1)
    ]
    return level[0] | level[1]
