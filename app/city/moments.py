"""Moments in the settings of a city pack, written by the clocks of the city."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from app.city.lines import Line
from grid.localtime import instant

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2200
_REMEDY: Final = "Write 2027-01-01 or 2027-01-01T08:30:00, by the clocks of the city"


def moment(line: Line, field: str, zone: ZoneInfo) -> datetime | None:
    """The instant, aware UTC; None when nothing is written, and when a fault is noted.

    A date is its first instant. A time with an offset of its own is that instant anywhere.
    """
    told = line.values.get(field)
    if told is None or told == "":
        return None
    wall = _read(told)
    if wall is None:
        line.wrong(field, f"{told!r} is no date and time", _REMEDY)
    elif not FIRST_YEAR <= wall.year <= LAST_YEAR:
        line.wrong(field, f"the year {wall.year} is not meant", _REMEDY)
    else:
        return instant(wall, zone) if wall.tzinfo is None else wall.astimezone(UTC)
    return None


def _read(told: object) -> datetime | None:
    """What is written: TOML has times of its own, and in quotes they are texts."""
    if isinstance(told, str):
        try:
            return datetime.fromisoformat(told)
        except ValueError:
            return None
    if isinstance(told, datetime):
        return told
    return datetime.combine(told, time()) if isinstance(told, date) else None
