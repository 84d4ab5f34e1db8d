"""The collections at `/ogc`: what each is called, who may read it, and how its rows are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, LiteralString

from dispatch.case import State
from grid.components.component import ComponentState
from grid.naming import Label


class Time(Enum):
    """What `datetime` asks of a collection."""

    RELEASE = "release"  # the releases of the grid that were in force then
    SURVEY = "survey"  # what the surveys said then
    LIFE = "life"  # cases that were open then, from their first report to their end


@dataclass(frozen=True, slots=True)
class Queryable:
    """A property by which features are chosen. *condition* finds the value under its *name*."""

    name: str
    text: Label
    condition: LiteralString
    kind: Literal["string", "integer", "boolean"] = "string"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection. *key* orders its features and is their id; *columns* are their properties.

    *life* gives began_at and ended_at by code where the table does not hold them. Codes are
    compared as the database does by itself, because its indexes are in that order.
    """

    id: str
    title: Label
    text: Label
    action: str
    time: Time
    table: LiteralString
    key: LiteralString
    geometry: LiteralString
    columns: LiteralString
    queryables: Mapping[str, Queryable]
    life: LiteralString | None = None
    key_kind: type[str] | type[int] = str


def _by_name(*queryables: Queryable) -> Mapping[str, Queryable]:
    return {one.name: one for one in queryables}


_CELL_LIFE: Final = """
    SELECT code, began_at, ended_at
      FROM cell_life
     WHERE code = ANY(ARRAY(SELECT id FROM page))
"""
# As the view cell_life does it for cells.
_AREA_LIFE: Final = """
    SELECT a.code, min(r.active_from) AS began_at,
           CASE WHEN bool_or(r.active_until IS NULL) THEN NULL ELSE max(r.active_until) END
               AS ended_at
      FROM area a
      JOIN grid_reign r ON r.version = a.grid_version
     WHERE a.code = ANY(ARRAY(SELECT id FROM page))
     GROUP BY a.code
"""
_WITHIN_AREA: Final = """(grid_version, area) IN (
    WITH RECURSIVE below AS (
         SELECT grid_version, code FROM area WHERE code = %(area)s
          UNION
         SELECT area.grid_version, area.code
           FROM area
           JOIN below ON area.grid_version = below.grid_version AND area.parent = below.code)
    SELECT grid_version, code FROM below)"""

CELLS: Final = Collection(
    id="cells",
    title=Label("单元网格", "Cells"),
    text=Label(
        "现行版本的单元网格；datetime 给出当时启用的版本。时段给出其间启用过的每个网格的最后形状。",
        "The unit cells of the release in force; with datetime, of the one in force then. An "
        "interval gives every cell that was in force within it, as it was last.",
    ),
    action="grid.read",
    time=Time.RELEASE,
    table="cell",
    key="code",
    geometry="geom",
    columns="code, area, name_zh, name_en, area_m2, grid_version",
    queryables=_by_name(
        Queryable("area", Label("所属区域", "In this area"), _WITHIN_AREA),
    ),
    life=_CELL_LIFE,
)
AREAS: Final = Collection(
    id="areas",
    title=Label("区域", "Areas"),
    text=Label(
        "网格之上的社区、街道和区划，同一版本；datetime 的含义与 cells 相同。",
        "What stands above the cells: communities, streets, divisions. datetime as for cells.",
    ),
    action="grid.read",
    time=Time.RELEASE,
    table="area",
    key="code",
    geometry="geom",
    columns="code, level, parent, name_zh, name_en, grid_version",
    queryables=_by_name(
        Queryable("level", Label("层级", "Level"), "level = %(level)s"),
        Queryable("parent", Label("上级区域", "Area above"), "parent = %(parent)s"),
    ),
    life=_AREA_LIFE,
)
COMPONENTS: Final = Collection(
    id="components",
    title=Label("部件", "Components"),
    text=Label(
        "最近一次普查中的管理部件；datetime 给出当时的普查结果。",
        "The components of the newest survey; with datetime, of the surveys as they were then.",
    ),
    action="component.read",
    time=Time.SURVEY,
    table="component",
    key="id",
    geometry="geom",
    columns="""id AS code, version, category, name, state, cell, manager_code, manager_name,
               owner_code, owner_name, maintainer_code, maintainer_name, initial_on, changed_on,
               accuracy, loaded_at AS began_at, ended_at""",
    queryables=_by_name(
        Queryable("category", Label("部件小类", "Category"), "category = %(category)s"),
        Queryable("cell", Label("所在网格", "In this cell"), "cell = %(cell)s"),
        Queryable("manager_code", Label("主管部门", "Manager"), "manager_code = %(manager_code)s"),
        Queryable(
            "state",
            Label("部件状态", "State"),
            "component.state = %(state)s",
            choices=tuple(ComponentState),
        ),
    ),
)
CASES: Final = Collection(
    id="cases",
    title=Label("案卷", "Cases"),
    text=Label(
        "您有权查看的案卷，以位置表示；datetime 给出当时未结的案卷。",
        "The cases within your reach, where they are; with datetime, those that were open then.",
    ),
    action="case.read",
    time=Time.LIFE,
    table="cases",
    key="id",
    geometry="position",
    columns="""number, state::text AS state, category, severity, cell, areas[1] AS area,
               areas, helpers, grid_version, department, component, address, description,
               reported_at, opened_at, due_at, overdue, suspended_at, closed_at, reports,
               version""",
    queryables=_by_name(
        Queryable("area", Label("所属区域", "In this area"), "%(area)s = ANY(areas)"),
        Queryable("category", Label("小类", "Category"), "category = %(category)s"),
        Queryable("cell", Label("所在网格", "In this cell"), "cell = %(cell)s"),
        Queryable("component", Label("部件", "Component"), "component = %(component)s"),
        Queryable("department", Label("处置部门", "Department"), "department = %(department)s"),
        Queryable("overdue", Label("是否超期", "Overdue"), "overdue = %(overdue)s", "boolean"),
        Queryable("severity", Label("严重程度", "Severity"), "severity = %(severity)s", "integer"),
        Queryable(
            "state",
            Label("状态", "State"),
            "cases.state = %(state)s::case_state",
            choices=tuple(State),
        ),
    ),
    key_kind=int,
)
COLLECTIONS: Final[Mapping[str, Collection]] = {
    one.id: one for one in (CELLS, AREAS, COMPONENTS, CASES)
}
"""By id, in the order they are listed."""
