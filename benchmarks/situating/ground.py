"""Areas and cases as columns, from files of real data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from dispatch.situations.facts import Fact, Kind, Source
from dispatch.situations.patterns import ScanRule
from dispatch.situations.zones import Zones

DATA: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas by code and name, with their shapes in degrees WGS84."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    shapes: NDArray[np.object_]

    @classmethod
    def read(cls, path: Path, named: Callable[[Mapping[str, Any]], tuple[str, str]]) -> Areas:
        """The areas of a packed GeoJSON file, repaired; *named* gives the code and name of each."""
        features = json.loads(gzip.decompress(path.read_bytes()))["features"]
        shapes = shapely.make_valid(np.array([shape(one["geometry"]) for one in features]))
        told = [named(one["properties"]) for one in features]
        return cls(tuple(one[0] for one in told), tuple(one[1] for one in told), shapes)

    def numbers(self, lon_lat: NDArray[np.float64]) -> NDArray[np.intp]:
        """The number of the area that holds each position, -1 where none does."""
        tree = shapely.STRtree(list(self.shapes))
        points, areas = tree.query(shapely.points(lon_lat), predicate="intersects")
        found = np.full(len(lon_lat), -1, dtype=np.intp)
        found[points[::-1]] = areas[::-1]
        return found

    def zones(self, rule: ScanRule) -> Zones:
        """Zones over the areas as the rule wants them."""
        middles = shapely.get_coordinates(shapely.point_on_surface(self.shapes))
        return Zones.of(self.codes, middles, neighbours=rule.neighbours, radius_m=rule.radius_m)


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases as columns of one length: position, number of the area, when, and category."""

    lon_lat: NDArray[np.float64]
    areas: NDArray[np.intp]
    at_s: NDArray[np.float64]
    categories: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.at_s)

    def some(self, mask: NDArray[np.bool_]) -> Cases:
        """Those of a mask."""
        return Cases(self.lon_lat[mask], self.areas[mask], self.at_s[mask], self.categories[mask])

    def shuffled(self, rng: np.random.Generator) -> Cases:
        """The same cases with their times dealt out anew."""
        return replace(self, at_s=rng.permuted(self.at_s))

    def facts(self, codes: tuple[str, ...], mask: NDArray[np.bool_], stem: str = "") -> list[Fact]:
        """The cases of a mask as facts; *stem* keeps numbers of several columns apart."""
        return [self._fact(number, codes, stem) for number in np.flatnonzero(mask).tolist()]

    def _fact(self, number: int, codes: tuple[str, ...], stem: str) -> Fact:
        lon, lat = self.lon_lat[number].tolist()
        return Fact(
            kind=Kind.CASE,
            ref=f"{stem}{number}",
            at=datetime.fromtimestamp(float(self.at_s[number]), UTC),
            lon=lon,
            lat=lat,
            areas=(codes[self.areas[number]],),
            source=Source.CITIZEN,
            category=str(self.categories[number]),
        )
