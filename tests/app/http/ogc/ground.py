"""Littletown with two releases of its grid and components, asked by its doors at `/ogc`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import shapely
from psycopg import AsyncConnection

from grid.components.component import ComponentState
from grid.components.postgres import store_components
from grid.versions.release import LEAD
from tests.app.grid.city import approved, redrawn
from tests.app.town import Town, store_grid_of_town
from tests.grid.components.makers import component
from tests.makers import CELLS, SOUTH, STEP, WEST

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
SWITCH = datetime(2026, 6, 1, tzinfo=UTC)
"""When the second release came into force."""

COVERS = [f"99019901001000{n:03d}" for n in range(1, 8)]
"""Ids of seven components, west to east along the southern edge of Littletown."""


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


BEFORE = written(SWITCH - timedelta(days=1))
AFTER = written(SWITCH)
SINCE_EVER = f"../{AFTER}"


async def lay_ground(conn: AsyncConnection) -> None:
    """The grid since the first day, as redrawn since the switch."""
    await store_grid_of_town(conn)
    await redraw(conn)


async def redraw(conn: AsyncConnection) -> None:
    """Let the grid that stands be of the first day, and another one have followed it."""
    await conn.execute("UPDATE grid_version SET loaded_at = %s", [FIRST_DAY])
    await conn.execute(
        """
        INSERT INTO grid_activation (version, active_from, ordered_by, ordered_at)
        VALUES (%s, %s, 'chief', %s)
        """,
        [await approved(conn, redrawn()), SWITCH, SWITCH - 2 * LEAD],
    )


async def place_components(conn: AsyncConnection, *ids: str, state: str = "intact") -> None:
    """A survey with these and no other components."""
    made = [
        component(
            id=one,
            cell=CELLS[2],
            state=ComponentState(state),
            geometry=shapely.Point(WEST + STEP * (int(one[-3:]) / 8), SOUTH),
        )
        for one in ids
    ]
    async with conn.transaction():
        await store_components(conn, made)


async def asked(town: Town, login: str, path: str, **params: Any) -> httpx.Response:
    """What a person is answered below `/ogc`."""
    async with await town.logged_in(login) as browser:
        return await browser.get(f"/ogc{path}", params=params)


async def features(town: Town, collection: str, login: str = "auditor.city", **params: Any) -> Any:
    """One page of a collection."""
    answer = await asked(town, login, f"/collections/{collection}/items", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(page: Any) -> list[Any]:
    return [one["id"] for one in page["features"]]


def link(page: Any, rel: str) -> str | None:
    return next((one["href"] for one in page["links"] if one["rel"] == rel), None)
