"""Whether coordinates agree with the system that a file names, as far as numbers alone tell."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
from pyproj import CRS

from app.city.faults import Faults
from geo.gauss_kruger import MILLION, Zone, zone_at, zone_of

_NO_NORTHING_M: Final = 6_000_000


def check_label(file: str, frame: gpd.GeoDataFrame, faults: Faults) -> bool:
    """Whether the label may be true; a fault that names the better system where it is not.

    Found: Gauss-Krüger eastings with a zone number under a label without one and the other way
    round, another zone than the label's, axes the wrong way round, and degrees that are metres.
    """
    west, south, east, north = (float(one) for one in frame.total_bounds)
    if not np.isfinite([west, south, east, north]).all():
        return True
    crs = None if frame.crs is None else CRS.from_user_input(frame.crs)
    across, up = zone_of(np.array([west, east])), zone_of(np.array([south, north]))
    if across is None and up is not None and west > 0 and east < _NO_NORTHING_M:
        problem = f"its axes are the wrong way round: zone {up.number} stands in the northing"
        faults.add(file, None, "crs", problem, "Save it with the easting first")
        return False
    label = None if crs is None else _zone_of_label(crs)
    if across is not None and (label is None or label != (across, True)):
        return _wrong(file, f"its eastings begin with zone {across.number}", crs, across, faults)
    if across is None and label is not None and label[1]:
        zone, problem = label[0], "its eastings carry no zone number"
        return _wrong(file, problem, crs, zone, faults, numbered=False)
    return True


def _wrong(
    file: str, seen: str, crs: CRS | None, zone: Zone, faults: Faults, *, numbered: bool = True
) -> bool:
    named = "names no coordinate system" if crs is None else f"is labelled {crs.name}"
    better = zone.crs(numbered=numbered)
    remedy = f"If it is CGCS2000, say --crs {better} ({zone.meridian}° E, zones of {zone.width}°)"
    faults.add(file, None, "crs", f"{seen}, and it {named}", remedy)
    return False


def _zone_of_label(crs: CRS) -> tuple[Zone, bool] | None:
    """The zone of a Gauss-Krüger system and whether its eastings carry the number."""
    if not crs.is_projected or crs.coordinate_operation is None:
        return None
    given = {one.name: float(one.value) for one in crs.coordinate_operation.params}
    easting = given.get("False easting", 0.0)
    meridian = given.get("Longitude of natural origin", 0.0)
    if easting % MILLION != MILLION / 2:
        return None
    if number := int(easting // MILLION):
        return next(
            (
                (one, True)
                for width in (3, 6)
                if (one := zone_at(meridian, width)) is not None and one.number == number
            ),
            None,
        )
    zone = zone_at(meridian, 3) or zone_at(meridian, 6)
    return None if zone is None else (zone, False)
