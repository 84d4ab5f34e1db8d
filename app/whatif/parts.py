"""One file of a city pack held against all that is in force, so that a part can be tried alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.city import calendars, catalogue, institutions, routing, rules, severity
from app.city.faults import BrokenPack, Faults
from app.city.lines import Line
from app.city.reading import Sheet, read_rules, read_sheet, read_toml
from app.rulebook import Parts
from grid.catalogue import MATTER


def with_files(standing: Parts, files: Mapping[str, Path]) -> Parts:
    """The parts in force with those replaced that *files* names, each a name of `PARTS`.

    Each file is checked as in a city pack. Raises BrokenPack with all faults of all files.
    """
    faults = Faults()
    parts = dict(standing)
    for name, read in PARTS.items():
        if name in files:
            parts |= read(files[name], parts, faults)
    if faults.found:
        raise BrokenPack(faults.found)
    return parts


def _departments(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    sheet = _sheet(file, institutions.DEPARTMENTS, faults)
    return {"departments": institutions.departments(sheet)} if sheet else {}


def _catalogue(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    """With it the duties that its column ``department`` gives; questions decide nothing."""
    sheet = _sheet(file, catalogue.COLUMNS, faults)
    if sheet is None:
        return {}
    standard = parts["catalogue"]["standard"]
    listed = catalogue.categories(sheet, standard, _codes(parts["departments"]))
    duties = [row for row in parts["jurisdiction"] if not row.get("default")]
    return {
        "catalogue": {"standard": standard, "categories": listed},
        "jurisdiction": duties + catalogue.default_duties(listed),
    }


def _jurisdiction(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    sheet = _sheet(file, rules.JURISDICTION, faults)
    if sheet is None:
        return {}
    areas, departments = _codes(parts["areas"]), _codes(parts["departments"])
    duties = rules.jurisdiction(sheet, _matters(parts), areas, departments)
    return {"jurisdiction": duties + catalogue.default_duties(parts["catalogue"]["categories"])}


def _limits(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    sheet = _sheet(file, rules.LIMITS, faults)
    if sheet is None:
        return {}
    reportable = rules.reportable_codes(parts["catalogue"]["categories"])
    return {"limits": rules.limits(sheet, _matters(parts), reportable)}


def _calendar(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    """Single days; week and hours stay, they are settings of the city."""
    sheet = _sheet(file, calendars.COLUMNS, faults)
    if sheet is None:
        return {}
    standing = parts["calendar"]
    own = {code: _hours(one) for code, one in standing.get("departments", {}).items()}
    told, zone = {**_hours(standing), "departments": own}, standing["timezone"]
    whole = Line(file.name, None, {}, faults)
    departments = _codes(parts["departments"])
    return {"calendar": calendars.calendar(sheet, told, zone, departments, whole)}


def _hours(calendar: Mapping[str, Any]) -> dict[str, Any]:
    return {name: calendar[name] for name in ("weekend", "periods")}


def _routing(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    content = read_toml(file.parent, file.name, faults)
    if content is None:
        return {}
    lines, zone = read_rules(content, file.name, faults), ZoneInfo(parts["calendar"]["timezone"])
    return {"routing": routing.routing_rules(lines, _codes(parts["departments"]), zone)}


def _severity(file: Path, parts: Parts, faults: Faults) -> Mapping[str, Any]:
    """Over the sites of the city, which stay."""
    content = read_toml(file.parent, file.name, faults)
    if content is None:
        return {}
    lines = read_rules(content, file.name, faults)
    return {"severity": severity.severity_rules(lines, parts.get("sites", []))}


def _sheet(file: Path, columns: Sequence[str], faults: Faults) -> Sheet | None:
    return read_sheet(file.parent, file.name, tuple(columns), faults)


def _codes(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    return {row["code"] for row in rows}


def _matters(parts: Parts) -> set[str]:
    listed = parts["catalogue"]["categories"]
    return {row["code"] for row in listed if row["kind"] == MATTER}


Reader = Callable[[Path, Parts, Faults], Mapping[str, Any]]
PARTS: Final[Mapping[str, Reader]] = {
    "departments": _departments,
    "catalogue": _catalogue,
    "jurisdiction": _jurisdiction,
    "limits": _limits,
    "calendar": _calendar,
    "routing": _routing,
    "severity": _severity,
}
"""The parts that can be tried alone; each may lean on those before it."""
