"""On which side of an edge a point lies, where double arithmetic can tell for certain."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

# (3 + 16 u) u with u = 2**-53: the bound of Shewchuk's filter for the orientation determinant.
RELATIVE_DOUBT: Final = 3.3306690738754716e-16
# Below this a product may have lost bits to underflow.
ABSOLUTE_DOUBT: Final = 1e-290


def orientation(
    edges: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.int8]:
    """1 where (x, y) is left of its edge (…, 4), -1 right, 0 where only exact arithmetic tells."""
    ax, ay, bx, by = edges[..., 0], edges[..., 1], edges[..., 2], edges[..., 3]
    one, other = (ax - x) * (by - y), (ay - y) * (bx - x)
    turn = one - other
    doubt = (np.abs(one) + np.abs(other)) * RELATIVE_DOUBT + ABSOLUTE_DOUBT
    return (turn > doubt).view(np.int8) - (turn < -doubt).view(np.int8)


def orientation_of_one(edge: tuple[float, float, float, float], x: float, y: float) -> int:
    """`orientation` of a single point."""
    ax, ay, bx, by = edge
    one, other = (ax - x) * (by - y), (ay - y) * (bx - x)
    turn = one - other
    doubt = (abs(one) + abs(other)) * RELATIVE_DOUBT + ABSOLUTE_DOUBT
    return (turn > doubt) - (turn < -doubt)
