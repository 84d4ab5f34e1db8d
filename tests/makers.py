"""Valid things of the trade; each test overrides what matters to it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
from shapely import Polygon, box

from dispatch.calendar import WorkingCalendar
from dispatch.deadlines import Limits
from dispatch.report import Channel, Report, Submission
from dispatch.routing import Router
from dispatch.rulebook import Rulebook
from dispatch.sensing.alarms import AlarmRules
from dispatch.sensing.rules import SensorRules
from geo.index import CellIndex
from grid.catalogue import Catalogue
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from grid.locate import Grid

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Monday, 12:00 in the city."""

WEST, SOUTH, STEP = 113.0, 29.0, 0.001
"""South-west corner and side of the four cells of Littletown, degrees WGS84."""

CITY = "990199"
COMMUNITY = "990199001001"
CELLS = [f"{COMMUNITY}{n:03d}" for n in (1, 2, 3, 4)]


def label(text: str) -> dict[str, str]:
    return {"zh": f"{text}（中）", "en": text}


AREAS: list[dict[str, Any]] = [
    {"code": CITY, "level": "division", "parent": None, "name": label("Littletown"),
     "department": "street-office"},
    {"code": "990199001", "level": "street", "parent": CITY, "name": label("Mill Street"),
     "department": None},
    {"code": COMMUNITY, "level": "community", "parent": "990199001", "name": label("Old Mill"),
     "department": None},
]  # fmt: skip

DEPARTMENTS = [
    {"code": code, "name": label(code), "kind": "department", "phone": ""}
    for code in ("water", "sanitation", "fire", "street-office")
]

CATEGORIES: list[dict[str, Any]] = [
    {"code": code, "kind": "matter", "class": code[:2], "class_name": label(code[:2]),
     "name": label(name), "severity": severity, "reportable": True, "keywords": []}
    for code, name, severity in (
        ("01001", "Manhole cover fault", 1),
        ("06010", "Exposed rubbish", 3),
        ("09009", "Parking", 4),
    )
]  # fmt: skip

PARTS: dict[str, Any] = {
    "city": {
        "code": CITY, "name": label("Littletown"), "timezone": "Asia/Shanghai",
        "bbox": [WEST, SOUTH, WEST + 2 * STEP, SOUTH + 2 * STEP],
        "centre": [WEST + STEP, SOUTH + STEP], "zoom": 15,
        "cell_code_pattern": "^[0-9]{15}$", "default_language": "zh", "filing": "auto",
        "levels": [{"level": "division", "name": label("District")},
                   {"level": "street", "name": label("Street")},
                   {"level": "community", "name": label("Community")}],
        "merge": {"radius_m": 50, "minutes": 30},
    },
    "areas": AREAS,
    "departments": DEPARTMENTS,
    "jurisdiction": [
        {"row": 1, "category": "01", "area": "", "department": "water"},
        {"row": 2, "category": "06010", "area": "", "department": "sanitation"},
    ],
    "catalogue": {"standard": "GB/T 47678.5-2026", "categories": CATEGORIES},
    "limits": [
        {"row": 1, "category": "*", "condition": "usual", "name": label("Usual"),
         "milestone": "resolve", "amount": 1, "unit": "work_day", "default": True},
        {"row": 2, "category": "01001", "condition": "usual", "name": label("Danger"),
         "milestone": "resolve", "amount": 2, "unit": "urgent_hour", "default": True},
    ],
    "calendar": {
        "timezone": "Asia/Shanghai", "weekend": [6, 7],
        "periods": [["08:30", "12:00"], ["14:00", "18:00"]], "days": [],
    },
    "routing": [
        {"row": 1, "name": "night fires", "when": "hour < 6 && 'fire' in attributes",
         "department": "fire", "because": label("At night the fire brigade goes")},
    ],
    "sensors": [
        {"code": "W1", "name": label("Gauge at the mill"), "kind": "water_level",
         "property": "water_level", "unit": "m", "lon": WEST + 0.0003, "lat": SOUTH + 0.0003,
         "datum": "wgs84", "given_lon": WEST + 0.0003, "given_lat": SOUTH + 0.0003,
         "source": "device:meter-1", "area": "990199001"},
        {"code": "R1", "name": label("Rain gauge"), "kind": "rain", "property": "rain",
         "unit": "mm", "lon": WEST + 0.0013, "lat": SOUTH + 0.0003, "datum": "wgs84",
         "given_lon": WEST + 0.0013, "given_lat": SOUTH + 0.0003, "source": "device:meter-2",
         "area": "990199001"},
    ],
    "sensor_rules": [
        {"row": 1, "name": "river-high", "property": "water_level", "unit": "m", "above": 3.5,
         "below": None, "window_s": 3600, "category": "01001", "condition": None,
         "text": label("The river is high")},
    ],
}  # fmt: skip


def cells() -> list[Polygon]:
    """The four cells: west to east, then north to south."""
    corners = [(0, 1), (1, 1), (0, 0), (1, 0)]
    return [
        box(WEST + i * STEP, SOUTH + j * STEP, WEST + (i + 1) * STEP, SOUTH + (j + 1) * STEP)
        for i, j in corners
    ]


def rulebook(**changes: Any) -> Rulebook:
    """The rulebook of Littletown."""
    hierarchy = Hierarchy.of(PARTS["areas"])
    departments = Departments.of(PARTS["departments"])
    index = CellIndex.build(np.array(cells(), dtype=object), CELLS)
    fields: dict[str, Any] = {
        "city": CITY,
        "grid": Grid(1, index, [COMMUNITY] * len(CELLS), hierarchy),
        "catalogue": Catalogue.of(PARTS["catalogue"]),
        "departments": departments,
        "router": Router.of(
            PARTS["routing"], Jurisdiction.of(PARTS["jurisdiction"]), hierarchy, departments
        ),
        "limits": Limits.of(PARTS["limits"]),
        "calendar": WorkingCalendar.of(PARTS["calendar"]),
        "alarms": AlarmRules.of(PARTS["sensors"], PARTS["sensor_rules"], "zh"),
        "sensor_rules": SensorRules.of(PARTS["sensor_rules"]),
        "versions": {"grid": 1, "catalogue": 1, "calendar": 1, "routing": 1, "limits": 1},
    }
    return Rulebook(**(fields | changes))


def spot(east_m: float = 30.0, north_m: float = 30.0) -> tuple[float, float]:
    """A position so many metres from the south-west corner of Littletown, within a metre."""
    return WEST + east_m / 97_300, SOUTH + north_m / 110_850


def submission(**changes: Any) -> Submission:
    """A report at the door."""
    lon, lat = changes.pop("at", spot())
    key = str(uuid4())
    fields: dict[str, Any] = {
        "source": "device:1",
        "client_key": key,
        "body_sha256": hashlib.sha256(key.encode()).digest(),
        "channel": Channel.API,
        "category": "06010",
        "lon": lon,
        "lat": lat,
        "datum": "none" if lon is None else "wgs84",
        "given_lon": lon,
        "given_lat": lat,
        "happened_at": NOON,
    }
    return Submission(**(fields | changes))


def report(**changes: Any) -> Report:
    """An accepted report."""
    lon, lat = changes.pop("at", spot())
    fields: dict[str, Any] = {
        "id": 1,
        "channel": Channel.API,
        "source": "device:1",
        "category": "06010",
        "lon": lon,
        "lat": lat,
        "happened_at": NOON,
        "received_at": NOON + timedelta(seconds=1),
        "body_sha256": bytes(32),
    }
    return Report(**(fields | changes))
