"""The parts ``sensors`` and ``sensor_rules``: what the city measures, and when that is an alarm."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from app.city.lines import FirstSeen, Line
from app.city.reading import Sheet
from app.city.sensing_examples import check_examples
from app.city.sensing_rules import flat, full_rule, is_short, pauses, refuse_unknown_keys, span_ms
from dispatch.sensing.rules import LATENESS_MS, SensorRule
from geo.shift import Datum, Positions, to_wgs84

Part = list[dict[str, Any]]
SENSORS: Final = ("code", "name_zh", "name_en", "kind", "property", "unit", "lon", "lat")
DATUMS: Final = tuple(datum.value for datum in Datum)
FILE: Final = "sensors.csv"
RULES_FILE: Final = "sensor_rules.toml"
SHORTEST_S, LONGEST_S = 1, 86_400
LATEST_MS: Final = 6 * 86_400_000
"""A week later the same hour comes again, and what deviates is measured by the week before."""


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
    return _range(line) | {
        "code": code,
        "station": line.code("station") if line.values.get("station") else code,
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


def _range(line: Line) -> dict[str, float | None]:
    """The smallest and the greatest value that the device can measure, where that is told."""
    least, most = (
        line.number(field, -1e12, 1e12) if line.values.get(field) else None
        for field in ("least", "most")
    )
    if least is not None and most is not None and least >= most:
        line.wrong("most", f"{most:g} is not more than {least:g}", "Correct one of them")
    return {"least": least, "most": most}


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


@dataclass(frozen=True, slots=True)
class Known:
    """What sensor rules can name; of what could not be read (None) nothing is asked."""

    measured: Part | None
    reportable: Collection[str] | None
    limits: Part
    zone: ZoneInfo


def settings(whole: Line) -> dict[str, Any]:
    """What stands above the rules: how late samples may come."""
    for key in sorted(set(whole.values) - {"rule", "lateness", "maintenance"}):
        whole.wrong(key, "this is no setting of sensor rules", "Write lateness or maintenance")
    told_ms = span_ms(whole, "lateness", default_ms=LATENESS_MS)
    if told_ms > LATEST_MS:
        whole.wrong("lateness", "it is longer than six days", "Samples so late change nothing")
    return {"lateness_ms": told_ms}


def sensor_rules(lines: Sequence[Line], whole: Line, known: Known) -> Part:
    """The rules, each name once, over properties that a sensor has and categories to report.

    The maintenance windows of the *whole* file are added to each. A rule without a fault of its own
    is tried on its examples.
    """
    seen = FirstSeen()
    everywhere = pauses(flat(whole), "maintenance", known.zone)
    part: Part = []
    for line in map(flat, lines):
        noted = len(line.faults.found)
        row = _rule(line, seen, known)
        if not is_short(line):
            row["pauses"] = [*everywhere, *row["pauses"]]
        if len(line.faults.found) == noted and known.measured is not None:
            check_examples(line, SensorRule.of(row), known.zone)
        part.append(row)
    return part


def _rule(line: Line, seen: FirstSeen, known: Known) -> dict[str, Any]:
    refuse_unknown_keys(line)
    name = line.code("name")
    seen.check(line, "name", name, f"rule {name!r}")
    units = (
        None if known.measured is None else {row["property"]: row["unit"] for row in known.measured}
    )
    return {
        "row": line.row,
        "name": name,
        **_property(line, units),
        **_form(line, known),
        **_report(line, known),
        "text": line.label("text"),
    }


def _property(line: Line, units: dict[str, str] | None) -> dict[str, str]:
    """What is measured, in what unit; of several that go together the first."""
    if "property" not in line.values and line.values.get("all.1.property"):
        return {"property": line.text("all.1.property"), "unit": line.text("unit", empty=True)}
    return {
        "property": line.known("property", units, "property of a sensor"),
        "unit": _unit(line, units),
    }


def _form(line: Line, known: Known) -> dict[str, Any]:
    if is_short(line):
        return {**_threshold(line), "window_s": _window_s(line)}
    return full_rule(line, known.measured, known.zone)


def _report(line: Line, known: Known) -> dict[str, str | None]:
    """As what alarms are reported; a full rule may leave that out, and reports nothing."""
    if not is_short(line) and not line.values.get("category"):
        if line.values.get("condition"):
            line.wrong("condition", "there is no category", "Write the category, or remove it")
        return {"category": None, "condition": None}
    category = line.known("category", known.reportable, "category to report")
    conditions = _conditions(category, known.reportable, known.limits)
    condition = line.known_or_empty("condition", conditions, "condition of the category")
    return {"category": category, "condition": condition or None}


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
