"""On which side of an edge a point lies, where double arithmetic can tell for certain."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# (3 + 16 u) u with u = 2**-53: the bound of Shewchuk's filter for the orientation determinant.
RELATIVE_DOUBT: Final = 3.3306690738754716e-16
# Below this a product may have lost bits to underflow.
ABSOLUTE_DOUBT: Final = 1e-290


def sides(
    edges: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Is each of *points* (n, 2) right of its edge (n, 4)? And where only exact arithmetic tells.

    *edges* is used up as working room.
    """
    edges -= points.repeat(2, axis=0).reshape(-1, 4)
    one, other = edges[:, 0] * edges[:, 3], edges[:, 1] * edges[:, 2]
    turn = one - other
    right = turn < 0
    doubt = np.abs(one, out=one)
    doubt += np.abs(other, out=other)
    doubt *= RELATIVE_DOUBT
    doubt += ABSOLUTE_DOUBT
    return right, (np.abs(turn, out=turn) <= doubt).nonzero()[0]


def orientation(edges: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.int8]:
    """1 where a point (n, 2) is left of its edge (n, 4), -1 right, 0 where `sides` cannot tell."""
    right, doubtful = sides(edges.copy(), points)
    turn = np.where(right, np.int8(-1), np.int8(1))
    turn[doubtful] = 0
    return turn


def orientation_of_one(edge: tuple[float, float, float, float], x: float, y: float) -> int:
    """`orientation` of a single point."""
    ax, ay, bx, by = edge
    one, other = (ax - x) * (by - y), (ay - y) * (bx - x)
    turn = one - other
    doubt = (abs(one) + abs(other)) * RELATIVE_DOUBT + ABSOLUTE_DOUBT
    return (turn > doubt) - (turn < -doubt)
