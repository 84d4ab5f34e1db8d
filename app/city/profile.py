"""The part ``city`` and the tolerances of the check, from ``city.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import available_timezones

from app.city.dispatching import read_dispatch
from app.city.evaluation import read_evaluation
from app.city.faults import Faults
from app.city.lines import Line
from app.city.merging import read_merging
from app.city.samples import read_samples
from app.city.workflow import read_workflow
from grid.code import STANDARD_PATTERN, CodePattern
from grid.errors import BadCodePattern

FILE: Final = "city.toml"
FILING: Final = ("auto", "manual")
LANGUAGES: Final = ("zh", "en")
_KEYS: Final = {
    "": {
        "catalogue_standard", "code", "name_zh", "name_en", "timezone", "centre", "zoom",
        "default_language", "cell_code_pattern", "filing", "source_crs", "merge", "working_time",
        "level", "tolerance", "workflow", "dispatch", "evaluation", "samples",
    },
    "merge": {"radius_m", "minutes", "suggest_radius_m", "suggest_minutes", "rule"},
    "working_time": {"weekend", "periods", "departments"},
    "tolerance": {"overlap_m2", "gap_m2", "outside_m2"},
    "level": {"level", "name_zh", "name_en"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much ground, in m², two cells may share, a community may leave open, a cell may stray."""

    overlap_m2: float = 1.0
    gap_m2: float = 1.0
    outside_m2: float = 1.0


@dataclass(frozen=True, slots=True)
class Profile:
    """What ``city.toml`` says; *city* lacks only the bounds, which the areas give."""

    city: dict[str, Any]
    levels: tuple[str, ...]
    pattern: CodePattern
    standard: str
    working_time: Mapping[str, Any]
    source_crs: str
    tolerance: Tolerance


def read_profile(content: Mapping[str, Any], faults: Faults) -> Profile:
    """The settings of the city, every wrong one noted."""
    line = Line(FILE, None, content, faults)
    _refuse_unknown_keys(content, faults)
    levels = _levels(content.get("level"), line)
    merge = _table(content, "merge", line)
    pattern = _pattern(line)
    city = {
        "code": line.code(),
        "name": line.label(),
        "timezone": _timezone(line),
        "centre": _centre(line),
        "zoom": line.whole("zoom", 1, 20),
        "cell_code_pattern": pattern.text,
        "default_language": line.choice("default_language", LANGUAGES),
        "filing": line.choice("filing", FILING),
        "levels": levels,
        "merge": read_merging(merge),
        "workflow": read_workflow(content.get("workflow", {}), faults),
        "evaluation": read_evaluation(content.get("evaluation", {}), faults),
    }
    if (dispatch := read_dispatch(content.get("dispatch"), faults)) is not None:
        city["dispatch"] = dispatch
    if (samples := read_samples(content.get("samples"), faults)) is not None:
        city["samples"] = samples
    return Profile(
        city=city,
        levels=tuple(level["level"] for level in levels),
        pattern=pattern,
        standard=line.text("catalogue_standard"),
        working_time=_table(content, "working_time", line).values,
        source_crs=line.text("source_crs", empty=True),
        tolerance=_tolerance(content, line),
    )


def _refuse_unknown_keys(content: Mapping[str, Any], faults: Faults) -> None:
    """A setting with a slip in its name would otherwise be left out without anybody noticing."""
    for table, known in _KEYS.items():
        inner = content.get(table, {}) if table else content
        for block in inner if isinstance(inner, list) else [inner]:
            for key in sorted(set(block) - known) if isinstance(block, dict) else ():
                field = f"{table}.{key}" if table else key
                problem = "this is no setting of a city pack"
                faults.add(FILE, None, field, problem, f"Choose from {', '.join(sorted(known))}")


def _table(content: Mapping[str, Any], name: str, line: Line) -> Line:
    value = content.get(name)
    if not isinstance(value, dict):
        line.wrong(name, "the table is missing", f"Add the table [{name}]")
        return Line(FILE, None, {}, Faults())
    return Line(FILE, None, value, line.faults)


def _levels(value: object, line: Line) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) for v in value):
        line.wrong("level", "no level of areas is named", "Add [[level]] tables, widest first")
        return []
    blocks = [Line(FILE, number, block, line.faults) for number, block in enumerate(value, 1)]
    return [{"level": block.code("level"), "name": block.label()} for block in blocks]


def _pattern(line: Line) -> CodePattern:
    text = line.text("cell_code_pattern")
    try:
        return CodePattern.of(text or STANDARD_PATTERN)
    except BadCodePattern as err:
        line.wrong("cell_code_pattern", err.reason, f"Write it like {STANDARD_PATTERN}")
        return CodePattern.of(".*")


def _timezone(line: Line) -> str:
    name = line.text("timezone")
    if name:
        line.check_known("timezone", name, available_timezones(), "IANA time zone")
    return name


def _centre(line: Line) -> list[float]:
    value = line.values.get("centre")
    if not isinstance(value, list | tuple) or len(value) != 2:
        line.wrong("centre", f"{value!r} is no position", "Write centre = [longitude, latitude]")
        return [0.0, 0.0]
    lon_lat = Line(FILE, None, {"centre.lon": value[0], "centre.lat": value[1]}, line.faults)
    return [lon_lat.number("centre.lon", -180, 180), lon_lat.number("centre.lat", -90, 90)]


def _tolerance(content: Mapping[str, Any], line: Line) -> Tolerance:
    value = content.get("tolerance", {})
    if not isinstance(value, dict):
        line.wrong("tolerance", "it is no table", "Write [tolerance] and the settings below it")
        return Tolerance()
    inner = Line(FILE, None, value, line.faults)
    return Tolerance(**{key: inner.number(key, 0, 1e9) for key in _KEYS["tolerance"] & set(value)})
