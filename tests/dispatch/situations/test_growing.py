"""One growing cluster is one situation, in whatever order it comes, and only quiet ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.situations import changes as c
from dispatch.situations import orders
from dispatch.situations.errors import AlreadyMember, LastMember, NoMember, SituationOver
from dispatch.situations.facts import Fact, Source
from dispatch.situations.growing import Step, grow
from dispatch.situations.patterns import Patterns
from dispatch.situations.sighting import Sighting
from dispatch.situations.situation import Situation, State, evolve, fold
from tests.dispatch.situations.makers import NOON, alarm, fact, patterns, rule, scan_rule

THREE = [fact(1), fact(2, minutes=5), fact(3, minutes=9)]


class City:
    """Keeps what happened as a store does: histories, and what they fold to."""

    def __init__(self, rules: Patterns | None = None) -> None:
        self.patterns = rules or patterns()
        self.histories: list[list[c.Change]] = []
        self.facts: list[Fact] = []

    @property
    def situations(self) -> list[Situation]:
        folded = [fold(history) for history in self.histories]
        return [_stored(one, number) for number, one in enumerate(folded, 1)]

    def look(
        self, *facts: Fact, minutes: float = 10.0, scanned: Sequence[Sighting] = ()
    ) -> list[Step]:
        self.facts += facts
        now = NOON + timedelta(minutes=minutes)
        steps = grow(self.situations, self.facts, self.patterns, now, scanned)
        for step in steps:
            if step.situation.id is None:
                self.histories.append(list(step.changes))
            else:
                self.histories[step.situation.id - 1] += step.changes
        return steps

    def order(self, number: int, change: c.Change) -> None:
        self.histories[number - 1].append(change)


def _stored(one: Situation, number: int) -> Situation:
    return replace(one, id=number)


def members(one: Situation) -> set[str]:
    return {key.partition(":")[2] for key in one.members}


def kinds(steps: Sequence[Step]) -> list[str]:
    return [change.kind for step in steps for change in step.changes]


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_three_near_each_other_become_one_situation_with_its_plan():
    city = City()

    city.look(*THREE)

    [one] = city.situations
    assert (one.state, one.plan, one.rules) == (State.OPEN, "urban-flooding", ("flooded",))
    assert members(one) == {"1", "2", "3"}
    assert one.why["flooded"]["things"] == 3


def test_looking_again_changes_nothing():
    city = City()
    city.look(*THREE)

    assert city.look() == []


def test_what_lies_near_joins_one_by_one_and_what_lies_far_does_not():
    city = City()
    city.look(*THREE)

    city.look(fact(4, minutes=12, north_m=250), fact(5, minutes=12, north_m=2_000), minutes=12)

    [one] = city.situations
    assert (one.state, members(one)) == (State.GROWING, {"1", "2", "3", "4"})


def test_sensor_citizen_and_inspector_are_one_situation():
    city = City(patterns(rule(at_least=2, sources=2)))

    city.look(alarm("gauge"), fact(1, minutes=4))
    city.look(fact(2, minutes=7, source=Source.INSPECTOR))

    [one] = city.situations
    assert set(one.members) == {"alarm:gauge", "case:1", "case:2"}


def test_clusters_that_meet_are_one_and_the_older_goes_on():
    city = City()
    city.look(*THREE)
    city.look(*(fact(n, minutes=20, north_m=500 + n) for n in (4, 5, 6)), minutes=20)
    bridge = [fact(n, minutes=22, north_m=250) for n in (7, 8, 9)]

    city.look(*bridge, minutes=22)

    one, two = city.situations
    assert len(one.members) == 9
    assert (two.state, two.merged_into) == (State.MERGED, 1)
    assert one.goes_on


def test_it_steadies_and_ends_when_nothing_comes():
    city = City()
    city.look(*THREE)

    assert kinds(city.look(minutes=10 + 59)) == []
    assert kinds(city.look(minutes=10 + 60)) == ["steadied"]
    assert kinds(city.look(minutes=10 + 239)) == []
    assert kinds(city.look(minutes=10 + 240)) == ["ended"]


def test_it_reopens_when_more_comes_after_the_end():
    city = City(patterns(rule(quiet=timedelta(minutes=20))))
    city.look(*THREE)
    city.look(minutes=31)

    city.look(fact(4, minutes=32), minutes=32)

    [one] = city.situations
    assert (one.state, len(one.members)) == (State.OPEN, 4)


def test_what_was_dismissed_stays_dismissed_until_enough_new_comes():
    city = City()
    city.look(*THREE)
    city.order(1, orders.dismiss(city.situations[0], reason="演练", by="li", now=at(11)))

    assert city.look(fact(4, minutes=12), fact(5, minutes=12), minutes=12) == []
    city.look(fact(6, minutes=13), minutes=13)

    assert [one.state for one in city.situations] == [State.DISMISSED, State.OPEN]
    assert members(city.situations[1]) == {"4", "5", "6"}


def test_what_was_detached_is_never_taken_in_again_by_rule():
    city = City()
    city.look(*THREE, fact(4, minutes=8))
    detached = orders.detach(city.situations[0], "case:4", reason="另案", by="li", now=at(11))
    city.order(1, detached)

    city.look(fact(5, minutes=12), minutes=12)

    [one] = city.situations
    assert members(one) == {"1", "2", "3", "5"}


def test_a_second_rule_supports_the_same_situation():
    city = City(patterns(rule(), rule(name="many", at_least=4, plan="grave")))
    city.look(*THREE)

    city.look(fact(4, minutes=11), minutes=11)

    [one] = city.situations
    assert one.rules == ("flooded", "many")
    assert one.plan == "urban-flooding"


def hot_spot(*facts: Fact, p: float = 0.001) -> Sighting:
    return Sighting("flooding", "scan", "flood-spots", facts, {"p": p}, None, ("990101001001",))


def test_a_hot_spot_that_holds_a_situation_is_the_same_one():
    city = City(patterns(rule(), scans=(scan_rule(),)))
    city.look(*THREE)

    city.look(fact(9, north_m=900), scanned=[hot_spot(*THREE, fact(9, north_m=900))])

    [one] = city.situations
    assert one.rules == ("flooded", "flood-spots")
    assert one.zone == ("990101001001",)


def test_a_scan_that_finds_the_same_again_says_nothing_until_it_is_much_clearer():
    city = City(patterns(scans=(scan_rule(),)))
    city.look(*THREE[:2], scanned=[hot_spot(*THREE[:2])])

    assert city.look(scanned=[hot_spot(*THREE[:2], p=0.0009)]) == []
    assert kinds(city.look(scanned=[hot_spot(*THREE[:2], p=0.0001)])) == ["supported"]


def test_a_hot_spot_over_one_that_was_dismissed_is_not_flagged_for_a_while():
    city = City(patterns(scans=(scan_rule(),)))
    city.look(*THREE[:2], scanned=[hot_spot(*THREE[:2])])
    city.order(1, orders.dismiss(city.situations[0], reason="误报", by="li", now=at(11)))

    assert city.look(fact(7), scanned=[hot_spot(fact(7))], minutes=12) == []


def test_orders_are_refused_where_they_make_no_sense():
    [step] = City().look(*THREE)
    one = _stored(step.situation, 1)
    over = evolve(one, orders.dismiss(one, reason="误报", by="li", now=at(11)))

    with pytest.raises(SituationOver):
        orders.acknowledge(over, reason="", by="li", now=at(12))
    with pytest.raises(AlreadyMember):
        orders.attach(one, fact(1), reason="x", by="li", now=at(12))
    with pytest.raises(NoMember):
        orders.detach(one, "case:9", reason="x", by="li", now=at(12))
    alone = fold(
        [
            c.SituationFlagged(
                at=NOON, actor="lookout", family="f", way="rule", rule="r", why={}, facts=(fact(1),)
            )
        ]
    )
    with pytest.raises(LastMember):
        orders.detach(alone, "case:1", reason="x", by="li", now=at(12))
    assert evolve(over, orders.reopen(over, reason="x", by="li", now=at(13))).goes_on


spots = st.lists(st.tuples(st.integers(0, 90), st.integers(-900, 900)), min_size=1, max_size=16)


def facts_of(told: Sequence[tuple[int, int]]) -> list[Fact]:
    return [fact(n, minutes=minutes, north_m=metres) for n, (minutes, metres) in enumerate(told)]


@given(spots, st.randoms())
@settings(deadline=None)
def test_the_order_within_a_batch_changes_nothing(told: list[tuple[int, int]], random: Random):
    facts, one, two = facts_of(told), City(), City()

    one.look(*facts)
    two.look(*random.sample(facts, len(facts)))

    assert one.histories == two.histories


@given(spots, st.data())
@settings(deadline=None)
def test_no_fact_is_in_two_situations_however_they_come(
    told: list[tuple[int, int]], data: st.DataObject
):
    facts, city = facts_of(told), City()
    order = data.draw(st.permutations(facts))
    for number, one in enumerate(order):
        city.look(one, minutes=90 + number)

    held = [key for one in city.situations if one.goes_on for key in one.members]

    assert len(held) == len(set(held))


@given(spots, st.data())
@settings(deadline=None)
def test_what_changes_are_told_as_is_what_they_are_read_back_from(
    told: list[tuple[int, int]], data: st.DataObject
):
    city = City()
    for one in data.draw(st.permutations(facts_of(told))):
        city.look(one, minutes=data.draw(st.integers(90, 700)))

    for history in city.histories:
        again = [c.change_of(one.kind, one.at, one.actor, c.told(one)) for one in history]
        assert again == history
        assert fold(again) == fold(history)
