"""The demo's play: incidents through the door, a crew at work, a live summary."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from psycopg import AsyncConnection
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

from app.database import connect
from app.demo.crew import ROLES, Crew, Person
from app.demo.simulation import Scenery, day_of_incidents
from app.demo.stage import Stage
from app.replay.reading import Incident
from app.replay.sending import Open311Door
from dispatch.ledger import Books, as_json
from dispatch.postgres.ledger import read_books
from grid.catalogue import Catalogue

_DRAIN_S: Final = 60.0
_SEED: Final = 990101
MORNING: Final = 7
"""The hour the simulated day begins at."""


@dataclass(slots=True)
class Score:
    """What was sent and what the door said."""

    sent: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    moment: datetime | None = None


async def play(
    stage: Stage, *, speed: float, per_day: int, for_s: float | None, console: Console | None
) -> dict[str, object]:
    """Play until *for_s* seconds have passed, or until cancelled; returns the ledger at the end.

    Before the ledger is taken, everything accepted is given up to a minute to be decided.
    """
    score = Score()
    async with await connect(stage.settings.database_url) as conn, _crew(stage, conn) as crew:
        scenery = await read_scenery(conn)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s), asyncio.TaskGroup() as group:
                group.create_task(_send(stage, scenery, score, speed, per_day))
                group.create_task(crew.work())
                group.create_task(_watch(stage, conn, score, crew, console))
        books = await _settled(conn)
    ledger = as_json(books)
    return {
        **ledger,
        "sent": score.sent,
        "acknowledged": score.accepted,
        "refused": dict(score.refused),
        "moves": dict(crew.moves),
    }


async def read_scenery(conn: AsyncConnection) -> Scenery:
    """Spots inside the cells of the grid in force, and the matters that can be reported."""
    found = await conn.execute(
        """
        SELECT ST_X(p), ST_Y(p)
          FROM (SELECT (ST_Dump(ST_GeneratePoints(geom, 4, 1))).geom AS p
                  FROM cell
                 WHERE grid_version = active_grid_version(clock_timestamp())) AS spots
        """
    )
    spots = [(float(lon), float(lat)) for lon, lat in await found.fetchall()]
    found = await conn.execute(
        """
        SELECT part, content FROM city_part p
         WHERE part IN ('catalogue', 'city')
           AND version = (SELECT max(version) FROM city_part WHERE part = p.part)
        """
    )
    parts = dict(await found.fetchall())
    lon, lat = parts["city"]["centre"]
    matters = Catalogue.of(parts["catalogue"]).reportable
    return Scenery(spots, (lon, lat), [(one.code, one.name.zh) for one in matters])


async def _send(stage: Stage, scenery: Scenery, score: Score, speed: float, per_day: int) -> None:
    key = await asyncio.to_thread(stage.key_for, "open311:demo", "citizen")
    door = Open311Door(stage.url, key)
    begins_at = datetime(2026, 11, 23, MORNING, tzinfo=UTC)
    incidents = day_of_incidents(scenery, begins_at=begins_at, per_day=per_day, seed=_SEED)
    start = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            for incident in incidents:
                due = start + (incident.happened_at - begins_at) / timedelta(seconds=speed)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                score.moment = incident.happened_at
                group.create_task(_send_one(door, incident, score))
    finally:
        await door.close()


async def _send_one(door: Open311Door, incident: Incident, score: Score) -> None:
    score.sent += 1
    answer = await door.send(incident, datetime.now(UTC))
    if answer.receipt:
        score.accepted += 1
    else:
        score.refused[answer.detail] += 1


@asynccontextmanager
async def _crew(stage: Stage, conn: AsyncConnection) -> AsyncGenerator[Crew]:
    found = await conn.execute("SELECT login, roles FROM person WHERE active ORDER BY login")
    logins = [login for login, roles in await found.fetchall() if ROLES & set(roles)]
    found = await conn.execute(
        "SELECT content FROM city_part WHERE part = 'departments' ORDER BY version DESC LIMIT 1"
    )
    [departments] = await found.fetchone() or ([],)
    people = [Person(stage.url, login) for login in logins]
    try:
        for person in people:
            await person.log_in(await asyncio.to_thread(stage.one_time_login, person.login))
        yield Crew(people, [one["code"] for one in departments], _SEED)
    finally:
        for person in people:
            await person.close()


async def _watch(
    stage: Stage, conn: AsyncConnection, score: Score, crew: Crew, console: Console | None
) -> None:
    screen = Live(console=console, auto_refresh=False) if console else None
    with screen or contextlib.nullcontext():
        while True:
            stage.processes.check()
            if screen:
                books = await read_books(conn)
                screen.update(_summary(books, score, crew), refresh=True)
            await asyncio.sleep(1.0)


def _summary(books: Books, score: Score, crew: Crew) -> RenderableType:
    table = Table(title=f"云溪区 Yunxi · {score.moment:%H:%M}" if score.moment else "云溪区 Yunxi")
    table.add_column("", style="bold")
    table.add_column("", justify="right")
    for name, value in _figures(books, score, crew):
        table.add_row(name, str(value))
    return table


def _figures(books: Books, score: Score, crew: Crew) -> Iterator[tuple[str, object]]:
    inbox = books.inbox
    yield "上报 reports sent", score.sent
    yield "已接收 accepted", inbox.accepted
    yield "立案 cased", inbox.cased
    yield "并案 merged", inbox.merged
    yield "不予受理 rejected", inbox.rejected
    yield "死信 dead", inbox.dead
    yield "在途 in flight", inbox.in_flight
    yield "未结 open cases", books.cases_open
    yield "已结 closed", books.cases_ended
    yield "人工操作 moves made", sum(crew.moves.values())
    yield "账平 books balance", "✓" if as_json(books)["balanced"] else "✗"


async def _settled(conn: AsyncConnection) -> Books:
    """The books once nothing is under way any more, or after a minute."""
    give_up = time.monotonic() + _DRAIN_S
    books = await read_books(conn)
    while books.inbox.in_flight and time.monotonic() < give_up:
        await asyncio.sleep(0.1)
        books = await read_books(conn)
    return books
