"""The part ``calendar``: when the city works, and the departments that keep other times."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from app.city.lines import FirstSeen, Line
from app.city.reading import Sheet
from dispatch.calendar import WorkingCalendar
from dispatch.errors import BrokenCalendar

Day = dict[str, Any]
FILE: Final = "calendar.csv"
COLUMNS: Final = ("date", "kind", "name_zh", "name_en")
_OWN: Final = "working_time.departments"
_SETTINGS: Final = ("weekend", "periods", "holidays")


def calendar(
    sheet: Sheet | None,
    working_time: Mapping[str, Any],
    timezone: str,
    departments: Collection[str] | None,
    profile_line: Line,
) -> dict[str, Any]:
    """The working calendar; *profile_line* hears of what ``city.toml`` says wrong.

    The calendar of a department is stored whole, with what it takes over from the city. Nothing is
    stored of departments when none keeps a calendar of its own.
    """
    days = _days(sheet, departments) if sheet else {}
    city = {
        "timezone": timezone,
        "weekend": working_time.get("weekend", []),
        "periods": working_time.get("periods", []),
        "days": list(days.get("", {}).values()),
    }
    if working_time and timezone:
        _check(city, profile_line, "working_time")
    told = _told(working_time, departments, profile_line)
    own = {
        code: _own(code, told.get(code, {}), city, days.get(code, {}), profile_line)
        for code in sorted(told.keys() | days.keys() - {""})
    }
    return city | ({"departments": own} if own else {})


def _days(sheet: Sheet, departments: Collection[str] | None) -> dict[str, dict[str, Day]]:
    """Single days by department and date; those of the city under an empty code."""
    seen = FirstSeen()
    days: dict[str, dict[str, Day]] = {}
    for line in sheet.lines:
        code = line.known_or_empty("department", departments, "department")
        day = line.day("date")
        seen.check(line, "date", (code, day), f"the day {day}{f' of {code}' if code else ''}")
        kind = line.choice("kind", ("holiday", "workday"))
        days.setdefault(code, {})[day] = {"date": day, "kind": kind, "name": line.label()}
    return {code: dict(sorted(found.items())) for code, found in days.items()}


def _told(
    working_time: Mapping[str, Any], departments: Collection[str] | None, line: Line
) -> dict[str, Mapping[str, Any]]:
    """What ``city.toml`` says of single departments, by their codes."""
    tables = working_time.get("departments", {})
    if not isinstance(tables, dict):
        line.wrong(_OWN, "it is no table", f"Write [{_OWN}.CODE] and the settings below it")
        return {}
    for code in tables:
        line.check_known(f"{_OWN}.{code}", code, departments, "department")
    return {code: _settings(f"{_OWN}.{code}", told, line) for code, told in tables.items()}


def _settings(field: str, told: object, line: Line) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        line.wrong(field, "it is no table", f"Write [{field}] and the settings below it")
        return {}
    for key in sorted(told.keys() - set(_SETTINGS)):
        remedy = f"Choose from {', '.join(_SETTINGS)}"
        line.wrong(f"{field}.{key}", "this is no setting of a city pack", remedy)
    return told


def _own(
    code: str,
    told: Mapping[str, Any],
    city: Mapping[str, Any],
    days: Mapping[str, Day],
    line: Line,
) -> dict[str, Any]:
    """The calendar of a department: what it does not say itself is as in the city."""
    field = f"{_OWN}.{code}"
    values = {f"{field}.holidays": told.get("holidays", True)}
    shares = Line(line.file, None, values, line.faults).flag(f"{field}.holidays")
    shared = {day["date"]: day for day in city["days"]} if shares else {}
    own = {
        "timezone": city["timezone"],
        "weekend": told.get("weekend", city["weekend"]),
        "periods": told.get("periods", city["periods"]),
        "days": [day for _, day in sorted({**shared, **days}.items())],
    }
    if {"weekend", "periods"} & told.keys() and own["timezone"]:
        _check(own, line, field)
    return own


def _check(content: Mapping[str, Any], line: Line, field: str) -> None:
    try:
        WorkingCalendar.of({**content, "days": []})
        if not set(range(1, 8)) - set(content["weekend"]):
            line.wrong(f"{field}.weekend", "no day of the week is worked", "Leave one out")
    except BrokenCalendar as err:
        line.wrong(f"{field}.{err.field}", err.reason, "See docs/city-pack.md")
    except (TypeError, ValueError, AttributeError):
        example = 'Write weekend = [6, 7] and periods = [["08:30", "12:00"]]'
        line.wrong(field, "weekend or periods have the wrong shape", example)
