"""One day of New York's 311 requests, by the patterns of its pack; districts are its areas."""

from __future__ import annotations

import csv
import gzip
import re
import tomllib
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from app.city.faults import Faults
from app.city.situations import FILE, Known, read_situations
from benchmarks.situating.ground import DATA, Areas, Cases
from benchmarks.situating.living import Life, Town, scan_through
from dispatch.situations.patterns import Patterns

NEW_YORK: Final = ZoneInfo("America/New_York")
MIDNIGHT: Final = datetime(2024, 9, 1, tzinfo=NEW_YORK)
HOUR: Final = timedelta(hours=1)
_EVERY: Final = timedelta(minutes=10)


def patterns() -> Patterns:
    """What the pack takes for situations."""
    text = (files("app.city.newyork") / FILE).read_text(encoding="utf-8")
    faults = Faults()
    part = read_situations(tomllib.loads(text), Known(None, None, None), faults)
    if faults.found:
        raise ValueError(str(faults.found[0]))
    return Patterns.of(part)


def new_york(data: Path = DATA) -> Town:
    """The districts, and the requests of each family that have a place in one."""
    areas = Areas.read(
        data / "nyc_geo" / "CD.geo.json.gz",
        lambda told: (str(told["GEOCODE"]), f"{told['GEONAME']}, {told['BOROUGH']}"),
    )
    path = data / "nyc_311_dev" / "nyc311_allagency_2024-09-01.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Latitude"]]
    lon_lat = np.array([(float(row["Longitude"]), float(row["Latitude"])) for row in rows])
    at_s = np.array([_moment(row["Created Date"]).timestamp() for row in rows])
    codes = [re.sub(r"[^0-9A-Za-z]+", "-", row["Complaint Type"]).strip("-") for row in rows]
    numbers = areas.numbers(lon_lat)
    whole = Cases(lon_lat, numbers, at_s, np.array(codes, dtype=object))
    placed = whole.some(numbers >= 0)
    return Town(
        areas,
        {
            family.name: placed.some(
                np.array([code.startswith(family.categories) for code in placed.categories])
            )
            for family in patterns().families
        },
        NEW_YORK,
    )


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=NEW_YORK)


def hours() -> list[datetime]:
    """The end of each hour of the day but the first two, before which nothing is usual yet."""
    return [MIDNIGHT + HOUR * number for number in range(3, 25)]


def live_through(town: Town) -> Life:
    """The day: rules look every ten minutes, scans every hour."""
    told = patterns()
    life = scan_through(town, Patterns(told.families, (), told.scans, told.texts), hours())
    rules = Life(Patterns(told.families, told.rules, (), told.texts), life.situations)
    ruled = {rule.family.name for rule in told.rules}
    for number in range(1, 145):
        now = MIDNIGHT + _EVERY * number
        facts = [
            fact
            for name in sorted(ruled)
            for cases in [town.cases[name]]
            for fact in cases.facts(
                town.areas.codes,
                (cases.at_s <= now.timestamp()) & (cases.at_s >= (now - told.horizon).timestamp()),
                name,
            )
        ]
        rules.take(facts, [], now)
    life.situations = rules.situations
    return life
