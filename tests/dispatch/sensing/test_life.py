"""The life of an alarm: made, graver, milder, told again, over, again; by one value an hour."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.dispatch.sensing.makers import (
    MONDAY_MS,
    a_rule,
    a_sensor,
    a_silence,
    a_step,
    an_engine,
    judged,
    ms,
    series,
)


def test_an_alarm_is_made_beyond_the_limit_and_over_when_it_is_not():
    assert judged(an_engine(), series(90, 100, 101, 100)) == [("raised", 2, 3), ("cleared", 3, 3)]


def test_hysteresis_keeps_an_alarm_between_the_limits():
    rule = a_rule(clear={"side": "below", "limit": 80})

    found = judged(an_engine(rule), series(101, 99, 80, 101, 79, 99, 101))

    assert found == [("raised", 0, 3), ("cleared", 4, 3), ("raised", 6, 3)]


def test_the_limit_must_hold_for_its_time_without_a_break():
    rule = a_rule(steps=[a_step(3, 100, hours=2)])

    assert judged(an_engine(rule), series(101, 101, 90, 101, 101, 101)) == [("raised", 5, 3)]


def test_an_alarm_is_over_only_after_its_time():
    rule = a_rule(clear={"side": "below", "limit": 80, "held_ms": ms(2)})

    found = judged(an_engine(rule), series(101, 70, 70, 90, 70, 70, 70))

    assert found == [("raised", 0, 3), ("cleared", 6, 3)]


def test_what_was_before_a_gap_in_the_samples_holds_no_longer():
    rule = a_rule(steps=[a_step(3, 100, hours=2)], gap_ms=ms(1.5))

    assert judged(an_engine(rule), series(101, None, 101, 101, 101)) == [("raised", 4, 3)]
    assert judged(an_engine(rule), series(101, 101, 101)) == [("raised", 2, 3)]


LEVELS = [a_step(2, 200), a_step(3, 100)]


def test_levels_go_up_at_once_and_down_when_milder():
    found = judged(an_engine(a_rule(steps=LEVELS)), series(101, 201, 150, 90))

    assert found == [
        ("raised", 0, 3), ("upgraded", 1, 2), ("downgraded", 2, 3), ("cleared", 3, 3),
    ]  # fmt: skip


def test_a_level_goes_down_only_after_its_time_and_to_the_gravest_of_it():
    steps = [a_step(1, 300), *LEVELS]
    rule = a_rule(steps=steps, lower_ms=ms(2))

    found = judged(an_engine(rule), series(301, 150, 301, 150, 201, 150, 150))

    assert found == [("raised", 0, 1), ("downgraded", 5, 2)]


def test_between_the_limits_an_alarm_sinks_to_its_mildest_level():
    rule = a_rule(steps=LEVELS, clear={"side": "below", "limit": 50})

    assert judged(an_engine(rule), series(201, 60)) == [("raised", 0, 2), ("downgraded", 1, 3)]


def test_an_alarm_that_stands_goes_up_by_time_as_far_as_it_may():
    rule = a_rule(steps=[a_step(4, 100)], lift_ms=ms(2), lift_to=3)

    found = judged(an_engine(rule, lateness=0), series(101, 101), until=9)

    assert found == [("raised", 0, 4), ("upgraded", 2, 3)]


def test_what_went_up_by_time_does_not_go_down_by_the_same_value():
    rule = a_rule(steps=[a_step(4, 100)], lift_ms=ms(2), lift_to=2)

    found = judged(an_engine(rule), series(101, 101, 101, 101, 101, 101))

    assert found == [("raised", 0, 4), ("upgraded", 2, 3), ("upgraded", 4, 2)]


def test_an_alarm_that_stands_is_told_again():
    rule = a_rule(repeat_ms=ms(2))

    found = judged(an_engine(rule, lateness=0), series(101), until=4.5)

    assert found == [("raised", 0, 3), ("repeated", 2, 3), ("repeated", 4, 3)]


def test_an_alarm_again_within_its_rest_is_the_same_alarm():
    engine = an_engine(a_rule(rest_ms=ms(2)))

    found = judged(engine, series(101, 90, 90, 101, 90, 90, 90, 101))

    assert found == [
        ("raised", 0, 3), ("cleared", 1, 3), ("reopened", 3, 3), ("cleared", 4, 3),
        ("raised", 7, 3),
    ]  # fmt: skip


def test_a_flapping_sensor_keeps_one_alarm_that_counts():
    engine = an_engine(a_rule(rest_ms=ms(2)))
    from tests.dispatch.sensing.makers import samples

    changes = engine.advance(engine.blank(), samples(series(*([101, 90] * 20)))).changes

    assert len({change.key for change in changes}) == 1
    assert (changes[-1].flaps, changes[-1].highest) == (19, 3)


def test_so_many_samples_must_cross_within_a_time():
    rule = a_rule(count=3, count_ms=ms(4))

    found = judged(an_engine(rule), series(101, 90, 101, 101, 90, 90, 90))

    assert found == [("raised", 3, 3), ("cleared", 4, 3)]


def test_nothing_is_made_in_maintenance_and_what_stands_stays():
    pause = {"begin_ms": MONDAY_MS + ms(2), "end_ms": MONDAY_MS + ms(4), "devices": []}
    engine = an_engine(a_rule(pauses=[pause]))

    assert judged(engine, series(90, 90, 101, 101, 90)) == []
    assert judged(engine, series(90, 101, 90, 90, 90)) == [("raised", 1, 3), ("cleared", 4, 3)]


def test_maintenance_of_another_device_changes_nothing():
    pause = {"begin_ms": MONDAY_MS, "end_ms": MONDAY_MS + ms(9), "devices": ["b*"]}

    assert judged(an_engine(a_rule(pauses=[pause])), series(101)) == [("raised", 0, 3)]


def test_silence_is_told_by_the_time_of_others():
    sensors = [a_sensor(), a_sensor("b")]
    engine = an_engine(a_silence(3), sensors=sensors, lateness=1)

    assert judged(engine, [("a", 0, 1), ("b", 4, 1)]) == []
    assert judged(engine, [("a", 0, 1), ("b", 4.1, 1)]) == [("raised", 3, 4)]


def test_a_silence_that_is_over_is_found_between_the_samples():
    found = judged(an_engine(a_silence(3)), [("a", 0, 1), ("a", 3, 1), ("a", 6.1, 1)])

    assert found == [("raised", 6, 4), ("cleared", 6.1, 4)]


def test_silence_in_maintenance_counts_from_its_end():
    pause = {"begin_ms": MONDAY_MS + ms(2), "end_ms": MONDAY_MS + ms(5), "devices": []}
    engine = an_engine(a_silence(3, pauses=[pause]), lateness=0)

    assert judged(engine, series(1), until=7.9) == []
    assert judged(engine, series(1), until=8.1) == [("raised", 8, 4)]


def test_a_device_that_was_never_heard_is_not_silent():
    engine = an_engine(a_silence(3), sensors=[a_sensor(), a_sensor("b")], lateness=0)

    assert judged(engine, [("b", 0, 1)], until=2.9) == []


@pytest.mark.parametrize(("value", "made"), [(-101, True), (101, True), (100, False)])
def test_beyond_is_on_either_side(value: float, made: bool):
    rule = a_rule(steps=[a_step(3, 100, side="beyond")], clear={"side": "within", "limit": 50})

    assert bool(judged(an_engine(rule), series(value))) is made


def test_the_short_form_makes_an_alarm_of_each_window():
    short = {"above": 100, "below": None, "window_s": 7200, "category": "01001"}
    rule = {k: v for k, v in a_rule(**short).items() if k not in ("signal", "settings", "steps")}
    engine = an_engine(rule, lateness=0)

    found = judged(engine, series(90, 101, 101, 101, 90), until=5)

    assert found == [("raised", 1, 3), ("cleared", 2, 3), ("raised", 2, 3), ("cleared", 4, 3)]


def test_the_alarm_of_a_window_starts_with_it_and_has_the_key_of_old():
    from dispatch.sensing.alarm import alarm_key
    from tests.dispatch.sensing.makers import samples

    short = {"above": 100, "below": None, "window_s": 7200, "category": "01001"}
    rule = {k: v for k, v in a_rule(**short).items() if k not in ("signal", "settings", "steps")}
    engine = an_engine(rule)

    [change] = engine.advance(engine.blank(), samples(series(90, 101))).changes

    assert change.started_at == datetime(2026, 1, 5, tzinfo=UTC)
    assert change.key == alarm_key("a", "high", change.started_at)
