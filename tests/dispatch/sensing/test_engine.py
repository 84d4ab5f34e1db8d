"""The engine: the same alarms of the same samples, however they come; what is counted; restarts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.sensing.alarm import AlarmChange
from dispatch.sensing.dumping import BadDump
from dispatch.sensing.engine import Engine
from tests.dispatch.sensing.makers import (
    MONDAY_MS,
    Told,
    a_rule,
    a_sensor,
    a_silence,
    a_step,
    an_engine,
    judged,
    ms,
    replayed,
    samples,
    series,
    standing,
    steps,
)

LATENESS = 12
SHORT = {
    "row": 9, "name": "short", "property": "pm25", "unit": "", "above": 180.0, "below": None,
    "window_s": 7200, "category": "01001", "condition": None, "text": {"zh": "高", "en": "high"},
}  # fmt: skip
PAUSE = {"begin_ms": MONDAY_MS + ms(10), "end_ms": MONDAY_MS + ms(16), "devices": ["a", "b"]}
RULES = [
    a_rule(
        steps=[a_step(2, 150, hours=2), a_step(3, 100)],
        clear={"side": "below", "limit": 80, "held_ms": ms(1)},
        rest_ms=ms(3), lower_ms=ms(1), lift_ms=ms(7),
    ),
    a_rule(
        name="often", count=2, count_ms=ms(4), steps=[a_step(3, 120)], repeat_ms=ms(5),
        pauses=[PAUSE],
    ),
    a_rule(name="low", steps=[a_step(3, 20, side="below")], gap_ms=ms(2)),
    a_silence(3),
    a_silence(2, pauses=[PAUSE]) | {"name": "quiet"},
    SHORT,
]  # fmt: skip
DEEP = [
    a_rule(name="rate", signal="rate", settings={"per_ms": ms(2)}, steps=[a_step(3, 50)]),
    a_rule(
        name="stuck", signal="stuck", settings={"tolerance": 0.0, "may_stay": []},
        steps=[a_step(4, 2 * 3600, side="reaching")],
    ),
    a_rule(
        name="smog", signal="together", settings={"age_ms": ms(1)}, steps=[a_step(2, 0.5)],
        together=[
            {"property": "pm25", "side": "above", "limit": 75},
            {"property": "wind", "side": "below", "limit": 60},
        ],
    ),
    a_rule(
        name="odd", signal="neighbours", settings={"k": 2, "least": 1, "age_ms": ms(2)},
        steps=[a_step(3, 60, side="beyond")],
    ),
]  # fmt: skip
SENSORS = [
    *(a_sensor(code, lon=116 + place / 50) for place, code in enumerate("abc")),
    a_sensor("w", property="wind", station="a"),
]
ENGINES = {
    "plain": an_engine(*RULES, sensors=SENSORS, lateness=LATENESS),
    "deep": an_engine(*RULES, *DEEP, sensors=SENSORS, lateness=LATENESS),
}
VALUES = st.sampled_from([10.0, 50.0, 90.0, 110.0, 130.0, 160.0, 190.0])


@st.composite
def measured(draw: st.DrawFn) -> list[Told]:
    """Samples of some devices at some hours, in order of time."""
    times = draw(st.lists(st.tuples(st.sampled_from("abcw"), st.integers(0, 40)), unique=True))
    return sorted(
        ((device, float(at), draw(VALUES)) for device, at in times), key=lambda one: one[1]
    )


@st.composite
def mixed(draw: st.DrawFn, told: list[Told]) -> list[list[Told]]:
    """The same samples in batches, some twice, none by more than 12 hours out of its order."""
    twice = [one for one in told if draw(st.booleans())]
    moved = [(one[1] + draw(st.floats(-5.9, 5.9)), one) for one in (*told, *twice)]
    order = [one for _, one in sorted(moved, key=lambda pair: pair[0])]
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=6)))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


@pytest.mark.parametrize("kind", ["plain", "deep"])
@given(data=st.data())
def test_order_repetition_batches_and_restarts_change_no_alarm(kind: str, data: st.DataObject):
    engine, told = ENGINES[kind], data.draw(measured())
    batches, dumps = data.draw(mixed(told)), data.draw(st.booleans())

    assert replayed(engine, batches, dumps=dumps) == replayed(engine, [[one] for one in told])


@given(measured(), st.data())
def test_of_two_values_for_an_instant_the_smaller_counts_whichever_came_first(
    told: list[Told], data: st.DataObject
):
    engine = ENGINES["plain"]
    other = [(device, at, data.draw(VALUES)) for device, at, _ in told]
    least = [min(pair, key=lambda one: one[2]) for pair in zip(told, other, strict=True)]

    both = replayed(engine, data.draw(mixed([*told, *other])))

    assert both == replayed(engine, [least])


@given(measured())
def test_a_device_alone_has_the_alarms_it_has_among_others(told: list[Told]):
    """Where nothing compares devices, one that stirs must not touch what another has."""
    alone = set[Any]()
    for code in "abcw":
        own = [one for one in told if one[0] == code]
        end = max((at for _, at, _ in told), default=0)
        state, changes = ENGINES["plain"].blank(), list[AlarmChange]()
        changes += ENGINES["plain"].advance(state, samples(own)).changes
        mark = MONDAY_MS + ms(max(1000, end))
        changes += ENGINES["plain"].advance(state, samples([]), mark_ms=mark).changes
        alone |= standing(changes)

    assert replayed(ENGINES["plain"], [told]) == alone


def test_samples_that_cross_nothing_keep_their_device_out_of_the_slow_path():
    engine = an_engine(a_rule(), a_silence())
    state = engine.blank()

    engine.advance(state, samples(series(*[50] * 30)))

    assert (len(state.lanes), len(state.calm)) == (0, 30)


def test_a_device_comes_to_rest_when_its_alarm_is_settled():
    engine = an_engine(a_rule(), lateness=2)
    state = engine.blank()

    engine.advance(state, samples(series(101, 50)))
    assert len(state.lanes) == 1
    engine.advance(state, samples(series(50, 50, 50, start=2)))

    assert (len(state.lanes), len(state.tracks), bool(state.busy.any())) == (0, 0, False)


def test_a_device_that_stirs_and_rests_again_has_each_sample_once():
    engine = an_engine()
    state = engine.blank()

    for told in (series(50, 50), [("a", 0.5, 50.0)], [("a", 0.7, 50.0)]):
        engine.advance(state, samples(told))

    assert (len(state.lanes), len(state.calm)) == (0, 4)


def test_calm_samples_are_forgotten_when_they_are_settled():
    engine = an_engine(lateness=2)
    state = engine.blank()
    for hour in range(200):
        engine.advance(state, samples([("a", hour, 1.0)]))

    state = engine.load(engine.dump(state))

    assert len(state.calm) == 3


def test_what_is_settled_is_forgotten_also_where_nothing_is_ever_dumped():
    engine = an_engine(lateness=1)
    state = engine.blank()
    for hour in range(0, 400_000, 50_000):
        engine.advance(state, samples(("a", hour + n / 1000, 1.0) for n in range(50_000)))

    assert len(state.calm) <= 2 * 65_536


def test_a_calm_sample_that_comes_late_breaks_what_held():
    rule = a_rule(steps=[a_step(3, 100, hours=2)])
    engine = an_engine(rule)
    state = engine.blank()

    first = engine.advance(state, samples([("a", 0, 101), ("a", 2, 101)]))
    then = engine.advance(state, samples([("a", 1, 50)]))

    assert steps(first) == [("raised", 2, 3)]
    assert [change.kind for change in then.changes] == ["withdrawn"]


def test_a_withdrawn_alarm_that_was_after_all_is_the_same_alarm():
    rule = a_rule(signal="rate", settings={"per_ms": ms(2)}, steps=[a_step(3, 50)])
    engine = an_engine(rule)
    state = engine.blank()
    told = [("a", 1, 10), ("a", 2, 101)], [("a", 0, 90)], [("a", 0, 5)]

    changes = [c for one in told for c in engine.advance(state, samples(one)).changes]

    assert [change.kind for change in changes] == ["raised", "withdrawn", "reopened"]
    assert len({change.key for change in changes}) == 1
    assert changes[-1].is_open


def test_a_later_alarm_does_not_take_the_place_of_a_withdrawn_one():
    engine = an_engine(a_rule(steps=[a_step(3, 100, hours=2)]))
    state = engine.blank()
    told = [("a", 0, 101), ("a", 2, 101)], [("a", 1, 50)], [("a", 4, 101)]

    changes = [c for one in told for c in engine.advance(state, samples(one)).changes]

    assert [change.kind for change in changes] == ["raised", "withdrawn", "raised"]
    assert changes[2].key != changes[0].key


def test_an_alarm_that_began_earlier_keeps_its_key():
    engine = an_engine()
    state = engine.blank()

    [first] = engine.advance(state, samples([("a", 5, 101)])).changes
    [then] = engine.advance(state, samples([("a", 4, 102)])).changes

    assert (then.kind, then.key, then.first_at) == ("amended", first.key, first.started_at)
    assert then.started_at < first.started_at
    assert then.is_open


def test_two_alarms_out_of_one_have_keys_of_their_own():
    engine = an_engine(a_rule(clear={"side": "below", "limit": 80}))
    state = engine.blank()
    changes = engine.advance(state, samples([("a", 1, 101), ("a", 5, 101), ("a", 6, 1)])).changes
    changes += engine.advance(state, samples([("a", 3, 10)])).changes

    assert standing(changes) == {("a", "high", 1, 3, 3), ("a", "high", 5, 6, 3)}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([("gone", 0, 1.0)], "unknown"),
        ([("a", 0, float("nan"))], "impossible"),
        ([("a", 0, float("inf"))], "impossible"),
        ([("a", 0, 1001.0)], "impossible"),
        ([("a", 0, -1.0)], "impossible"),
        ([("a", 50, 1.0)], "future"),
        ([("a", 20, 1.0), ("a", 20, 1.0)], "duplicate"),
        ([("a", 20, 1.0), ("a", 20, 2.0)], "contradicting"),
    ],
)
def test_what_is_wrong_with_a_sample_is_counted(told: list[Told], reason: str):
    engine = an_engine(sensors=[a_sensor(least=0.0, most=1000.0)])
    state = engine.blank()

    found = engine.advance(state, samples(told), latest_ms=MONDAY_MS + ms(48))

    assert found.counts[reason] == 1
    assert found.troubles == ({} if reason == "unknown" else {"a": {reason: 1}})


def test_a_sample_too_late_is_counted_and_changes_nothing():
    engine = an_engine(lateness=2)
    state = engine.blank()
    engine.advance(state, samples([("a", 10, 1.0)]))

    at_the_bound = engine.advance(state, samples([("a", 8, 101)]))
    too_late = engine.advance(state, samples([("a", 7.9, 101)]))

    assert (steps(at_the_bound), at_the_bound.counts["late"]) == (
        [("raised", 8, 3), ("cleared", 10, 3)], 1,
    )  # fmt: skip
    assert (too_late.changes, too_late.counts["too_late"], too_late.counts["taken"]) == ([], 1, 0)


def test_a_window_of_the_short_form_hears_of_it_however_late_it_is():
    engine = an_engine(SHORT, lateness=1)
    state = engine.blank()
    engine.advance(state, samples([("a", 100, 1.0)]))

    [change] = engine.advance(state, samples([("a", 3, 181), ("a", 2.5, 190), ("a", 9, 1)])).changes

    assert standing([change]) == {("a", "short", 2, 4, 3)}
    assert (change.kind, change.value) == ("raised", 190)


def test_a_wrong_clock_from_the_future_does_not_close_the_door_for_others():
    engine = an_engine(lateness=1)
    state = engine.blank()

    engine.advance(state, samples([("a", 9999, 1.0)]), latest_ms=MONDAY_MS + ms(1))

    assert engine.advance(state, samples([("a", 0, 1.0)])).counts["taken"] == 1


def test_time_in_one_area_settles_nothing_in_another():
    engine = an_engine(a_silence(), sensors=[a_sensor(), a_sensor("b", area="B")], lateness=1)
    state = engine.blank()
    engine.advance(state, samples([("a", 0, 1), ("b", 0, 1)]))

    found = engine.advance(state, samples([]), mark_ms=MONDAY_MS + ms(9), area="B")

    assert [change.device for change in found.changes] == ["b"]
    assert engine.watermark_ms(state, "A") == MONDAY_MS - ms(1)


def test_rules_that_stay_go_on_and_those_that_change_start_anew():
    before = an_engine(a_rule(), a_rule(name="other"), a_rule(name="gone"))
    state = before.blank()
    raised = before.advance(state, samples(series(50, 101))).changes
    after = an_engine(a_rule(), a_rule(name="other", steps=[a_step(2, 90)]), a_rule(name="new"))

    state = after.load(before.dump(state))
    found = after.advance(state, samples(series(102, start=2))).changes

    told = {(change.rule, change.kind, change.level) for change in found}
    assert told == {
        ("gone", "cleared", 3), ("other", "cleared", 3),
        ("other", "raised", 2), ("new", "raised", 3),
    }  # fmt: skip
    assert {change.key for change in found if change.kind == "cleared"} <= {c.key for c in raised}


def test_a_rule_that_is_new_judges_the_calm_samples_that_are_not_settled():
    before = an_engine(a_rule(steps=[a_step(3, 500)]))
    state = before.blank()
    before.advance(state, samples(series(101, 50, 50)))
    after = an_engine(a_rule())

    found = after.advance(after.load(before.dump(state)), samples([]))

    assert steps(found) == [("raised", 0, 3), ("cleared", 1, 3)]


def test_sensors_that_are_gone_or_new_do_no_harm():
    before = an_engine(sensors=[a_sensor("a"), a_sensor("b")])
    state = before.blank()
    before.advance(state, samples([("a", 0, 101), ("b", 0, 50), ("b", 1, 101)]))
    after = an_engine(sensors=[a_sensor("c"), a_sensor("b")])

    found = after.advance(after.load(before.dump(state)), samples([("c", 2, 101), ("b", 2, 1)]))

    assert sorted((c.device, c.kind) for c in found.changes) == [
        ("a", "cleared"), ("b", "cleared"), ("c", "raised"),
    ]  # fmt: skip


def test_a_shorter_lateness_or_a_longer_one_does_not_open_what_is_settled():
    before, after = an_engine(lateness=1), an_engine(lateness=12)
    state = before.blank()
    before.advance(state, samples([("a", 10, 101)]))

    found = after.advance(after.load(before.dump(state)), samples([("a", 8, 101)]))

    assert found.counts["too_late"] == 1


@pytest.mark.parametrize("blob", [b"", b"not it", b"x\x9cc\x00\x00\x00\x01\x00\x01"])
def test_bytes_that_are_no_state_are_refused(blob: bytes):
    with pytest.raises(BadDump):
        an_engine().load(blob)


def test_the_newest_sample_of_each_device_is_known():
    engine = an_engine(sensors=SENSORS)
    state = engine.blank()
    engine.advance(state, samples([("a", 1, 5), ("b", 2, 101), ("a", 0, 9)]))

    latest = engine.latest(state)

    assert list(latest.devices) == ["a", "b"]
    np.testing.assert_array_equal(latest.values, [5, 101])


def test_an_engine_without_sensors_or_rules_counts_all_the_same():
    engine = Engine(an_engine(sensors=SENSORS).plan.sensors, type(an_engine().plan.rules)())
    state = engine.blank()

    found = engine.advance(state, samples([("a", 0, 1), ("a", 0, 1), ("x", 0, 1)]))

    assert found.counts == {"samples": 3, "taken": 2, "unknown": 1, "duplicate": 1}


def test_a_change_survives_being_sent():
    engine = an_engine()
    [change] = engine.advance(engine.blank(), samples(series(101))).changes

    assert AlarmChange.of(change.as_dict()) == change


def test_judged_together_or_one_by_one_the_steps_are_the_same():
    told = series(101, 160, 160, 160, 90, 70, 70, 101)
    engine = an_engine(RULES[0])
    state = engine.blank()

    one_by_one = [step for one in told for step in steps(engine.advance(state, samples([one])))]

    assert one_by_one == judged(engine, told)
