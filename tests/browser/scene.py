"""A working day in Yunxi, as it stands in the database when somebody opens the map."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from psycopg import AsyncConnection

from app.city.loading import load_pack
from app.city.yunxi.making import make_yunxi
from app.database import connect
from app.rulebook import load_rulebook
from dispatch import actions
from dispatch.case import Move, Order
from dispatch.postgres.book import PostgresBook
from dispatch.postgres.inbox import accept_many
from dispatch.report import Channel, Submission
from dispatch.rulebook import Rulebook

CASES = 260
HALF_LIFE_H = 4.0


def build_city(database_url: str, cases: int = CASES) -> None:
    """Yunxi, and cases opened during the last hours by the city's own rules, some already handled.

    Numbering and lateness are left to the processes, which do that for a living.
    """
    with tempfile.TemporaryDirectory() as folder:
        make_yunxi(Path(folder) / "pack")
        load_pack(Path(folder) / "pack", database_url)
        asyncio.run(_populate(database_url, Path(folder), cases))


async def _populate(database_url: str, cache: Path, cases: int) -> None:
    rng = random.Random(5)
    async with await connect(database_url) as conn:
        rules = await load_rulebook(conn, cache)
        spots, weights = await _spots(conn)
        kinds = rng.sample(list(rules.catalogue.reportable), 60)
        for number in range(cases):
            hours = rng.expovariate(1 / HALF_LIFE_H) if number % 9 else rng.uniform(0.002, 0.14)
            [(lon, lat)] = rng.choices(spots, weights)
            told = _submission(rng, rng.choice(kinds).code, lon, lat, hours)
            case_id = await _decided(conn, rules, told)
            if case_id and hours > 0.5 and rng.random() < 0.3:
                await _handled(conn, rules, case_id, told.happened_at + timedelta(hours=hours / 2))


async def _spots(conn: AsyncConnection) -> tuple[Sequence[tuple[float, float]], Sequence[float]]:
    """A place in every cell, and how much happens there: more towards the middle."""
    found = await conn.execute(
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) AS p FROM cell"
        " ORDER BY code) AS place"
    )
    spots: list[tuple[float, float]] = [(lon, lat) for lon, lat in await found.fetchall()]
    middle = tuple(sum(axis) / len(spots) for axis in zip(*spots, strict=True))
    return spots, [math.exp(-math.dist(spot, middle) * 60) + 0.1 for spot in spots]


def _submission(
    rng: random.Random, category: str, lon: float, lat: float, hours: float
) -> Submission:
    key = str(UUID(int=rng.getrandbits(128)))
    return Submission(
        source="device:scene",
        client_key=key,
        body_sha256=hashlib.sha256(key.encode()).digest(),
        channel=Channel.API,
        category=category,
        lon=lon,
        lat=lat,
        datum="wgs84",
        given_lon=lon,
        given_lat=lat,
        happened_at=datetime.now(UTC) - timedelta(hours=hours),
        description="设施异常,影响行人通行,请尽快处理。",
    )


async def _decided(conn: AsyncConnection, rules: Rulebook, told: Submission) -> int | None:
    """The case of the report, decided at the moment it happened."""
    async with conn.transaction():
        [accepted] = await accept_many(conn, [told])
    async with conn.transaction():
        await actions.decide(PostgresBook(conn), [accepted.report_id], rules, now=told.happened_at)
    found = await conn.execute("SELECT case_id FROM inbox WHERE id = %s", [accepted.report_id])
    [case_id] = await found.fetchone() or (None,)
    return case_id


async def _handled(conn: AsyncConnection, rules: Rulebook, case_id: int, at: datetime) -> None:
    order = Order(Move.HANDLE)
    async with conn.transaction():
        await actions.move(
            PostgresBook(conn), case_id, order, actor="handler-muni", city=rules.city, now=at
        )
