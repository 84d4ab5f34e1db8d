"""What the routes of the live map share: one reader of the log, the shelf of tiles, the files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

from redis.asyncio import Redis
from starlette.requests import Request

from app.modes import Lookout
from app.policy import Actor, Reach, reach
from app.settings import Settings
from maps.assets import Assets
from maps.board import Scope
from maps.live import LiveMap
from maps.postgres.log import PostgresLogDoor, read_log_name
from maps.pubsub import RedisShortcut
from maps.tiles import TileShelf


@dataclass(frozen=True)
class MapRoom:
    """The live map's parts of one web process, found by each request as `map_room_of(request)`."""

    live: LiveMap
    shelf: TileShelf
    assets: Assets


def map_room_of(request: Request) -> MapRoom:
    """The map room of the application that answers *request*."""
    return cast("MapRoom", request.app.state.map_room)


def scope_of(actor: Actor) -> Scope:
    """What the actor may see on the map."""
    return scope_within(reach(actor, "map.read"))


def scope_within(allowed: Reach) -> Scope:
    """The reach as the live map filters by it."""
    departments = frozenset({allowed.department} if allowed.department else ())
    return Scope(city=allowed.city, departments=departments, areas=allowed.areas)


@asynccontextmanager
async def map_room(
    settings: Settings, stopping: asyncio.Event, lookout: Lookout
) -> AsyncGenerator[MapRoom]:
    """The map room at work; streams end when *stopping* is set, everything when it is left.

    What *lookout* finds reaches the screens at once.
    """
    async with AsyncExitStack() as stack:
        redis = Redis.from_url(settings.redis_url) if settings.redis_url else None
        name = partial(read_log_name, settings.database_url)
        shortcut = RedisShortcut(settings.redis_url, name) if settings.redis_url else None
        live = LiveMap(
            PostgresLogDoor(settings.database_url),
            shortcut=shortcut,
            degraded=lambda: lookout.degraded,
        )
        lookout.on_change = live.beat
        if redis is not None:
            stack.push_async_callback(redis.aclose)
        await stack.enter_async_context(live.running())
        tasks = [asyncio.create_task(_end_streams(live, stopping))]
        if shortcut is not None:
            tasks.append(asyncio.create_task(shortcut.run(live.hear)))
        try:
            yield MapRoom(live, TileShelf(redis), Assets())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _end_streams(live: LiveMap, stopping: asyncio.Event) -> None:
    await stopping.wait()
    live.hub.end()
