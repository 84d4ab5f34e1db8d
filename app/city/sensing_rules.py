"""The full form of a sensor rule in ``sensor_rules.toml``; the short one is in `app.city.sensing`.

Tables within a rule are read as columns with dots: ``levels.1.above``, ``clear.for``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.city.lines import Line
from app.city.moments import moment
from dispatch.sensing.alarm import GRAVEST, KINDS, MILDEST, milliseconds
from dispatch.sensing.rules import DEFAULT_LEVEL
from dispatch.sensing.spans import find_span_ms

Part = list[dict[str, Any]]
FARTHEST: Final = 1e12
LONGEST_MS: Final = 366 * 86_400_000
CREATE: Final = ("above", "below", "beyond")
CLEAR: Final = {"above": "below", "below": "above", "beyond": "within"}
"""On which side the number is when an alarm that was made on the other is over."""
SPANS: Final = {
    "gap": "gap_ms", "upgrade_after": "lift_ms", "downgrade_after": "lower_ms",
    "repeat": "repeat_ms", "rest": "rest_ms",
}  # fmt: skip
SIGNALS: Final = ("rate", "deviation", "neighbours", "stuck", "silence", "all")
# fmt: off
KEYS: Final[frozenset[str]] = frozenset((
    "name", "property", "unit", "area", "devices", "category", "condition", "text_zh", "text_en",
    "above", "below", "beyond", "level", "for", "levels.N.level", "levels.N.above",
    "levels.N.below", "levels.N.beyond", "levels.N.for", "clear.above", "clear.below",
    "clear.within", "clear.for", "count.at_least", "count.within", "gap", "upgrade_after",
    "upgrade_to", "downgrade_after", "repeat", "rest", "maintenance.N.from", "maintenance.N.to",
    "maintenance.N.devices", "rate.per", "deviation.weeks", "deviation.least", "deviation.floor",
    "neighbours.k", "neighbours.least", "neighbours.age", "stuck.for", "stuck.tolerance",
    "stuck.may_stay", "silence", "all.N.property", "all.N.above", "all.N.below", "all.N.beyond",
    "age", "example.N.samples", "example.N.expect", "example.N.until", "example.N.expect.N.level",
    "example.N.samples.N.from", "example.N.samples.N.every", "example.N.samples.N.values",
    "example.N.samples.N.of", *(f"example.N.expect.N.{kind}" for kind in KINDS),
))
SHORT: Final = frozenset((
    "name", "property", "unit", "above", "below", "window_minutes", "category", "condition",
    "text_zh", "text_en",
))
# fmt: on


def flat(line: Line) -> Line:
    """The line with the tables inside it as columns with dots; lists of tables count from 1."""
    return Line(line.file, line.row, dict(_flat("", line.values)), line.faults)


def _flat(stem: str, told: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in told.items():
        name = f"{stem}{key}"
        if isinstance(value, dict) and value:
            found += _flat(f"{name}.", value)
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for n, one in enumerate(value, 1):
                found += _flat(f"{name}.{n}.", one)
        else:
            found.append((name, value))
    return found


def full_rule(line: Line, measured: Part | None, zone: ZoneInfo) -> dict[str, Any]:
    """What a flat *line* says of signal, steps and life; names, texts and category are not here."""
    signal = _signal(line)
    row: dict[str, Any] = {"signal": signal, "settings": _settings(line, signal)}
    if signal == "together":
        row["together"] = _together(line, measured)
    row["steps"] = _steps(line, signal)
    row |= _life(line, row["steps"], signal)
    row["pauses"] = pauses(line, "maintenance", zone)
    return row | _scope(line, measured)


def is_short(line: Line) -> bool:
    """Whether a flat line is of the short form: one threshold, one alarm for each window."""
    return "window_minutes" in line.values


def refuse_unknown_keys(line: Line) -> None:
    """Note each key of a flat line that means nothing in the form that it has."""
    keys = SHORT | {one for one in KEYS if one.startswith("example.")} if is_short(line) else KEYS
    empty = {one.split(".")[0] for one in keys if "." in one}
    for key in sorted(line.values):
        if line.values[key] == {} and key in empty:
            continue
        if re.sub(r"\.[0-9]+\.", ".N.", key) not in keys:
            known = sorted({one.split(".")[0] for one in keys})
            line.wrong(
                key, "this is no setting of a sensor rule", f"Choose from {', '.join(known)}"
            )


def span_ms(line: Line, field: str, *, least_ms: int = 0, default_ms: int | None = 0) -> int:
    """A span like ``10min``; *default_ms* when nothing is written, which is a fault if None."""
    told = line.values.get(field)
    if told is None and default_ms is not None:
        return default_ms
    found = find_span_ms(told) if isinstance(told, str) else None
    if found is None:
        remedy = "Write a number and s, min, h, d or w, like 10min"
        line.wrong(field, f"{told!r} is no span of time" if told else "the span is missing", remedy)
    elif not least_ms <= found <= LONGEST_MS:
        line.wrong(field, f"{told!r} is too short or longer than a year", "Correct the span")
    return found or least_ms


def numbered(line: Line, stem: str) -> list[int]:
    """The numbers of the tables ``[[stem]]`` in a flat line."""
    found = {
        int(match[1]) for key in line.values if (match := re.match(rf"{stem}\.([0-9]+)\.", key))
    }
    return sorted(found)


def _signal(line: Line) -> str:
    given = [name for name in SIGNALS if _has(line, name)]
    if len(given) > 1:
        line.wrong(given[1], f"the rule is also about {given[0]}", "Make two rules of it")
    if not given:
        return "value"
    return "together" if given[0] == "all" else given[0]


def _has(line: Line, stem: str) -> bool:
    return any(key == stem or key.startswith(f"{stem}.") for key in line.values)


def _settings(line: Line, signal: str) -> dict[str, Any]:
    match signal:
        case "rate":
            return {"per_ms": span_ms(line, "rate.per", least_ms=1000, default_ms=None)}
        case "deviation":
            weeks = line.whole("deviation.weeks", 2, 53)
            least = _whole_or(line, "deviation.least", 2, 53, min(4, weeks))
            if least > weeks:
                line.wrong("deviation.least", f"there are only {weeks} weeks", "Lower it")
            floor = line.number("deviation.floor", 1e-9, FARTHEST)
            return {"weeks": weeks, "least": least, "floor": floor}
        case "neighbours":
            k = line.whole("neighbours.k", 1, 50)
            least = _whole_or(line, "neighbours.least", 1, 50, min(2, k))
            if least > k:
                line.wrong("neighbours.least", f"there are only {k} neighbours", "Lower it")
            age_ms = span_ms(line, "neighbours.age", least_ms=1000, default_ms=7_200_000)
            return {"k": k, "least": least, "age_ms": age_ms}
        case "stuck":
            tolerance = _number_or(line, "stuck.tolerance", 0, FARTHEST, 0.0)
            return {"tolerance": tolerance, "may_stay": _may_stay(line)}
        case "together":
            return {"age_ms": span_ms(line, "age", least_ms=1000, default_ms=3_600_000)}
        case _:
            return {}


def _may_stay(line: Line) -> list[float]:
    told = line.values.get("stuck.may_stay", [])
    good = isinstance(told, list) and all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in told
    )
    if not good:
        line.wrong("stuck.may_stay", f"{told!r} is no list of numbers", "Write may_stay = [0]")
        return []
    return [float(one) for one in told]


def _together(line: Line, measured: Part | None) -> list[dict[str, Any]]:
    known = None if measured is None else {row["property"] for row in measured}
    numbers = numbered(line, "all")
    if len(numbers) < 2:
        line.wrong("all", "there is one property only", "Name two or more, or write property")
    return [
        {"property": line.known(f"all.{n}.property", known, "property of a sensor")}
        | _side(line, f"all.{n}.", CREATE)
        for n in numbers
    ]


def _side(line: Line, stem: str, sides: Sequence[str]) -> dict[str, Any]:
    """The one bound that stands behind *stem*."""
    given = [side for side in sides if f"{stem}{side}" in line.values]
    if len(given) != 1:
        problem = f"{len(given)} thresholds are given" if given else "the threshold is missing"
        line.wrong(f"{stem}{sides[0]}", problem, f"Write one of {', '.join(sides)}")
        return {"side": sides[0], "limit": 0.0}
    return {"side": given[0], "limit": line.number(f"{stem}{given[0]}", -FARTHEST, FARTHEST)}


def _steps(line: Line, signal: str) -> Part:
    numbers = numbered(line, "levels")
    if signal in ("stuck", "silence", "together"):
        for key in sorted(line.values):
            if key in CREATE or key.startswith("levels."):
                line.wrong(key, "this rule has no threshold", "Write level, and how long")
        return [{"level": _level(line, "level")} | _only_step(line, signal)]
    if not numbers:
        return [_step(line, "", _level(line, "level"))]
    for key in (*CREATE, "level", "for"):
        if key in line.values:
            line.wrong(key, "the rule has levels", "Write it in one of the levels")
    steps = [_step(line, f"levels.{n}.", _level(line, f"levels.{n}.level")) for n in numbers]
    _check_order(line, steps)
    return sorted(steps, key=lambda one: one["level"])


def _only_step(line: Line, signal: str) -> dict[str, Any]:
    if signal == "together":
        held_ms = span_ms(line, "for")
        return {"side": "above", "limit": 0.5, "held_ms": held_ms}
    if "for" in line.values:
        line.wrong("for", "the span is told already", f"Write it in {signal}")
    field = "silence" if signal == "silence" else "stuck.for"
    limit_ms = span_ms(line, field, least_ms=1000, default_ms=None)
    return {"side": "reaching", "limit": limit_ms / 1000, "held_ms": 0}


def _step(line: Line, stem: str, level: int) -> dict[str, Any]:
    return {
        "level": level, **_side(line, stem, CREATE), "held_ms": span_ms(line, f"{stem}for"),
    }  # fmt: skip


def _level(line: Line, field: str) -> int:
    return _whole_or(line, field, GRAVEST, MILDEST, DEFAULT_LEVEL)


def _check_order(line: Line, steps: Part) -> None:
    """Each level once, all on one side, the graver the farther or the longer."""
    levels = [one["level"] for one in steps]
    if len(set(levels)) < len(levels):
        line.wrong("levels", "a level is given twice", "Give each level from 1 to 4 once")
    if len({one["side"] for one in steps}) > 1:
        line.wrong("levels", "the levels are on different sides", "Make a rule for each side")
        return
    ordered = sorted(steps, key=lambda one: -one["level"])
    for milder, graver in pairwise(ordered):
        sign = -1 if milder["side"] == "below" else 1
        if sign * graver["limit"] < sign * milder["limit"]:
            problem = f"level {graver['level']} is reached before level {milder['level']}"
            line.wrong(
                "levels", problem, "The graver level (the smaller number) is the farther one"
            )


def _life(line: Line, steps: Part, signal: str) -> dict[str, Any]:
    row: dict[str, Any] = {name: span_ms(line, key) for key, name in SPANS.items()}
    row["clear"] = _clear(line, steps, signal)
    if "upgrade_to" in line.values:
        row["lift_to"] = line.whole("upgrade_to", GRAVEST, MILDEST)
    if "count.at_least" in line.values or "count.within" in line.values:
        row["count"] = line.whole("count.at_least", 2, 10_000)
        row["count_ms"] = span_ms(line, "count.within", least_ms=1000, default_ms=None)
        if signal == "silence":
            line.wrong("count", "silence is not counted", "Remove it")
    return row


def _clear(line: Line, steps: Part, signal: str) -> dict[str, Any] | None:
    if not _has(line, "clear"):
        return None
    clear: dict[str, Any] = {"held_ms": span_ms(line, "clear.for")}
    given = [side for side in CLEAR.values() if f"clear.{side}" in line.values]
    if not given:
        return clear
    side, create = given[0], steps[-1]
    if signal in ("stuck", "silence", "together") or len(given) > 1:
        line.wrong(f"clear.{given[-1]}", "this bound means nothing here", "Remove it")
        return clear
    limit = line.number(f"clear.{side}", -FARTHEST, FARTHEST)
    sign = -1 if create["side"] == "below" else 1
    if side != CLEAR[create["side"]]:
        line.wrong(
            f"clear.{side}", f"the alarm is made {create['side']}", f"Write {CLEAR[create['side']]}"
        )
    elif sign * limit > sign * min((one["limit"] for one in steps), key=lambda one: sign * one):
        line.wrong(f"clear.{side}", "an alarm would be made and be over at once", "Move it apart")
    return clear | {"side": side, "limit": limit}


def pauses(line: Line, stem: str, zone: ZoneInfo) -> Part:
    """The maintenance windows of a flat line, in order."""
    found: Part = []
    for n in numbered(line, stem):
        begin, end = (moment(line, f"{stem}.{n}.{word}", zone) for word in ("from", "to"))
        for word in ("from", "to"):
            if not line.values.get(f"{stem}.{n}.{word}"):
                line.wrong(f"{stem}.{n}.{word}", "the time is missing", "Write 2027-01-01T08:30:00")
        if begin and end and begin >= end:
            line.wrong(f"{stem}.{n}.to", "it is not after the beginning", "Correct one of them")
        if begin and end:
            devices = _names(line, f"{stem}.{n}.devices")
            found.append(
                {"begin_ms": milliseconds(begin), "end_ms": milliseconds(end), "devices": devices}
            )
    return found


def _scope(line: Line, measured: Part | None) -> dict[str, Any]:
    """Which devices: by area and by code, both with ``*`` for any letters; each must hit one."""
    area, devices = line.text("area", empty=True) or "*", _names(line, "devices")
    named = line.values.get("property") or line.values.get("all.1.property")
    about = [one for one in measured or () if one["property"] == named]
    if about and not any(fnmatchcase(one["area"], area) for one in about):
        line.wrong("area", f"no sensor of the rule stands in {area!r}", "Correct the area")
    for name in devices if about else ():
        if not any(fnmatchcase(one["code"], name) for one in about):
            line.wrong("devices", f"the rule has no sensor {name!r}", "Correct the code")
    return {"area": area, "devices": devices}


def _names(line: Line, field: str) -> list[str]:
    told = line.values.get(field, [])
    if isinstance(told, list) and all(isinstance(one, str) and one for one in told):
        return list(told)
    line.wrong(field, f"{told!r} is no list of codes", 'Write ["S1", "W*"]')
    return []


def _whole_or(line: Line, field: str, least: int, most: int, standing: int) -> int:
    return line.whole(field, least, most) if field in line.values else standing


def _number_or(line: Line, field: str, least: float, most: float, standing: float) -> float:
    return line.number(field, least, most) if field in line.values else standing
