"""Routing: the order of its steps, the reasons it gives, and rules refused when loaded."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import BrokenRule, NoDepartment
from dispatch.routing import Assignment, Router, Undecided, broken_rules
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from grid.naming import Label
from tests.dispatch.test_conditions import facts

AREAS = ("990101001001", "990101001", "990101")
DEPARTMENTS = {"water", "police", "street", "district"}
BECAUSE = {"zh": "紧急", "en": "urgent"}
LABEL = Label.of(BECAUSE)


def rule(row: int, when: str, department: str = "water", name: str = "rule") -> dict[str, Any]:
    return {
        "row": row,
        "name": name,
        "when": when,
        "department": department,
        "because": BECAUSE,
    }


def area(code: str, parent: str | None, zh: str, en: str, department: str | None = None):
    return {
        "code": code,
        "level": "any",
        "parent": parent,
        "name": {"zh": zh, "en": en},
        "department": department,
    }


HIERARCHY = Hierarchy.of(
    [
        area("990101", None, "云溪区", "Yunxi", "district"),
        area("990101001", "990101", "云溪街道", "Yunxi Street", "street"),
        area("990101001001", "990101001", "桥头社区", "Bridgehead"),
    ]
)


def router(*rules: dict[str, Any], duties: tuple[tuple[str, str, str], ...] = ()) -> Router:
    rows = [
        {"row": n, "category": category, "area": where, "department": department}
        for n, (category, where, department) in enumerate(duties, start=2)
    ]
    return Router.of(list(rules), Jurisdiction.of(rows), HIERARCHY, DEPARTMENTS)


def test_the_first_rule_that_holds_decides():
    routes = router(
        rule(1, "severity == 1", "police", "grave"),
        rule(2, "category == '01001'", "water", "mains"),
        rule(3, "true", "street", "rest"),
    )

    assert routes.route(facts(), AREAS) == Assignment("water", "rule", "mains", LABEL, row=2)
    assert routes.route(facts(severity=1), AREAS).department == "police"
    assert routes.route(facts(category="02001"), AREAS).name == "rest"


def test_without_a_rule_the_duty_decides_and_says_its_row():
    routes = router(rule(1, "severity == 1"), duties=(("01", "990101001", "police"),))

    assert routes.route(facts(), AREAS) == Assignment(
        "police",
        "jurisdiction",
        "row 2",
        Label(
            "职责表第 2 行：云溪街道，类别 01…",
            "row 2 of the table of duties: categories 01… in Yunxi Street",
        ),
        row=2,
        category="01",
        area="990101001",
    )


@pytest.mark.parametrize(
    ("duty", "zh", "en"),
    [
        (("01001", "", "water"), "全市，类别 01001", "category 01001 in the whole city"),
        (("*", "990101", "water"), "云溪区，全部类别", "every category in Yunxi"),
    ],
)
def test_the_reason_names_what_the_duty_was_written_for(
    duty: tuple[str, str, str], zh: str, en: str
):
    because = router(duties=(duty,)).route(facts(), AREAS).because

    assert because.zh.endswith(zh)
    assert because.en.endswith(en)


def test_a_duty_for_an_area_of_another_grid_version_is_named_by_its_code():
    because = router(duties=(("*", "990199", "water"),)).route(facts(), ["990199"]).because

    assert because.en.endswith("every category in 990199")


def test_without_rule_and_duty_the_smallest_area_with_a_body_takes_the_case():
    assert router().route(facts(), AREAS) == Assignment(
        "street",
        "territory",
        "990101001",
        Label(
            "无适用规则和职责分工，由云溪街道属地兜底",
            "no rule and no duty applies; who answers for Yunxi Street takes it",
        ),
        area="990101001",
    )


def test_where_nobody_answers_it_is_said():
    with pytest.raises(NoDepartment, match="'01001' in 990101001001; add a duty") as nobody:
        router(rule(1, "severity == 1")).route(facts(), AREAS[:1])

    assert (nobody.value.category, nobody.value.areas) == ("01001", AREAS[:1])


def test_a_rule_that_asks_what_the_case_does_not_tell_is_passed_over_and_named():
    routes = router(
        rule(1, "attributes.colour == 'red'", "police", "red"),
        rule(2, "category == '01001'", "water", "mains"),
    )

    found = routes.route(facts(), AREAS)

    assert found.name == "mains"
    assert found.undecided == (Undecided(1, "red", "there is no 'colour'"),)


@pytest.mark.parametrize("duties", [(), (("*", "", "police"),)])
def test_undecided_rules_are_named_whatever_step_decides(duties: tuple[tuple[str, str, str], ...]):
    found = router(rule(1, "attributes.colour == 'red'"), duties=duties).route(facts(), AREAS)

    assert [rule.row for rule in found.undecided] == [1]


def test_rules_after_the_one_that_decides_are_not_asked():
    found = router(rule(1, "true"), rule(2, "attributes.colour == 'red'")).route(facts(), AREAS)

    assert found.undecided == ()


def test_why_is_stored_as_plain_values():
    routes = router(
        rule(1, "attributes.colour == 'red'", "police", "red"), rule(2, "hour == 9", name="early")
    )

    assert routes.route(facts(), AREAS).as_dict() == {
        "department": "water",
        "step": "rule",
        "name": "early",
        "because": BECAUSE,
        "row": 2,
        "category": "",
        "area": "",
        "undecided": [{"row": 1, "name": "red", "problem": "there is no 'colour'"}],
    }


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (rule(7, "category ==", name="mains"), "line 1, column 12"),
        (rule(7, "colour == 'red'", name="mains"), "unknown fact 'colour'"),
        (rule(7, "category", name="mains"), "neither true nor false"),
        (rule(7, "true", "navy", "mains"), "unknown department 'navy'"),
    ],
)
def test_a_broken_rule_is_refused_when_loaded_with_row_and_name(
    broken: dict[str, Any], reason: str
):
    with pytest.raises(BrokenRule, match=r"routing rule 7 \(mains\)") as refused:
        router(rule(1, "true"), broken)

    assert (refused.value.row, refused.value.name) == (7, "mains")
    assert reason in refused.value.reason


def test_all_broken_rules_can_be_listed_at_once():
    rules = [rule(1, "nope"), rule(2, "true"), rule(3, "true", "navy"), rule(4, "hour")]

    assert [broken.row for broken in broken_rules(rules, DEPARTMENTS)] == [1, 3, 4]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(sorted(DEPARTMENTS))), max_size=6),
    st.integers(1, 4),
)
def test_the_decision_is_that_of_the_first_matching_rule_or_else_the_territory(
    written: list[tuple[int, str]], severity: int
):
    rules = [rule(n, f"severity == {s}", d) for n, (s, d) in enumerate(written, start=1)]

    found = router(*rules).route(facts(severity=severity), AREAS)

    expected = next((n for n, (s, _) in enumerate(written, start=1) if s == severity), None)
    assert found.row == expected
    assert found.department == (written[expected - 1][1] if expected else "street")


def known(**changes: object) -> dict[str, object]:
    """What is known of a category in a cell before anything is reported."""
    of_the_report = {"hour", "weekday", "workday", "channel", "attributes", "description"}
    return {name: v for name, v in facts().items() if name not in of_the_report} | changes


def test_a_rule_that_only_asks_what_is_known_is_foreseen():
    routes = router(rule(1, "category == '01001' && severity < 4"), duties=(("*", "", "police"),))

    assert routes.foresee(known(), AREAS).assignment == Assignment(
        "water", "rule", "rule", LABEL, 1
    )
    assert routes.foresee(known(category="02001"), AREAS).assignment == routes.route(
        facts(category="02001"), AREAS
    )


def test_a_rule_that_asks_more_is_named_beside_whoever_takes_it_otherwise():
    routes = router(
        rule(1, "category == '01001' && (hour >= 22 || hour < 6)", "police", "night"),
        rule(2, "category == '02001' && hour >= 22", "police", "elsewhere"),
        rule(3, "has(attributes.fire)", "street", "fire"),
    )

    found = routes.foresee(known(), AREAS)

    assert found.assignment is not None
    assert found.assignment.step == "territory"
    assert [one.name for one in found.depending] == ["night", "fire"]


def test_once_the_hour_is_known_its_rule_decides_or_is_out():
    routes = router(rule(1, "hour >= 22", "police", "night"))

    late, early = (routes.foresee(known(hour=hour), AREAS) for hour in (23, 9))

    assert (late.assignment.department if late.assignment else None, late.depending) == (
        "police",
        (),
    )
    assert (early.assignment.step if early.assignment else None, early.depending) == (
        "territory",
        (),
    )


def test_where_nobody_answers_nothing_is_foreseen():
    alone = Hierarchy.of([area("990101", None, "云溪区", "Yunxi")])

    found = Router.of([], Jurisdiction.of([]), alone, DEPARTMENTS).foresee(known(), ["990101"])

    assert found.assignment is None


@given(
    st.lists(
        st.sampled_from(
            [
                "category == '01001' && hour < 6",
                "severity == 1 || hour > 12",
                "workday && class_code == '01'",
                "category.startsWith('02')",
                "description.contains('x') || severity == 2",
            ]
        ),
        max_size=4,
    ),
    st.sampled_from(["01001", "02001"]),
    st.integers(1, 4),
    st.integers(0, 23),
    st.booleans(),
    st.sampled_from(["", "x"]),
)
def test_what_is_foreseen_comes_true_unless_a_rule_named_beside_it_decides(
    conditions, category, severity, hour, workday, description
):
    routes = router(*(rule(n, text, name=f"r{n}") for n, text in enumerate(conditions)))
    case = facts(
        category=category,
        severity=severity,
        hour=hour,
        workday=workday,
        description=description,
    )

    found = routes.foresee(known(category=category, severity=severity), AREAS)

    decided = routes.route(case, AREAS)
    if decided.name not in {one.name for one in found.depending}:
        assert decided == found.assignment


SPRING, SUMMER = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
TIMED = {"from": "2027-03-01T00:00:00Z", "until": "2027-06-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (SPRING - timedelta(microseconds=1), "rest"),
        (SPRING, "flood"),
        (SUMMER - timedelta(microseconds=1), "flood"),
        (SUMMER, "rest"),
    ],
)
def test_a_rule_decides_only_while_it_is_in_force(at: datetime, name: str):
    routes = router(rule(1, "true", "police", "flood") | TIMED, rule(2, "true", name="rest"))

    assert routes.route(facts(), AREAS, at).name == name
    assert routes.foresee(known(), AREAS, at).assignment == routes.route(facts(), AREAS, at)


def test_without_a_moment_a_rule_for_a_time_decides_nothing_and_is_named():
    routes = router(rule(1, "true", "police", "flood") | TIMED, rule(2, "true", name="rest"))

    found, foreseen = routes.route(facts(), AREAS), routes.foresee(known(), AREAS)

    assert (found.name, [one.name for one in found.undecided]) == ("rest", ["flood"])
    assert [one.name for one in foreseen.depending] == ["flood"]
    assert foreseen.assignment is not None
    assert foreseen.assignment.name == "rest"
