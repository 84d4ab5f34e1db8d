"""What can be wrong with a layer: one value per finding, with the place and its size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from grid.tessellate.plane import spot_of


class Kind(StrEnum):
    """What is wrong."""

    MISSING = "missing"
    """There is no shape."""
    FLAT = "flat"
    """It has no extent, or is a line or point among areas."""
    INVALID = "invalid"
    """Its rings cross or touch themselves or each other: what is inside is open to doubt."""
    DUPLICATE = "duplicate"
    """Another feature has the very same shape."""
    OVERLAP = "overlap"
    """Two features claim the same ground."""
    GAP = "gap"
    """Ground between features that belongs to none."""


class Outcome(StrEnum):
    """What becomes of it."""

    OPEN = "open"
    """A person has to decide."""
    MENDABLE = "mendable"
    """It is mended when mending is asked for."""
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong. *rows* are the features concerned, from 1; of a gap those around it.

    *area_m2* is the ground in question: the overlap, the gap, or of an invalid shape what its
    rings leave in doubt; *width_m* is the mean width of that ground. *shape* (degrees) shows it;
    None where there is nothing to show. Of an invalid shape *before_m2* is what its rings sum up
    to and *after_m2* what the mended shape has.
    """

    kind: Kind
    rows: tuple[int, ...]
    reason: str
    outcome: Outcome
    shape: BaseGeometry | None = None
    area_m2: float = 0.0
    width_m: float = 0.0
    before_m2: float | None = None
    after_m2: float | None = None

    @property
    def spot(self) -> tuple[float, float] | None:
        """Longitude and latitude of where to look."""
        return None if self.shape is None or self.shape.is_empty else spot_of(self.shape)

    def as_dict(self) -> dict[str, Any]:
        """The form of the report: sizes to a square centimetre, places to a centimetre."""
        lon, lat = self.spot or (None, None)
        told: dict[str, Any] = {"kind": str(self.kind), "rows": list(self.rows)}
        told |= {"reason": self.reason, "outcome": str(self.outcome)}
        told |= {"area_m2": round(self.area_m2, 4), "width_m": round(self.width_m, 4)}
        if self.before_m2 is not None and self.after_m2 is not None:
            told |= {"before_m2": round(self.before_m2, 4), "after_m2": round(self.after_m2, 4)}
        return told | {"lon": lon and round(lon, 7), "lat": lat and round(lat, 7)}


def mean_width_m(flat: BaseGeometry) -> float:
    """The width of a strip with the same area and outline as a shape in metres; 0 for nothing."""
    outline = float(shapely.length(flat))
    return 2 * float(shapely.area(flat)) / outline if outline else 0.0
