"""What a correction does to a case: its place, its limit, and once its department."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import events as e
from dispatch.auto_dispatch import AutoDispatch
from dispatch.calendar import Unit
from dispatch.case import Case, Move, Order, State, evolve
from dispatch.context import CityWarning
from dispatch.correcting import Background, correct
from dispatch.deadlines import Limit, Limits, Milestone, due_times
from dispatch.decide import open_case
from dispatch.routing import Router
from dispatch.rulebook import Rulebook
from dispatch.severity import Grading
from dispatch.workflow.clocks import Deadline, Ending, ended
from dispatch.workflow.correction import Correction, Course, due_as_if
from dispatch.workflow.errors import (
    CannotCorrect,
    IllegalMove,
    MissingCorrection,
    MissingReason,
    NothingCorrected,
    NotNow,
    OutsideGrid,
    StaleCase,
)
from dispatch.workflow.facts import CaseCorrected
from dispatch.workflow.orders import obey
from dispatch.workflow.state import PartState
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from grid.naming import Label
from tests.makers import CELLS, CITY, NOON, PARTS, label, report, rulebook, spot
from tests.workflow import HELPER

RULES = rulebook()
LATER = NOON + timedelta(hours=1)
ELSEWHERE = spot(130, 30)
MAINS = Correction(category="01001")
"""Another category, whose limit is two hours, and which the water bureau answers for."""


def a_case(rules: Rulebook = RULES) -> Case:
    """Rubbish, assigned to sanitation by the table of duties."""
    place = rules.grid.place(*spot())
    assert place is not None
    return open_case(report(), place, rules, case_id=1, now=NOON).case


def corrected(
    case: Case, told: Correction | None = MAINS, *, course: Course | None = None,
    rules: Rulebook = RULES, now: datetime = LATER, warnings: Sequence[CityWarning] = (),
    **more: Any,
) -> tuple[Case, tuple[e.Event, ...]]:  # fmt: skip
    """The case after the correction, and what happened."""
    order = Order(Move.CORRECT, **{"reason": "it was a main", "correction": told, **more})
    background = Background(report(), course or Course(NOON), rules, warnings=warnings)
    events = correct(case, order, background, actor="ou", now=now)
    for event in events:
        case = evolve(case, event)
    return case, events


def proposal_of(case: Case) -> dict[str, Any]:
    proposal = case.why["proposal"]
    assert isinstance(proposal, dict)
    return proposal


def test_another_category_brings_its_severity_its_limit_and_its_department() -> None:
    case, events = corrected(a_case())

    assert [event.kind for event in events] == ["corrected", "assigned"]
    assert [event.actor for event in events] == ["ou", "rules"]
    assert (case.category, case.severity, case.department) == ("01001", 1, "water")
    assert case.why["routing"]["category"] == "01"  # pyright: ignore[reportIndexIssue]
    assert case.why["limit"]["row"] == 2  # pyright: ignore[reportIndexIssue]
    assert case.rerouted_at == LATER


SCHOOL = {"row": 1, "kind": "school", "name": label("Mill School"), "lon": ELSEWHERE[0],
          "lat": ELSEWHERE[1]}  # fmt: skip
BY_THE_SCHOOL = Correction(lon=ELSEWHERE[0], lat=ELSEWHERE[1])


def graded_by(*whens: str) -> Rulebook:
    """Rules that each raise what they are about by one."""
    rows = [
        {"row": n, "name": f"rule-{n}", "when": when, "raise": 1, "because": label("because")}
        for n, when in enumerate(whens, 1)
    ]
    return rulebook(grading=Grading.of(rows, [SCHOOL]))


def graded_by_ou(case: Case, severity: int) -> Case:
    order = Order(Move.GRADE, "worse than it looks", severity=severity)
    return evolve(case, obey(case, order, actor="ou", now=LATER))


def severity_told(case: Case) -> Any:
    return case.why["severity"]


def test_a_correction_asks_the_rules_of_severity_about_the_place_and_the_category() -> None:
    rules = graded_by('category == "06010" && near.school < 10', 'category == "09009"')
    before = a_case(rules)

    moved, _ = corrected(before, BY_THE_SCHOOL, rules=rules)
    back, _ = corrected(moved, Correction(lon=before.lon, lat=before.lat), rules=rules)
    other, _ = corrected(moved, Correction(category="09009"), rules=rules)

    assert [before.severity, moved.severity, back.severity] == [3, 2, 3]
    assert [one["name"] for one in severity_told(moved)["rules"]] == ["rule-1"]
    assert severity_told(back)["rules"] == []
    assert other.severity == rules.catalogue.category("09009").severity - 1


def test_the_hour_and_the_warnings_are_those_of_the_opening() -> None:
    rules = graded_by("near.school < 10 && hour == 12", '"rainstorm" in alarms')
    warnings = [CityWarning(1, "rainstorm", CITY, NOON, NOON + timedelta(minutes=1))]

    case, _ = corrected(
        a_case(rules), BY_THE_SCHOOL, rules=rules, now=NOON + timedelta(hours=5), warnings=warnings
    )

    assert case.severity == 1


def test_what_a_person_has_graded_stays_in_another_place_and_not_in_another_category() -> None:
    rules = graded_by('near.school < 10 && category == "06010"')
    by_person = graded_by_ou(a_case(rules), 1)

    moved, _ = corrected(by_person, BY_THE_SCHOOL, rules=rules)
    other, _ = corrected(moved, Correction(category="09009"), rules=rules)
    without, _ = corrected(graded_by_ou(a_case(), 4), BY_THE_SCHOOL)

    assert (moved.severity, without.severity) == (1, 4)
    assert other.severity == rules.catalogue.category("09009").severity


def test_a_city_without_rules_any_more_tells_none() -> None:
    before = a_case(graded_by("true"))

    case, _ = corrected(before, BY_THE_SCHOOL)

    assert (before.severity, case.severity, severity_told(case)) == (2, 3, {})


def test_the_routing_sees_the_severity_that_the_rules_gave() -> None:
    row = {"row": 1, "name": "severe", "when": "severity == 2", "department": "fire",
           "because": label("severe")}  # fmt: skip
    hierarchy, departments = Hierarchy.of(PARTS["areas"]), Departments.of(PARTS["departments"])
    router = Router.of([row], Jurisdiction.of(PARTS["jurisdiction"]), hierarchy, departments)
    rules = replace(graded_by("near.school < 10"), router=router)

    assert corrected(a_case(rules), BY_THE_SCHOOL, rules=rules)[0].department == "fire"


def test_the_limit_counts_from_the_start_of_the_case() -> None:
    case, [event, _] = corrected(a_case())

    assert event.began == {"resolve": NOON + timedelta(hours=2)}
    assert case.due_at == NOON + timedelta(hours=2)


def test_what_was_due_before_ends_and_clocks_of_stages_go_on() -> None:
    deadlines = [
        Deadline("stop", LATER + timedelta(hours=9)),
        Deadline("resolve", LATER + timedelta(hours=9)),
        Deadline("remove", NOON, Ending.FIRED),
        Deadline("stage.dispatch", LATER + timedelta(minutes=5)),
    ]
    _, [event, assigned] = corrected(a_case())

    assert ended(event, deadlines) == [("stop", Ending.CANCELLED), ("resolve", Ending.CANCELLED)]
    assert ended(assigned, deadlines) == [("stage.dispatch", Ending.MET)]


def test_another_place_in_the_same_department_moves_the_case_and_nothing_else() -> None:
    before = a_case()
    case, [event] = corrected(before, Correction(lon=ELSEWHERE[0], lat=ELSEWHERE[1]))

    assert (case.cell, (case.lon, case.lat)) == (CELLS[3], ELSEWHERE)
    assert (case.department, case.due_at) == (before.department, before.due_at)
    assert (event.began, case.rerouted_at, case.why["routing"]) == (
        {},
        None,
        before.why["routing"],
    )


def test_the_hour_alone_gives_the_case_to_nobody_else() -> None:
    row = {"row": 1, "name": "afternoon", "when": "hour >= 13", "department": "fire",
           "because": label("after one")}  # fmt: skip
    hierarchy, departments = Hierarchy.of(PARTS["areas"]), Departments.of(PARTS["departments"])
    duties = Jurisdiction.of(PARTS["jurisdiction"])
    rules = rulebook(router=Router.of([row], duties, hierarchy, departments))
    near, far = (Correction(lon=at[0], lat=at[1]) for at in (spot(40, 40), ELSEWHERE))

    assert corrected(a_case(rules), near, rules=rules)[0].department == "sanitation"
    assert corrected(a_case(rules), far, rules=rules)[0].department == "fire"


def test_a_correction_hands_over_by_rule_once_and_then_proposes() -> None:
    once, _ = corrected(a_case())

    again, events = corrected(once, Correction(category="06010"))

    assert [event.kind for event in events] == ["corrected"]
    assert (again.category, again.department) == ("06010", "water")
    assert proposal_of(again)["department"] == "sanitation"
    assert proposal_of(again)["held"]["en"] == "a correction has had it handed over before"


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["01001", "06010", "09009"]), max_size=6))
def test_however_often_it_is_corrected_rules_assign_it_twice_at_most(codes: list[str]) -> None:
    case, assigned = a_case(), 1
    for code in codes:
        try:
            case, events = corrected(case, Correction(category=code))
        except NothingCorrected:
            continue
        assigned += sum(event.kind == "assigned" for event in events)

    assert assigned <= 2


def test_a_case_is_not_given_by_rule_to_a_department_that_has_sent_it_back() -> None:
    case = a_case()
    for event in (
        e.CaseAssigned(at=LATER, actor="chen", department="water"),
        e.CaseSentBack(at=LATER, actor="shui", reason="no main there"),
    ):
        case = evolve(case, event)
    assert case.returned_by == ("water",)

    still, events = corrected(case)

    assert [event.kind for event in events] == ["corrected"]
    assert (still.state, still.department) == (State.FILED, None)
    assert proposal_of(still)["held"]["en"] == "water has sent this case back before"


def test_a_department_that_a_person_chose_stays() -> None:
    chosen = e.CaseAssigned(
        at=LATER, actor="chen", department="fire", why={"step": "person", "name": "chen"}
    )

    case, events = corrected(evolve(a_case(), chosen))

    assert [event.kind for event in events] == ["corrected"]
    assert case.department == "fire"
    assert proposal_of(case)["department"] == "water"


def test_what_the_city_holds_back_waits_with_the_proposal() -> None:
    rules = rulebook(auto_dispatch=AutoDispatch(categories=("01",)))

    case, events = corrected(a_case(), rules=rules)

    assert len(events) == 1
    assert proposal_of(case)["held"]["en"] == "category 01001 is held back"


def test_a_proposal_goes_once_somebody_assigns_the_case() -> None:
    rules = rulebook(auto_dispatch=AutoDispatch(auto=False))
    case, _ = corrected(a_case(), rules=rules)

    case = evolve(case, e.CaseAssigned(at=LATER, actor="chen", department="fire"))

    assert "proposal" not in case.why


def test_a_case_that_is_not_filed_is_corrected_and_not_routed() -> None:
    rules = rulebook(auto_file=False)

    case, events = corrected(a_case(rules), rules=rules)

    assert [event.kind for event in events] == ["corrected"]
    assert (case.state, case.department, case.category) == (State.REPORTED, None, "01001")


@pytest.mark.parametrize(
    ("changes", "told", "refusal"),
    [
        ({"state": State.HANDLED}, {}, IllegalMove),
        ({"suspended_at": NOON}, {}, NotNow),
        ({"parts": (HELPER,)}, {}, NotNow),
        ({}, {"reason": " "}, MissingReason),
        ({}, {"version": 1}, StaleCase),
        ({}, {"told": None}, MissingCorrection),
        ({}, {"told": Correction(category="06010")}, NothingCorrected),
        ({}, {"told": Correction(condition="usual")}, NothingCorrected),
        ({}, {"told": Correction(lon=1.0, lat=2.0)}, OutsideGrid),
        ({}, {"told": Correction(category="99999")}, CannotCorrect),
        ({}, {"told": Correction(condition="unheard of")}, CannotCorrect),
    ],
)
def test_a_correction_that_cannot_be_is_refused(
    changes: dict[str, Any], told: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        corrected(replace(a_case(), **changes), **told)
    assert HELPER.state is PartState.OPEN


def limit(*milestones: tuple[str, float, Unit]) -> Limit:
    made = tuple(Milestone(name, amount, unit) for name, amount, unit in milestones)
    return Limit("*", "any", Label("", ""), made, default=True, row=2)


def test_time_that_stood_is_not_taken_as_each_milestone_counts_it() -> None:
    told = limit(("stop", 2, Unit.URGENT_HOUR), ("resolve", 4, Unit.WORK_HOUR))
    # From noon, when the city rests, to 15:00: of that one hour was worked.
    course = Course(NOON, ((NOON, NOON + timedelta(hours=3)),))

    due = due_as_if(told.amounts, course, RULES.calendar)

    assert due["stop"] == NOON + timedelta(hours=5)
    # 15:00–18:00 are three hours, and the fourth is from 8:30 on the next day.
    assert due["resolve"] == NOON + timedelta(hours=21, minutes=30)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3000), max_size=6).map(sorted), st.sampled_from(Unit))
def test_without_pauses_it_is_the_limit_itself_and_pauses_never_shorten_it(
    minutes: list[int], unit: Unit
) -> None:
    told = limit(("resolve", 3, unit))
    moments = [NOON + timedelta(minutes=minute) for minute in minutes]
    pauses = tuple(zip(moments[::2], moments[1::2], strict=False))

    def counted(due: datetime) -> timedelta:
        """What lies before it as the milestone counts: at noon no more is worked than at two."""
        works = unit in (Unit.WORK_HOUR, Unit.WORK_DAY)
        return RULES.calendar.working_time(NOON, due) if works else due - NOON

    plain = due_times(told, NOON, RULES.calendar)
    paused = due_as_if(told.amounts, Course(NOON, pauses), RULES.calendar)

    assert due_as_if(told.amounts, Course(NOON), RULES.calendar) == plain
    assert counted(paused["resolve"]) >= counted(plain["resolve"])


def test_a_limit_that_is_the_same_begins_nothing_anew() -> None:
    rules = rulebook(limits=Limits([limit(("resolve", 1, Unit.WORK_DAY))]))

    _, [event, *_] = corrected(a_case(rules), Correction(category="09009"), rules=rules)

    assert isinstance(event, CaseCorrected)
    assert (event.began, "limit" in event.why) == ({}, False)
