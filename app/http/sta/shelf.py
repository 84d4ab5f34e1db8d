"""The graph of the city at hand, made anew when the pack or what was registered has changed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from app.http.city import City
from app.http.sta.graph import Graph, graph_of
from app.http.sta.observed import Connection
from dispatch.postgres.registry import read_registered, read_stamp

_SINCE = "SELECT min(loaded_at) FROM city_part WHERE part = 'sensors'"


class Shelf:
    """One for a web process. What was registered is seen by the next request, wherever it came in.

    Two requests that find it old both make it; the last one stays.
    """

    def __init__(self) -> None:
        self._known: tuple[City | None, int] = (None, 0)
        self._graph = Graph()

    async def graph(self, conn: Connection, city: City) -> Graph:
        """The graph of a city as it is now."""
        stamp = await read_stamp(conn)
        known, at = self._known
        if known is not city or at != stamp:
            found = await conn.execute(_SINCE)
            [since] = await found.fetchone() or (None,)
            registered = await read_registered(conn)
            graph = await asyncio.to_thread(
                graph_of,
                city.sensors,
                registered,
                language=city.language,
                since=since or datetime.now(UTC),
            )
            self._known, self._graph = (city, stamp), graph
            return graph
        return self._graph
