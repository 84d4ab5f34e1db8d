"""The ladders of the city as they stand in the database, and what is needed to climb them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from app.grid.rostering import NoDutyGrids, read_roster
from app.rulebook import Parts, Stamps, read_parts, read_stamps, terms_of
from dispatch.case import Case
from dispatch.escalation.ladder import Ladders
from dispatch.escalation.words import Names
from dispatch.postgres.agenda import PART
from dispatch.workflow.variant import Terms
from grid.catalogue import Catalogue
from grid.department import Departments
from grid.naming import Label, Language
from grid.patrol.roster import Roster
from grid.versions.postgres import active_version

_SHIFTS: Final = ("duty_grids", "duty_shifts")


@dataclass(frozen=True)
class LadderRules:
    """Ladders, working time and names of one city; *version* is that of its ladders.

    *since* is when it got its first ladders. Of cities without any there are none.
    """

    city: str
    version: int
    since: datetime
    ladders: Ladders
    terms: Terms
    language: Language
    zone: ZoneInfo
    catalogue: Catalogue
    departments: Departments
    areas: dict[str, Label]

    @classmethod
    def of(cls, parts: Parts, version: int, since: datetime) -> LadderRules:
        """Of the parts of a city as they are stored."""
        city = parts["city"]
        zone = ZoneInfo(city["timezone"])
        return cls(
            city=city["code"],
            version=version,
            since=since,
            ladders=Ladders.of(parts[PART], zone),
            terms=terms_of(parts),
            language=city["default_language"],
            zone=zone,
            catalogue=Catalogue.of(parts["catalogue"]),
            departments=Departments.of(parts["departments"]),
            areas={row["code"]: Label.of(row["name"]) for row in parts["areas"]},
        )

    def names(self, case: Case) -> Names:
        """What people read in place of codes."""
        category = self.catalogue.find(case.category)
        department = self.departments.get(case.department) if case.department else None
        smallest = next((self.areas[code] for code in case.areas if code in self.areas), None)
        place = smallest or Label(case.cell, case.cell)
        return Names(
            category=category.name if category else Label(case.category, case.category),
            place=Label(f"{place.zh}(网格{case.cell})", f"{place.en} (cell {case.cell})"),
            department=department.name if department else None,
            zone=self.zone,
        )


class LaddersInForce:
    """The ladders and the roster as a clock process last read them; read again when they change."""

    def __init__(self) -> None:
        self._stamps: Stamps = {}
        self._rules: LadderRules | None = None
        self._roster: tuple[tuple[object, ...], Roster | None] | None = None

    async def read(self, conn: AsyncConnection) -> LadderRules | None:
        """The ladders of the newest pack; None while the city has none."""
        stamps = await read_stamps(conn)
        if PART not in stamps:
            return None
        if self._rules is None or stamps != self._stamps:
            parts, versions = await read_parts(conn)
            self._rules = LadderRules.of(parts, versions[PART], await _since(conn))
            self._stamps = stamps
        return self._rules

    async def on_duty(self, conn: AsyncConnection, cell: str, now: datetime) -> frozenset[str]:
        """The logins of those whose shift it is for a cell; nobody where there are no shifts."""
        roster = await self._current_roster(conn, now)
        watches = roster.on_duty(cell, now) if roster else ()
        return frozenset(turn.person for watch in watches for turn in watch.on_duty)

    async def _current_roster(self, conn: AsyncConnection, now: datetime) -> Roster | None:
        version = await active_version(conn, now)
        made_of = (version, *(self._stamps.get(part) for part in _SHIFTS))
        if self._roster is None or self._roster[0] != made_of:
            self._roster = made_of, await self._read_roster(conn, version, now)
        return self._roster[1]

    async def _read_roster(
        self, conn: AsyncConnection, version: int, now: datetime
    ) -> Roster | None:
        try:
            read = await read_roster(conn, version, now)
        except NoDutyGrids:
            return None
        return read.roster(self._rules.zone.key) if self._rules else None


async def _since(conn: AsyncConnection) -> datetime:
    found = await conn.execute("SELECT min(loaded_at) FROM city_part WHERE part = %s", [PART])
    row = await found.fetchone()
    if row is None:
        raise TypeError("an aggregate gives a row")
    return row[0]
