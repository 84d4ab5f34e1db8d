"""The rulebook of each moment: the one in force, the next one read ahead, the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from app.database import Database
from app.grid.preparing import prepare
from app.rulebook import NoCity, Stamps, load_rulebook, read_stamps
from dispatch.postgres.clock import now
from dispatch.rulebook import Rulebook
from grid.versions.postgres import active_reign, coming_reign
from grid.versions.release import Reign

_log: Final = structlog.get_logger("citygrid.rules")


@dataclass(frozen=True, slots=True)
class _Standing:
    """A rulebook, when its grid is in force by the database's clock, and what it was read from."""

    reign: Reign
    rules: Rulebook
    parts: Stamps


class RulesInForce:
    """The rulebooks of one process.

    The grid that was ordered to come next is read before its time. Then every process switches at
    the same moment, because all ask the database's clock, and none has to stop to read.
    """

    def __init__(self, database: Database, cache: Path) -> None:
        self._database, self._cache = database, cache
        self._line: tuple[_Standing, ...] = ()
        self.current: Rulebook | None = None

    async def read(self) -> Rulebook:
        """The newest rulebook, read now; until it is, what stood before goes on to be used.

        Raises NoCity, DatabaseAway, IndexNotBuilt.
        """
        async with self._database.connection() as conn:
            moment = await now(conn)
            active, coming = await active_reign(conn, moment), await coming_reign(conn, moment)
            parts = await read_stamps(conn)
        if active is None:
            raise NoCity
        before = [one for one in self._line if one.reign.active_from < active.active_from][-1:]
        standing = await self._standing(active, parts)
        self._tell(standing.rules)
        known = [one for one in self._line if coming and _is_same(one.reign, coming)]
        self._line, self.current = (*before, standing, *known), standing.rules
        if coming is not None:
            self._line = (*before, standing, await self._standing(coming, parts))
            if not known:
                at = coming.active_from.isoformat()
                _log.info("next grid is ready", version=coming.version, active_from=at)
        return standing.rules

    def at(self, moment: datetime) -> Rulebook:
        """The rulebook of a moment of the database's clock. NoCity when nothing was read yet.

        A moment before all that is known gets the first: the clock was set back.
        """
        if not self._line:
            raise NoCity
        begun = [one for one in self._line if one.reign.active_from <= moment]
        return begun[-1].rules if begun else self._line[0].rules

    async def _standing(self, reign: Reign, parts: Stamps) -> _Standing:
        """The rulebook of a reign, not read again when it is at hand: a version never changes."""
        for one in self._line:
            if one.parts == parts and one.reign.version == reign.version:
                return replace(one, reign=reign)
        await prepare(self._database, reign.version, self._cache)
        async with self._database.connection() as conn:
            rules = await load_rulebook(conn, self._cache, reign.version)
        return _Standing(reign, rules, parts)

    def _tell(self, rules: Rulebook) -> None:
        if self.current is None or self.current.versions != rules.versions:
            _log.info("rulebook read", city=rules.city, versions=dict(rules.versions))


def _is_same(one: Reign, other: Reign) -> bool:
    """Whether they begin alike; the end of one is known only once another is ordered."""
    return (one.version, one.active_from) == (other.version, other.active_from)
