"""Situations found in real days: when, against how much had happened by then; and false alarms.

    python -m benchmarks.situations --json

Two towns are lived through day by day, or hour by hour, by the rules that the look-out follows: the
dengue outbreak of 2015 (real cases with place and day of onset; areas are villages) and one day of
New York's 311 requests. Then the same with no cluster in it: the days are shuffled over the cases,
so that every village keeps its cases and every day its number. What is flagged there is false.

Cases count as known on the day of their onset, which nobody had on that day: what is compared is
places and times, not how fast a laboratory is.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from benchmarks.machine import machine, print_result
from dispatch.situations.facts import Fact, Kind, Source
from dispatch.situations.growing import grow
from dispatch.situations.patterns import Family, Patterns, ScanRule
from dispatch.situations.scanning import Happened, inside, scan
from dispatch.situations.sighting import Sighting, sighted_by_scan
from dispatch.situations.situation import Situation
from dispatch.situations.zones import Zones
from grid.naming import Label

DATA: Final = Path(__file__).resolve().parents[1].parent / "shared" / "data"
TAIPEI: Final = ZoneInfo("Asia/Taipei")
DAY: Final = timedelta(days=1)
DENGUE: Final = Family("dengue", Label("登革热", "dengue"), ("dengue",))
OUTBREAK: Final = ScanRule(
    name="dengue-hot-spot",
    family=DENGUE,
    text=Label("登革热聚集", "Dengue hot spot"),
    slot=DAY,
    windows=(1, 3, 7, 14),
    history=timedelta(days=3 * 365),
    every=DAY,
    recurrence=timedelta(days=365),
    quiet=timedelta(days=21),
    neighbours=12,
    radius_m=3_000,
    at_least=3,
)


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas by code and name, with their shapes; positions of the same order."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    shapes: NDArray[np.object_]

    def numbers(self, lon_lat: NDArray[np.float64]) -> NDArray[np.intp]:
        """The number of the area that holds each position, -1 where none does."""
        tree = shapely.STRtree(list(self.shapes))
        points, areas = tree.query(shapely.points(lon_lat), predicate="intersects")
        found = np.full(len(lon_lat), -1, dtype=np.intp)
        found[points[::-1]] = areas[::-1]
        return found

    def zones(self, rule: ScanRule) -> Zones:
        """Zones over the areas as the rule wants them."""
        middles = shapely.get_coordinates(shapely.point_on_surface(self.shapes))
        return Zones.of(self.codes, middles, neighbours=rule.neighbours, radius_m=rule.radius_m)


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases as columns: the number of the area, and when."""

    lon_lat: NDArray[np.float64]
    areas: NDArray[np.intp]
    at_s: NDArray[np.float64]

    def shuffled(self, rng: np.random.Generator) -> Cases:
        """The same cases with their times dealt out anew."""
        return replace(self, at_s=rng.permuted(self.at_s))


def villages(data: Path = DATA) -> Areas:
    """The villages of Tainan, some repaired."""
    text = gzip.decompress((data / "tainan_admin" / "villages.geojson.gz").read_bytes())
    features = json.loads(text)["features"]
    shapes = shapely.make_valid(np.array([shape(one["geometry"]) for one in features]))
    told = [one["properties"] for one in features]
    return Areas(
        tuple(one["VILLCODE"] for one in told),
        tuple(f"{one['TOWNNAME']}{one['VILLNAME']}" for one in told),
        shapes,
    )


def dengue(areas: Areas, since: date, data: Path = DATA) -> Cases:
    """The cases from a day on that lie in a village, by day of onset."""
    path = data / "tw_dengue_dev" / "dengue_points_tainan.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["onset_date"] >= since.isoformat()]
    lon_lat = np.array([(float(row["lon"]), float(row["lat"])) for row in rows])
    at_s = np.array([_noon(row["onset_date"]).timestamp() for row in rows])
    numbers = areas.numbers(lon_lat)
    held = numbers >= 0
    return Cases(lon_lat[held], numbers[held], at_s[held])


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=TAIPEI)


@dataclass(slots=True)
class Life:
    """Situations as they go, and how many looks found something at all."""

    patterns: Patterns
    situations: list[Situation]
    looks: int = 0
    finds: int = 0

    def take(self, facts: Sequence[Fact], seen: Sequence[Sighting], now: datetime) -> None:
        """Look once."""
        self.looks += 1
        self.finds += bool(seen)
        known = [one for one in self.situations if one.goes_on or _ended_lately(one, now)]
        for step in grow(known, facts, self.patterns, now, seen):
            number = step.situation.id
            if number is None:
                self.situations.append(replace(step.situation, id=len(self.situations) + 1))
            else:
                self.situations[number - 1] = step.situation


def _ended_lately(one: Situation, now: datetime) -> bool:
    return one.over_at is not None and now < one.over_at + timedelta(days=21)


def live(
    cases: Cases, areas: Areas, zones: Zones, rule: ScanRule, days: Iterable[datetime]
) -> Life:
    """The days, each looked at when it is over."""
    life = Life(Patterns((rule.family,), (), (rule,)), [])
    happened = Happened(cases.areas, cases.at_s)
    for now in days:
        seen = [
            sighted_by_scan(spot, rule, _facts(cases, areas, mask))
            for spot in scan(happened, rule, zones, now, TAIPEI)
            for mask in [inside(happened, spot, rule, zones, now)]
        ]
        life.take([], seen, now)
    return life


def _facts(cases: Cases, areas: Areas, mask: NDArray[np.bool_]) -> list[Fact]:
    return [
        Fact(
            kind=Kind.CASE,
            ref=str(number),
            at=datetime.fromtimestamp(cases.at_s[number], UTC),
            lon=float(cases.lon_lat[number, 0]),
            lat=float(cases.lon_lat[number, 1]),
            areas=(areas.codes[cases.areas[number]],),
            source=Source.INSPECTOR,
            category="dengue",
        )
        for number in np.flatnonzero(mask).tolist()
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """A situation: when it was first flagged, and the share of all and of its own cases by then."""

    place: str
    flagged: str
    members_then: int
    members: int
    p: float
    share_of_all: float
    share_of_own: float
    state: str


def told(life: Life, cases: Cases, areas: Areas, since: datetime) -> list[Found]:
    """The situations in the order of their flags; shares count what happened from *since* on."""
    return [_found(one, cases, areas, since) for one in life.situations]


def _found(one: Situation, cases: Cases, areas: Areas, since: datetime) -> Found:
    number = areas.codes.index(one.zone[0])
    own = np.isin(cases.areas, [areas.codes.index(code) for code in one.zone])
    counts = cases.at_s >= since.timestamp()
    then = counts & (cases.at_s <= one.flagged_at.timestamp())
    return Found(
        place=areas.names[number],
        flagged=one.flagged_at.astimezone(TAIPEI).isoformat(timespec="minutes"),
        members_then=sum(m.joined_at == one.flagged_at for m in one.members.values()),
        members=len(one.members),
        p=float(next(iter(one.why.values()))["p"]),
        share_of_all=round(float(then.sum() / counts.sum()), 5),
        share_of_own=round(float((then & own).sum() / max(1, (counts & own).sum())), 5),
        state=str(one.state),
    )


def days_of(first: date, last: date) -> list[datetime]:
    """The end of each day from the first to the last."""
    begin = datetime(first.year, first.month, first.day, tzinfo=TAIPEI)
    return [begin + DAY * (number + 1) for number in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class Falseness:
    """Looks at cities without clusters: how many found something, and how many were allowed to."""

    copies: int
    looks: int
    finds: int
    situations: int
    allowed: float

    @property
    def rate(self) -> float:
        """The share of looks with a false find."""
        return self.finds / self.looks


def false_alarms(
    cases: Cases, areas: Areas, rule: ScanRule, days: Sequence[datetime], copies: int, seed: int
) -> Falseness:
    """What is flagged in shuffled copies."""
    zones, rng = areas.zones(rule), np.random.default_rng(seed)
    lives = [live(cases.shuffled(rng), areas, zones, rule, days) for _ in range(copies)]
    looks = sum(one.looks for one in lives)
    return Falseness(
        copies,
        looks,
        sum(one.finds for one in lives),
        sum(len(one.situations) for one in lives),
        looks * rule.most_p,
    )


def outbreak(copies: int, seed: int) -> dict[str, Any]:
    """The outbreak of 2015, and its shuffled copies."""
    areas = villages()
    cases = dengue(areas, date(2012, 1, 1))
    days = days_of(date(2015, 5, 1), date(2015, 9, 30))
    began = time.perf_counter()
    life = live(cases, areas, areas.zones(OUTBREAK), OUTBREAK, days)
    seconds = time.perf_counter() - began
    false = false_alarms(cases, areas, OUTBREAK, days, copies, seed)
    often = replace(OUTBREAK, recurrence=20 * DAY)
    loose = false_alarms(cases, areas, often, days, max(1, copies // 4), seed + 1)
    return {
        "cases": int((cases.at_s >= days[0].timestamp()).sum()),
        "villages": len(areas.codes),
        "looks": life.looks,
        "seconds": round(seconds, 2),
        "situations": [asdict(one) for one in told(life, cases, areas, days[0])],
        "shuffled": {"1 in 365 days": _false(false), "1 in 20 days": _false(loose)},
    }


def _false(one: Falseness) -> dict[str, Any]:
    return asdict(one) | {"rate": round(one.rate, 5), "nominal": round(one.allowed / one.looks, 5)}


def main(arguments: Sequence[str]) -> None:
    """Run and print; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    result = {"machine": machine(), "outbreak": outbreak(asked.copies, asked.seed)}
    if not asked.json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    print_result(result)


if __name__ == "__main__":
    main(sys.argv[1:])
