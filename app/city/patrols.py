"""The parts ``duty_grids`` and ``duty_shifts``: who walks which cells, and when."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from app.city.institutions import Person
from app.city.lines import FirstSeen, Line
from app.city.reading import LONGEST_VALUE, Sheet
from app.city.territory import Areas, Cells
from app.policy import Role
from grid.hierarchy import Hierarchy
from grid.patrol.duty_grid import DutyGrid, unpatrolled
from grid.patrol.shift import DAY, Shift

Part = list[dict[str, Any]]
GRIDS_FILE: Final = "duty_grids.csv"
SHIFTS_FILE: Final = "duty_shifts.csv"
GRIDS: Final = ("code", "kind", "name_zh", "name_en", "cells")
SHIFTS: Final = ("grid", "person", "weekdays", "begin", "end")
_SPAN: Final = re.compile(r"([1-7])(?:-([1-7]))?")
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Homes:
    """The areas above each cell of a pack, smallest first, and the cells below each area."""

    above: Mapping[str, Sequence[str]]
    below: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, areas: Areas, cells: Cells) -> Self:
        """Of areas that form a tree and hold every cell."""
        hierarchy = Hierarchy.of(areas.rows)
        above = {row["code"]: hierarchy.path(row["area"]) for row in cells.rows}
        below: dict[str, list[str]] = defaultdict(list)
        for cell, path in above.items():
            for area in path:
                below[area].append(cell)
        return cls(above, below)


def duty_grids(sheet: Sheet, homes: Homes | None) -> Part:
    """Every duty grid, each code once and each cell once in a kind; an area stands for its cells.

    Of cells that could not be read (None) nothing is asked.
    """
    part: Part = []
    codes, taken = FirstSeen(), dict[tuple[str, str], dict[str, Any]]()
    for line in sheet.lines:
        code, kind = line.code(), line.code("kind")
        codes.check(line, "code", code, f"duty grid {code!r}")
        cells = _cells(line, homes)
        row = {"row": line.row, "code": code, "kind": kind, "name": line.label(), "cells": cells}
        _refuse_taken(line, row, taken)
        part.append(row)
    if homes and part:
        _hint_at_unpatrolled(sheet, part, homes)
    return part


def _cells(line: Line, homes: Homes | None) -> list[str]:
    written = line.items("cells", longest=LONGEST_VALUE)
    if not written and not line.values.get("cells"):
        line.wrong("cells", "no cell is given", "Name cells, or areas for all of their cells")
    if homes is None:
        return sorted(set(written))
    known = homes.above.keys() | homes.below.keys()
    for code in written:
        line.check_known("cells", code, known, "cell or area")
    held = ([one] if one in homes.above else homes.below.get(one, ()) for one in written)
    return sorted({cell for cells in held for cell in cells})


def _refuse_taken(
    line: Line, row: dict[str, Any], taken: dict[tuple[str, str], dict[str, Any]]
) -> None:
    """Note each other duty grid of the kind that has cells of this one."""
    shared: dict[str, list[str]] = defaultdict(list)
    others: dict[str, dict[str, Any]] = {}
    for cell in row["cells"]:
        other = taken.setdefault((row["kind"], cell), row)
        if other is not row:
            shared[other["code"]].append(cell)
            others[other["code"]] = other
    for code, cells in shared.items():
        where = f"{code!r} of the same kind, row {others[code]['row']}"
        problem = f"{_listed(cells)} {'belong' if len(cells) > 1 else 'belongs'} to {where}"
        line.wrong("cells", problem, "Keep each cell in one duty grid of a kind")


def _hint_at_unpatrolled(sheet: Sheet, part: Part, homes: Homes) -> None:
    left = unpatrolled([DutyGrid.of(row) for row in part], homes.above)
    if left:
        problem = f"nobody patrols {len(left):,} of {len(homes.above):,} cells: {_listed(left)}"
        remedy = "Add them to a duty grid if somebody should"
        sheet.whole.faults.hint(GRIDS_FILE, None, "cells", problem, remedy)


def duty_shifts(
    sheet: Sheet, grids: Part | None, people: Sequence[Person], homes: Homes | None
) -> Part:
    """Every shift, of an inspector who may act there and is nowhere else at that time.

    Of duty grids (None) or people (none) that could not be read nothing is asked.
    """
    by_code = None if grids is None else {row["code"]: row for row in grids}
    by_login = {person.login: person for person in people} or None
    part = [_shift(line, by_code, by_login) for line in sheet.lines]
    for line, row in zip(sheet.lines, part, strict=True):
        person = (by_login or {}).get(row["person"])
        duty_grid = (by_code or {}).get(row["grid"])
        if person and Role.INSPECTOR.value not in person.roles:
            problem = f"{person.login!r} is no inspector but {', '.join(person.roles)}"
            line.wrong("person", problem, "Give the role in people.csv, or name an inspector")
        elif person and duty_grid and homes:
            _check_reach(line, person, duty_grid, homes)
    _refuse_overlaps(sheet.lines, part)
    _hint_at_idle(sheet, grids or [], {row["grid"] for row in part})
    return part


def _shift(
    line: Line, grids: Collection[str] | None, logins: Collection[str] | None
) -> dict[str, Any]:
    begin, end = line.time_of_day("begin"), line.time_of_day("end")
    if begin == DAY:
        line.wrong("begin", "a shift cannot begin at 24:00", "Write 00:00 of the next day")
    return {
        "row": line.row,
        "grid": line.known("grid", grids, "duty grid"),
        "person": line.known("person", logins, "person"),
        "weekdays": sorted(_weekdays(line)),
        "begin": _clock(begin),
        "end": _clock(end),
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _weekdays(line: Line) -> set[int]:
    """Weekdays from 1, Monday, to 7; ``1-5`` stands for all between."""
    days: set[int] = set()
    written = line.items("weekdays")
    for one in written:
        found = _SPAN.fullmatch(one)
        span = range(int(found[1]), int(found[2] or found[1]) + 1) if found else ()
        if not span:
            line.wrong("weekdays", f"{one!r} is no weekday", "Write 1 (Monday) to 7, or 1-5")
        days.update(span)
    if not written:
        line.wrong("weekdays", "no weekday is given", "Write 1 (Monday) to 7, or 1-5")
    return days


def _check_reach(line: Line, person: Person, duty_grid: dict[str, Any], homes: Homes) -> None:
    """Whoever cannot see a case there cannot be on duty for it."""
    reach = set(person.areas)
    outside = [
        code
        for code in duty_grid["cells"]
        if code in homes.above and reach.isdisjoint(homes.above[code])
    ]
    if outside:
        where = ", ".join(person.areas) or "no area"
        problem = f"{person.login!r} works in {where}, not in {_listed(outside)}"
        line.wrong("person", problem, "Add the area to the person, or name somebody else")


def _refuse_overlaps(lines: Sequence[Line], part: Part) -> None:
    """Nobody is at two places, or twice at one, at the same time."""
    walked: dict[str, list[Shift]] = defaultdict(list)
    for line, row in zip(lines, part, strict=True):
        shift = Shift.of(row)
        for other in walked[shift.person] if shift.person else ():
            if shift.overlaps(other):
                problem = (
                    f"{shift.person!r} is on duty in {other.duty_grid!r} at that time, "
                    f"row {other.row}"
                )
                line.wrong("begin", problem, "Change the times, or name somebody else")
        walked[shift.person].append(shift)


def _hint_at_idle(sheet: Sheet, grids: Part, walked: Collection[str]) -> None:
    for row in grids:
        if row["code"] not in walked:
            problem = f"no shift walks the duty grid {row['code']!r}"
            sheet.whole.faults.hint(
                GRIDS_FILE, row["row"], "code", problem, f"Add lines for it to {SHIFTS_FILE}"
            )


def _listed(codes: Sequence[str]) -> str:
    """A few of them, and how many there are beyond."""
    more = len(codes) - _SHOWN
    return ", ".join(codes[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
