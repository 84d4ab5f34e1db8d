"""Why an alarm is what it is, in both languages."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from dispatch.sensing import words
from dispatch.sensing.alarm import KINDS, alarm_key, moment
from dispatch.sensing.rules import SIGNALS, SensorRule, Side
from dispatch.sensing.signals import KINDS as MADE
from tests.dispatch.sensing.makers import (
    a_rule,
    a_silence,
    a_step,
    an_engine,
    ms,
    samples,
    series,
)


def told(rule: dict[str, Any], *values: float, language: Any = "en") -> list[str]:
    engine = an_engine(rule, lateness=0)
    changes = engine.advance(engine.blank(), samples(series(*values))).changes
    return [words.explain(change, SensorRule.of(rule), language) for change in changes]


def test_every_kind_side_and_signal_has_words_and_is_made():
    assert set(words.KINDS) == set(KINDS)
    assert set(words.SIDES) == set(get_args(Side))
    assert set(words.LEVELS) == {1, 2, 3, 4}
    assert set(MADE) == set(SIGNALS) == set(words.SIGNALS)


def test_a_value_is_told_with_its_bound():
    rule = a_rule(clear={"side": "below", "limit": 80})

    assert told(rule, 101.5, 70) == [
        "alarm, level 3 (yellow): it measured 101.5 (bound: above 100)",
        "cleared, level 3 (yellow): it measured 70 (bound: below 80)",
    ]
    assert told(rule, 101.5, language="zh") == ["报警，三级（黄色）：测值101.5（限值：高于100）"]


def test_a_rate_is_told_with_its_span():
    rule = a_rule(signal="rate", settings={"per_ms": ms(2)}, steps=[a_step(2, 50)])

    assert told(rule, 0, 60) == [
        "alarm, level 2 (orange): it changed by 60 within 2h (bound: above 50)"
    ]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "alarm, level 4 (blue): nothing has come for 3h"),
        ("zh", "报警，四级（蓝色）：已3h无数据"),
    ],
)
def test_silence_is_told_by_its_length(language: str, expected: str):
    engine = an_engine(a_silence(3), lateness=0)
    changes = engine.advance(engine.blank(), samples([("a", 0, 1.0), ("a", 5, 1.0)])).changes

    assert words.explain(changes[0], SensorRule.of(a_silence(3)), language) == expected  # pyright: ignore[reportArgumentType]


def test_what_time_alone_brought_says_how_long_it_stood():
    assert told(a_rule(lift_ms=ms(2)), 101, 101, 101, 101)[1] == (
        "graver, level 2 (orange): it has stood for 2h"
    )


def test_the_second_alarm_of_one_start_has_another_key():
    first, second = (alarm_key("a", "r", moment(0), turn) for turn in (1, 2))

    assert first != second
