"""From the faces of the network to cells: slivers merged and large faces cut, in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grid.tessellate.account import Cut, Merge
from grid.tessellate.communities import Communities
from grid.tessellate.cutting import cut_large
from grid.tessellate.faces import Faces, faces_within, redrawn
from grid.tessellate.measures import Measures
from grid.tessellate.merging import merge_slivers
from grid.tessellate.plane import Plane

ROUNDS: Final = 4
"""A cut may leave a crumb that makes a neighbour too large: cut again, but not for ever."""


@dataclass(frozen=True, slots=True)
class Division:
    """Faces of the size of cells out of *faces_found*, and what was merged and cut on the way.

    Those that *measures* would merge had no neighbour, those it would cut break at every cut.
    """

    faces: Faces
    faces_found: int
    measures: Measures
    merges: Sequence[Merge]
    cuts: Sequence[Cut]


def divide(faces: Faces, communities: Communities, plane: Plane, measures: Measures) -> Division:
    """Faces without slivers and none too large, as far as their shapes allow."""
    merges: list[Merge] = []
    cuts: list[Cut] = []
    found = len(faces.shapes)
    for _ in range(ROUNDS):
        faces, merged = merge_slivers(faces, plane, measures)
        merges += merged
        pieces, cut = cut_large(faces, plane, measures)
        if not cut:
            break
        cuts += cut
        faces = faces_within(redrawn(pieces), communities.shapes)
    else:
        faces, merged = merge_slivers(faces, plane, measures)
        merges += merged
    return Division(faces, found, measures, merges, cuts)
