"""CEL conditions: what they answer, what is refused before any case, what a case leaves open."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.conditions import FACTS, Condition, Known
from dispatch.errors import BrokenCondition, UndecidedCondition


def facts(**changed: Any) -> dict[str, Any]:
    """A burst water main by day in the middle of the demo city."""
    return {
        "category": "01001",
        "class_code": "01",
        "kind": "matter",
        "severity": 2,
        "areas": ["990101001001", "990101001", "990101"],
        "cell": "990101001001007",
        "hour": 9,
        "weekday": 3,
        "workday": True,
        "channel": "open311",
        "attributes": {"depth": "12"},
        "description": "水管爆裂，路面积水",
        **changed,
    }


def holds(text: str, **changed: Any) -> bool:
    return Condition.of(text).holds(Known(facts(**changed), FACTS))


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "category == '01001'",
        "category in ['01001', '01002']",
        "category.startsWith('01') && !category.endsWith('2')",
        "category.matches('^01[0-9]{3}$')",
        "class_code == '01' && kind == 'matter'",
        "severity <= 2",
        "severity % 2 == 0",
        "'990101001' in areas",
        "areas.exists(a, a in ['990101001', '990101002'])",
        "areas.all(category, category.startsWith('990101'))",
        "['00', '01'].exists(start, category.startsWith(start))",
        "areas[0] == '990101001001'",
        "size(areas) == 3",
        "(hour >= 22 || hour < 6) == false",
        "workday && weekday < 6",
        "channel != 'sensor'",
        "attributes.depth == '12'",
        "attributes['depth'] == '12' // centimetres",
        "int(attributes.depth) > 10",
        "has(attributes.depth) && double(attributes.depth) >= 0.5",
        "'depth' in attributes",
        "description.contains('爆裂')",
        "severity < 3 ? category == '01001' : false",
        "string(severity) == '2'",
        "5 == category.size()",
        "'990101' == areas[2]",
        "2 == attributes.depth.size()",
        "{'category': 3}.category == 3",
        "[1, 2].exists(category, category == 1)",
    ],
)
def test_a_sound_condition_holds_where_it_should(text: str):
    assert holds(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1, column 1: Syntax error"),
        ("category ==", "line 1, column 12: Syntax error"),
        ("category = '01001'", "line 1, column 10"),
        ("colour == 'red'", "unknown fact 'colour'; known are areas, attributes"),
        ("true || colour == 'red'", "unknown fact 'colour'"),
        ("areas.exists(a, b == 'x')", "unknown fact 'b'"),
        ("category.lower() == 'x'", "unknown function 'lower'; known are contains"),
        ("now() > 3", "unknown function 'now'"),
        ("category", "neither true nor false"),
        ("severity - 1", "neither true nor false"),
        ("category == '01001' ? true : 'no'", "'no', neither true nor false"),
        ("severity > '2'", "No such overload"),
        ("category == '01001' && severity == 2 && hour > '9'", "No such overload"),
        ("areas > 2", "No such overload"),
        ("category.startsWith(1)", "'startsWith' is not defined here, or not for values of these"),
        ("severity.contains('2')", "'contains' is not defined here"),
        ("attributes.depth > 3", "No such overload"),
        ("attributes.depth == 'x' && attributes.wide > 3", "No such overload"),
        ("areas.exists(a, a == 'x') || a == 'x'", "'a' is not defined here"),
        ("severity == '2'", "severity is a number and is compared with a text; this never holds"),
        ("'2' == severity", "severity is a number"),
        ("category == 1001", "category is a text and is compared with a number"),
        ("category in ['01001', 1002]", "category is a text and is compared with a number"),
        ("990101 in areas", "each of areas is a text"),
        ("areas == '990101'", "areas is a list and is compared with a text"),
        ("workday == 'yes'", "workday is a bool and is compared with a text"),
        ("description != null", "description is a text and is compared with a null"),
        ("attributes.depth == 3", "attributes.depth is a text and is compared with a number"),
        ("3 == attributes.depth", "attributes.depth is a text"),
        ("attributes['depth'] == 3", "attributes['depth'] is a text"),
        ("category.matches('[')", "'[' is no regular expression"),
        ("category == 'x' && category.matches('[')", "'[' is no regular expression"),
        ("severity / 0 == 1", "division by zero"),
        ("areas[9] == 'x'", "index out of bounds"),
        ("areas.all(a, areas.all(b, areas.all(c, a == b || b == c)))", "more than 2 of"),
        ("true || " * 600 + "true", "longer than 4000 characters"),
        ("(" * 1500 + "true" + ")" * 1500, "line 1"),
    ],
)
def test_a_broken_condition_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(BrokenCondition) as refused:
        Condition.of(text)

    assert reason in refused.value.reason


def test_conditions_can_be_held_against_each_other():
    one, same, other = map(Condition.of, ("hour < 6", "hour < 6", "hour < 7"))

    assert len({one, same, other}) == 2


def test_what_looks_broken_inside_a_text_or_a_comment_is_not():
    assert holds("""description != "severity == '2' && nope" // category == 1""")


@pytest.mark.parametrize(
    ("text", "changed", "problem"),
    [
        ("attributes.colour == 'red'", {}, "there is no 'colour'"),
        ("attributes['colour'] == 'red'", {}, "there is no 'colour'"),
        ("int(attributes.depth) > 3", {"attributes": {"depth": "deep"}}, "Function 'int' error"),
        ("areas[2] == '990101'", {"areas": ["990101"]}, "index out of bounds: 2"),
        ("10 / hour > 2", {"hour": 0}, "division by zero"),
        ("category.matches(description)", {"description": "("}, "Function 'matches' error"),
    ],
)
def test_a_case_that_does_not_tell_what_is_asked_leaves_it_open(
    text: str, changed: dict[str, Any], problem: str
):
    with pytest.raises(UndecidedCondition) as undecided:
        holds(text, **changed)

    assert problem in undecided.value.problem


def test_a_missing_attribute_does_not_matter_where_the_rest_decides():
    assert not holds("attributes.colour == 'red' && category == '02001'")
    assert holds("attributes.colour == 'red' || category == '01001'")
    assert not holds("has(attributes.colour) && attributes.colour == 'red'")


def test_a_condition_tells_which_facts_it_reads():
    condition = Condition.of("areas.exists(a, a == '1') && hour > 6")

    assert condition.names == {"areas", "hour"}


def test_a_fact_that_was_not_given_is_an_error_of_the_caller():
    with pytest.raises(KeyError):
        Known({"hour": 9}, ["category"])


PIECES = [*FACTS, ".", "==", "in", "<", "[", "]", "(", ")", "'a'", "1", "-", "!", "&&", "||", "?"]
PIECES += [":", ",", "has", "exists", "size", "matches", "'['", "null", "true", "\\", "水", "//"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join) | st.text(max_size=20))
def test_any_text_is_either_refused_or_answers_yes_or_no_or_leaves_it_open(text: str):
    try:
        answer = holds(text)
    except (BrokenCondition, UndecidedCondition):
        return

    assert isinstance(answer, bool)
