"""The duplicate rules of a city, from the table ``[merge]`` of ``city.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from app.city.faults import Faults
from app.city.lines import FirstSeen, Line
from dispatch.matching import EVERYTHING, MergeRule
from grid.duty import EVERY_CATEGORY

_FILE: Final = "city.toml"
_FARTHEST_M, _LONGEST_MINUTES = 10_000, 43_200
_KEYS: Final = {
    "name", "categories", "across", "radius_m", "minutes", "similarity", "automatic", "weighs",
    "suggest_radius_m", "suggest_minutes",
}  # fmt: skip


def read_merging(table: Line) -> dict[str, Any]:
    """The rules as they are stored: that for everything, and the city's own before it in order."""
    told = table.values.get("rule", [])
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        table.wrong("merge.rule", "it is no list of tables", "Begin each with [[merge.rule]]")
        told = []
    lines = [Line(_FILE, row, one, table.faults) for row, one in enumerate(told, 1)]
    seen = FirstSeen()
    return _bounds(table) | ({"rules": [_rule(line, seen) for line in lines]} if lines else {})


def check_families(
    merge: Mapping[str, Any], matters: Collection[str] | None, faults: Faults
) -> None:
    """Note categories that the catalogue has not; unchecked when that could not be read (None)."""
    for row, rule in enumerate(merge.get("rules", []), 1):
        for one in rule["categories"]:
            known = matters is None or any(code.startswith(one) for code in matters)
            if not known and one != EVERY_CATEGORY:
                problem = f"no category is or begins with {one!r}"
                faults.add(_FILE, row, "merge.rule.categories", problem, "Correct the code")


def _rule(line: Line, seen: FirstSeen) -> dict[str, Any]:
    for key in sorted(set(line.values) - _KEYS):
        remedy = f"Choose from {', '.join(sorted(_KEYS))}"
        line.wrong(f"merge.rule.{key}", "this is no setting of a merge rule", remedy)
    name = line.code("name")
    seen.check(line, "name", name, f"merge rule {name!r}")
    if name == MergeRule().name:
        line.wrong("name", f"{name!r} is the rule for everything", "Choose another name")
    across = line.flag("across") if "across" in line.values else False
    categories = _words(line, "categories", 'Write categories = ["06", "09009"]')
    if across and EVERY_CATEGORY in categories:
        # One family is decided by one transaction at a time: that would be the whole city.
        line.wrong("categories", "'*' cannot be one family", "List categories, or across = false")
    return _bounds(line) | {
        "name": name,
        "categories": categories,
        "across": across,
        "similarity": line.number("similarity", 0, 1) if "similarity" in line.values else 0.0,
        "automatic": _automatic(line),
        "weighs": _weighs(line),
    }


def _bounds(line: Line) -> dict[str, float]:
    found = {
        "radius_m": line.number("radius_m", 0, _FARTHEST_M),
        "minutes": line.number("minutes", 0, _LONGEST_MINUTES),
    }
    for name, bound, most in (
        ("suggest_radius_m", "radius_m", _FARTHEST_M),
        ("suggest_minutes", "minutes", _LONGEST_MINUTES),
    ):
        if name in line.values:
            found[name] = line.number(name, found[bound], most)
    return found


def _automatic(line: Line) -> float | None:
    """The score from which a report joins by itself; None is never."""
    told = line.values.get("automatic", 0)
    return (
        None
        if told == "never"
        else Line(line.file, line.row, {"automatic": told}, line.faults).number("automatic", 0, 1)
    )


def _weighs(line: Line) -> list[str]:
    if "weighs" not in line.values:
        return sorted(EVERYTHING)
    remedy = f"Choose from {', '.join(sorted(EVERYTHING))}"
    words = _words(line, "weighs", remedy)
    for word in words:
        line.check_known("weighs", word, EVERYTHING, "part of a score")
    return sorted(words)


def _words(line: Line, field: str, remedy: str) -> list[str]:
    told = line.values.get(field)
    if not isinstance(told, list) or not told or not _are_texts(told):
        line.wrong(field, f"{told!r} is no list of texts", remedy)
        return []
    return list(dict.fromkeys(told))


def _are_texts(told: Sequence[object]) -> bool:
    return all(isinstance(one, str) and one for one in told)
