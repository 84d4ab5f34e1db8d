"""The rulebook of the city as it stands in the database, and keeping it current."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection

from dispatch.auto_dispatch import AutoDispatch
from dispatch.calendar import WorkingCalendar
from dispatch.deadlines import Limits
from dispatch.matching import Matching
from dispatch.postgres.clock import now
from dispatch.postgres.registry import read_devices, with_devices
from dispatch.routing import Router
from dispatch.rulebook import Rulebook
from dispatch.sensing.alarms import AlarmRules
from dispatch.sensing.rules import SensorRules
from dispatch.severity import Grading
from dispatch.workflow.variant import Terms, Variant
from grid.catalogue import Catalogue
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.locate import Grid
from grid.postgres import load_grid
from grid.versions.postgres import active_reign

PACK_CHANNEL: Final = "citygrid_pack"
"""NOTIFY channel: a city pack was loaded."""

Parts = Mapping[str, Any]
"""The newest content of each part of the pack, as loaded from JSON."""

Stamps = Mapping[str, tuple[int, str]]
"""Version and digest of each part."""


class NoCity(Exception):
    """No city pack has been loaded into this database."""

    def __init__(self) -> None:
        super().__init__("no city is loaded: run `citygrid city load PACK` first")


async def read_parts(conn: AsyncConnection) -> tuple[Parts, Mapping[str, int]]:
    """The newest version of every part, and its number. Raises NoCity."""
    found = await conn.execute(
        """
        SELECT DISTINCT ON (part) part, content, version
          FROM city_part
         ORDER BY part, version DESC
        """
    )
    rows = await found.fetchall()
    if not rows:
        raise NoCity
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}


async def read_stamps(conn: AsyncConnection) -> Stamps:
    """Version and digest of the newest version of every part; empty before the first pack.

    What was registered beside the pack has a stamp as well.
    """
    found = await conn.execute(
        """
        SELECT DISTINCT ON (part) part, version, sha256
          FROM city_part
         ORDER BY part, version DESC
        """
    )
    stamps = {part: (version, sha256) for part, version, sha256 in await found.fetchall()}
    devices = await read_devices(conn)
    return {**stamps, "devices": (len(devices), "")} if devices else stamps


async def load_rulebook(
    conn: AsyncConnection, cache: Path, grid_version: int | None = None
) -> Rulebook:
    """The newest parts of the city on a grid version, None: the one in force. Raises NoCity.

    Devices that were registered stand with the sensors of the pack.
    *cache* is a folder for the point → cell index.
    """
    parts, versions = await read_parts(conn)
    parts = {**parts, "sensors": with_devices(parts["sensors"], await read_devices(conn))}
    if grid_version is None:
        reign = await active_reign(conn, await now(conn))
        if reign is None:
            raise NoCity
        grid_version = reign.version
    grid = await load_grid(conn, grid_version, cache)
    return rulebook_of(parts, {**versions, "grid": grid_version}, grid)


def terms_of(parts: Parts) -> Terms:
    """The city's variant of the workflow and its working time."""
    return Terms(Variant.of(parts["city"].get("workflow")), WorkingCalendar.of(parts["calendar"]))


def rulebook_of(parts: Parts, versions: Mapping[str, int], grid: Grid) -> Rulebook:
    """The rulebook that these parts make on a grid; *versions* names the version of each."""
    departments = Departments.of(parts["departments"])
    city = parts["city"]
    catalogue = Catalogue.of(parts["catalogue"])
    return Rulebook(
        city=city["code"],
        grid=grid,
        catalogue=catalogue,
        departments=departments,
        router=Router.of(
            parts["routing"], Jurisdiction.of(parts["jurisdiction"]), grid.hierarchy, departments
        ),
        limits=Limits.of(parts["limits"]),
        calendar=WorkingCalendar.of(parts["calendar"]),
        versions=versions,
        auto_file=city["filing"] == "auto",
        matching=Matching.of(city["merge"], [one.code for one in catalogue]),
        grading=Grading.of(parts.get("severity", []), parts.get("sites", [])),
        variant=Variant.of(city.get("workflow")),
        auto_dispatch=AutoDispatch.of(city.get("dispatch")),
        # Cities that were loaded before there were rules for sensors have no such part; many have
        # no rules of severity and no sites.
        alarms=AlarmRules.of(
            parts["sensors"], parts.get("sensor_rules", []), city["default_language"]
        ),
        sensor_rules=SensorRules.of(
            parts.get("sensor_rules", []),
            parts.get("sensing"),
            zone=parts["calendar"]["timezone"],
        ),
    )
