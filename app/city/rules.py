"""The parts that decide: jurisdiction and limits."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from app.city.lines import FirstSeen, Line
from app.city.reading import Sheet
from dispatch.calendar import MOST_UNITS, Unit
from grid.catalogue import MATTER
from grid.duty import EVERY_CATEGORY, Jurisdiction
from grid.hierarchy import Hierarchy
from grid.responsibility import holes

Part = list[dict[str, Any]]
JURISDICTION: Final = ("category", "area", "department")
LIMITS: Final = (
    "category", "condition", "name_zh", "name_en", "milestone", "amount", "unit", "default",
)  # fmt: skip
UNITS: Final = tuple(unit.value for unit in Unit)
LEAST_AMOUNT: Final = 0.01


def reportable_codes(categories: Part) -> list[str]:
    """Codes that a report can name."""
    return [one["code"] for one in categories if one["kind"] == MATTER and one["reportable"]]


def jurisdiction(
    sheet: Sheet,
    matters: Collection[str] | None,
    areas: Collection[str] | None,
    departments: Collection[str] | None,
) -> Part:
    """Who answers for what; each pair of category and area stands once."""
    beginnings = _beginnings(matters)
    part: Part = []
    seen = FirstSeen()
    for line in sheet.lines:
        category = line.known("category", beginnings, "category")
        area = line.known_or_empty("area", areas, "area")
        seen.check(line, "category", (category, area), f"{category!r} in {area or 'every area'}")
        department = line.known("department", departments, "department")
        part.append({"row": line.row, "category": category, "area": area, "department": department})
    return part


def _beginnings(codes: Collection[str] | None) -> set[str] | None:
    """What may stand for categories: whole codes, their beginnings, and ``*``."""
    if codes is None:
        return None
    return {code[:length] for code in codes for length in range(1, len(code) + 1)} | {
        EVERY_CATEGORY
    }


def check_everybody_has_somebody(
    sheet: Sheet, duties: Part, reportable: Sequence[str], areas: Part, of_cells: Mapping[str, int]
) -> None:
    """Note each reportable category that nobody takes somewhere, with all the areas.

    *of_cells* says how many cells lie right below an area, for those that have any.
    """
    table, hierarchy = Jurisdiction.of(duties), Hierarchy.of(areas)
    for hole in holes(table, hierarchy, reportable, of_cells):
        cells = sum(of_cells[area] for area in hole.areas)
        where = ", ".join(hole.areas)
        problem = f"nobody answers for {hole.category!r} in {cells} cells, those of {where}"
        remedy = "Add a line for it, a department to an area above, or one to the catalogue"
        sheet.whole.wrong("category", problem, remedy)


def limits(sheet: Sheet, matters: Collection[str] | None, reportable: Sequence[str]) -> Part:
    """Conditions and their milestones; one condition of each category holds by default."""
    beginnings = _beginnings(matters)
    part = [_limit(line, beginnings) for line in sheet.lines]
    seen = FirstSeen()
    for line, row in zip(sheet.lines, part, strict=True):
        key = (row["category"], row["condition"], row["milestone"])
        shown = f"milestone {key[2]!r} of {key[0]!r} when {key[1]!r}"
        seen.check(line, "milestone", key, shown)
    _check_defaults(sheet, part)
    _check_nothing_is_endless(sheet, {row["category"] for row in part}, reportable)
    return part


def _limit(line: Line, beginnings: set[str] | None) -> dict[str, Any]:
    return {
        "row": line.row,
        "category": line.known("category", beginnings, "category"),
        "condition": line.code("condition"),
        "name": line.label(),
        "milestone": line.code("milestone"),
        "amount": line.number("amount", LEAST_AMOUNT, MOST_UNITS),
        "unit": line.choice("unit", UNITS),
        "default": line.flag("default"),
        "closing": line.label("closing") if _says_when_to_close(line) else None,
    }


def _says_when_to_close(line: Line) -> bool:
    return bool(line.values.get("closing_zh") or line.values.get("closing_en"))


def _check_defaults(sheet: Sheet, part: Part) -> None:
    """Exactly one condition of each category is the default, on all of its lines."""
    conditions: dict[str, dict[str, set[bool]]] = defaultdict(lambda: defaultdict(set))
    first: dict[str, Line] = {}
    for line, row in zip(sheet.lines, part, strict=True):
        conditions[row["category"]][row["condition"]].add(row["default"])
        first.setdefault(row["category"], line)
    for category, flags in conditions.items():
        default = [condition for condition, values in flags.items() if True in values]
        if len(default) != 1 or flags[default[0]] != {True}:
            said = ", ".join(default) or "none"
            problem = f"{category!r} needs one condition by default, given: {said}"
            remedy = "Write true on all lines of one condition and false on the others"
            first[category].wrong("default", problem, remedy)


def _check_nothing_is_endless(sheet: Sheet, written: set[str], reportable: Sequence[str]) -> None:
    for code in reportable:
        beginnings = {code[:length] for length in range(1, len(code) + 1)}
        if EVERY_CATEGORY not in written and not beginnings & written:
            sheet.whole.wrong("category", f"{code!r} has no limit", "Add one for it or for '*'")
