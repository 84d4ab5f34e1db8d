"""What a new grid does to the duty grids: which follow, which break, what nobody would patrol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from psycopg import AsyncConnection
from rich.table import Table

from app.grid.rostering import NoDutyGrids, read_roster
from dispatch.postgres.clock import now
from geo.measure import area_m2
from grid.cell import Cell
from grid.patrol.carrying import Break, carry, heirs_of
from grid.patrol.duty_grid import DutyGrid, unpatrolled
from grid.versions.changes import Comparison


@dataclass(frozen=True, slots=True)
class CarriedDuty:
    """*count* duty grids over new cells; *left* are cells that no one of them holds."""

    count: int
    breaks: tuple[Break, ...]
    left: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The form for JSON."""
        return {
            "count": self.count,
            "broken": [one.as_dict() for one in self.breaks],
            "unpatrolled": list(self.left),
        }

    def table(self) -> Table:
        """A row for each thing to look at."""
        table = Table("duty grid", "is", "cells", title="Duty grids to look at")
        for one in self.breaks:
            table.add_row(one.duty_grid, one.reason.value, " ".join(one.cells))
        if self.left:
            table.add_row("–", "unpatrolled", " ".join(self.left))
        return table


async def list_duty_grids(conn: AsyncConnection, version: int) -> tuple[DutyGrid, ...]:
    """The duty grids as they lie on a version now; none when no pack brought any."""
    try:
        return (await read_roster(conn, version, await now(conn))).carried.duty_grids
    except NoDutyGrids:
        return ()


def carry_duty(
    duty_grids: Sequence[DutyGrid], new: Sequence[Cell], comparison: Comparison
) -> CarriedDuty:
    """What becomes of the duty grids of the old side of a comparison."""
    codes = [cell.code for cell in new]
    sizes_m2 = area_m2(np.array([cell.geometry for cell in new], dtype=object)).tolist()
    heirs = heirs_of(comparison.successions, dict(zip(codes, sizes_m2, strict=True)))
    carried = carry(duty_grids, heirs, frozenset(codes))
    left = unpatrolled(carried.duty_grids, codes)
    return CarriedDuty(len(duty_grids), carried.breaks, tuple(left))
