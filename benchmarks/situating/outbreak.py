"""The dengue outbreak of 2015 in Tainan: real cases with place and day of onset, by village."""

from __future__ import annotations

import csv
import gzip
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.situating.ground import DATA, Areas, Cases
from benchmarks.situating.living import Town
from dispatch.situations.patterns import Family, Patterns, ScanRule
from grid.naming import Label

TAIPEI: Final = ZoneInfo("Asia/Taipei")
DAY: Final = timedelta(days=1)
FIRST, LAST = date(2015, 5, 1), date(2015, 9, 30)
SINCE: Final = date(2012, 5, 1)
"""The history that is learned from begins here: three years before the first look."""

DENGUE: Final = Family("dengue", Label("登革热", "dengue"), ("dengue",))
RULE: Final = ScanRule(
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
PATTERNS: Final = Patterns((DENGUE,), (), (RULE,))


def tainan(data: Path = DATA) -> Town:
    """The villages, and the cases that lie in one; a case counts as known at noon of its onset."""
    areas = Areas.read(
        data / "tainan_admin" / "villages.geojson.gz",
        lambda told: (told["VILLCODE"], f"{told['TOWNNAME']}{told['VILLNAME']}"),
    )
    path = data / "tw_dengue_dev" / "dengue_points_tainan.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["onset_date"] >= SINCE.isoformat()]
    lon_lat = np.array([(float(row["lon"]), float(row["lat"])) for row in rows])
    at_s = np.array([_noon(row["onset_date"]).timestamp() for row in rows])
    numbers = areas.numbers(lon_lat)
    cases = Cases(lon_lat, numbers, at_s, np.array(["dengue"] * len(rows), dtype=object))
    return Town(areas, {"dengue": cases.some(numbers >= 0)}, TAIPEI)


def days(first: date = FIRST, last: date = LAST) -> list[datetime]:
    """The end of each day from the first to the last."""
    begin = datetime(first.year, first.month, first.day, tzinfo=TAIPEI)
    return [begin + DAY * (number + 1) for number in range((last - first).days + 1)]


def _noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=TAIPEI)
