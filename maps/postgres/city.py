"""What the page must know of the city: extent, levels, names. Read from the parts of the pack."""

from typing import Any, Final

import psycopg

_PARTS: Final = """
    SELECT DISTINCT ON (part) part, content
      FROM city_part
     WHERE part IN ('city', 'departments', 'catalogue')
     ORDER BY part, version DESC
"""

_AREAS: Final = """
    SELECT code, level, parent, name_zh, name_en
      FROM area
     WHERE grid_version = active_grid_version(clock_timestamp())
     ORDER BY code COLLATE "C"
"""

_CELL: Final = """
    SELECT code, area, name_zh, name_en, area_m2,
           ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
      FROM cell
      JOIN grid_reign ON version = grid_version
     WHERE code = %(code)s
       AND active_from <= clock_timestamp()
     ORDER BY active_from DESC
     LIMIT 1
"""


async def read_map_parts(conn: psycopg.AsyncConnection[Any]) -> dict[str, object]:
    """The city, and the names of its areas, departments and categories by code.

    Parts that were not loaded are empty. Areas are those of the grid in force; categories are
    those that a case can have.
    """
    cursor = await conn.execute(_PARTS)
    parts: dict[str, Any] = dict(await cursor.fetchall())
    catalogue = parts.get("catalogue", {})
    cursor = await conn.execute(_AREAS)
    areas = await cursor.fetchall()
    return {
        "city": parts.get("city", {}),
        "areas": [
            {"code": code, "level": level, "parent": parent, "name": {"zh": zh, "en": en}}
            for code, level, parent, zh, en in areas
        ],
        "departments": {one["code"]: one["name"] for one in parts.get("departments", ())},
        "standard": catalogue.get("standard", ""),
        "categories": {
            one["code"]: {
                "name": one["name"],
                "class": one["class"],
                "class_name": one["class_name"],
                "severity": one["severity"],
            }
            for one in catalogue.get("categories", ())
            if one["reportable"]
        },
    }


async def find_cell(conn: psycopg.AsyncConnection[Any], code: str) -> dict[str, object] | None:
    """Name, smallest area, size and bbox (west, south, east, north) of a cell; None: no such cell.

    The grid in force counts, or the last one that had it, so that old cases keep their names.
    """
    row = await (await conn.execute(_CELL, {"code": code})).fetchone()
    if row is None:
        return None
    code, area, zh, en, area_m2, *bbox = row
    name = {"zh": zh, "en": en}
    return {"code": code, "area": area, "name": name, "area_m2": area_m2, "bbox": bbox}
