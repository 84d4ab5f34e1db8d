"""One cell: its name, its place in the tree, its life, and who answers for what in it."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote

from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.http.access import guarded
from app.http.addresses import base_of
from app.http.answers import json_answer
from app.http.city import City
from app.http.grid.asking import AT, DETAIL, moment_of, parameters_of, release_at
from app.http.parameters import Parameters, Query
from app.http.texts import BadText, clean
from app.http.wiring import wiring_of
from app.policy import Actor
from app.problems import Fault, Problem
from dispatch.case_facts import facts_of
from dispatch.postgres.clock import now
from dispatch.routing import Router
from grid.catalogue import Category
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from grid.naming import Label
from grid.postgres import load_hierarchy
from grid.register.postgres import RegisteredCell, find_cell, last_version_of, successors_of

QUERY: Final = (AT, Query("category", "Code of a category: who answers for no other"))

# All at one moment: the city at hand may still be the one before the pack that brought the rules.
_PARTS: Final = """
    SELECT DISTINCT ON (part) part, content
      FROM city_part
     WHERE part IN ('departments', 'jurisdiction', 'routing')
     ORDER BY part, version DESC
"""


async def cell(request: Request, actor: Actor) -> Response:
    """One cell with the areas above it and its department by category; `at` asks a past release."""
    city = wiring_of(request).current_city()
    given = parameters_of(request, *QUERY)
    category = given.take("category", lambda text: clean("category", text, longest=64))
    async with wiring_of(request).database.connection() as conn:
        found = await cell_asked(conn, request, given)
        asked = _categories(city, category)
        hierarchy = await load_hierarchy(conn, found.version)
        successors = await successors_of(conn, found.code, found.version)
        router = await _router(conn, hierarchy)
    path = hierarchy.path(found.area)
    # A rule is asked for each category: a catalogue has hundreds, and others wait meanwhile.
    departments = await asyncio.to_thread(
        lambda: [_answered_by(router, one, found.code, path, city) for one in asked]
    )
    base, quoted = base_of(request), quote(found.code, safe="")
    return json_answer(
        {
            "code": found.code,
            "name": found.name,
            "area_m2": found.area_m2,
            "bbox": found.geometry.bounds,
            "version": found.version,
            "began_at": found.began_at,
            "ended_at": found.ended_at,
            "successors": successors,
            "areas": [_area(hierarchy, code) for code in path],
            "departments": departments,
            "links": {
                "geometry": f"{base}/ogc/collections/cells/items/{quoted}",
                "profile": f"{base}/api/grid/cells/{quoted}/profile",
            },
        }
    )


async def cell_asked(
    conn: AsyncConnection[Any], request: Request, given: Parameters
) -> RegisteredCell:
    """The cell of the path in the release that `at` asks, else as it was last in force.

    Problem 404 when there is no such cell, 422 when a parameter is at fault.
    """
    at = given.take("at", moment_of)
    given.finish(422, DETAIL)
    try:
        code = clean("code", str(request.path_params["code"]), longest=64)
    except BadText as err:
        raise Problem(404, "there is no such cell") from err
    if at is None:
        version = await last_version_of(conn, code, await now(conn))
    else:
        version = (await release_at(conn, at)).version
    found = await find_cell(conn, code, version) if version is not None else None
    if found is None:
        raise Problem(404, "there is no such cell" + (" in the release of then" if at else ""))
    return found


async def _router(conn: AsyncConnection[Any], hierarchy: Hierarchy) -> Router:
    parts: dict[str, Any] = dict(await (await conn.execute(_PARTS)).fetchall())
    duties = Jurisdiction.of(parts.get("jurisdiction", ()))
    departments = Departments.of(parts["departments"])
    return Router.of(parts.get("routing", ()), duties, hierarchy, departments)


def _categories(city: City, code: str | None) -> list[Category]:
    reportable = [one for one in city.catalogue.reportable if code in (None, one.code)]
    if not reportable:
        fault = Fault("category", "is none that can be reported", "take one of /api/catalogue")
        raise Problem(422, DETAIL, fault)
    return reportable


def _area(hierarchy: Hierarchy, code: str) -> dict[str, object]:
    area = hierarchy.area(code)
    return {"code": code, "level": area.level, "name": area.name, "department": area.department}


def _answered_by(
    router: Router, category: Category, cell: str, path: tuple[str, ...], city: City
) -> dict[str, object]:
    """The department that takes the category there, and the rules that may decide otherwise."""
    foreseen = router.foresee(facts_of(category, cell, path), path)
    found = foreseen.assignment
    return {
        "category": category.code,
        "name": category.name,
        "department": _department(city, found.department) if found else None,
        "because": found.because if found else None,
        "rules_before": [
            {"name": rule.name, "department": rule.department, "because": rule.because}
            for rule in foreseen.depending
        ],
    }


def _department(city: City, code: str) -> dict[str, object]:
    department = city.departments.get(code)
    return {"code": code, "name": department.name if department else Label(code, code)}


ROUTES: Final = [
    Route("/api/grid/cells/{code:path}", guarded("grid.read", cell), methods=["GET"]),
]
