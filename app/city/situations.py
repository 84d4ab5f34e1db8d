"""The part ``situations``: what the city takes for one situation, from ``situations.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import FirstSeen, Line

Part = dict[str, Any]
FILE: Final = "situations.toml"
PART: Final = "situations"
COUNTS: Final = ("things", "reports")
MOST_SOURCES: Final = 3
MOST_SLOTS: Final = 60
_TOP: Final = ("family", "rule", "scan")
_FAMILY: Final = ("name", "text_zh", "text_en", "categories", "properties")
_RULE: Final = (
    "name", "family", "text_zh", "text_en", "at_least", "radius_m", "minutes", "quiet_minutes",
    "sources", "counts", "alarm", "area", "plan",
)  # fmt: skip
_SCAN: Final = (
    "name", "family", "text_zh", "text_en", "slot_minutes", "windows", "history_days",
    "every_minutes", "recurrence_days", "quiet_minutes", "neighbours", "radius_m", "at_least",
    "plan",
)  # fmt: skip
_ALARM: Final = ("property", "level")
_DAY_MINUTES: Final = 1_440
_FORTNIGHT: Final = 14 * _DAY_MINUTES
_QUIET: Final = 60 * _DAY_MINUTES
_MINUTE_S: Final = 60
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Known:
    """What the rest of the pack knows; None of a table that could not be read: nothing is asked.

    *categories* are codes of matters and their beginnings; *properties* those of sensors.
    """

    categories: Collection[str] | None
    properties: Collection[str] | None
    areas: Collection[str] | None


def read_situations(content: Mapping[str, Any], known: Known, faults: Faults) -> Part:
    """The patterns of the file as they are stored; each fault is noted with its row and field."""
    whole = Line(FILE, None, content, faults)
    _refuse_unknown(whole, "", content, _TOP)
    seen = FirstSeen()
    families = [_family(line, known, seen) for line in _lines(whole, "family")]
    names = {one["name"] for one in families}
    seen_rules = FirstSeen()
    return {
        "families": families,
        "rules": [_rule(line, names, known, seen_rules) for line in _lines(whole, "rule")],
        "scans": [_scan(line, names, seen_rules) for line in _lines(whole, "scan")],
    }


def _lines(whole: Line, stem: str) -> list[Line]:
    """The ``[[…]]`` tables of a name, their fields named with it, as ``rule.radius_m``."""
    found = whole.values.get(stem, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        whole.wrong(stem, "it is no list of tables", f"Begin each one with [[{stem}]]")
        return []
    allowed = {"family": _FAMILY, "rule": _RULE, "scan": _SCAN}[stem]
    lines = [
        Line(FILE, number, {f"{stem}.{key}": value for key, value in one.items()}, whole.faults)
        for number, one in enumerate(found, start=1)
    ]
    for line, one in zip(lines, found, strict=True):
        _refuse_unknown(line, f"{stem}.", one, allowed)
    return lines


def _refuse_unknown(line: Line, stem: str, told: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in sorted(set(told) - set(known)):
        line.wrong(f"{stem}{key}", "this is no setting", f"Choose from {', '.join(known)}")


def _family(line: Line, known: Known, seen: FirstSeen) -> Part:
    name = line.code("family.name")
    seen.check(line, "family.name", name, f"family {name!r}")
    categories = _texts(line, "family.categories")
    properties = _texts(line, "family.properties") if "family.properties" in line.values else []
    for one in categories:
        if known.categories is not None and one not in known.categories:
            problem = f"no category is or begins with {one!r}"
            line.wrong("family.categories", problem, "Correct the code")
    for one in properties:
        line.check_known("family.properties", one, known.properties, "property of a sensor")
    if not categories and not properties:
        problem = "it has neither categories nor properties"
        line.wrong("family.categories", problem, 'Write categories = ["0601"]')
    return {
        "row": line.row,
        "name": name,
        "text": line.label("family.text"),
        "categories": sorted(set(categories)),
        "properties": sorted(set(properties)),
    }


def _texts(line: Line, field: str) -> list[str]:
    told = line.values.get(field, [])
    if isinstance(told, list) and all(isinstance(one, str) and one for one in told):
        return told
    line.wrong(field, "it is no list of texts", f'Write {field.rpartition(".")[2]} = ["0601"]')
    return []


def _rule(line: Line, families: Collection[str], known: Known, seen: FirstSeen) -> Part:
    head = _head(line, "rule", families, seen)
    sources = line.whole("rule.sources", 1, MOST_SOURCES) if _has(line, "rule.sources") else 1
    counts = line.choice("rule.counts", COUNTS) if _has(line, "rule.counts") else COUNTS[0]
    # One thing alone is a case, unless a sensor says so too or many people told of it.
    alone = counts == "reports" or _has(line, "rule.alarm")
    minutes = _minutes(line, "rule.minutes", 1, _FORTNIGHT)
    return head | {
        "at_least": line.whole("rule.at_least", 1 if alone else 2, 10_000),
        "radius_m": line.number("rule.radius_m", 1, 50_000),
        "within_s": minutes,
        "quiet_s": _quiet(line, "rule.quiet_minutes", minutes),
        "sources": sources,
        "counts": counts,
        "alarm": _alarm(line, known),
        "area": line.known_or_empty("rule.area", known.areas, "area") or None,
    }


def _scan(line: Line, families: Collection[str], seen: FirstSeen) -> Part:
    head = _head(line, "scan", families, seen)
    noted = len(line.faults.found)
    slot = _minutes(line, "scan.slot_minutes", 10, 7 * _DAY_MINUTES)
    every = _minutes(line, "scan.every_minutes", 1, 7 * _DAY_MINUTES)
    windows = _windows(line)
    history = line.whole("scan.history_days", 1, 3_650) * _DAY_S
    recurrence = line.number("scan.recurrence_days", 1, 3_650) * _DAY_S
    are_sound = len(line.faults.found) == noted
    if are_sound and every > slot:
        problem = "looks come more seldom than the slots that they count in"
        line.wrong("scan.every_minutes", problem, "Make it at most slot_minutes")
    if are_sound and history <= slot * max(windows):
        problem = "the history is no longer than the longest window"
        line.wrong("scan.history_days", problem, "Look back further, or take shorter windows")
    longest = slot * max(windows, default=1)
    return head | {
        "slot_s": slot,
        "windows": windows,
        "history_s": history,
        "every_s": every,
        "recurrence_s": recurrence,
        "quiet_s": _quiet(line, "scan.quiet_minutes", longest),
        "neighbours": _whole(line, "scan.neighbours", 1, 100, 12),
        "radius_m": line.number("scan.radius_m", 100, 100_000),
        "at_least": _whole(line, "scan.at_least", 2, 1_000, 3),
    }


def _head(line: Line, stem: str, families: Collection[str], seen: FirstSeen) -> Part:
    name = line.code(f"{stem}.name")
    seen.check(line, f"{stem}.name", name, f"rule or scan {name!r}")
    return {
        "row": line.row,
        "name": name,
        "family": line.known(f"{stem}.family", families, "family"),
        "text": line.label(f"{stem}.text"),
        "plan": line.code(f"{stem}.plan") if _has(line, f"{stem}.plan") else None,
    }


def _alarm(line: Line, known: Known) -> Part | None:
    told = line.values.get("rule.alarm")
    if told is None:
        return None
    if not isinstance(told, dict):
        remedy = 'Write alarm = { property = "water_level", level = 3 }'
        line.wrong("rule.alarm", "it is no table", remedy)
        return None
    inner = Line(line.file, line.row, {f"rule.alarm.{k}": v for k, v in told.items()}, line.faults)
    _refuse_unknown(inner, "rule.alarm.", told, _ALARM)
    measured = inner.known("rule.alarm.property", known.properties, "property of a sensor")
    return {"property": measured, "level": _whole(inner, "rule.alarm.level", 1, 4, 4)}


def _windows(line: Line) -> list[int]:
    told = line.values.get("scan.windows")
    if isinstance(told, list) and told and all(_is_slots(one) for one in told):
        return sorted(set(told))
    problem = f"it is no list of whole numbers from 1 to {MOST_SLOTS}"
    line.wrong("scan.windows", problem, "Write windows = [1, 2, 3, 6]")
    return []


def _is_slots(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SLOTS


def _minutes(line: Line, field: str, least: float, most: float) -> int:
    """Whole seconds."""
    return round(line.number(field, least, most) * _MINUTE_S)


def _quiet(line: Line, field: str, usual: int) -> int:
    """How long nothing may come, three times what is looked at where nothing is said."""
    if not _has(line, field):
        return usual * 3
    return _minutes(line, field, 1, _QUIET)


def _whole(line: Line, field: str, least: int, most: int, usual: int) -> int:
    return line.whole(field, least, most) if _has(line, field) else usual


def _has(line: Line, field: str) -> bool:
    return field in line.values
