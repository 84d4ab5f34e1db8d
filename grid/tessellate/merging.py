"""Faces too small or too thin become part of the neighbour they share the longest edge with."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
import shapely

from grid.tessellate.account import Merge, Reason
from grid.tessellate.faces import Faces, borders_between
from grid.tessellate.measures import Measures
from grid.tessellate.plane import Plane, Shapes, spot_of


def merge_slivers(
    faces: Faces, plane: Plane, measures: Measures
) -> tuple[Faces, tuple[Merge, ...]]:
    """The faces without slivers, and an account of each; the smallest goes first.

    Never across the border of a community: a sliver without a neighbour there stays.
    """
    crowd = _Crowd.of(faces, plane)
    told = tuple(
        Merge(reason, area_m2, width_m, *spot_of(faces.shapes[number]))
        for number, reason, area_m2, width_m in crowd.settle(measures)
    )
    hosts, group = np.unique(crowd.roots(), return_inverse=True)
    return Faces(_joined(faces.shapes, group, len(hosts)), faces.community[hosts]), told


@dataclass(slots=True)
class _Crowd:
    """Faces that grow: area in m², outline in m, and the metres each shares with others."""

    area: list[float]
    outline: list[float]
    around: list[dict[int, float]]
    into: list[int]

    @classmethod
    def of(cls, faces: Faces, plane: Plane) -> "_Crowd":
        flat = plane.metres(faces.shapes)
        around: list[dict[int, float]] = [{} for _ in flat]
        borders = borders_between(faces.shapes, plane)
        for (one, other), metres in zip(
            borders.pairs.tolist(), borders.shared_m.tolist(), strict=True
        ):
            if faces.community[one] == faces.community[other]:
                around[one][other] = around[other][one] = metres
        areas, outlines = shapely.area(flat).tolist(), shapely.length(flat).tolist()
        return cls(areas, outlines, around, list(range(len(flat))))

    def settle(self, measures: Measures) -> Iterator[tuple[int, Reason, float, float]]:
        """Merge until no sliver has a neighbour left: its number, why, area in m², width in m."""
        waiting = [(area, number) for number, area in enumerate(self.area)]
        heapify(waiting)
        while waiting:
            area, number = heappop(waiting)
            if area != self.area[number] or not self.around[number]:
                continue  # it has grown or gone since
            reason = self._reason(number, measures)
            if reason is None:
                continue
            yield number, reason, area, self._width(number)
            host = max(self.around[number], key=lambda n: (self.around[number][n], -n))
            self._join(number, host)
            heappush(waiting, (self.area[host], host))

    def roots(self) -> list[int]:
        """For each face the one it has become part of in the end."""
        return [self._root(number) for number in range(len(self.into))]

    def _root(self, number: int) -> int:
        while self.into[number] != number:
            number = self.into[number]
        return number

    def _reason(self, number: int, measures: Measures) -> Reason | None:
        if self.area[number] < measures.least_m2:
            return "small"
        return "thin" if self._width(number) < measures.least_width_m else None

    def _width(self, number: int) -> float:
        """Mean width in metres, as of a strip with this area and outline."""
        return 2 * self.area[number] / self.outline[number]

    def _join(self, number: int, host: int) -> None:
        self.area[host] += self.area[number]
        self.outline[host] += self.outline[number] - 2 * self.around[number][host]
        for other, metres in self.around[number].items():
            del self.around[other][number]
            if other != host:
                total = self.around[host].get(other, 0.0) + metres
                self.around[host][other] = self.around[other][host] = total
        self.around[number] = {}
        self.into[number] = host


def _joined(shapes: Shapes, group: np.ndarray, count: int) -> Shapes:
    """One polygon for each group; those alone stay as they are."""
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=count))[:-1]
    joined = np.empty(count, dtype=object)
    for number, members in enumerate(np.split(shapes[order], ends)):
        whole = members[0] if len(members) == 1 else shapely.coverage_union_all(members)
        joined[number] = shapely.get_parts(whole)[0]
    return joined
