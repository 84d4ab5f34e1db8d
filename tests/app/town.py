"""Littletown as a web process sees it: its parts in the database, people, keys, and a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from shapely import MultiPolygon, box

from app.database import connect
from app.identity.postgres import add_key, open_session
from app.settings import Settings
from app.web import WebServer, make_web
from dispatch import actions
from dispatch.postgres.book import PostgresBook
from grid.cell import Cell
from grid.hierarchy import Area
from grid.naming import Label
from grid.postgres import store_grid
from grid.tiling import Tiling
from tests.makers import CELLS, COMMUNITY, PARTS, cells, rulebook, spot

PORTAL, PHONE, METER = "open311:portal", "device:phone-1", "device:meter-1"
PASSWORD = "correct horse battery staple"
RULES = rulebook()

PEOPLE: Mapping[str, tuple[list[str], str | None, list[str]]] = {
    "inspector.mill": (["inspector"], None, ["990199001"]),
    "operator.city": (["operator"], None, ["990199"]),
    "dispatcher.city": (["dispatcher"], None, ["990199"]),
    "dispatcher.elsewhere": (["dispatcher"], None, ["990198"]),
    "handler.sanitation": (["handler"], "sanitation", []),
    "handler.water": (["handler"], "water", []),
    "commander.city": (["commander"], None, ["990199"]),
    "supervisor.city": (["supervisor"], None, ["990199"]),
    "auditor.city": (["auditor"], None, []),
    "admin": (["administrator"], None, []),
}
"""Roles, department, areas by login."""


@dataclass(frozen=True)
class Town:
    """A running web process of Littletown. *keys* are by source."""

    url: str
    settings: Settings
    server: WebServer
    client: httpx.AsyncClient
    conn: AsyncConnection
    keys: Mapping[str, str]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def submit(
        self, told: object = None, *, key: str | None = None, source: str = PHONE, **more: Any
    ) -> httpx.Response:
        """Send a report; *told* is valid unless given, *key* is new unless given."""
        headers = {
            "x-api-key": self.keys[source],
            "idempotency-key": key or str(uuid4()),
            **more.pop("headers", {}),
        }
        body = {"content": told} if isinstance(told, bytes) else {"json": told or a_report()}
        if isinstance(told, bytes):
            headers = {"content-type": "application/json", **headers}
        return await self.client.post("/api/reports", headers=headers, **body, **more)

    async def post_form(self, **changes: Any) -> httpx.Response:
        """Send an Open311 request as JSON-answered form; None leaves a field out."""
        headers = changes.pop("headers", {})
        ending = changes.pop("ending", "json")
        lon, lat = spot()
        fields = {
            "api_key": self.keys[PORTAL],
            "service_code": "06010",
            "lat": str(lat),
            "long": str(lon),
            "description": "rubbish 垃圾",
            **changes,
        }
        return await self.client.post(
            f"/open311/v2/requests.{ending}",
            data={name: value for name, value in fields.items() if value is not None},
            headers=headers,
        )

    async def stored(self) -> int:
        """How many reports the inbox holds."""
        found = await self.conn.execute("SELECT count(*) FROM inbox")
        [count] = await found.fetchone() or (0,)
        return count

    async def decide_all(self) -> None:
        """Do what the worker would: decide every accepted report."""
        found = await self.conn.execute("SELECT id FROM inbox WHERE state = 'accepted'")
        ids = [row[0] for row in await found.fetchall()]
        async with self.conn.transaction():
            await actions.decide(PostgresBook(self.conn), ids, RULES, now=datetime.now(UTC))

    async def logged_in(self, login: str) -> httpx.AsyncClient:
        """A browser of this person, already logged in."""
        token = await open_session(self.conn, login, datetime.now(UTC))
        return httpx.AsyncClient(base_url=self.url, cookies={"city_session": token}, timeout=20)

    async def a_case(self) -> int:
        """The id of a new case, assigned to sanitation."""
        receipt = (await self.submit()).json()["receipt"]
        await self.decide_all()
        found = await self.conn.execute("SELECT case_id FROM inbox WHERE receipt = %s", [receipt])
        [case_id] = await found.fetchone() or (0,)
        return case_id


def a_report(**changes: Any) -> dict[str, Any]:
    """A valid report in JSON; None leaves a field out."""
    lon, lat = spot()
    told = {"category": "06010", "lon": lon, "lat": lat, "datum": "wgs84", **changes}
    return {name: value for name, value in told.items() if value is not None}


async def load_town(conn: AsyncConnection) -> None:
    """Littletown's parts and people."""
    for part, content in PARTS.items():
        await conn.execute(
            "INSERT INTO city_part (part, version, content, sha256) VALUES (%s, 1, %s, 'x')",
            (part, Jsonb(content)),
        )
    for login, (roles, department, areas) in PEOPLE.items():
        await conn.execute(
            "INSERT INTO person (login, name_zh, name_en, roles, department, areas)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (login, login, login, roles, department, areas),
        )


async def store_grid_of_town(conn: AsyncConnection, *, renamed: str = "") -> None:
    """Littletown's areas and cells as the next version of the grid.

    *renamed* is another code for Mill Street: the one that it had is an area no more.
    """
    shapes = [MultiPolygon([shape]) for shape in cells()]
    whole = MultiPolygon([box(*PARTS["city"]["bbox"])])
    tiling = Tiling(
        areas=[Area.of(_renamed(row, renamed)) for row in PARTS["areas"]],
        area_shapes=np.array([whole] * len(PARTS["areas"]), dtype=object),
        cells=[
            Cell(code, COMMUNITY, Label(code, code), shape)
            for code, shape in zip(CELLS, shapes, strict=True)
        ],
        sizes_m2=[10_000.0] * len(CELLS),
        drawings=[],
    )
    async with conn.transaction():
        await store_grid(conn, tiling, tiling.digest())


def _renamed(row: dict[str, Any], code: str) -> dict[str, Any]:
    new = {"990199001": code} if code else {}
    return {**row, "code": new.get(row["code"], row["code"]),
            "parent": new.get(row["parent"], row["parent"])}  # fmt: skip


@asynccontextmanager
async def serving(settings: Settings, server: WebServer | None = None) -> AsyncIterator[WebServer]:
    """The web process on a free port, in this loop, behind real sockets."""
    server = server or WebServer(make_web(settings), settings)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        await server.ready.wait()
    try:
        yield server
    finally:
        server.should_exit = True
        await task


def address_of(server: WebServer) -> str:
    port = server.servers[0].sockets[0].getsockname()[1]
    return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running_town(database_url: str, **changes: Any) -> AsyncIterator[Town]:
    """Littletown loaded and served."""
    settings = Settings(database_url=database_url, **{"port": 0, **changes})
    async with await connect(database_url) as conn:
        await load_town(conn)
        keys = {
            PORTAL: await add_key(conn, PORTAL, ["citizen"], "portal"),
            PHONE: await add_key(conn, PHONE, ["inspector"], "a phone"),
            METER: await add_key(conn, METER, ["sensor"], "a meter"),
            "monitor": await add_key(conn, "monitor", ["monitor"], "prometheus"),
        }
        async with serving(settings) as server:
            url = address_of(server)
            async with httpx.AsyncClient(base_url=url, timeout=20) as client:
                yield Town(url, settings, server, client, conn, keys)


def ago(**span: float) -> str:
    """A time so long ago, as a report would tell it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()
