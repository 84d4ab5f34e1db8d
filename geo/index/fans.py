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

NO_COVER: Final = np.iinfo(np.int32).max


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
    cells = np.where(edges[:, :, None] >= 0, sides[edges], NOBODY).reshape(-1, 2 * edges.shape[1])
    inside, fits = _membership(edges, cells, ends)
    labels = np.repeat(cover[:, None], 1 << edges.shape[1], axis=1)
    for slot in range(cells.shape[1]):
        here = inside[:, slot] & (cells[:, slot] != NOBODY)[:, None]
        labels = np.where(here, np.minimum(labels, cells[:, slot, None]), labels)
    labels[labels == NO_COVER] = OUTSIDE
    present = np.where(edges >= 0, edges, edges[:, :1])
    return np.hstack([present, labels]).astype(np.int32), fits


def _membership(
    edges: NDArray[np.intp], cells: NDArray[np.int32], ends: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each slot and side combination: is the slot's cell there? And does that rule hold?"""
    slots, combination = cells.shape[1], np.arange(1 << edges.shape[1])
    alone = np.empty((slots, len(combination)), dtype=bool)
    for slot in range(slots):
        is_left = (combination >> (slot // 2)) & 1 == 0
        alone[slot] = is_left if slot % 2 == 0 else ~is_left
    inside = np.repeat(alone[None], len(edges), axis=0)
    fits = np.ones(len(edges), dtype=bool)
    partners = np.zeros(cells.shape, dtype=np.int8)
    for a in range(slots):
        for b in range(a + 1, slots):
            same = np.flatnonzero((cells[:, a] == cells[:, b]) & (cells[:, a] != NOBODY))
            if len(same) == 0:
                continue
            partners[same, a] += 1
            partners[same, b] += 1
            convex, joined = _corner(ends[edges[same, a // 2]], ends[edges[same, b // 2]], a, b)
            both, either = alone[a] & alone[b], alone[a] | alone[b]
            inside[same, a] = inside[same, b] = np.where(convex[:, None], both, either)
            fits[same] &= joined
    return inside, fits & (partners <= 1).all(axis=1)


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
