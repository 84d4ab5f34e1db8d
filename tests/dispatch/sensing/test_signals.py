"""What numbers rules judge: rate, deviation, neighbours, properties together, stuck values."""

from __future__ import annotations

import pytest

from tests.dispatch.sensing.makers import (
    Told,
    a_rule,
    a_sensor,
    a_step,
    an_engine,
    judged,
    ms,
    replayed,
    samples,
    series,
)

WEEK_H = 168


def test_a_rate_is_the_change_within_its_time():
    rule = a_rule(signal="rate", settings={"per_ms": ms(2)}, steps=[a_step(3, 50)])

    found = judged(an_engine(rule), series(10, 40, 61, 70, 90, 90))

    assert found == [("raised", 2, 3), ("cleared", 3, 3)]


def test_a_rate_does_not_reach_over_a_pause():
    rule = a_rule(signal="rate", settings={"per_ms": ms(2)}, steps=[a_step(3, 50)])

    assert judged(an_engine(rule), series(10, None, None, 100)) == []


def test_a_fall_is_a_rate_below():
    rule = a_rule(signal="rate", settings={"per_ms": ms(1)}, steps=[a_step(3, -5, side="below")])

    assert judged(an_engine(rule), series(10, 5, -1, -1)) == [("raised", 2, 3), ("cleared", 3, 3)]


def weeks(*values: float, hour: float = 8) -> list[Told]:
    """A value at that hour of each week."""
    return series(*values, start=hour, every=WEEK_H)


def a_deviation(**settings: float) -> dict[str, object]:
    told = {"weeks": 4, "least": 3, "floor": 1.0} | settings
    return a_rule(signal="deviation", settings=told, steps=[a_step(3, 5, side="beyond")])


def test_a_deviation_is_from_the_same_hour_of_the_weeks_before():
    found = judged(an_engine(a_deviation()), weeks(10, 11, 12, 30, 11))

    assert found == [("raised", 8 + 3 * WEEK_H, 3), ("cleared", 8 + 4 * WEEK_H, 3)]


def test_another_hour_has_a_past_of_its_own():
    told = [*weeks(10, 11, 12), *weeks(80, 81, 82, 81, hour=9), *weeks(10, 11, 12, hour=10)]

    assert judged(an_engine(a_deviation()), told) == []


def test_a_past_too_short_says_nothing():
    assert judged(an_engine(a_deviation()), weeks(10, 12, 99)) == []


def test_the_past_is_only_so_many_weeks_long():
    found = judged(an_engine(a_deviation(weeks=3)), weeks(99, 10, 11, 12, 99))

    assert [(kind, at) for kind, at, _ in found] == [("raised", 8 + 4 * WEEK_H)]


def test_the_spread_has_a_floor():
    assert judged(an_engine(a_deviation(floor=4.0)), weeks(10, 10, 10, 30)) == []
    assert judged(an_engine(a_deviation(floor=3.9)), weeks(10, 10, 10, 30)) != []


def test_the_hour_of_the_week_is_by_the_clocks_of_the_city():
    """New York goes from UTC-5 to UTC-4 on 2026-03-08; its 8:00 is an hour earlier then."""
    told = [("a", 13 + n * WEEK_H - (n > 8), value) for n, value in enumerate([10.0] * 9 + [30.0])]

    assert judged(an_engine(a_deviation(), zone="America/New_York"), told) != []
    assert judged(an_engine(a_deviation(), zone="UTC"), told) == []


def test_samples_within_an_hour_count_as_their_median():
    minutes = ((0, 10.0), (10, 90.0), (20, 10.0))
    past = [("a", 8 + n * WEEK_H + m / 60, v) for n in range(3) for m, v in minutes]

    assert judged(an_engine(a_deviation()), [*past, ("a", 8 + 3 * WEEK_H, 10.0)]) == []
    assert judged(an_engine(a_deviation()), [*past, ("a", 8 + 3 * WEEK_H, 30.0)]) != []


SENSORS = [a_sensor(code, lon=116 + place / 100) for place, code in enumerate("abcd")]
FAR = a_sensor("z", area="B", lon=116.001)


def a_neighbourhood(**settings: float) -> dict[str, object]:
    told = {"k": 2, "least": 2, "age_ms": ms(2)} | settings
    return a_rule(
        signal="neighbours",
        settings=told,
        steps=[a_step(3, 60, side="beyond")],
        clear={"side": "within", "limit": 40},
        devices=["a"],
    )


def test_a_device_is_held_against_the_nearest_of_its_area():
    engine = an_engine(a_neighbourhood(), sensors=[*SENSORS, FAR])
    told = [("b", 8, 10), ("c", 8, 20), ("d", 8, 999), ("z", 8, 999)]

    assert judged(engine, [("a", 8, 75), *told]) == []
    assert judged(engine, [("a", 8, 76), *told, ("a", 9, 50)]) == [
        ("raised", 8, 3), ("cleared", 9, 3),
    ]  # fmt: skip


def test_what_neighbours_measured_long_ago_does_not_count():
    engine = an_engine(a_neighbourhood(), sensors=SENSORS)

    assert judged(engine, [("b", 8, 10), ("c", 8, 20), ("a", 10, 99)]) == [("raised", 10, 3)]
    assert judged(engine, [("b", 8, 10), ("c", 8, 20), ("a", 10.1, 99)]) == []


def test_a_late_sample_of_a_neighbour_takes_an_alarm_back():
    engine = an_engine(a_neighbourhood(), sensors=SENSORS)
    state = engine.blank()
    first = engine.advance(state, samples([("b", 7, 10), ("c", 7, 20), ("a", 8, 99)])).changes
    then = engine.advance(state, samples([("b", 8, 90), ("c", 8, 95)])).changes

    assert [change.kind for change in (*first, *then)] == ["raised", "withdrawn"]
    assert then[0].key == first[0].key


SMOG = a_rule(
    name="smog",
    signal="together",
    settings={"age_ms": ms(1)},
    together=[
        {"property": "pm25", "side": "above", "limit": 75},
        {"property": "wind", "side": "below", "limit": 2},
    ],
    steps=[a_step(2, 0.5)],
)
STATION = [
    a_sensor("dust", station="S"),
    a_sensor("wind", property="wind", station="S"),
    a_sensor("elsewhere", property="wind", station="T"),
]


def test_properties_of_a_station_cross_together():
    engine = an_engine(SMOG, sensors=STATION)

    found = judged(engine, [("dust", 1, 80), ("wind", 1, 1), ("dust", 2, 80), ("wind", 2, 3)])

    assert found == [("raised", 1, 2), ("cleared", 2, 2)]


def test_another_station_does_not_count_nor_does_what_is_old():
    engine = an_engine(SMOG, sensors=STATION)

    assert judged(engine, [("dust", 1, 80), ("elsewhere", 1, 1)]) == []
    assert judged(engine, [("wind", 1, 1), ("dust", 2.1, 80)]) == []
    assert judged(engine, [("wind", 1, 1), ("dust", 2, 80)]) == [("raised", 2, 2)]


def test_a_station_without_one_of_the_properties_has_no_alarms():
    engine = an_engine(SMOG, sensors=[a_sensor("dust", station="S")])

    assert judged(engine, [("dust", 1, 999)]) == []


def a_stuck(**settings: object) -> dict[str, object]:
    told = {"tolerance": 0.0, "may_stay": []} | settings
    step = a_step(4, 3 * 3600, side="reaching")
    return a_rule(name="stuck", signal="stuck", settings=told, steps=[step])


def test_a_value_that_stays_is_stuck_until_it_changes():
    found = judged(an_engine(a_stuck()), series(7, 7, 7, 7, 7, 8))

    assert found == [("raised", 3, 4), ("cleared", 5, 4)]


@pytest.mark.parametrize(
    ("settings", "values", "stuck"),
    [
        ({}, (7, 7.1, 7, 7.1), False),
        ({"tolerance": 0.2}, (7, 7.1, 7, 7.1), True),
        ({"tolerance": 0.2}, (7, 7.1, 7.2, 7.3), False),
        ({"may_stay": [0.0]}, (0, 0, 0, 0), False),
    ],
)
def test_what_is_stuck_is_told_by_tolerance_and_values(
    settings: dict[str, object], values: tuple[float, ...], stuck: bool
):
    assert bool(judged(an_engine(a_stuck(**settings)), series(*values))) is stuck


def test_a_state_goes_on_after_it_was_dumped_whatever_the_signal():
    rules = [a_stuck(), a_deviation() | {"name": "odd"}, a_neighbourhood() | {"name": "other"},
             a_rule(name="rate", signal="rate", settings={"per_ms": ms(2)})]  # fmt: skip
    engine = an_engine(*rules, sensors=SENSORS)
    told = [
        (
            code,
            WEEK_H * week + hour,
            10.0 * place + (150 if (week, code) == (4, "a") and hour else 0),
        )
        for week in range(5)
        for hour in range(4)
        for place, code in enumerate("abcd")
    ]

    found = replayed(engine, [[one] for one in told], dumps=True)

    assert found == replayed(engine, [told])
    assert {rule for _, rule, *_ in found} == {"stuck", "odd", "other", "rate"}
