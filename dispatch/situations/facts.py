"""Facts: what situations are made of. A case or an alarm, with its place and its time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.crs import WGS84, crs_named, metric_crs_for, transformed


class Kind(StrEnum):
    """What a fact is."""

    CASE = "case"
    ALARM = "alarm"


class Source(StrEnum):
    """Who told of it: several that agree weigh more than one that repeats itself."""

    SENSOR = "sensor"
    CITIZEN = "citizen"
    INSPECTOR = "inspector"


@dataclass(frozen=True, slots=True)
class Fact:
    """A case or an alarm as situations see it.

    *ref* is the id of the case or the key of the alarm; *at* when it happened, as first told;
    *lon*, *lat* are degrees WGS84; *areas* run from the smallest up to the city. *reports* is how
    many told of it, *source* who was first and *also* who else. An alarm has a *level*, 1 the
    gravest, and perhaps the *case_id* of the case that it opened: the two are one thing. A case
    that a sensor opened has the *property* too.
    """

    kind: Kind
    ref: str
    at: datetime
    lon: float
    lat: float
    areas: tuple[str, ...]
    source: Source
    category: str = ""
    observed_property: str = ""
    level: int | None = None
    reports: int = 1
    department: str | None = None
    case_id: int | None = None
    also: tuple[Source, ...] = ()

    @property
    def sources(self) -> frozenset[Source]:
        """All kinds of source that told of it."""
        return frozenset((self.source, *self.also))

    @property
    def key(self) -> str:
        """What tells it from all other facts: ``case:17``."""
        return f"{self.kind}:{self.ref}"

    @property
    def thing(self) -> str:
        """What it is about: an alarm and the case it opened are about one thing."""
        return f"case:{self.case_id}" if self.case_id is not None else self.key


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """The facts by time and key, so that the order in which they came changes nothing."""
    return sorted(facts, key=lambda fact: (fact.at, fact.key))


def in_metres(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (n, 2) in degrees WGS84 as metres (n, 2) of a plane of their surroundings.

    The plane is laid around all of them: good for a city. No positions give none.
    """
    if not len(lon_lat):
        return lon_lat
    west, south = lon_lat.min(axis=0).tolist()
    east, north = lon_lat.max(axis=0).tolist()
    return transformed(lon_lat, _DEGREES, metric_crs_for((west, south, east, north)))


def positions(facts: Sequence[Fact]) -> NDArray[np.float64]:
    """Longitude and latitude of each, shape (n, 2)."""
    return np.array([(fact.lon, fact.lat) for fact in facts], dtype=np.float64).reshape(-1, 2)


_DEGREES: Final = crs_named(WGS84)
