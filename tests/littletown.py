"""Littletown, four cells by the mill, put into a database as its pack would be."""

from __future__ import annotations

import json
from typing import Any

from psycopg import AsyncConnection
from shapely import MultiPolygon, union_all

from tests.makers import AREAS, CELLS, COMMUNITY, PARTS, cells

PEOPLE: list[tuple[str, str, str | None]] = [
    ("dispatcher", "dispatcher", None),
    ("operator", "operator", None),
    ("commander", "commander", None),
    ("inspector", "inspector", None),
    ("handler", "handler", "sanitation"),
    ("plumber", "handler", "water"),
]
"""Login, role, department."""


async def settle(conn: AsyncConnection, **parts: Any) -> None:
    """Write the city's parts (with *parts* instead of the usual ones), cells, areas and people."""
    async with conn.transaction():
        for name, content in (PARTS | parts).items():
            await conn.execute(
                "INSERT INTO city_part (part, version, content, sha256) VALUES (%s, 1, %s, '')",
                [name, json.dumps(content)],
            )
        await conn.execute("INSERT INTO grid_version (version, sha256) VALUES (1, '')")
        await _land(conn)
        for login, role, department in PEOPLE:
            await conn.execute(
                """
                INSERT INTO person (login, name_zh, name_en, roles, department, areas)
                VALUES (%(login)s, %(login)s, %(login)s, ARRAY[%(role)s], %(department)s, %(areas)s)
                """,
                {
                    "login": login,
                    "role": role,
                    "department": department,
                    "areas": [AREAS[0]["code"]],
                },
            )
        await conn.execute("NOTIFY citygrid_pack")


async def _land(conn: AsyncConnection) -> None:
    whole = union_all(cells())
    for area in AREAS:
        await conn.execute(
            """
            INSERT INTO area (grid_version, code, level, parent, name_zh, name_en, geom)
            VALUES (1, %s, %s, %s, %s, %s, ST_GeomFromWKB(%s, 4326))
            """,
            [area["code"], area["level"], area["parent"], *area["name"].values(),
             MultiPolygon([whole]).wkb],
        )  # fmt: skip
    for code, shape in zip(CELLS, cells(), strict=True):
        await conn.execute(
            """
            INSERT INTO cell (grid_version, code, area, name_zh, name_en, area_m2, geom)
            VALUES (1, %s, %s, %s, %s, 10787, ST_GeomFromWKB(%s, 4326))
            """,
            [code, COMMUNITY, f"网格{code[-3:]}", f"Cell {code[-3:]}", MultiPolygon([shape]).wkb],
        )
