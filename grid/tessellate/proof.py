"""Whether cells cover their communities: overlap, gap and what crosses a border, in m²."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from geo.measure import area_m2
from grid.tessellate.errors import OverlappingCommunities
from grid.tessellate.plane import Numbers, Plane, Shapes, spot_of

TOLERANCE: Final = 1e-6
"""As a part of the whole area."""
TOLERATED_OVERLAP_M2: Final = 1.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was found by laying cells over each other and over their communities, all in m²."""

    total_m2: float
    overlap_m2: float
    gap_m2: float
    crossing_m2: float
    edges_match: bool

    @property
    def holds(self) -> bool:
        """Whether edges match exactly and nothing is off by more than a millionth of the area."""
        worst = max(self.overlap_m2, self.gap_m2, self.crossing_m2)
        return self.edges_match and worst <= TOLERANCE * self.total_m2


def coverage_of(cells: Shapes, community: Numbers, communities: Shapes, plane: Plane) -> Coverage:
    """The coverage of *communities* by *cells*, in degrees; *community* is parallel to cells.

    Measured on the plane: where a straight edge was given more vertices, another projection would
    find slivers between the straight and the bent line that are not there.
    """
    whole = [shapely.union_all(cells[community == number]) for number in range(len(communities))]
    claimed = np.array(whole, dtype=object)
    return Coverage(
        total_m2=plane.area_m2(communities),
        overlap_m2=plane.area_m2(find_overlaps(cells)[1]),
        gap_m2=plane.area_m2(shapely.difference(communities, claimed)),
        crossing_m2=plane.area_m2(shapely.difference(claimed, communities)),
        edges_match=bool(shapely.coverage_is_valid(cells)),
    )


def refuse_overlaps(communities: Shapes, codes: list[str]) -> None:
    """Raise OverlappingCommunities when two share more than a square metre."""
    pairs, common = find_overlaps(communities)
    shared = area_m2(common)
    if len(pairs) and shared.max() > TOLERATED_OVERLAP_M2:
        worst = int(shared.argmax())
        one, other = sorted(codes[number] for number in pairs[worst].tolist())
        raise OverlappingCommunities(one, other, float(shared[worst]), *spot_of(common[worst]))


def find_overlaps(shapes: Shapes) -> tuple[Numbers, Shapes]:
    """Pairs of shapes (n, 2) whose insides meet, and what they share."""
    found = shapely.STRtree(shapes).query(shapes, predicate="intersects").T
    pairs = found[found[:, 0] < found[:, 1]]
    # Neighbours touch; only what is more than a touch is worth an intersection.
    deep = ~shapely.touches(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
    pairs = pairs[deep]
    return pairs, np.asarray(shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]]))
