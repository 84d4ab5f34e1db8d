"""What was done to make the cells, and what they are like: for the report to the administrator."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

import numpy as np
import shapely
from numpy.typing import NDArray

from grid.tessellate.plane import Plane, Shapes
from grid.tessellate.proof import Coverage

Reason = Literal["small", "thin"]
CRUMB_M2: Final = 1.0
_PERCENTILES: Final = {"least": 0, "p05": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95}


@dataclass(frozen=True, slots=True)
class Merge:
    """A sliver that became part of a neighbour: why, its size, where, and of which cell in the end.

    *width_m* is the mean width of a strip with the same area and outline.
    """

    reason: Reason
    area_m2: float
    width_m: float
    lon: float
    lat: float
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A face that was too large: into how many pieces, its size, where, and a cell made of it."""

    pieces: int
    area_m2: float
    lon: float
    lat: float
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure is spread over the cells."""

    least: float
    p05: float
    p25: float
    median: float
    p75: float
    p95: float
    most: float
    mean: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Self:
        """The spread of at least one value."""
        marks = np.percentile(values, list(_PERCENTILES.values())).tolist()
        return cls(*marks, most=float(values.max()), mean=float(values.mean()))


@dataclass(frozen=True, slots=True)
class Account:
    """The whole story. Sizes in m² on the ellipsoid; compactness is 1 for a circle.

    Of slivers below a square metre, which lines that nearly coincide leave, only the number is
    told: *crumbs*. *small* are cells that stayed below the least size, because
    their community has no other cell beside them, *large* those that break into slivers when cut.
    """

    lines: int
    joined: int
    dead_ends: int
    dead_m: float
    faces: int
    crumbs: int
    merges: Sequence[Merge]
    cuts: Sequence[Cut]
    communities: int
    cells: int
    small: Sequence[str]
    large: Sequence[str]
    sizes_m2: Spread
    compactness: Spread
    coverage: Coverage

    def as_dict(self) -> dict[str, Any]:
        """The form of ``report.json``: figures to a millimetre, places to a centimetre."""
        rounded = _rounded(asdict(self))
        assert isinstance(rounded, dict)
        return rounded


def compactness_of(shapes: Shapes, plane: Plane) -> NDArray[np.float64]:
    """Area as a part of that of a circle with the same outline (Polsby and Popper)."""
    flat = plane.metres(shapes)
    return np.asarray(4 * np.pi * shapely.area(flat) / shapely.length(flat) ** 2)


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 7)
        case dict():
            return {key: _rounded(one) for key, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value
