"""The parts ``sensors`` and ``sensor_rules``: what the city measures, and when that is an alarm."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import numpy as np

from app.city.lines import FirstSeen, Line
from app.city.reading import Sheet
from geo.shift import Datum, Positions, to_wgs84

Part = list[dict[str, Any]]
SENSORS: Final = ("code", "name_zh", "name_en", "kind", "property", "unit", "lon", "lat")
DATUMS: Final = tuple(datum.value for datum in Datum)
FILE: Final = "sensors.csv"
RULES_FILE: Final = "sensor_rules.toml"
SHORTEST_S, LONGEST_S = 1, 86_400
_KEYS: Final = {
    "name", "property", "unit", "above", "below", "window_minutes", "category", "condition",
    "text_zh", "text_en",
}  # fmt: skip


def sensors(
    sheet: Sheet,
    bounds: tuple[float, float, float, float],
    areas_of: Callable[[Positions], list[str]],
) -> Part:
    """Every sensor, each code once and inside the *bounds* (west, south, east, north).

    *areas_of* says in which area below the city positions (n, 2) lie, in degrees WGS84.
    """
    seen = FirstSeen()
    part = [_sensor(line, bounds, seen) for line in sheet.lines]
    if part:
        positions = np.array([(row["lon"], row["lat"]) for row in part])
        for row, area in zip(part, areas_of(positions), strict=True):
            row["area"] = area
    return part


def _sensor(
    line: Line, bounds: tuple[float, float, float, float], seen: FirstSeen
) -> dict[str, Any]:
    code = line.code()
    seen.check(line, "code", code, f"sensor {code!r}")
    datum = line.choice("datum", DATUMS) if line.values.get("datum") else Datum.WGS84.value
    source = line.code("source") if line.values.get("source") else f"device:{code}"
    given_lon, given_lat = line.number("lon", -180, 180), line.number("lat", -90, 90)
    lon, lat = _unshifted(given_lon, given_lat, datum)
    _check_within(line, lon, lat, bounds)
    return {
        "code": code,
        "name": line.label(),
        "kind": line.text("kind"),
        "property": line.text("property"),
        "unit": line.text("unit", empty=True),
        "lon": lon,
        "lat": lat,
        "datum": datum,
        "given_lon": given_lon,
        "given_lat": given_lat,
        "source": source,
    }


def _unshifted(lon: float, lat: float, datum: str) -> tuple[float, float]:
    if datum not in DATUMS:
        return lon, lat
    [[at_lon, at_lat]] = to_wgs84(np.array([[lon, lat]]), Datum(datum)).tolist()
    return at_lon, at_lat


def _check_within(
    line: Line, lon: float, lat: float, bounds: tuple[float, float, float, float]
) -> None:
    west, south, east, north = bounds
    for field, value, least, most in (("lon", lon, west, east), ("lat", lat, south, north)):
        if not least <= value <= most:
            problem = f"{value:g} is outside the city, which reaches from {least:g} to {most:g}"
            line.wrong(field, problem, "Correct the position, or say in datum what it is in")


def sensor_rules(
    lines: Sequence[Line],
    measured: Part | None,
    reportable: Collection[str] | None,
    limits: Part,
) -> Part:
    """The rules, each name once, over properties that a sensor has and categories to report.

    Of tables that could not be read (None) nothing is asked.
    """
    units = None if measured is None else {row["property"]: row["unit"] for row in measured}
    seen = FirstSeen()
    part: Part = []
    for line in lines:
        _refuse_unknown_keys(line)
        name = line.code("name")
        seen.check(line, "name", name, f"rule {name!r}")
        category = line.known("category", reportable, "category to report")
        part.append(
            {
                "row": line.row,
                "name": name,
                "property": line.known("property", units, "property of a sensor"),
                "unit": _unit(line, units),
                **_threshold(line),
                "window_s": _window_s(line),
                "category": category,
                "condition": line.known_or_empty(
                    "condition",
                    _conditions(category, reportable, limits),
                    "condition of the category",
                )
                or None,
                "text": line.label("text"),
            }
        )
    return part


def _refuse_unknown_keys(line: Line) -> None:
    for key in sorted(set(line.values) - _KEYS):
        remedy = f"Choose from {', '.join(sorted(_KEYS))}"
        line.wrong(key, "this is no setting of a sensor rule", remedy)


def _unit(line: Line, units: dict[str, str] | None) -> str:
    unit = line.text("unit", empty=True)
    measured = (units or {}).get(line.text("property", empty=True))
    if measured is not None and unit != measured:
        problem = f"the rule counts in {unit!r}, the sensors in {measured!r}"
        line.wrong("unit", problem, f"Write unit = {measured!r} and the threshold in it")
    return unit


def _threshold(line: Line) -> dict[str, float | None]:
    given = [side for side in ("above", "below") if side in line.values]
    if len(given) != 1:
        line.wrong("above", f"{len(given)} thresholds are given", "Write either above or below")
    return {
        side: line.number(side, -1e12, 1e12) if side in given else None
        for side in ("above", "below")
    }


def _window_s(line: Line) -> int:
    """Whole seconds, so that the start of a window is written alike everywhere."""
    seconds = line.number("window_minutes", SHORTEST_S / 60, LONGEST_S / 60) * 60
    if abs(seconds - round(seconds)) > 1e-6:
        line.wrong("window_minutes", f"it is {seconds:g} seconds", "Take whole seconds")
    return round(seconds)


def _conditions(category: str, reportable: Collection[str] | None, limits: Part) -> set[str] | None:
    """Conditions that the limits know for the category; None when that cannot be asked."""
    if not limits or category not in (reportable or ()):
        return None
    return {
        row["condition"]
        for row in limits
        if row["category"] == "*" or category.startswith(row["category"])
    }
