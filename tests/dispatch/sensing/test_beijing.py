"""Twelve stations of Beijing through the rules of docs/sensing.md, against a check of its own."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.city.faults import Faults
from app.city.lines import Line
from app.city.reading import read_rules
from app.city.sensing import Known, sensor_rules, settings
from dispatch.sensing.alarm import milliseconds
from dispatch.sensing.engine import Engine
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.sensors import Samples, Sensors
from tests.dispatch.sensing import beijing_check as check

DOCS = Path(__file__).parents[3] / "docs" / "sensing.md"
HOUR_MS = 3_600_000
UNITS = {"PM2.5": "ug/m3", "O3": "ug/m3", "WSPM": "m/s"}
Sample = tuple[int, str, float]


def documented(measured: list[dict[str, Any]]) -> SensorRules:
    """The rules that the page calls those of Beijing, read as a pack is read."""
    [block] = re.findall(r"```toml\n(# Beijing.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    content, faults = tomllib.loads(block), Faults()
    whole = Line("sensor_rules.toml", None, content, faults)
    zone = ZoneInfo("Asia/Shanghai")
    rows = sensor_rules(
        read_rules(content, "sensor_rules.toml", faults), whole, Known(measured, [], [], zone)
    )
    assert not faults.found
    return SensorRules.of(rows, settings(whole), zone=zone.key)


def an_engine(folder: Path) -> Engine:
    rows = [
        {
            "code": f"{station}/{name}", "name": {"zh": station, "en": station}, "property": name,
            "unit": unit, "lon": lon, "lat": lat, "area": "Beijing", "station": station,
            "least": 0.0, "most": 998.0,
        }
        for station, (lon, lat) in check.stations(folder).items()
        for name, unit in UNITS.items()
    ]  # fmt: skip
    return Engine(Sensors.of(rows), documented(rows))


def replay(
    engine: Engine, told: Sequence[Sample], size: int, end: int, restarts: int = 0
) -> set[check.Found]:
    """The alarms that are left of samples in batches of *size*, when time has come to *end*."""
    state, last = engine.blank(), dict[str, Any]()
    for place in range(0, len(told) + size, size):
        part = told[place : place + size]
        samples = Samples(
            [device for _, device, _ in part],
            np.array([at * HOUR_MS for at, _, _ in part], dtype=np.int64),
            np.array([value for _, _, value in part], dtype=np.float64),
        )
        lateness_h = engine.plan.rules.lateness_ms // HOUR_MS
        mark_ms = None if part else (end + lateness_h) * HOUR_MS
        outcome = engine.advance(state, samples, mark_ms=mark_ms)
        assert "too_late" not in outcome.counts
        last |= {change.key: change for change in outcome.changes}
        if restarts and place // size % restarts == 0:
            state = engine.load(engine.dump(state))
    return {
        (
            one.device,
            one.rule,
            milliseconds(one.started_at) // HOUR_MS,
            None if one.ended_at is None else milliseconds(one.ended_at) // HOUR_MS,
            one.highest,
        )
        for one in last.values()
        if one.kind != "withdrawn"
    }


def shuffled(told: Sequence[Sample], seed: int) -> list[Sample]:
    """Each moved by up to six hours either way, every tenth sent twice."""
    rng = random.Random(seed)
    twice = [one for one in told if rng.random() < 0.1]
    moved = [(one[0] + rng.uniform(-6, 6), one) for one in (*told, *twice)]
    return [one for _, one in sorted(moved, key=lambda pair: pair[0])]


def hold(shared_data: Path, first: datetime, last: datetime, rules: set[str]) -> None:
    folder = shared_data / "beijing_air_dev"
    series = check.read(folder, list(UNITS), first, last)
    told = sorted((at, name, value) for name, points in series.items() for at, value in points)
    end = told[-1][0] + 1
    engine = an_engine(folder)

    found = replay(engine, told, 500, end)

    assert found == check.expected(folder, series, end)
    assert {rule for _, rule, *_ in found} == rules
    assert replay(engine, shuffled(told, 1), 500, end, restarts=20) == found


EVERY_RULE = {
    "pm25-high", "pm25-silent", "pm25-stuck", "pm25-jump", "pm25-odd", "pm25-alone", "smog",
    "o3-often",
}  # fmt: skip


def test_six_weeks_make_the_alarms_that_the_check_makes(shared_data: Path):
    hold(
        shared_data,
        datetime(2013, 5, 1, tzinfo=UTC),
        datetime(2013, 6, 12, tzinfo=UTC),
        EVERY_RULE,
    )


@pytest.mark.long
def test_two_years_make_the_alarms_that_the_check_makes(shared_data: Path):
    hold(
        shared_data, datetime(2013, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC), EVERY_RULE
    )
