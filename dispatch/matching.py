"""Which open case a report tells of: close by, at about the same time, of the same matter.

Within the bounds of a rule a report joins a case by itself, if it is like enough; a little beyond
it is only suggested to people. Who may be matched (cases still open) is for the caller to say.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from dispatch.similarity import similarity
from grid.duty import EVERY_CATEGORY
from grid.naming import Label, Row

_EQUATOR_M: Final = 6_378_137.0
_ECCENTRICITY_SQUARED: Final = 0.006_694_379_990_141_3
"""The WGS84 ellipsoid."""

_METRES_PER_DEGREE: Final = 110_000.0
"""A little less than a degree of latitude anywhere."""

PLACE, TIME, TEXT, COMPONENT = "place", "time", "text", "component"
EVERYTHING: Final = frozenset({PLACE, TIME, TEXT, COMPONENT})
"""What a score can be made of."""

SUGGEST_RADIUS_M: Final = 250.0
SUGGEST_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a report, or a case, says was seen; position in degrees WGS84.

    *component* is the id of the component it is about, None when nobody said.
    """

    category: str
    lon: float
    lat: float
    at: datetime
    component: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open case that a new report may belong to; position in degrees WGS84.

    *component* is the id of the component it is about, None when nobody said; *text* what the
    first reporter wrote.
    """

    case_id: int
    category: str
    lon: float
    lat: float
    reported_at: datetime
    component: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class MergeRule:
    """When two sightings of some categories are one incident.

    *categories* are codes, beginnings of codes, or ``*``. With *across* they are one family: a
    report of one may tell of a case of another; else each is matched with itself alone. A report
    joins a case by itself within *radius_m* and *within*, when the texts are at least as alike as
    *similarity* asks (0 asks nothing) and the score, made of what the rule *weighs*, reaches
    *automatic*; None: never by itself. The suggest bounds are for what people are shown.
    """

    name: str = "merge"
    radius_m: float = 50.0
    within: timedelta = timedelta(minutes=30)
    categories: tuple[str, ...] = (EVERY_CATEGORY,)
    across: bool = False
    similarity: float = 0.0
    automatic: float | None = 0.0
    weighs: frozenset[str] = frozenset({PLACE})
    suggest_radius_m: float = SUGGEST_RADIUS_M
    suggest_within: timedelta = SUGGEST_WITHIN

    @classmethod
    def of(cls, row: Row, name: str = "merge") -> Self:
        """One rule as the part ``city`` writes it under ``merge``; older parts say less."""
        return cls(
            name=row.get("name", name),
            radius_m=row["radius_m"],
            within=timedelta(minutes=row["minutes"]),
            categories=tuple(row.get("categories", (EVERY_CATEGORY,))),
            across=row.get("across", False),
            similarity=row.get("similarity", 0.0),
            automatic=row.get("automatic", 0.0),
            weighs=frozenset(row.get("weighs", (PLACE,))),
            suggest_radius_m=row.get("suggest_radius_m", max(row["radius_m"], SUGGEST_RADIUS_M)),
            suggest_within=timedelta(
                minutes=row.get(
                    "suggest_minutes", max(row["minutes"], SUGGEST_WITHIN / timedelta(minutes=1))
                )
            ),
        )

    def covers(self, category: str) -> bool:
        """Whether the rule is for this category."""
        return any(one == EVERY_CATEGORY or category.startswith(one) for one in self.categories)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like an open case is to what was seen, and in what.

    *similarity* of the texts is None where one says nothing; *same_component* None where one names
    none. *automatic* says whether the rule merges the two without a person.
    """

    candidate: Candidate
    rule: str
    score: float
    distance_m: float
    apart: timedelta
    similarity: float | None
    same_component: bool | None
    automatic: bool

    @property
    def case_id(self) -> int:
        """The case."""
        return self.candidate.case_id

    def as_dict(self) -> dict[str, object]:
        """The form that is stored in the history."""
        return {
            "rule": self.rule,
            "score": self.score,
            "distance_m": self.distance_m,
            "apart_s": round(self.apart.total_seconds()),
            "similarity": self.similarity,
            "same_component": None if self.same_component is None else int(self.same_component),
        }

    def reasons(self) -> list[Label]:
        """What speaks for the two being one incident, for people."""
        minutes = round(self.apart / timedelta(minutes=1))
        found = [
            Label(f"相距 {self.distance_m:.0f} 米", f"{self.distance_m:.0f} m apart"),
            Label(f"相隔 {minutes} 分钟", f"{minutes} minutes apart"),
        ]
        if self.similarity is not None:
            share = f"{self.similarity:.0%}"
            found.append(Label(f"描述相似 {share}", f"descriptions {share} alike"))
        if self.same_component:
            found.append(Label("同一部件", "the same component"))
        return found


@dataclass(frozen=True)
class Matching:
    """The merge rules of one city, the last of them for all categories that no other is for.

    *families* are the categories of the rules that match across them, by the rule's name.
    """

    rules: tuple[MergeRule, ...] = (MergeRule(),)
    families: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    @classmethod
    def of(cls, merge: Row, codes: Collection[str]) -> Self:
        """The rules that the part ``city`` holds under ``merge``; *codes* are all categories."""
        rules = (*(MergeRule.of(row) for row in merge.get("rules", ())), MergeRule.of(merge))
        alone = cls(rules)
        families = {
            rule.name: frozenset(code for code in codes if alone.rule_for(code) is rule)
            for rule in rules
            if rule.across
        }
        return cls(rules, families)

    def rule_for(self, category: str) -> MergeRule:
        """The first rule that is for the category."""
        return next((rule for rule in self.rules if rule.covers(category)), self.rules[-1])

    def relatives(self, category: str) -> frozenset[str]:
        """The categories whose cases a report of this one may tell of, itself among them."""
        return self.families.get(self.rule_for(category).name, frozenset()) | {category}

    def family(self, category: str) -> str:
        """The name of the category's family, or the category itself where it has none."""
        name = self.rule_for(category).name
        return name if name in self.families else category

    def find_same(self, candidates: Iterable[Candidate], seen: Sighting) -> Likeness | None:
        """The case that a report joins by itself, or None.

        Of several the one with the highest score, then the nearest, then that with the smallest id.
        """
        rule = self.rule_for(seen.category)
        alike = (compare(one, seen, rule, rule.weighs) for one in self._of_family(candidates, seen))
        fit = [one for one in alike if one is not None and one.automatic]
        return min(fit, key=lambda one: (-one.score, one.distance_m, one.case_id), default=None)

    def suggestions(self, candidates: Iterable[Candidate], seen: Sighting) -> Sequence[Likeness]:
        """The cases that may be the same incident, the most alike first; scored by everything."""
        rule = self.rule_for(seen.category)
        alike = (compare(one, seen, rule, EVERYTHING) for one in self._of_family(candidates, seen))
        found = [one for one in alike if one is not None]
        return sorted(found, key=lambda one: (-one.score, one.distance_m, one.case_id))

    def _of_family(self, candidates: Iterable[Candidate], seen: Sighting) -> Iterable[Candidate]:
        relatives = self.relatives(seen.category)
        return (one for one in candidates if one.category in relatives)


def box_around(lon: float, lat: float, radius_m: float) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees of a box that holds the circle; never too small."""
    tall = radius_m / _METRES_PER_DEGREE
    wide = tall / max(math.cos(math.radians(lat)), 0.01)
    return lon - wide, lat - tall, lon + wide, lat + tall


def compare(
    candidate: Candidate, seen: Sighting, rule: MergeRule, weighs: Collection[str]
) -> Likeness | None:
    """How like the case is to what was seen, None when it is not even worth showing.

    All bounds include their edge, the distance to the millimetre; a report may have happened before
    the case was reported, as one sent late from a phone. A case of another component is another
    incident, however near.
    """
    apart = abs(seen.at - candidate.reported_at)
    distance_m = _distance_m(seen.lon, seen.lat, candidate)
    named = None not in (seen.component, candidate.component)
    same_component = seen.component == candidate.component if named else None
    is_near = distance_m <= rule.radius_m and apart <= rule.within
    is_shown = distance_m <= rule.suggest_radius_m and apart <= rule.suggest_within
    if same_component is False or not (is_near or is_shown):
        return None
    asks_text = TEXT in weighs or rule.similarity > 0
    alike = similarity(seen.text, candidate.text) if asks_text else None
    is_one_thing = same_component is True and COMPONENT in weighs
    parts = {
        PLACE: _closeness(distance_m, rule.radius_m),
        TIME: _closeness(apart.total_seconds(), rule.within.total_seconds()),
        TEXT: alike,
    }
    score = 1.0 if is_one_thing else _mean(parts, weighs)
    reads_alike = is_one_thing or rule.similarity == 0 or (alike or 0.0) >= rule.similarity
    is_enough = rule.automatic is not None and score >= rule.automatic
    automatic = is_near and reads_alike and is_enough
    return Likeness(
        candidate, rule.name, score, distance_m, apart, alike, same_component, automatic
    )


def _mean(parts: Mapping[str, float | None], weighs: Collection[str]) -> float:
    told = [part for name, part in parts.items() if name in weighs and part is not None]
    return sum(told) / len(told) if told else 0.0


def _closeness(far: float, bound: float) -> float:
    """1 for nothing between, 0.5 at the bound of the rule, towards 0 beyond."""
    return 1.0 if far == 0 else bound / (bound + far)


def _distance_m(lon: float, lat: float, candidate: Candidate) -> float:
    """Metres between two places on the WGS84 ellipsoid, to the millimetre; NaN where one is none.

    A plane through the middle of both, scaled by the two radii of curvature there: exact to 0.1 %
    below a kilometre. A sphere is wrong by up to 0.5 %, and a geodesic costs a call into PROJ for
    each candidate.
    """
    middle = math.radians((lat + candidate.lat) / 2)
    flattened = 1 - _ECCENTRICITY_SQUARED * math.sin(middle) ** 2
    across_m = _EQUATOR_M / math.sqrt(flattened)
    along_m = across_m * (1 - _ECCENTRICITY_SQUARED) / flattened
    east_m = math.radians(candidate.lon - lon) * across_m * math.cos(middle)
    north_m = math.radians(candidate.lat - lat) * along_m
    return round(math.hypot(east_m, north_m), 3)
