"""The ``[[rule.example]]`` of a sensor rule: read, tried, and held against what is expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.city.lines import Line
from app.city.sensing_rules import numbered
from dispatch.sensing.alarm import KINDS, AlarmChange, milliseconds, moment
from dispatch.sensing.examples import HERE, Heard, others, tried
from dispatch.sensing.rules import SensorRule
from dispatch.sensing.spans import find_span_ms
from grid.localtime import instant

FIRST_DAY: Final = datetime(2026, 1, 5)  # noqa: DTZ001 - a Monday by the clocks of the city
_TIME: Final = re.compile(r"(?:\+([0-9]{1,4}) )?([0-9]{1,2}):([0-5][0-9])")
_REMEDY: Final = 'Write "08:30", "+7 08:30" seven days later, or "2027-01-01T08:30"'
_SAMPLE: Final = 'Write ["08:30", 12.5], ["08:30", "n1", 12.5], or {from=, every=, values=[…]}'


@dataclass(frozen=True, slots=True)
class _Expected:
    kind: str
    at_ms: int
    level: int | None

    def is_met_by(self, change: AlarmChange) -> bool:
        """Whether the change is what was expected."""
        same = change.kind == self.kind and milliseconds(change.at) == self.at_ms
        return same and self.level in (None, change.level)


def check_examples(line: Line, rule: SensorRule, zone: ZoneInfo) -> None:
    """Note each example of a flat line that cannot be read or comes out otherwise."""
    for n in numbered(line, "example"):
        noted = len(line.faults.found)
        samples = _samples(line, f"example.{n}.samples", rule, zone)
        expected = _expected(line, f"example.{n}", zone)
        until = line.values.get(f"example.{n}.until")
        until_ms = _at(line, f"example.{n}.until", until, zone) if until is not None else None
        if len(line.faults.found) == noted:
            _hold(line, n, expected, tried(rule, samples, until_ms, zone.key), zone)


def _hold(
    line: Line, n: int, expected: Sequence[_Expected], came: Sequence[AlarmChange], zone: ZoneInfo
) -> None:
    for place, (one, change) in enumerate(zip(expected, came, strict=False), 1):
        if not one.is_met_by(change):
            _tell(line, f"example.{n}.expect.{place}", _shown(one, zone), _came(change, zone))
            return
    if len(expected) > len(came):
        wanted = _shown(expected[len(came)], zone)
        _tell(line, f"example.{n}.expect.{len(came) + 1}", wanted, "nothing comes")
    elif len(came) > len(expected):
        _tell(line, f"example.{n}.expect", "nothing more", _came(came[len(expected)], zone))


def _tell(line: Line, field: str, wanted: str, came: str) -> None:
    remedy = "Correct the rule, or what is expected of it"
    line.wrong(field, f"{wanted} is expected, and {came}", remedy)


def _shown(one: _Expected, zone: ZoneInfo) -> str:
    return f"{one.kind} at {_clock(moment(one.at_ms), zone)}" + (
        f", level {one.level}" if one.level else ""
    )


def _came(change: AlarmChange, zone: ZoneInfo) -> str:
    return f"it is {change.kind} at {_clock(change.at, zone)}, level {change.level}"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone).replace(tzinfo=None)
    days = (local - FIRST_DAY).days
    if 0 <= days < 1000:
        return (
            (f"+{days} " if days else "")
            + f"{local:%H:%M}"
            + (f":{local:%S}" if local.second else "")
        )
    return local.isoformat(timespec="minutes")


def _at(line: Line, field: str, told: object, zone: ZoneInfo) -> int:
    wall = _wall(told)
    if wall is None:
        line.wrong(field, f"{told!r} is no time", _REMEDY)
        return 0
    return milliseconds(instant(wall, zone) if wall.tzinfo is None else wall.astimezone(UTC))


def _wall(told: object) -> datetime | None:
    if isinstance(told, datetime):
        return told
    found = _TIME.fullmatch(told) if isinstance(told, str) else None
    if found and int(found[2]) < 24:
        return FIRST_DAY + timedelta(
            days=int(found[1] or 0), hours=int(found[2]), minutes=int(found[3])
        )
    try:
        return datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None


def _samples(line: Line, field: str, rule: SensorRule, zone: ZoneInfo) -> list[Heard]:
    told = line.values.get(field)
    if not isinstance(told, list):
        # Tables alone are a list of tables, which stand as columns of their own.
        told = [_table(line, f"{field}.{n}.") for n in numbered(line, field)]
    found: list[Heard] = []
    for n, one in enumerate(told, 1):
        found += _heard(line, f"{field}.{n}", one, rule, zone)
    return found


def _table(line: Line, stem: str) -> dict[str, Any]:
    """What stands behind *stem* in a flat line."""
    found = line.values.items()
    return {key.removeprefix(stem): value for key, value in found if key.startswith(stem)}


def _heard(line: Line, field: str, told: Any, rule: SensorRule, zone: ZoneInfo) -> list[Heard]:
    match told:
        case [at, int() | float() as value]:
            series, who, step_ms = [value], HERE, 0
        case [at, str() as who, int() | float() as value]:
            series, step_ms = [value], 0
        case {"from": at, "every": str() as every, "values": list() as series}:
            who, step_ms = told.get("of", HERE), find_span_ms(every)
        case _:
            line.wrong(field, f"{told!r} is no sample", _SAMPLE)
            return []
    if step_ms is None or not all(_is_number(one) for one in series):
        line.wrong(field, f"{told!r} is no series of samples", _SAMPLE)
        return []
    who = HERE if who == rule.observed_property else who
    if who != HERE:
        line.check_known(field, who, others(rule), "neighbour or property")
    begin = _at(line, field, at, zone)
    return [Heard(begin + n * step_ms, who, float(one)) for n, one in enumerate(series)]


def _is_number(told: object) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool)


def _expected(line: Line, stem: str, zone: ZoneInfo) -> list[_Expected]:
    field = f"{stem}.expect"
    if line.values.get(field, None) == []:
        return []
    numbers = numbered(line, field)
    if not numbers:
        line.wrong(
            field, "what is expected is missing", 'Write expect = [{raised = "09:00"}], or []'
        )
    found: list[_Expected] = []
    for n in numbers:
        keys = [key for key in line.values if key.startswith(f"{field}.{n}.")]
        kinds = [key.rsplit(".", 1)[1] for key in keys if not key.endswith(".level")]
        if len(kinds) != 1 or kinds[0] not in KINDS:
            line.wrong(f"{field}.{n}", f"{kinds} are given", f"Write one of {', '.join(KINDS)}")
            continue
        name = f"{field}.{n}.{kinds[0]}"
        level = f"{field}.{n}.level"
        found.append(
            _Expected(
                kinds[0],
                _at(line, name, line.values[name], zone),
                line.whole(level, 1, 4) if level in line.values else None,
            )
        )
    return found
