"""Deciding a past period again from beginning to end: reads and counts, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from app.whatif.proposals import Tried
from dispatch.whatif.deciding import Compared, decide_again
from dispatch.whatif.postgres import Choice, Extent, snapshot
from dispatch.whatif.summary import HOURLY_UP_TO, Summary

Progress = Callable[[int, int], None]
"""Hears how many of how many cases were decided again."""
Sink = Callable[[Sequence[Compared]], None]
"""Takes the cases that came out differently, in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out, of which cases."""

    summary: Summary
    extent: Extent


async def try_out(
    conn: AsyncConnection[Any],
    tried: Tried,
    choice: Choice,
    *,
    as_of: datetime | None = None,
    on_changed: Sink = lambda cases: None,
    on_progress: Progress = lambda done, total: None,
) -> Outcome:
    """Decide the chosen cases again by what is tried. *conn* must not be inside a transaction."""
    async with snapshot(conn, choice, as_of) as cases:
        extent = cases.extent
        zone = tried.rules.calendar.timezone
        summary = Summary(zone, extent.as_of, hourly=_is_short(extent))
        on_progress(0, extent.cases)
        warnings = await cases.warnings()
        async for batch in cases.batches():
            compared = decide_again(batch, tried.rules, as_of=extent.as_of, warnings=warnings)
            summary.add(compared)
            on_changed([one for one in compared if one.differences])
            on_progress(summary.cases, extent.cases)
    return Outcome(summary, extent)


def _is_short(extent: Extent) -> bool:
    if extent.first_at is None or extent.last_at is None:
        return True
    return extent.last_at - extent.first_at <= HOURLY_UP_TO
