"""Duty grids and shifts that are valid; each test overrides what matters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from grid.naming import Label
from grid.patrol.duty_grid import DutyGrid
from grid.patrol.shift import Shift

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
EVERY_DAY = frozenset(range(1, 8))


def duty_grid(code: str, cells: Iterable[str], kind: str = "patrol") -> DutyGrid:
    return DutyGrid(code, kind, Label(f"责任网格{code}", f"Duty grid {code}"), frozenset(cells))


def shift(begin: str = "08:00", end: str = "18:00", **changes: Any) -> Shift:
    fields = {"row": 2, "duty_grid": "D1", "person": "wang", "weekdays": EVERY_DAY} | changes
    return Shift(begin=minutes(begin), end=minutes(end), **fields)


def minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
