"""The patterns of the city as they stand in the database, and the ground that scans look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from psycopg import AsyncConnection

from app.rulebook import NoCity, Stamps, read_parts, read_stamps
from dispatch.postgres.clock import now
from dispatch.situations.patterns import Patterns, ScanRule
from dispatch.situations.zones import Zones
from grid.versions.postgres import active_reign

PART: Final = "situations"


@dataclass(frozen=True, slots=True)
class CityPatterns:
    """What a city takes for situations, on the grid in force."""

    city: str
    zone: ZoneInfo
    grid_version: int
    patterns: Patterns


class PatternsInForce:
    """Reads the patterns again when the pack or the grid has changed."""

    def __init__(self) -> None:
        self._read_from: tuple[Stamps, int] | None = None
        self._known: CityPatterns | None = None
        self._zones: dict[tuple[int, int, float], Zones] = {}

    async def read(self, conn: AsyncConnection) -> CityPatterns | None:
        """What stands in the database now; None before there is a city."""
        reign = await active_reign(conn, await now(conn))
        stamps = await read_stamps(conn)
        if reign is None:
            return None
        if self._known is None or self._read_from != (stamps, reign.version):
            self._known = await read_patterns(conn, reign.version)
            self._read_from = (stamps, reign.version)
        return self._known

    async def zones(self, conn: AsyncConnection, rule: ScanRule, grid_version: int) -> Zones:
        """The zones of a scan, made once for a version of the grid."""
        key = (grid_version, rule.neighbours, rule.radius_m)
        if key not in self._zones:
            self._zones = {k: v for k, v in self._zones.items() if k[0] == grid_version}
            self._zones[key] = await _zones_of(conn, rule, grid_version)
        return self._zones[key]


async def read_patterns(conn: AsyncConnection, grid_version: int) -> CityPatterns | None:
    """The patterns of the newest pack; None before there is a city."""
    try:
        parts, _ = await read_parts(conn)
    except NoCity:
        return None
    city = parts["city"]
    # Cities that were loaded before there were situations have no such part.
    patterns = Patterns.of(parts.get(PART))
    return CityPatterns(city["code"], ZoneInfo(city["timezone"]), grid_version, patterns)


async def read_part(conn: AsyncConnection[Any]) -> Patterns:
    """The patterns of the newest pack alone; none where it says nothing of situations."""
    found = await conn.execute(
        "SELECT content FROM city_part WHERE part = %s ORDER BY version DESC LIMIT 1", [PART]
    )
    row = await found.fetchone()
    return Patterns.of(row[0] if row else None)


async def _zones_of(conn: AsyncConnection, rule: ScanRule, grid_version: int) -> Zones:
    """Zones over the areas that hold cells, which are the smallest."""
    found = await conn.execute(
        """
        SELECT a.code, ST_X(p.point), ST_Y(p.point)
          FROM area a
         CROSS JOIN LATERAL (SELECT ST_PointOnSurface(a.geom) AS point) AS p
         WHERE a.grid_version = %(version)s
           AND EXISTS (SELECT FROM cell c
                        WHERE c.grid_version = %(version)s AND c.area = a.code)
         ORDER BY a.code
        """,
        {"version": grid_version},
    )
    rows = await found.fetchall()
    middles = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 2)
    codes = [row[0] for row in rows]
    return Zones.of(codes, middles, neighbours=rule.neighbours, radius_m=rule.radius_m)
