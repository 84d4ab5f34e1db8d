"""Which samples are taken, as which value, and by which word the others are counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from app.gateway.checking import Checker
from app.gateway.limits import Limits, LimitsByDevice, Pace, Still, burst
from app.gateway.samples import Refusal, ToldSample, read_sample
from app.gateway.units import Units
from dispatch.sensing.reasons import Reason
from geo.shift import Datum, from_wgs84
from tests.app.gateway.makers import METER, SENSORS, a_checker, a_told
from tests.makers import NOON

W1 = SENSORS[0]


def reason_of(checker: Checker, sample: ToldSample, source: str | None = METER) -> Reason | None:
    try:
        checker.check(sample, source, NOON)
    except Refusal as refusal:
        return refusal.reason
    return None


def shifted(datum: Datum) -> dict[str, float]:
    [[lon, lat]] = from_wgs84(np.array([[W1.lon, W1.lat]]), datum).tolist()
    return {"lon": lon, "lat": lat}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"device": "W9"}, Reason.UNKNOWN),
        ({"device": "R1"}, Reason.FOREIGN),
        ({"unit": "m"}, None),
        ({"unit": "s"}, Reason.UNIT),
        ({"value": 20.5}, Reason.IMPOSSIBLE),
        ({"value": 1e308}, Reason.IMPOSSIBLE),
        ({"at": NOON - timedelta(hours=73)}, Reason.TOO_LATE),
        ({"at": NOON + timedelta(minutes=6)}, Reason.FUTURE),
        ({"lon": W1.lon, "lat": W1.lat}, Reason.DATUM),
        ({"lon": W1.lon, "lat": W1.lat, "datum": "mars"}, Reason.DATUM),
        ({"lon": W1.lon, "datum": "wgs84"}, Reason.POSITION),
        ({"lon": W1.lon, "lat": W1.lat, "datum": "wgs84"}, None),
        ({"lon": W1.lon + 0.01, "lat": W1.lat, "datum": "wgs84"}, Reason.POSITION),
        ({**shifted(Datum.GCJ02), "datum": "gcj02"}, None),
        ({**shifted(Datum.GCJ02), "datum": "wgs84"}, Reason.DATUM),
        ({**shifted(Datum.BD09), "datum": "gcj02"}, Reason.DATUM),
    ],
)
def test_each_fault_has_its_word(changes: dict[str, Any], reason: Reason | None):
    assert reason_of(a_checker(), a_told(**changes)) is reason


def test_a_position_in_the_wrong_datum_is_told_which_one_it_fits():
    with pytest.raises(Refusal) as told:
        a_checker().check(a_told(**shifted(Datum.GCJ02), datum="wgs84"), METER, NOON)

    assert (told.value.field, told.value.remedy) == ("datum", 'send "gcj02"')


async def test_another_unit_is_turned_into_that_of_the_sensor_and_counted():
    units = Units()
    checker = a_checker(units)
    sample = a_told(value=250.0, unit="cm")
    pair = checker.pair(sample)
    assert pair is not None
    await units.learn([pair])

    taken = checker.check(sample, METER, NOON)

    assert (taken.value, taken.remarks) == (2.5, (Reason.CONVERTED,))


def test_where_somebody_else_vouches_any_device_is_taken():
    assert reason_of(a_checker(), a_told(device="R1"), None) is None


def test_a_device_may_send_what_an_hour_brings_at_once_and_no_more():
    checker = a_checker(per_minute=1)

    reasons = [reason_of(checker, a_told()) for _ in range(62)]

    assert reasons == [None] * 60 + [Reason.RATE] * 2
    later = checker.check(a_told(), METER, NOON + timedelta(minutes=1))
    assert later.value == 1.5


def test_a_clock_that_goes_back_gives_nobody_more():
    pace = Pace(burst(1), NOON)
    for _ in range(60):
        pace.may(NOON, 1)

    assert [pace.may(NOON - timedelta(hours=1), 1), pace.may(NOON, 1)] == [False, False]


def test_limits_are_those_of_the_first_pattern_that_fits():
    told = {"per_minute": 10, "devices": [{"devices": "W*", "ahead_s": 0}, {"devices": "*"}]}

    limits = LimitsByDevice(Limits(), told)

    assert limits.find("W1") == Limits(per_minute=10, ahead=timedelta(0))
    assert limits.find("R1") == Limits(per_minute=10)


def test_a_value_that_stays_is_counted_after_its_time_and_taken():
    checker = a_checker(stuck_s=3600)

    remarks = [
        checker.check(a_told(at=NOON - timedelta(minutes=minutes)), METER, NOON).remarks
        for minutes in (180, 150, 119, 60)
    ]
    moved = checker.check(a_told(value=1.6, at=NOON), METER, NOON).remarks

    assert remarks == [(), (), (Reason.STUCK,), (Reason.STUCK,)]
    assert moved == ()


def test_late_samples_neither_begin_nor_end_what_is_stuck():
    still = Still(1.0, NOON, NOON)
    still.is_stuck(1.0, NOON + timedelta(hours=3), timedelta(hours=1))

    between = still.is_stuck(2.0, NOON + timedelta(hours=1), timedelta(hours=1))
    before = still.is_stuck(1.0, NOON - timedelta(hours=9), timedelta(hours=1))

    assert (between, before) == (False, False)
    assert still.is_stuck(1.0, NOON + timedelta(hours=4), timedelta(hours=1))


@pytest.mark.parametrize(
    ("raw", "reason", "device"),
    [
        (b"", Reason.MALFORMED, ""),
        (b"7", Reason.MALFORMED, ""),
        (b"\xff\xfe", Reason.MALFORMED, ""),
        (b"[" * 4000, Reason.MALFORMED, ""),
        (b'{"device":"W1"}', Reason.MALFORMED, "W1"),
        (b'{"device":"W1","at":"2026-11-23T08:00:00","value":1}', Reason.MALFORMED, "W1"),
        (b'{"device":"W1","at":"2026-11-23T08:00:00Z","value":NaN}', Reason.MALFORMED, ""),
        (b'{"device":"W1","at":"2026-11-23T08:00:00Z","value":1e999}', Reason.MALFORMED, "W1"),
        (b'{"device":"W1","at":"2026-11-23T08:00:00Z","value":"1"}', Reason.MALFORMED, "W1"),
        (
            b'{"device":"W1","at":"2026-11-23T08:00:00Z","value":1,"value":2}',
            Reason.MALFORMED,
            "W1",
        ),
        (b'{"device":"' + b"W" * 5000 + b'"}', Reason.SIZE, ""),
    ],
)
def test_what_is_no_sample_is_refused_with_its_device_where_it_can_be_told(
    raw: bytes, reason: Reason, device: str
):
    with pytest.raises(Refusal) as told:
        read_sample(raw, 4096)

    assert (told.value.reason, told.value.device) == (reason, device)
