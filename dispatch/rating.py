"""What those who reported think of what was done (满意度): when they may say it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dispatch.workflow.state import State

MOST: Final = 5
SATISFIED: Final = 4
"""Stars from which somebody is satisfied."""
LASTS: Final = timedelta(days=30)
"""After the closing of a case; as long a rating can be changed."""
MOST_CHANGES: Final = 10


@dataclass(frozen=True, slots=True)
class Rating:
    """From 1, the worst, to 5 *stars*, with words or none."""

    stars: int
    text: str
    at: datetime


def open_until(state: str | None, closed_at: datetime | None) -> datetime | None:
    """Until when a report can be rated whose case stands so; None when there is nothing to rate.

    What was refused or is still being done is no work that anybody could be satisfied with.
    """
    if state != State.CLOSED or closed_at is None:
        return None
    return closed_at + LASTS
