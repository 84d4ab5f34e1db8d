"""A small lattice city in PostgreSQL, and cases in it, for the tests of what is read from there."""

import json
from typing import Any

from psycopg import AsyncConnection

from maps.board import Marker
from tests.maps.makers import make_marker, make_row

WEST, SOUTH, STEP = 113.10, 29.20, 0.004
SIZE = 8


async def build_lattice(conn: AsyncConnection[Any]) -> None:
    """One grid version: a division, two communities, SIZE × SIZE square cells, a road, a lake."""
    await conn.execute("INSERT INTO grid_version (version, sha256) VALUES (1, 'a1b2c3d4e5f6a7b8')")
    await _area(conn, "990101", "division", None, "云溪区", "Yunxi", 0, SIZE)
    await _area(conn, "990101001001", "community", "990101", "东园社区", "Dongyuan", 0, SIZE // 2)
    await _area(conn, "990101001002", "community", "990101", "西苑社区", "Xiyuan", SIZE // 2, SIZE)
    for row in range(SIZE):
        for column in range(SIZE):
            await _cell(conn, row, column)
    await conn.execute(
        """
        INSERT INTO base_layer (grid_version, layer, class, name_zh, name_en, geom)
        VALUES (1, 'road', 'primary', '云溪大道', 'Yunxi Avenue',
                ST_SetSRID(ST_MakeLine(ST_MakePoint(113.09, 29.21), ST_MakePoint(113.14, 29.21)),
                           4326)),
               (1, 'water', 'lake', '镜湖', 'Mirror Lake',
                ST_MakeEnvelope(113.104, 29.204, 113.108, 29.208, 4326))
        """
    )


async def _area(
    conn: AsyncConnection[Any],
    code: str,
    level: str,
    parent: str | None,
    zh: str,
    en: str,
    first: int,
    last: int,
) -> None:
    await conn.execute(
        """
        INSERT INTO area (grid_version, code, level, parent, name_zh, name_en, geom)
        VALUES (1, %s, %s, %s, %s, %s, ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4326)))
        """,
        [
            code,
            level,
            parent,
            zh,
            en,
            WEST + first * STEP,
            SOUTH,
            WEST + last * STEP,
            SOUTH + SIZE * STEP,
        ],
    )


async def _cell(conn: AsyncConnection[Any], row: int, column: int) -> None:
    area = "990101001001" if column < SIZE // 2 else "990101001002"
    west, south = WEST + column * STEP, SOUTH + row * STEP
    await conn.execute(
        """
        INSERT INTO cell (grid_version, code, area, name_zh, name_en, area_m2, geom)
        VALUES (1, %s, %s, %s, %s, 170000,
                ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4326)))
        """,
        [
            f"{area}{row * SIZE + column:03d}",
            area,
            f"第{row * SIZE + column}格",
            f"Cell {row * SIZE + column}",
            west,
            south,
            west + STEP,
            south + STEP,
        ],
    )


async def put_case(conn: AsyncConnection[Any], marker: Marker) -> None:
    """The case as it stands, without its row in the log."""
    await conn.execute(
        """
        INSERT INTO cases (id, number, state, category, severity, cell, grid_version, areas,
                           department, position, address, reported_at, opened_at, due_at, overdue,
                           closed_at, reports, why, version, head)
        VALUES (%(id)s, %(number)s, %(state)s, %(category)s, %(severity)s, %(cell)s, 1, %(areas)s,
                %(department)s, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), %(address)s,
                %(reported_at)s, %(opened_at)s, %(due_at)s, %(overdue)s, %(closed_at)s,
                %(reports)s, '{}', %(version)s, sha256('test'))
        ON CONFLICT (id) DO UPDATE
            SET state = excluded.state, version = excluded.version,
                closed_at = excluded.closed_at, department = excluded.department
        """,
        {name: getattr(marker, name) for name in marker.__struct_fields__}
        | {
            "state": str(marker.state),
            "areas": list(marker.areas),
            "closed_at": marker.opened_at if marker.ended else None,
        },
    )


async def put_row(conn: AsyncConnection[Any], marker: Marker, kind: str = "assigned") -> int:
    """One numbered row about the case, announced as the relay announces it."""
    async with conn.transaction():
        cursor = await conn.execute(
            "UPDATE log_head SET position = position + 1 RETURNING position"
        )
        [position] = await cursor.fetchone() or (0,)
        row = make_row(position, marker, kind)
        await conn.execute(
            "INSERT INTO outbox (position, topic, key, dedup, payload) VALUES (%s, %s, %s, %s, %s)",
            [position, row.topic, str(marker.id), f"{marker.id}-{marker.version}", row.payload],
        )
        await conn.execute("SELECT pg_notify('citygrid_log', %s)", [str(position)])
    return position


async def put_part(conn: AsyncConnection[Any], part: str, content: object) -> None:
    """The first version of one part of the city pack."""
    await conn.execute(
        "INSERT INTO city_part (part, version, content, sha256) VALUES (%s, 1, %s, 'x')",
        [part, json.dumps(content)],
    )


def in_lattice(case_id: int, **changes: Any) -> Marker:
    """A case in the middle of some cell of the lattice."""
    row, column = divmod(case_id % (SIZE * SIZE), SIZE)
    area = "990101001001" if column < SIZE // 2 else "990101001002"
    fields = {
        "id": case_id,
        "cell": f"{area}{row * SIZE + column:03d}",
        "areas": (area, "990101"),
        "lon": WEST + (column + 0.5) * STEP,
        "lat": SOUTH + (row + 0.5) * STEP,
    }
    return make_marker(**(fields | changes))
