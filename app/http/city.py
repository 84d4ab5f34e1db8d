"""The city as its doors need it: catalogue, departments, extent; read anew with each pack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast

import structlog
from psycopg import AsyncConnection

from app.database import TRANSIENT, Database, DatabaseAway, wake_ups
from app.problems import Problem
from app.rulebook import terms_of
from dispatch.deadlines import Limit, Limits
from dispatch.evaluation.scoring import Scoring
from dispatch.matching import Matching
from dispatch.postgres.registry import read_devices, with_devices
from dispatch.sensing.sensors import Sensors
from dispatch.workflow.variant import Terms
from grid.catalogue import Catalogue
from grid.department import Departments
from grid.naming import Label, Language

PACK_CHANNEL: Final = "citygrid_pack"
"""NOTIFY channel: another version of a part of the city pack was loaded."""

MARGIN_DEGREES: Final = 0.02
"""How far outside the city's bbox a position is still taken, about 2 km: the grid decides there."""

_LOOK_AGAIN_S: Final = 30.0

_PARTS: Final = """
    SELECT DISTINCT ON (part) part, version, content
      FROM city_part
     WHERE part IN ('city', 'catalogue', 'departments', 'limits', 'sensors', 'calendar')
     ORDER BY part, version DESC
"""

_log = structlog.get_logger()


@dataclass(frozen=True)
class City:
    """One city pack, as far as doors look at it. *bbox* is west, south, east, north, WGS84.

    *terms* are its variant of the workflow and its working time, *matching* its duplicate rules.
    *levels* name the levels of its areas, widest first. *scoring* is how it judges its departments
    and places. *samples* says what it bears of its sensors, beside the settings.
    """

    code: str
    name: Label
    language: Language
    bbox: tuple[float, float, float, float]
    catalogue: Catalogue
    departments: Departments
    limits: Limits
    sensors: Sensors
    terms: Terms
    matching: Matching
    versions: Mapping[str, int]
    timezone: str
    levels: Mapping[str, Label]
    scoring: Scoring
    samples: Mapping[str, Any]

    @classmethod
    def of(cls, parts: Mapping[str, Any], versions: Mapping[str, int]) -> City:
        """The city of the parts as they are stored."""
        city = parts["city"]
        west, south, east, north = city["bbox"]
        catalogue = Catalogue.of(parts["catalogue"])
        return cls(
            code=city["code"],
            name=Label.of(city["name"]),
            language=city["default_language"],
            bbox=(west, south, east, north),
            catalogue=catalogue,
            departments=Departments.of(parts["departments"]),
            limits=Limits.of(parts["limits"]),
            sensors=Sensors.of(parts["sensors"]),
            terms=terms_of(parts),
            matching=Matching.of(city["merge"], [one.code for one in catalogue]),
            versions=versions,
            timezone=city["timezone"],
            levels={one["level"]: Label.of(one["name"]) for one in city["levels"]},
            scoring=Scoring.of(city.get("evaluation")),
            samples=city.get("samples") or {},
        )

    def conditions(self, category: str) -> Sequence[Limit]:
        """The limits a report of *category* may choose among; fewer than two are no choice."""
        return self._by_category.get(category, ())

    @cached_property
    def _by_category(self) -> Mapping[str, Sequence[Limit]]:
        found: dict[str, list[Limit]] = {}
        for limit in self.limits:
            found.setdefault(limit.category, []).append(limit)
        return found

    def is_near(self, lon: float, lat: float) -> bool:
        """Whether the position lies in the city's bbox or not far outside; degrees WGS84."""
        west, south, east, north = self.bbox
        return (
            west - MARGIN_DEGREES <= lon <= east + MARGIN_DEGREES
            and south - MARGIN_DEGREES <= lat <= north + MARGIN_DEGREES
        )


async def read_city(conn: AsyncConnection[Any]) -> City | None:
    """The city of the newest parts; None while no pack was loaded."""
    found = await conn.execute(_PARTS)
    rows = await found.fetchall()
    parts = {cast("str", part): content for part, _, content in rows}
    if len(parts) < 6:
        return None
    devices = await read_devices(conn)
    versions = {part: version for part, version, _ in rows} | {"devices": len(devices)}
    return City.of({**parts, "sensors": with_devices(parts["sensors"], devices)}, versions)


class CityWatch:
    """Keeps the newest city at hand; `current` is None until a pack was loaded and read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.current: City | None = None

    def required(self) -> City:
        """The city; Problem 503 while no city pack was loaded."""
        if self.current is None:
            raise Problem(503, "no city pack is loaded yet", retry_after_s=10)
        return self.current

    async def refresh(self) -> None:
        """Read the city now; raises DatabaseAway."""
        async with self._database.connection() as conn:
            city = await read_city(conn)
        if city is not None and (self.current is None or self.current.versions != city.versions):
            _log.info("city read", city=city.code, versions=dict(city.versions))
            self.current = city

    async def run(self) -> None:
        """Refresh whenever a pack is loaded, until cancelled; outlives any outage of PostgreSQL."""
        async for _ in wake_ups(self._database.url, PACK_CHANNEL, every_s=_LOOK_AGAIN_S):
            try:
                await self.refresh()
            except (DatabaseAway, *TRANSIENT) as err:
                _log.warning("city not read", error=str(err))
