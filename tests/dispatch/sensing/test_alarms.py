"""When samples become an alarm, and that an alarm is one report whatever raised it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.report import Channel
from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.alarms import Alarm, AlarmRules
from dispatch.sensing.engine import Engine
from dispatch.sensing.rules import SensorRules
from dispatch.sensing.sensors import Samples, Sensors
from tests.makers import NOON, PARTS, label

SENSORS: list[dict[str, Any]] = PARTS["sensors"]
HOUR_MS = 3_600_000
NOON_MS = int(NOON.timestamp() * 1000)
Told = tuple[str, int, float]


def a_rule(**changes: Any) -> dict[str, Any]:
    return PARTS["sensor_rules"][0] | changes


def rules(*rows: dict[str, Any]) -> AlarmRules:
    return AlarmRules.of(SENSORS, rows or [a_rule()], "zh")


def samples(*told: Told) -> Samples:
    """Samples from (device, milliseconds after noon, value)."""
    return Samples(
        [device for device, _, _ in told],
        np.array([NOON_MS + after_ms for _, after_ms, _ in told], dtype=np.int64),
        np.array([value for _, _, value in told], dtype=np.float64),
    )


def found(alarms: Sequence[Alarm]) -> set[tuple[str, str, datetime]]:
    return {(one.sensor.code, one.rule.name, one.window_start) for one in alarms}


def test_a_sample_above_the_threshold_raises_the_alarm_of_its_window():
    alarms = rules().alarms(samples(("W1", 90_000, 3.6)))

    assert found(alarms) == {("W1", "river-high", NOON)}


def test_the_threshold_itself_raises_nothing():
    assert rules().alarms(samples(("W1", 0, 3.5))) == []


def test_below_means_below():
    low = rules(a_rule(above=None, below=0.5))

    assert found(low.alarms(samples(("W1", 0, 0.4)))) == {("W1", "river-high", NOON)}
    assert low.alarms(samples(("W1", 0, 0.5), ("W1", 1, 7.0))) == []


@pytest.mark.parametrize(("after_ms", "hours"), [(-1, -1), (0, 0), (HOUR_MS - 1, 0), (HOUR_MS, 1)])
def test_a_window_holds_its_start_and_not_its_end(after_ms: int, hours: int):
    [alarm] = rules().alarms(samples(("W1", after_ms, 9.0)))

    assert alarm.window_start == NOON + timedelta(hours=hours)


def test_a_time_before_1970_has_a_window_too():
    before = Samples(["W1"], np.array([-1], dtype=np.int64), np.array([9.0]))

    [alarm] = rules().alarms(before)

    assert alarm.window_start == datetime(1969, 12, 31, 23, tzinfo=UTC)


def test_many_samples_of_one_window_raise_one_alarm():
    alarms = rules().alarms(samples(("W1", 0, 4.0), ("W1", 1, 5.0), ("W1", HOUR_MS, 4.0)))

    assert len(alarms) == 2


def test_a_rule_concerns_only_devices_of_its_property():
    assert rules().alarms(samples(("R1", 0, 99.0))) == []


def test_samples_of_unknown_devices_raise_nothing():
    assert rules().alarms(samples(("gone", 0, 99.0))) == []
    assert AlarmRules(Sensors(), ()).alarms(samples(("W1", 0, 99.0))) == []


def test_two_rules_of_one_property_raise_an_alarm_each():
    both = rules(a_rule(), a_rule(name="flood", above=5.0))

    assert len(both.alarms(samples(("W1", 0, 6.0)))) == 2
    assert len(both.alarms(samples(("W1", 0, 4.0)))) == 1


def test_no_samples_raise_nothing():
    assert rules().alarms(Samples.joined([])) == []


def test_the_key_is_the_hash_of_device_rule_and_window():
    [alarm] = rules().alarms(samples(("W1", 5, 4.0)))

    told = hashlib.sha256(b"W1|river-high|2026-11-23T04:00:00+00:00").hexdigest()
    assert alarm.key == told
    assert alarm.submission("zh").client_key == told


def test_an_alarm_is_a_report_at_the_place_of_the_device():
    [alarm] = rules(a_rule(condition="open")).alarms(samples(("W1", 5, 4.0)))

    report = alarm.submission("en")

    assert (report.source, report.channel) == ("sensor:river-high", Channel.SENSOR)
    assert (report.category, report.condition) == ("01001", "open")
    assert (report.lon, report.lat) == (SENSORS[0]["lon"], SENSORS[0]["lat"])
    assert report.happened_at == NOON
    assert (report.description, report.address) == ("The river is high", "Gauge at the mill")
    assert report.attributes["device"] == "W1"


def test_the_bytes_of_an_alarm_do_not_change_with_the_words_of_its_rule():
    [one] = rules().alarms(samples(("W1", 5, 4.0)))
    [other] = rules(a_rule(text=label("Look after the pumps"))).alarms(samples(("W1", 9, 8.0)))

    assert one.submission("zh").body_sha256 == other.submission("en").body_sha256


def test_a_sensor_of_an_early_pack_is_sent_by_a_key_of_its_own():
    early = {k: SENSORS[0][k] for k in ("code", "name", "property", "unit", "lon", "lat")}

    sensor = Sensors.of([early])[0]

    assert (sensor.source, sensor.datum, sensor.given_lon) == ("device:W1", "wgs84", early["lon"])


TOLD = st.tuples(
    st.sampled_from(["W1", "R1", "gone"]),
    st.integers(-3 * HOUR_MS, 3 * HOUR_MS),
    st.floats(0, 8),
)


@given(st.lists(TOLD, max_size=40), st.data())
def test_alarms_are_those_of_each_sample_however_they_come(told: list[Told], data: st.DataObject):
    shuffled = data.draw(st.permutations(told + told[::3]))
    cut = data.draw(st.integers(0, len(shuffled)))

    alone = [alarm for one in told for alarm in rules().alarms(samples(one))]
    batches = [samples(*shuffled[:cut]), samples(*shuffled[cut:])]
    together = rules().alarms(Samples.joined(batches))

    assert found(together) == found(alone)
    assert len(found(together)) == len(together)


@given(st.lists(TOLD, max_size=40, unique_by=lambda one: one[:2]), st.data())
def test_the_engine_raises_the_alarms_of_short_rules_under_the_same_keys(
    told: list[Told], data: st.DataObject
):
    """However late a sample is: ten minutes is all that the engine waits for here."""
    shuffled = data.draw(st.permutations(told + told[::3]))
    cut = data.draw(st.integers(0, len(shuffled)))
    engine = Engine(Sensors.of(SENSORS), SensorRules.of([a_rule()]))
    state, left = engine.blank(), dict[str, AlarmChange]()

    for batch in (shuffled[:cut], shuffled[cut:]):
        left |= {change.key: change for change in engine.advance(state, samples(*batch)).changes}

    standing = {key for key, change in left.items() if change.kind != "withdrawn"}
    assert standing == {alarm.key for alarm in rules().alarms(samples(*told))}
