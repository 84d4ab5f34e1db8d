"""A moment as a person types it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


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
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))
