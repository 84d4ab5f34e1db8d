"""Rules looked at together: which never decide, which overlap, and what cannot be told."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.case_facts import facts_of
from dispatch.conditions import Known
from dispatch.routing_rule import Rule
from dispatch.rule_review import Review, review
from grid.catalogue import Catalogue
from grid.cell import Place
from tests.makers import PARTS, label

CATEGORIES = tuple(Catalogue.of(PARTS["catalogue"]))
PLACES = (
    Place("990199001001001", ("990199001001", "990199001", "990199")),
    Place("990199002001001", ("990199002001", "990199002", "990199")),
)
SPRING = datetime(2027, 3, 1, tzinfo=UTC)


def rules(*rows: tuple[str, str] | tuple[str, str, dict[str, str]]) -> list[Rule]:
    """Rules r1, r2 … of (condition, department) and perhaps when they are in force."""
    made: list[Rule] = []
    for number, (when, department, *period) in enumerate(rows, start=1):
        row: dict[str, Any] = {
            "row": number, "name": f"r{number}", "when": when, "department": department,
            "because": label("because"), **(period[0] if period else {}),
        }  # fmt: skip
        made.append(Rule.of(row, {"water", "fire", "police"}))
    return made


def look(*rows: tuple[str, str] | tuple[str, str, dict[str, str]], **more: Any) -> Review:
    return review(rules(*rows), CATEGORIES, PLACES, **more)


def unreachable(found: Review) -> list[tuple[str, list[str]]]:
    return [(one.rule.name, [rule.name for rule in one.before]) for one in found.unreachable]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("true", "category == '01001'"),
        ("class_code == '01'", "category == '01001' && hour < 6"),
        ("severity <= 3", "severity == 3 && attributes.colour == 'red'"),
        ("hour >= 8", "hour >= 8 && hour < 18 && category == '06010'"),
        ("'990199001' in areas", "cell == '990199001001001'"),
        ("attributes.colour == 'red'", "attributes.colour   ==   'red'"),
        ("weekday > 5 || weekday <= 5", "channel == 'sensor'"),
    ],
)
def test_a_rule_whose_cases_an_earlier_one_takes_never_decides(first: str, second: str) -> None:
    found = look((first, "water"), (second, "fire"))

    assert unreachable(found) == [("r2", ["r1"])]
    assert found.open == []


def test_rules_that_only_together_take_everything_are_all_named() -> None:
    found = look(("hour < 12", "water"), ("hour >= 12", "fire"), ("severity == 1", "police"))

    assert unreachable(found) == [("r3", ["r1", "r2"])]


def test_a_rule_that_fits_no_case_of_the_city_never_decides() -> None:
    found = look(("category == '99999'", "water"), ("'990198' in areas && hour > 3", "fire"))

    assert unreachable(found) == [("r1", []), ("r2", [])]


def test_an_earlier_rule_that_is_in_force_for_a_time_only_takes_not_everything() -> None:
    ended = {"until": "2027-03-01T00:00:00Z"}

    assert unreachable(look(("true", "water", ended), ("severity == 1", "fire"))) == []
    both = look(("true", "water", ended), ("severity == 1", "fire", ended))
    assert unreachable(both) == [("r2", ["r1"])]


def test_two_rules_that_are_never_in_force_together_do_not_touch() -> None:
    found = look(
        ("true", "water", {"until": "2027-03-01T00:00:00Z"}),
        ("true", "fire", {"from": "2027-03-01T00:00:00Z"}),
    )

    assert (found.unreachable, found.overlaps, found.open) == ([], [], [])


def test_an_overlap_is_told_with_a_case_that_both_rules_fit() -> None:
    [overlap] = look(
        ("category == '06010' && (hour >= 22 || hour < 6)", "police"),
        ("attributes.hazard == 'fire' && description.contains('烟')", "fire"),
        ("severity == 1", "police"),
    ).overlaps[:1]

    assert (overlap.first.name, overlap.second.name) == ("r1", "r2")
    assert overlap.case["category"] == "06010"
    assert overlap.case["attributes"] == {"hazard": "fire"}
    assert "烟" in str(overlap.case["description"])


def test_rules_for_one_department_or_for_different_cases_do_not_overlap() -> None:
    found = look(("hour < 12", "water"), ("severity == 1", "water"), ("hour >= 12", "fire"))

    assert [(o.first.name, o.second.name) for o in found.overlaps] == [("r2", "r3")]


def test_what_hangs_on_words_nobody_can_foresee_is_left_open() -> None:
    found = look(
        ("description.size() < 1000", "water"),
        ("description.size() < 999 && severity == 1", "fire"),
    )

    assert [rule.name for rule in found.open] == ["r2"]
    assert found.unreachable == []


def test_a_review_that_may_ask_no_more_says_so_and_claims_nothing() -> None:
    found = look(("hour < 12", "water"), ("hour < 12 && severity == 1", "fire"), questions=3)

    assert found.unreachable == []
    assert [rule.name for rule in found.open] == ["r2"]
    assert not found.complete
    assert look(("hour < 12", "water")).complete


ATOMS = st.sampled_from(
    ["category == '01001'", "severity <= 3", "class_code == '06'", "hour < 6", "hour >= 4",
     "workday", "weekday == 6", "channel == 'api'", "'990199001' in areas", "true",
     "cell == '990199002001001'"]
)  # fmt: skip
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
            lambda three: f"({' '.join(three)})"
        )
        | inner.map(lambda one: f"!({one})")
    ),
    max_leaves=4,
)


def every_case() -> list[dict[str, object]]:
    """All cases that the atoms above can tell apart."""
    return [
        facts_of(category, place.cell, place.areas)
        | {"hour": hour, "weekday": day, "workday": works, "channel": channel}
        for category, place, hour, day, works, channel in product(
            CATEGORIES, PLACES, (0, 4, 6), (5, 6), (True, False), ("api", "sensor")
        )
    ]


Found = tuple[set[int], set[tuple[int, int]]]
"""Rules that never decide, and pairs that disagree about a case; by their place, from 0."""


def asked(made: list[Rule]) -> Found:
    """What comes of asking every rule about every case."""
    cases = every_case()
    holding = [[rule.when.holds(Known(case, rule.when.names)) for rule in made] for case in cases]
    deciders = {row.index(True) for row in holding if True in row}
    pairs = {
        (row.index(True), other)
        for row in holding if True in row
        for other in range(row.index(True) + 1, len(made))
        if row[other] and made[row.index(True)].department != made[other].department
    }  # fmt: skip

    return {*range(len(made))} - deciders, pairs


def reviewed(made: list[Rule]) -> Found:
    """What the review says, which leaves none of these rules open."""
    found = review(made, CATEGORIES, PLACES)
    assert found.open == []
    return (
        {one.rule.row - 1 for one in found.unreachable},
        {(one.first.row - 1, one.second.row - 1) for one in found.overlaps},
    )


made_rules = st.lists(
    st.tuples(CONDITIONS, st.sampled_from(["water", "fire"])), min_size=1, max_size=3
).map(lambda rows: rules(*rows))


@settings(max_examples=25, deadline=None)
@given(made_rules)
def test_the_review_agrees_with_asking_every_rule_about_every_case(made: list[Rule]) -> None:
    assert reviewed(made) == asked(made)


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(made_rules)
def test_many_reviews_agree_with_asking_every_rule_about_every_case(made: list[Rule]) -> None:
    assert reviewed(made) == asked(made)
