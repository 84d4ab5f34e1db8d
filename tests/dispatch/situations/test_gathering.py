"""What a simple rule takes for one thing."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dispatch.situations.facts import Fact, Source
from dispatch.situations.gathering import gather, weight
from dispatch.situations.patterns import AlarmNeeded
from tests.dispatch.situations.makers import alarm, fact, rule


def refs(facts: tuple[Fact, ...]) -> set[str]:
    return {one.ref for one in facts}


def test_three_near_each_other_within_the_hour_are_one():
    close = [fact(1), fact(2, minutes=30, north_m=100), fact(3, minutes=59, north_m=-150)]

    [one] = gather(close, rule())

    assert refs(one) == {"1", "2", "3"}


def test_two_are_not_enough_nor_are_three_too_far_apart_or_too_late():
    assert gather([fact(1), fact(2)], rule()) == []
    assert gather([fact(1), fact(2), fact(3, north_m=400)], rule()) == []
    assert gather([fact(1), fact(2), fact(3, minutes=61)], rule()) == []


def test_what_is_of_another_family_or_area_does_not_count():
    other = [fact(1), fact(2), fact(3, category="05001")]

    assert gather(other, rule()) == []
    assert gather([fact(1), fact(2), fact(3)], rule(area="990102")) == []


def test_things_that_share_a_fact_are_one():
    row = [fact(n, north_m=140 * n) for n in range(8)]

    [one] = gather(row, rule())

    assert len(one) == 8


def test_several_kinds_of_source_must_agree_where_the_rule_asks_for_it():
    agreeing = rule(at_least=2, sources=2)

    assert gather([fact(1), fact(2)], agreeing) == []
    assert len(gather([fact(1), alarm("a", minutes=5)], agreeing)) == 1
    assert len(gather([fact(1), fact(2, source=Source.INSPECTOR)], agreeing)) == 1


def test_an_alarm_that_is_needed_must_be_there_and_grave_enough():
    needing = rule(at_least=2, alarm=AlarmNeeded("water", 2))

    assert gather([fact(1), fact(2)], needing) == []
    assert gather([fact(1), alarm("a", level=3)], needing) == []
    assert len(gather([fact(1), alarm("a", level=2)], needing)) == 1


def test_an_alarm_and_the_case_it_opened_count_once():
    same = [fact(1, source=Source.SENSOR), alarm("a", case_id=1), fact(2)]

    assert weight(same) == 2
    assert gather(same, rule()) == []


def test_everybody_who_told_counts_where_the_rule_says_so():
    told = rule(at_least=5, counts_reports=True)

    assert gather([fact(1, reports=4)], told) == []
    assert len(gather([fact(1, reports=4), fact(2)], told)) == 1


places = st.lists(
    st.tuples(st.integers(0, 180), st.integers(-600, 600), st.sampled_from(list(Source))),
    max_size=14,
)


@given(places, st.randoms(), st.integers(2, 4), st.integers(1, 2))
def test_the_order_in_which_facts_come_changes_nothing(
    told: list[tuple[int, int, Source]], random: Random, at_least: int, sources: int
):
    facts = [
        fact(n, minutes=minutes, north_m=metres, source=source)
        for n, (minutes, metres, source) in enumerate(told)
    ]
    shuffled = random.sample(facts, len(facts))
    asked = rule(at_least=at_least, sources=sources)

    assert gather(shuffled, asked) == gather(facts, asked)


@given(places)
def test_the_things_are_those_that_counting_by_hand_finds(told: list[tuple[int, int, Source]]):
    """An oracle that grows each thing fact by fact, in plain Python."""
    facts = [fact(n, minutes=at, north_m=north) for n, (at, north, _) in enumerate(told)]

    def counted(one: Fact) -> frozenset[str]:
        near = [
            other.ref
            for other in facts
            if timedelta() <= one.at - other.at <= timedelta(hours=1)
            and abs(one.lat - other.lat) * 111_000 <= 300 * 1.002
        ]
        return frozenset(near) if len(near) >= 3 else frozenset()

    things = {thing for one in facts if (thing := counted(one))}
    while joined := [(a, b) for a in things for b in things if a != b and a & b]:
        a, b = joined[0]
        things = (things - {a, b}) | {a | b}

    assert {frozenset(refs(one)) for one in gather(facts, rule())} == things
