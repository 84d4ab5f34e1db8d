"""What the alarms of the documented rules must be, worked out from the raw files in plain Python.

Nothing of the product is imported here. Times are whole hours since 1970 in UTC; an alarm is
(device, rule, start, end or None, highest level).
"""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

Points = list[tuple[int, float]]
Alarms = list[list[int | None]]
Found = tuple[str, str, int | None, int | None, int | None]
Levels = list[tuple[int, Callable[[float], bool], int]]
BEIJING_H, CAP = 8, 999


def read(folder: Path, names: Sequence[str], first: datetime, last: datetime) -> dict[str, Points]:
    """By ``station/property`` the values as they stand in the files, nulls left out."""
    series: dict[str, Points] = defaultdict(list)
    for path in sorted(folder.glob("PRSA_Data_*.csv.gz")):
        with gzip.open(path, "rt", newline="") as file:
            for row in csv.DictReader(file):
                at = datetime(*(int(row[k]) for k in ("year", "month", "day", "hour")), tzinfo=UTC)
                if first <= at < last:
                    for name in names:
                        if row[name] not in ("", "NA", "nan"):
                            hour = int(at.timestamp()) // 3600 - BEIJING_H
                            series[f"{row['station']}/{name}"].append((hour, float(row[name])))
    return dict(series)


def stations(folder: Path) -> dict[str, tuple[float, float]]:
    """Longitude and latitude of each."""
    with (folder / "stations.csv").open(newline="") as file:
        return {r["station"]: (float(r["lon"]), float(r["lat"])) for r in csv.DictReader(file)}


def alarms(
    points: Points,
    levels: Levels,
    over: Callable[[float], bool],
    over_h: int = 0,
    rest_h: int = 0,
) -> Alarms:
    """Start, end and highest level: made when a level has held so long, over when *over* has."""
    since: dict[int, int] = {}
    calm, is_open, found = None, False, list[list[int | None]]()
    for at, x in points:
        for level, made, _ in levels:
            if not made(x):
                since.pop(level, None)
            else:
                since.setdefault(level, at)
        held = [level for level, _, hours in levels if at - since.get(level, at + 1) >= hours]
        if not is_open and held:
            last = found[-1][1] if found else None
            if rest_h and last is not None and at - last <= rest_h:
                found[-1][1:] = [None, min(found[-1][2] or 9, *held)]
            else:
                found.append([at, None, min(held)])
            calm, is_open = None, True
        elif is_open and over(x):
            calm = at if calm is None else calm
            if at - calm >= over_h:
                found[-1][1], is_open = at, False
        elif is_open:
            calm, found[-1][2] = None, min(found[-1][2] or 9, *held, 9)
    return found


def silence(points: Points, hours: int, end: int) -> Alarms:
    """From so many hours after a sample to the next one."""
    times = [at for at, _ in points]
    pairs = zip(times, [*times[1:], None], strict=True)
    return [
        [at + hours, then, 4] for at, then in pairs if (end if then is None else then) - at > hours
    ]


def stays(points: Points) -> Iterator[tuple[int, float]]:
    """For how many hours the value has been the same."""
    since, before = 0, math.nan
    for at, value in points:
        if value != before:
            since, before = at, value
        yield at, at - since


def changes(points: Points, hours: int) -> Iterator[tuple[int, float]]:
    """The change against the oldest sample of so many hours."""
    for place, (at, value) in enumerate(points):
        late = [v for t, v in points[max(0, place - hours) : place] if t >= at - hours]
        if late:
            yield at, value - late[0]


def scores(points: Points, weeks: int, least: int, floor: float) -> Iterator[tuple[int, float]]:
    """How far off the same hour of the weeks before."""
    known = dict(points)
    for at, value in points:
        past = [known[at - 168 * n] for n in range(1, weeks + 1) if at - 168 * n in known]
        if len(past) >= least:
            middle = median(past)
            spread = max(1.4826 * median(abs(one - middle) for one in past), floor)
            yield at, (value - middle) / spread


def apart(
    name: str, series: dict[str, Points], places: dict[str, tuple[float, float]], k: int, age: int
) -> Iterator[tuple[int, float]]:
    """The difference from the median of the nearest stations."""
    station, measured = name.split("/")

    def far(other: str) -> float:
        (a, b), (c, d) = places[station], places[other]
        return math.hypot((a - c) * math.cos(math.radians((b + d) / 2)), b - d)

    nearest = sorted((one for one in places if one != station), key=far)[:k]
    known = [dict(series[f"{one}/{measured}"]) for one in nearest]
    for at, value in series[name]:
        newest = [
            next((one[t] for t in range(at, at - age - 1, -1) if t in one), None) for one in known
        ]
        others = [one for one in newest if one is not None]
        if len(others) >= 2:
            yield at, value - median(others)


def both(
    dust: Points, wind: Points, crossed: Callable[[float, float], bool], age: int
) -> Iterator[tuple[int, float]]:
    """Whether both cross by their newest values."""
    one, other = dict(dust), dict(wind)
    for at in sorted({*one, *other}):
        d, w = (
            next((s[t] for t in range(at, at - age - 1, -1) if t in s), math.nan)
            for s in (one, other)
        )
        yield at, float(crossed(d, w))


def counted(
    points: Points, made: Callable[[float], bool], hours: int
) -> Iterator[tuple[int, float]]:
    """How many samples of so many hours cross."""
    for at, _ in points:
        yield at, sum(made(v) for t, v in points if at - hours < t <= at)


def expected(folder: Path, series: dict[str, Points], end: int) -> set[Found]:
    """All alarms of the rules of docs/sensing.md, when time has come to *end*."""
    good = {name: [(t, v) for t, v in points if 0 <= v < CAP] for name, points in series.items()}
    dust = {name: points for name, points in good.items() if name.endswith("/PM2.5")}
    places, found = stations(folder), set[Found]()

    def add(name: str, rule: str, some: Alarms) -> None:
        found.update((name, rule, start, stop, level) for start, stop, level in some)

    for name, points in dust.items():
        high: Levels = [
            (3, lambda x: x > 115, 2),
            (2, lambda x: x > 150, 3),
            (1, lambda x: x > 250, 3),
        ]
        add(name, "pm25-high", alarms(points, high, lambda x: x < 75, 2, 6))
        add(name, "pm25-silent", silence(points, 6, end))
        same: Levels = [(4, lambda x: x >= 6, 0)]
        add(name, "pm25-stuck", alarms(list(stays(points)), same, lambda x: x < 6))
        jump: Levels = [(3, lambda x: x > 150, 0)]
        add(name, "pm25-jump", alarms(list(changes(points, 3)), jump, lambda x: x <= 150))
        odd: Levels = [(3, lambda x: abs(x) > 6, 0)]
        add(name, "pm25-odd", alarms(list(scores(points, 8, 4, 10)), odd, lambda x: abs(x) < 3))
        alone: Levels = [(4, lambda x: abs(x) > 120, 2)]
        offs = list(apart(name, dust, places, 4, 1))
        add(name, "pm25-alone", alarms(offs, alone, lambda x: abs(x) < 60))
        wind = good[name.replace("PM2.5", "WSPM")]
        smog = list(both(points, wind, lambda d, w: d > 150 and w < 1.5, 1))
        add(name, "smog", alarms(smog, [(2, lambda x: x > 0, 3)], lambda x: x == 0))
    for name in (name for name in good if name.endswith("/O3")):
        often = counted(good[name], lambda v: v > 200, 6)
        add(name, "o3-often", alarms(list(often), [(3, lambda x: x >= 3, 0)], lambda x: x < 3))
    return found
