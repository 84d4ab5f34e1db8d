"""The duty grids of the city over the cells of a grid version, wherever those came from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from grid.patrol.carrying import Carried, carry, heirs_of
from grid.patrol.duty_grid import DutyGrid
from grid.patrol.postgres import StoredDuty, cell_sizes, find_duty, list_successions
from grid.patrol.roster import Roster
from grid.patrol.shift import Shift
from grid.versions.changes import Succession
from grid.versions.comparing import compare
from grid.versions.postgres import read_cells


class NoDutyGrids(Exception):
    """No city pack brought duty grids."""

    def __init__(self) -> None:
        super().__init__(
            "no duty grids are loaded: put duty_grids.csv and duty_shifts.csv into the city pack "
            "(docs/city-pack.md) and run `citygrid city load PACK`"
        )


@dataclass(frozen=True, slots=True)
class CarriedRoster:
    """Duty grids over the cells of *grid_version*, with what broke on the way there.

    *version* is that of the part ``duty_grids``, *base* the grid version it was made for.
    """

    stored: StoredDuty
    grid_version: int
    carried: Carried

    def roster(self, timezone: str) -> Roster:
        """Ready to be asked who is on duty."""
        shifts = map(Shift.of, self.stored.shifts)
        return Roster(self.carried.duty_grids, shifts, ZoneInfo(timezone))


async def read_roster(conn: AsyncConnection, grid_version: int, at: datetime) -> CarriedRoster:
    """The duty grids as loaded at a moment over the cells of a version. Raises NoDutyGrids."""
    stored = await find_duty(conn, at)
    if stored is None:
        raise NoDutyGrids
    sizes_m2 = await cell_sizes(conn, grid_version)
    duty_grids = [DutyGrid.of(row) for row in stored.duty_grids]
    successions: Sequence[Succession] = ()
    if stored.base != grid_version:
        successions = await _successions(conn, stored.base, grid_version)
    carried = carry(duty_grids, heirs_of(successions, sizes_m2), sizes_m2)
    return CarriedRoster(stored, grid_version, carried)


async def _successions(conn: AsyncConnection, base: int, version: int) -> Sequence[Succession]:
    """As kept with the release; a version that was never compared with *base* is compared now."""
    if kept := await list_successions(conn, base, version):
        return kept
    old, new = await read_cells(conn, base), await read_cells(conn, version)
    return (await asyncio.to_thread(compare, old, new)).successions
