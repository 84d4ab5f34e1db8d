"""Who is to get a case, how sure that is, and whether it needs a dispatcher to say so. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from dispatch.confidence import AROUND, Confidence, Record, Records
from dispatch.routing import Assignment
from dispatch.rulebook import Rulebook
from geo.measure import ELLIPSOID
from grid.cell import Place
from grid.naming import Label

NO_RECORDS: Final[Records] = {}


@dataclass(frozen=True, slots=True)
class Subject:
    """The case as the rules ask about it, *at* the moment of asking; position in degrees WGS84.

    *accuracy_m* is how far off the position may be, None when nobody said.
    """

    facts: Mapping[str, object]
    place: Place
    lon: float
    lat: float
    at: datetime
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The department, *why* as it is stored, and what keeps it from being assigned by rule."""

    department: str
    why: Mapping[str, object]
    held: Label | None = None

    def as_dict(self) -> dict[str, object]:
        """The form in which a case that waits for a dispatcher carries it."""
        return {**self.why, "held": self.held.as_dict() if self.held else None}


def propose(subject: Subject, rules: Rulebook, records: Records = NO_RECORDS) -> Proposal:
    """The decision of the routing. Raises NoDepartment when nobody answers for the case.

    Confidence is weighed where the city asks for one; else the decision is as it always was.
    """
    route = rules.router.route(subject.facts, subject.place.areas, subject.at)
    left_to_rules = rules.auto_dispatch
    rule = route.name if route.step == "rule" else None
    category = str(subject.facts["category"])
    held = left_to_rules.held_back(category, subject.place.areas, rule)
    if not left_to_rules.needed:
        return Proposal(route.department, route.as_dict(), held)
    record = records.get((category, subject.place.areas[0], route.department), Record())
    found = _confidence(subject, route, rules, record)
    if held is None and found.percent < left_to_rules.needed:
        held = _unsure(found.percent, left_to_rules.needed)
    told = found.as_dict() | {"needed": left_to_rules.needed}
    return Proposal(route.department, {**route.as_dict(), "confidence": told}, held)


def _unsure(percent: int, needed: int) -> Label:
    return Label(
        f"置信度 {percent}% 低于要求的 {needed}%",
        f"the confidence of {percent}% is below the {needed}% that are needed",
    )


def _confidence(subject: Subject, route: Assignment, rules: Rulebook, record: Record) -> Confidence:
    passed_over = len(route.undecided)
    if not subject.accuracy_m:
        return Confidence(route.step, passed_over, record=record)
    same = 1 + sum(
        _goes_to(route.department, subject, place, rules)
        for place in _around(subject, subject.accuracy_m, rules)
    )
    accuracy_m = math.ceil(subject.accuracy_m)
    return Confidence(route.step, passed_over, same, 1 + AROUND, accuracy_m, record)


def _around(subject: Subject, accuracy_m: float, rules: Rulebook) -> list[Place | None]:
    bearings = np.arange(AROUND) * (360 / AROUND)
    lons, lats = np.full(AROUND, subject.lon), np.full(AROUND, subject.lat)
    lon, lat, _ = ELLIPSOID.fwd(lons, lats, bearings, np.full(AROUND, accuracy_m))
    return rules.grid.places(np.column_stack([lon, lat]))


def _goes_to(department: str, subject: Subject, place: Place | None, rules: Rulebook) -> bool:
    """Whether the case would go there from that place too; outside the city it would not."""
    if place is None:
        return False
    if place == subject.place:
        return True
    facts = {**subject.facts, "cell": place.cell, "areas": list(place.areas)}
    return rules.router.find(facts, place.areas, subject.at) == department
