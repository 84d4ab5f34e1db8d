"""Sites that make what happens beside them more severe: schools, hospitals, key sites. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from geo.measure import distance_m
from grid.naming import Label, Row

_ROUGH_M: Final = 111_195.0
"""A degree of a sphere; against the ellipsoid wrong by less than `_SLACK`."""
_SLACK: Final = 1.02


@dataclass(frozen=True, slots=True)
class Site:
    """One site of a *kind* of the city's own words; position in degrees WGS84."""

    kind: str
    name: Label
    lon: float
    lat: float


class Sites:
    """The sites of a city by kind, asked for the nearest of each."""

    def __init__(self, sites: Iterable[Site]) -> None:
        told: dict[str, list[Site]] = {}
        for site in sites:
            told.setdefault(site.kind, []).append(site)
        self._by_kind: dict[str, tuple[list[Site], NDArray[np.float64]]] = {
            kind: (ones, np.array([(one.lon, one.lat) for one in ones]))
            for kind, ones in sorted(told.items())
        }

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        """The sites of the part ``sites``."""
        return cls(Site(row["kind"], Label.of(row["name"]), row["lon"], row["lat"]) for row in rows)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of which there is a site."""
        return frozenset(self._by_kind)

    def nearest(self, lon: float, lat: float) -> Mapping[str, tuple[float, Site]]:
        """For each kind the metres to the nearest site, on the ellipsoid, and that site.

        Of equally near ones it is the one that was told first.
        """
        here = np.array([[lon, lat]])
        return {
            kind: _nearest(here, ones, lon_lat) for kind, (ones, lon_lat) in self._by_kind.items()
        }


def _nearest(
    here: NDArray[np.float64], sites: list[Site], lon_lat: NDArray[np.float64]
) -> tuple[float, Site]:
    """All sites are measured roughly, and exactly those that the rough measure leaves in doubt."""
    rough_m = _great_circle_m(here, lon_lat)
    doubtful = np.flatnonzero(rough_m <= rough_m.min() * _SLACK + 1)
    exact_m = distance_m(lon_lat[doubtful], here)
    first = int(np.argmin(exact_m))
    return float(exact_m[first]), sites[int(doubtful[first])]


def _great_circle_m(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = np.radians(here[:, 0]), np.radians(here[:, 1])
    lons, lats = np.radians(there[:, 0]), np.radians(there[:, 1])
    chord = (
        np.sin((lats - lat) / 2) ** 2 + np.cos(lat) * np.cos(lats) * np.sin((lons - lon) / 2) ** 2
    )
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))) * _ROUGH_M
