"""What the city warns of at a moment: rainstorm, heat, a fair in the park. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LONGEST: Final = timedelta(days=90)
_KIND: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}")


@dataclass(frozen=True, slots=True)
class CityWarning:
    """A warning of a *kind* for an area and all within, from *since* until before *until*."""

    id: int
    kind: str
    area: str
    since: datetime
    until: datetime
    note: str = ""
    set_by: str = ""
    ended_by: str | None = None


def unfit(
    kind: str, since: datetime, until: datetime, now: datetime
) -> tuple[str, str, str] | None:
    """The field that keeps a warning from being set, what is wrong and what to do; None: nothing.

    One that never ends would go on making cases severe when everybody has forgotten it.
    """
    if not _KIND.fullmatch(kind):
        return "kind", f"{kind!r} is no kind", "letters, digits and . _ : / -, at most 64"
    if not since < until or until <= now:
        return "until", f"{until.isoformat()} is not after now and the beginning", "a later time"
    if until > now + LONGEST:
        return "until", f"{until.isoformat()} is too far away", f"at most {LONGEST.days} days"
    return None


def kinds_in_force(
    warnings: Iterable[CityWarning], areas: Collection[str], at: datetime
) -> frozenset[str]:
    """The kinds that are warned of at a moment in a place, by the codes of the areas it lies in."""
    return frozenset(
        one.kind for one in warnings if one.area in areas and one.since <= at < one.until
    )
