"""Rules, sensors and samples for tests of the engine; hours count from midnight of a Monday."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from dispatch.sensing.alarm import AlarmChange, milliseconds
from dispatch.sensing.engine import Engine, Outcome
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.sensors import Samples, Sensors
from tests.makers import label

HOUR_MS = 3_600_000
MONDAY_MS = milliseconds(datetime(2026, 1, 5, tzinfo=UTC))
Told = tuple[str, float, float]
"""Device, hours after midnight, value."""
Episode = tuple[str, str, float, float | None, int]
"""Device, rule, start and end in hours, highest level."""


def a_sensor(code: str = "a", **changes: Any) -> dict[str, Any]:
    """A sensor of PM2.5 in the area A."""
    return {
        "code": code, "name": label(code), "property": "pm25", "unit": "ug/m3", "lon": 116.0,
        "lat": 39.0, "area": "A", "station": code,
    } | changes  # fmt: skip


def a_rule(**changes: Any) -> dict[str, Any]:
    """A rule of one level: above 100, over as soon as it is not."""
    return {
        "row": 1, "name": "high", "property": "pm25", "unit": "ug/m3", "signal": "value",
        "settings": {}, "steps": [a_step(3, 100)], "category": None, "condition": None,
        "text": label("It is high"),
    } | changes  # fmt: skip


def a_step(level: int, limit: float, hours: float = 0, side: str = "above") -> dict[str, Any]:
    """A level of a rule."""
    return {"level": level, "side": side, "limit": limit, "held_ms": ms(hours)}


def a_silence(hours: float = 3, **changes: Any) -> dict[str, Any]:
    """A rule about hours without a sample."""
    step = a_step(4, hours * 3600, side="reaching")
    return a_rule(name="silent", signal="silence", steps=[step], **changes)


def ms(hours: float) -> int:
    """So many hours in milliseconds."""
    return round(hours * HOUR_MS)


def an_engine(
    *rules: dict[str, Any], sensors: Sequence[dict[str, Any]] = (), **settings: Any
) -> Engine:
    """An engine over rules and sensors; samples may be *lateness* hours late."""
    told = {"lateness_ms": ms(settings.pop("lateness", 12))}
    return Engine(
        Sensors.of(sensors or [a_sensor()]), SensorRules.of(rules or [a_rule()], told, **settings)
    )


def samples(told: Iterable[Told]) -> Samples:
    """Samples as columns."""
    rows = list(told)
    return Samples(
        [device for device, _, _ in rows],
        np.array([MONDAY_MS + ms(hours) for _, hours, _ in rows], dtype=np.int64),
        np.array([value for _, _, value in rows], dtype=np.float64),
    )


def series(
    *values: float | None, device: str = "a", start: float = 0, every: float = 1
) -> list[Told]:
    """A value for each hour; None where nothing comes."""
    return [
        (device, start + place * every, value)
        for place, value in enumerate(values)
        if value is not None
    ]


def hours(at: datetime) -> float:
    """Hours after midnight."""
    return (milliseconds(at) - MONDAY_MS) / HOUR_MS


def steps(outcome: Outcome) -> list[tuple[str, float, int]]:
    """Kind, hour and level of each change."""
    return [(change.kind, hours(change.at), change.level) for change in outcome.changes]


def judged(
    engine: Engine, told: Iterable[Told], until: float | None = None
) -> list[tuple[str, float, int]]:
    """What becomes of samples that come all at once."""
    mark_ms = None if until is None else MONDAY_MS + ms(until)
    return steps(engine.advance(engine.blank(), samples(told), mark_ms=mark_ms))


def standing(changes: Iterable[AlarmChange]) -> set[Episode]:
    """The alarms that there are after all these changes."""
    last = {change.key: change for change in changes}
    found = [
        (
            one.device,
            one.rule,
            hours(one.started_at),
            None if one.ended_at is None else hours(one.ended_at),
            one.highest,
        )
        for one in last.values()
        if one.kind != "withdrawn"
    ]
    assert len(set(found)) == len(found), "two alarms are one"
    return set(found)


def replayed(
    engine: Engine, batches: Iterable[Sequence[Told]], *, dumps: bool = False
) -> set[Episode]:
    """The alarms that batches of samples leave when all is settled."""
    state = engine.blank()
    changes: list[AlarmChange] = []
    for batch in batches:
        changes += engine.advance(state, samples(batch)).changes
        if dumps:
            state = engine.load(engine.dump(state))
    changes += engine.advance(state, samples([]), mark_ms=MONDAY_MS + ms(1000)).changes
    return standing(changes)
