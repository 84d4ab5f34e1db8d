"""`citygrid grid responsible`: which department answers for a category in a cell, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from psycopg import AsyncConnection

from app.grid.moments import NotAMoment, moment_of
from app.rulebook import read_parts
from app.terminal import AsJson, look, refused
from dispatch.calendar import WorkingCalendar
from dispatch.case_facts import facts_of, time_facts
from dispatch.postgres.clock import now
from dispatch.routing import Assignment, Foreseen, Router
from dispatch.routing_rule import Rule
from grid.catalogue import Catalogue, Category
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.errors import GridError
from grid.naming import Label
from grid.postgres import get_cell_area, load_hierarchy
from grid.versions.postgres import active_version


class NobodyResponsible(Exception):
    """No rule, duty or territory answers for a category in a cell."""

    def __init__(self, cell: str, category: str) -> None:
        super().__init__(
            f"nobody answers for {category!r} in {cell}; add a line to jurisdiction.csv, a "
            "department to an area above, or one to the catalogue"
        )
        self.cell, self.category = cell, category


@dataclass(frozen=True, slots=True)
class _Answer:
    cell: str
    category: Category
    assignment: Assignment
    depending: tuple[Rule, ...]
    facts: Mapping[str, object]
    departments: Departments
    versions: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {
            "cell": self.cell,
            "category": {"code": self.category.code, "name": self.category.name.as_dict()},
            "department": {
                "code": self.assignment.department,
                "name": self.name(self.assignment.department).as_dict(),
            },
            "why": self.assignment.as_dict(),
            "rules_before": [self._rule(rule) for rule in self.depending],
            "versions": self.versions,
        }

    def name(self, department: str) -> Label:
        found = self.departments.get(department)
        return found.name if found else Label(department, department)

    def _rule(self, rule: Rule) -> dict[str, Any]:
        return {
            "name": rule.name,
            "row": rule.row,
            "department": rule.department,
            "because": rule.because.as_dict(),
            "asks": sorted(rule.when.names - self.facts.keys()) or ["time"],
        }


def responsible(
    cell: Annotated[str, typer.Argument(help="Code of the cell.")],
    category: Annotated[str, typer.Argument(help="Code of the category that is reported.")],
    at: Annotated[
        str, typer.Option("--at", help="At this time, as 2027-01-01T23:00; any if left out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print the department that answers for a category in a cell, and what says so.

    Rules that depend on more than that (the hour, the words of the report) are listed beside it.
    """
    try:
        found = look(lambda conn: _read(conn, cell, category, at))
    except (GridError, NotAMoment, NobodyResponsible) as err:
        raise refused(str(err)) from err
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _show(found)


async def _read(conn: AsyncConnection, cell: str, category_code: str, at: str) -> _Answer:
    parts, versions = await read_parts(conn)
    moment = moment_of(at, parts["city"]["timezone"]) if at else None
    grid_version = await active_version(conn, moment or await now(conn))
    category = Catalogue.of(parts["catalogue"]).category(category_code)
    hierarchy = await load_hierarchy(conn, grid_version)
    areas = hierarchy.path(await get_cell_area(conn, grid_version, cell))
    departments = Departments.of(parts["departments"])
    jurisdiction = Jurisdiction.of(parts["jurisdiction"])
    router = Router.of(parts["routing"], jurisdiction, hierarchy, departments)
    facts = facts_of(category, cell, areas)
    if moment:
        facts |= time_facts(WorkingCalendar.of(parts["calendar"]), moment)
    foreseen: Foreseen = router.foresee(facts, areas, moment)
    if foreseen.assignment is None:
        raise NobodyResponsible(cell, category_code)
    used = ("jurisdiction", "routing", "catalogue", "areas")
    named = {part: versions[part] for part in used} | {"grid": grid_version}
    return _Answer(
        cell, category, foreseen.assignment, foreseen.depending, facts, departments, named
    )


def _show(found: _Answer) -> None:
    department, name = found.assignment.department, found.category.name
    told = found.name(department)
    because = found.assignment.because
    typer.echo(f"{found.cell} {found.category.code} {name.zh} {name.en}")
    typer.echo(f"{department} {told.zh} {told.en}")
    typer.echo(f"  {found.assignment.step}: {because.zh}; {because.en}")
    for rule in found.as_dict()["rules_before"]:
        zh, en = rule["because"]["zh"], rule["because"]["en"]
        asks = ", ".join(rule["asks"])
        typer.echo(f"  unless rule {rule['name']} holds ({asks}): {rule['department']}, {zh}; {en}")
