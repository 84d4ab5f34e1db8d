"""An alarm as the city keeps it: what its changes made of it, and who has taken notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Literal, get_args

import msgspec

from dispatch.events import rfc3339
from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.rules import SensorRule
from dispatch.sensing.sensors import Sensor

ALARMS: Final = "alarms.v1"
ACTOR: Final = "sensing"
ACKNOWLEDGED: Final = "acknowledged"
NOTED: Final = frozenset({"upgraded", "cleared", "reopened", "withdrawn"})
"""The changes that the history of its case is told of."""

AlarmState = Literal["raised", "cleared", "withdrawn"]
STATES: Final[tuple[str, ...]] = get_args(AlarmState)


@dataclass(frozen=True, slots=True)
class Told:
    """A change, its device and rule; *areas* hold the device, the smallest first."""

    change: AlarmChange
    sensor: Sensor
    rule: SensorRule
    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAlarm:
    """An alarm after the last of its changes; its *version* counts them.

    Degrees are WGS84. *started_at*, *changed_at* and *ended_at* are by the samples, *told_at* and
    *acknowledged_at* by the clock of the city. *report* is the id of what was reported of it.
    """

    key: str
    device: str
    name: Mapping[str, str]
    rule: str
    text: Mapping[str, str]
    property: str
    unit: str
    area: str
    areas: tuple[str, ...]
    lon: float
    lat: float
    category: str | None
    state: AlarmState
    level: int
    highest: int
    value: float | None
    started_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    flaps: int
    facts: Mapping[str, Any]
    report: int | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    told_at: datetime
    version: int

    def fields(self) -> dict[str, Any]:
        """Its values by name, not copied."""
        return {name: getattr(self, name) for name in _NAMES}


_NAMES: Final = tuple(one.name for one in fields(StandingAlarm))


@dataclass(frozen=True, slots=True)
class AlarmEntry:
    """One line of the history of an alarm: what happened, by whom, and the alarm after it."""

    kind: str
    at: datetime
    actor: str
    alarm: StandingAlarm


def changed(before: StandingAlarm | None, told: Told, now: datetime) -> AlarmEntry:
    """The alarm after a change of it; None before the first.

    One that begins again, or gets graver, is to be acknowledged again.
    """
    change, sensor, rule = told.change, told.sensor, told.rule
    alarm = StandingAlarm(
        key=change.key,
        device=sensor.code,
        name=sensor.name.as_dict(),
        rule=rule.name,
        text=rule.text.as_dict(),
        property=sensor.observed_property,
        unit=sensor.unit,
        area=sensor.area,
        areas=told.areas,
        lon=sensor.lon,
        lat=sensor.lat,
        category=rule.category,
        state=_state(change),
        level=change.level,
        highest=change.highest,
        value=change.value,
        started_at=change.started_at,
        changed_at=change.at,
        ended_at=change.ended_at,
        flaps=change.flaps,
        facts=dict(change.facts),
        told_at=before.told_at if before else now,
        version=before.version + 1 if before else 1,
    )
    if before is not None:
        alarm = replace(alarm, report=before.report)
        if change.kind not in ("reopened", "upgraded"):
            alarm = replace(
                alarm,
                acknowledged_by=before.acknowledged_by,
                acknowledged_at=before.acknowledged_at,
            )
    return AlarmEntry(change.kind, change.at, ACTOR, alarm)


def acknowledged(alarm: StandingAlarm, person: str, now: datetime) -> AlarmEntry:
    """The alarm once somebody has said that they see to it."""
    seen = replace(alarm, acknowledged_by=person, acknowledged_at=now, version=alarm.version + 1)
    return AlarmEntry(ACKNOWLEDGED, now, person, seen)


def cloud_event(entry: AlarmEntry, city: str, now: datetime) -> str:
    """The line as it is sent on `alarms.v1`, a CloudEvent in JSON."""
    alarm = entry.alarm
    told = {name: _plain(value) for name, value in alarm.fields().items()}
    envelope = {
        "specversion": "1.0",
        "id": event_id(entry),
        "source": f"citygrid/{city}",
        "type": f"citygrid.alarm.{entry.kind}",
        "subject": alarm.key,
        "time": rfc3339(now),
        "datacontenttype": "application/json",
        "data": {
            "kind": entry.kind,
            "seq": alarm.version,
            "at": rfc3339(entry.at),
            "actor": entry.actor,
            "alarm": told,
        },
    }
    return msgspec.json.encode(envelope).decode()


def event_id(entry: AlarmEntry) -> str:
    """The same for the same line, however often it is sent."""
    return f"alarm-{entry.alarm.key}-{entry.alarm.version}"


def _state(change: AlarmChange) -> AlarmState:
    if change.kind == "withdrawn":
        return "withdrawn"
    return "cleared" if change.ended_at else "raised"


def _plain(value: object) -> object:
    return rfc3339(value) if isinstance(value, datetime) else value
