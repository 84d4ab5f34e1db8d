"""The first duplicate rule: the same category, close by and at about the same time.

Who may be matched (cases still open) is for the caller to say.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_EQUATOR_M: Final = 6_378_137.0
_ECCENTRICITY_SQUARED: Final = 0.006_694_379_990_141_3
"""The WGS84 ellipsoid."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open case that a new report may belong to; position in degrees WGS84.

    *component* is the id of the component it is about, None when nobody said.
    """

    case_id: int
    category: str
    lon: float
    lat: float
    reported_at: datetime
    component: str | None = None


def find_same(
    candidates: Sequence[Candidate],
    category: str,
    lon: float,
    lat: float,
    happened_at: datetime,
    *,
    component: str | None = None,
    radius_m: float = 50.0,
    within: timedelta = timedelta(minutes=30),
) -> Candidate | None:
    """The open case that a report at *lon*, *lat* (degrees WGS84) tells of, or None.

    Both bounds include their edge, the distance to the millimetre; the report may have happened
    before the case was reported, as one sent late from a phone. A case of another component than
    *component* is another incident, however near. The nearest case is taken, of equally near ones
    the one with the smallest id.
    """
    near = (
        (_distance_m(lon, lat, candidate), candidate.case_id, candidate)
        for candidate in _of_the_time(candidates, category, happened_at, within)
        if None in (component, candidate.component) or component == candidate.component
    )
    close_enough = [found for found in near if found[0] <= radius_m]
    return min(close_enough, key=lambda found: found[:2])[2] if close_enough else None


def _of_the_time(
    candidates: Sequence[Candidate], category: str, happened_at: datetime, within: timedelta
) -> Iterable[Candidate]:
    for candidate in candidates:
        if candidate.category == category and abs(happened_at - candidate.reported_at) <= within:
            yield candidate


def _distance_m(lon: float, lat: float, candidate: Candidate) -> float:
    """Metres between two places on the WGS84 ellipsoid, to the millimetre; NaN where one is none.

    A plane through the middle of both, scaled by the two radii of curvature there: exact to 0.1 %
    below a kilometre. A sphere is wrong by up to 0.5 %, and a geodesic costs a call into PROJ for
    each candidate.
    """
    middle = math.radians((lat + candidate.lat) / 2)
    flattened = 1 - _ECCENTRICITY_SQUARED * math.sin(middle) ** 2
    across_m = _EQUATOR_M / math.sqrt(flattened)
    along_m = across_m * (1 - _ECCENTRICITY_SQUARED) / flattened
    east_m = math.radians(candidate.lon - lon) * across_m * math.cos(middle)
    north_m = math.radians(candidate.lat - lat) * along_m
    return round(math.hypot(east_m, north_m), 3)
