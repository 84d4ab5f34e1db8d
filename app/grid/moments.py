"""A moment as a person types it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

_YEARS: Final = range(1900, 2200)
"""Of no other can the days around it be told, and nobody means one."""


class NotAMoment(ValueError):
    """A text is no date and time."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no time; write it like 2027-01-01T08:30")
        self.text = text


def moment_of(text: str, timezone: str) -> datetime:
    """The moment, aware; without an offset it is by the clocks of the city. Raises NotAMoment."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise NotAMoment(text) from err
    if moment.year not in _YEARS:
        raise NotAMoment(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))
