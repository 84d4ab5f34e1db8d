"""The ``[[expect]]`` rows of ``routing.toml``: read, placed, and held against the rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from app.city.lines import Line
from app.city.moments import moment
from app.city.territory import Areas, Cells
from dispatch.calendar import WorkingCalendar
from dispatch.expecting import Expectation, Missed, missed
from dispatch.report import Channel
from dispatch.routing import Router
from geo.shift import Datum, to_wgs84
from grid.catalogue import Catalogue
from grid.cell import Place
from grid.hierarchy import Hierarchy

STEPS: Final = ("rule", "jurisdiction", "territory")


class Spots:
    """Where in the pack a cell or a position lies."""

    def __init__(self, areas: Areas, cells: Cells) -> None:
        self._hierarchy = Hierarchy.of(areas.rows)
        self._areas: dict[str, str] = {row["code"]: row["area"] for row in cells.rows}
        self._codes = np.array([row["code"] for row in cells.rows], dtype=object)
        self._shapes = cells.shapes

    def of_cell(self, code: str) -> Place | None:
        """The place of a cell; None when there is no such cell."""
        area = self._areas.get(code)
        return None if area is None else Place(code, self._hierarchy.path(area))

    def of_position(self, lon: float, lat: float) -> Place | None:
        """The place of a position in degrees WGS84: on an edge the smallest code, as everywhere."""
        held = self._codes[shapely.intersects_xy(self._shapes, lon, lat)]
        return self.of_cell(min(held)) if len(held) else None


@dataclass(frozen=True, slots=True)
class Known:
    """What expectations can name, out of a pack in which nothing else is wrong."""

    catalogue: Catalogue
    departments: Collection[str]
    rules: Collection[str]
    spots: Spots
    zone: ZoneInfo


def read_expectations(lines: Sequence[Line], known: Known) -> list[Expectation]:
    """The rows that can be held against the rules; of the others every fault is noted."""
    read = [_sound(line, known) for line in lines]
    return [one for one in read if one is not None]


def hold(
    lines: Sequence[Line], known: Known, router: Router, calendar: WorkingCalendar
) -> list[Expectation]:
    """Note each expectation that the rules do not meet; gives all that could be read."""
    expected = read_expectations(lines, known)
    for one in expected:
        if found := missed(one, router, calendar):
            _tell(lines[one.row - 1], found)
    return expected


def _tell(line: Line, found: Missed) -> None:
    problem = f"{found.expected} is expected, and it goes to {found.came}"
    line.wrong(f"expect.{found.field}", problem, "Correct the rules, or what is expected of them")


def _sound(line: Line, known: Known) -> Expectation | None:
    """The expectation; None when anything of it is at fault."""
    noted = len(line.faults.found)
    read = _expectation(line, known)
    return read if len(line.faults.found) == noted else None


def _expectation(line: Line, known: Known) -> Expectation | None:
    at = moment(line, "expect.at", known.zone)
    if at is None and not line.values.get("expect.at"):
        line.wrong(
            "expect.at", "the time is missing", "Rules may ask for it: write at = 2027-01-01T23:00"
        )
    place = _place(line, known.spots)
    category = known.catalogue.find(line.text("expect.category"))
    if category is None and line.values.get("expect.category"):
        codes = [one.code for one in known.catalogue]
        line.check_known("expect.category", str(line.values["expect.category"]), codes, "matter")
    department = line.known("expect.department", known.departments, "department")
    rule = line.known_or_empty("expect.rule", known.rules, "rule")
    told = _told(line)
    if at is None or place is None or category is None or line.row is None:
        return None
    step = line.choice("expect.step", STEPS) if line.values.get("expect.step") else None
    return Expectation(line.row, category, place, at, department, rule or None, step, **told)


def _told(line: Line) -> dict[str, Any]:
    channel = (
        line.choice("expect.channel", tuple(Channel))
        if line.values.get("expect.channel")
        else Channel.API
    )
    description = line.text("expect.description", empty=True, longest=4_000)
    return {
        "channel": str(channel), "attributes": _attributes(line), "description": description,
    }  # fmt: skip


def _attributes(line: Line) -> Mapping[str, str]:
    told = line.values.get("expect.attributes", {})
    if isinstance(told, dict) and all(isinstance(value, str) for value in told.values()):
        return told
    line.wrong(
        "expect.attributes", "it is no table of texts", 'Write attributes = { hazard = "fire" }'
    )
    return {}


def _place(line: Line, spots: Spots) -> Place | None:
    code = line.values.get("expect.cell")
    if code and ("expect.lon" in line.values or "expect.lat" in line.values):
        line.wrong("expect.cell", "a cell and a position are given", "Keep one of them")
        return None
    if code:
        found = spots.of_cell(line.text("expect.cell"))
        if found is None:
            line.wrong("expect.cell", f"there is no cell {code!r}", "Correct the code")
        return found
    return _at_position(line, spots)


def _at_position(line: Line, spots: Spots) -> Place | None:
    if "expect.lon" not in line.values or "expect.lat" not in line.values:
        line.wrong("expect.cell", "the place is missing", "Write cell, or lon and lat")
        return None
    noted = len(line.faults.found)
    lon, lat = line.number("expect.lon", -180, 180), line.number("expect.lat", -90, 90)
    words = [datum.value for datum in Datum]
    datum = line.choice("expect.datum", words) if line.values.get("expect.datum") else Datum.WGS84
    if len(line.faults.found) > noted:
        return None
    [[lon, lat]] = to_wgs84(np.array([[lon, lat]]), Datum(datum)).tolist()
    found = spots.of_position(lon, lat)
    if found is None:
        line.wrong("expect.lon", "no cell holds this position", "Choose one within the city")
    return found
