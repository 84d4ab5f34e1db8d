"""Scanning: from what happened where and when to the hot spots of one rule at one moment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from dispatch.situations.baseline import Counts, kind_of_time, season_of
from dispatch.situations.patterns import ScanRule
from dispatch.situations.scan import HotSpot, Look, find_hot_spots
from dispatch.situations.zones import Zones

REPLICATES: Final = 999


@dataclass(frozen=True, slots=True)
class Happened:
    """Things of one family as columns: the number of the area (-1: none) and when, shape (n,).

    *at_s* are seconds since 1970 in UTC.
    """

    areas: NDArray[np.intp]
    at_s: NDArray[np.float64]


def scan(
    happened: Happened, rule: ScanRule, zones: Zones, now: datetime, zone: ZoneInfo
) -> list[HotSpot]:
    """The hot spots of a rule now, by the clocks of *zone*; what happens later is not looked at.

    The same things and the same moment give the same answer, on any machine.
    """
    counts = counted(happened, rule, zones, now, zone)
    look = Look(rule.windows, rule.at_least, rule.most_p, REPLICATES)
    return find_hot_spots(counts, zones, look, seed_of(rule, now))


def counted(
    happened: Happened, rule: ScanRule, zones: Zones, now: datetime, zone: ZoneInfo
) -> Counts:
    """What happened by area and slot; the first thing that is known begins the history."""
    slots = slots_of(happened, rule, now)
    oldest = int(slots.max(initial=0)) + 1
    many = min(oldest, (rule.history + rule.longest) // rule.slot)
    many = max(many, max(rule.windows))
    season = season_of(rule.slot, rule.slot * (many - max(rule.windows)))
    middles = (now - rule.slot * (number + 0.5) for number in range(many))
    kinds = [kind_of_time(middle.astimezone(zone), season) for middle in middles]
    return Counts.of(
        happened.areas,
        slots,
        np.array(kinds, dtype=np.intp),
        many_areas=len(zones.codes),
        longest=max(rule.windows),
    )


def slots_of(happened: Happened, rule: ScanRule, now: datetime) -> NDArray[np.intp]:
    """The slot of each thing back from now, 0 the newest; negative after now."""
    ages = now.timestamp() - happened.at_s
    return np.floor(ages / rule.slot.total_seconds()).astype(np.intp)


def inside(
    happened: Happened, spot: HotSpot, rule: ScanRule, zones: Zones, now: datetime
) -> NDArray[np.bool_]:
    """Which things the hot spot counts, shape (n,)."""
    slots = slots_of(happened, rule, now)
    is_in_zone = np.isin(happened.areas, zones.numbers(spot.areas))
    return is_in_zone & (slots >= 0) & (slots < spot.window)


def seed_of(rule: ScanRule, now: datetime) -> int:
    """A seed that is the same for the same look, and another for each."""
    text = f"{rule.name}|{now.astimezone().timestamp():.0f}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def last_look(rule: ScanRule, now: datetime) -> datetime:
    """When the rule was to be looked at last: looks stand at whole multiples of *every*."""
    step = rule.every // timedelta(seconds=1)
    return datetime.fromtimestamp(int(now.timestamp()) // step * step, tz=now.tzinfo)
