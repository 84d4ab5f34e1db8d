"""Who works in the demo city: departments, street offices, people; and what it measures."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely

from app.city.yunxi.catalogue import Line, duties, table
from app.city.yunxi.names import person_names
from app.city.yunxi.tiling import DIVISION, Tiling
from grid.naming import Label

INSPECTORS_PER_STREET: Final = 3
CELLS_PER_SENSOR: Final = 14
CENTRE_STAFF: Final = (
    ("operator", 3),
    ("dispatcher", 3),
    ("commander", 2),
    ("supervisor", 2),
    ("auditor", 1),
    ("security", 1),
    ("administrator", 1),
)
SENSOR_KINDS: Final = (
    ("water_level", "水位计", "Water level gauge", "water_level", "m"),
    ("rain", "雨量计", "Rain gauge", "rainfall_10min", "mm"),
    ("cover_tilt", "井盖倾角计", "Cover tilt sensor", "tilt", "deg"),
    ("air", "空气质量微站", "Air quality station", "pm2_5", "ug/m3"),
    ("noise", "噪声监测点", "Noise meter", "sound_level", "dB(A)"),
    ("gas", "燃气泄漏探头", "Gas leak detector", "methane", "%LEL"),
    ("smoke", "烟感", "Smoke detector", "smoke", "%/m"),
)
POSSIBLE: Final = {
    "water_level": (-5, 30),
    "rainfall_10min": (0, 100),
    "tilt": (-180, 180),
    "pm2_5": (0, 1000),
    "sound_level": (0, 194),
    "methane": (0, 100),
    "smoke": (0, 100),
}
"""The least and the most that each can measure."""
WATER_KINDS: Final = {"water_level", "rain"}
"""Their samples come through the gateway of the water bureau, the others through the city's."""


def departments(tiling: Tiling) -> list[Line]:
    """The city's departments and one office per street, which takes what nobody else does."""
    return [*table("departments.csv"), *_offices(tiling)]


def _offices(tiling: Tiling) -> Iterator[Line]:
    areas = tiling.areas.to_dict("records")
    streets = [area for area in areas if area["level"] == "street"]
    for n, street in enumerate(streets, start=1):
        yield {
            "code": street["department"],
            "name_zh": f"{street['name_zh']}办事处",
            "name_en": street["name_en"],
            "kind": "street_office",
            "phone": f"0990-66{n:05d}",
        }


def jurisdiction(tiling: Tiling) -> list[Line]:
    """The city-wide duties, and what the offices of the first two streets took over."""
    first, second = tiling.codes("street")[:2]
    local = [
        {"category": "09010", "area": first, "department": "OFFICE001"},
        {"category": "09011", "area": first, "department": "OFFICE001"},
        {"category": "07001", "area": second, "department": "OFFICE002"},
    ]
    return duties() + local


def people(tiling: Tiling, rng: np.random.Generator) -> list[Line]:
    """Centre staff, one handler per department and three inspectors per street."""
    names = person_names(rng)
    centre = [
        _person(f"{role}{n}", next(names), role, "CENTRE", DIVISION)
        for role, count in CENTRE_STAFF
        for n in range(1, count + 1)
    ]
    handlers = [
        _person(f"handler-{one['code'].lower()}", next(names), "handler", one["code"], "")
        for one in departments(tiling)
        if one["code"] != "CENTRE"
    ]
    walkers = [
        _person(login, next(names), "inspector", "CENTRE", street)
        for street, logins in inspectors(tiling).items()
        for login in logins
    ]
    return [*centre, *handlers, *walkers]


def inspectors(tiling: Tiling) -> dict[str, list[str]]:
    """The logins of the inspectors of each street."""
    return {
        street: [f"inspector{street[6:]}{n}" for n in range(1, INSPECTORS_PER_STREET + 1)]
        for street in tiling.codes("street")
    }


def _person(login: str, name: Label, role: str, department: str, areas: str) -> Line:
    return {
        "login": login,
        "name_zh": name.zh,
        "name_en": name.en,
        "roles": role,
        "department": department,
        "areas": areas,
    }


def sensors(tiling: Tiling, water: shapely.Geometry, rng: np.random.Generator) -> list[Line]:
    """One sensor per 14 cells; the gauges stand in the river, the rest anywhere on land."""
    shapes = tiling.cells.geometry.to_numpy()
    wet = shapely.intersects(water, shapely.point_on_surface(shapes))
    return [
        _sensor(number, SENSOR_KINDS[number % len(SENSOR_KINDS)], tiling, wet, rng)
        for number in range(max(len(SENSOR_KINDS), len(shapes) // CELLS_PER_SENSOR))
    ]


def _sensor(
    number: int,
    kind: tuple[str, str, str, str, str],
    tiling: Tiling,
    wet: np.ndarray,
    rng: np.random.Generator,
) -> Line:
    name, zh, en, quantity, unit = kind
    cell = tiling.cells.iloc[int(rng.choice(np.flatnonzero(wet == (name == "water_level"))))]
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(cell.geometry))[0].round(7)
    return {
        "code": f"S{number + 1:05d}",
        "name_zh": cell["name_zh"] + zh,
        "name_en": f"{en}, {cell['name_en']}",
        "kind": name,
        "property": quantity,
        "unit": unit,
        "lon": str(lon),
        "lat": str(lat),
        "datum": "wgs84",
        "source": "gateway:water" if name in WATER_KINDS else "gateway:city",
        "least": str(POSSIBLE[quantity][0]),
        "most": str(POSSIBLE[quantity][1]),
    }
