"""The decision on one report."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.case import State
from dispatch.decide import NO_POSITION, OUTSIDE, Merged, Opened, Rejected, decide
from dispatch.errors import NoLimit
from dispatch.matching import Candidate
from grid.errors import UnknownCategory
from tests.makers import CELLS, CITY, NOON, report, rulebook, spot


def opened(**changes: object) -> Opened:
    one, rules = report(**changes), rulebook()
    place = rules.grid.place(one.lon or 0, one.lat or 0)
    decision = decide(one, place, [], rules, case_id=7, now=NOON)
    assert isinstance(decision, Opened)
    return decision


def test_a_report_becomes_an_assigned_case_of_its_cell() -> None:
    case = opened(category="01001").case

    assert (case.state, case.cell, case.department) == (State.ASSIGNED, CELLS[2], "water")


def test_the_case_says_by_which_rule_limit_and_versions_it_was_decided() -> None:
    why = opened(category="01001").case.why

    assert why["routing"]["step"] == "jurisdiction"
    assert why["limit"]["row"] == 2
    assert why["versions"]["catalogue"] == 1


def test_a_danger_is_due_in_two_hours_whatever_the_office_hours() -> None:
    assert opened(category="01001").case.due_at == NOON + timedelta(hours=2)


def test_a_routine_case_is_due_one_working_day_later() -> None:
    friday = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
    one, rules = report(), rulebook()
    decision = decide(one, rules.grid.place(*spot()), [], rules, case_id=1, now=friday)

    assert isinstance(decision, Opened)
    assert decision.case.due_at is not None
    assert decision.case.due_at.astimezone(rules.calendar.timezone).isoweekday() == 1


def test_a_category_without_its_own_jurisdiction_falls_to_the_territory() -> None:
    case = opened(category="09009").case

    assert case.department == "street-office"
    assert case.why["routing"]["step"] == "territory"


def test_a_rule_goes_before_jurisdiction() -> None:
    night = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    one, rules = report(attributes={"fire": "yes"}), rulebook()
    decision = decide(one, rules.grid.place(*spot()), [], rules, case_id=1, now=night)

    assert isinstance(decision, Opened)
    assert decision.case.department == "fire"


def test_the_number_names_city_local_day_and_case() -> None:
    late = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
    one, rules = report(), rulebook()
    decision = decide(one, rules.grid.place(*spot()), [], rules, case_id=42, now=late)

    assert isinstance(decision, Opened)
    assert decision.case.number == f"{CITY}-20261124-000042"


def test_without_automatic_filing_a_person_files() -> None:
    one, rules = report(), rulebook(auto_file=False)
    decision = decide(one, rules.grid.place(*spot()), [], rules, case_id=1, now=NOON)

    assert isinstance(decision, Opened)
    assert (decision.case.state, decision.case.department) == (State.REPORTED, None)


def test_a_second_report_of_the_incident_is_merged() -> None:
    known = Candidate(3, "06010", *spot(60, 30), NOON - timedelta(minutes=30))
    rules = rulebook()
    decision = decide(report(), rules.grid.place(*spot()), [known], rules, case_id=9, now=NOON)

    assert isinstance(decision, Merged)
    assert decision.case_id == 3


def test_a_report_without_a_position_is_rejected() -> None:
    decision = decide(report(at=(None, None)), None, [], rulebook(), case_id=1, now=NOON)

    assert isinstance(decision, Rejected)
    assert decision.reason == NO_POSITION


def test_a_report_that_no_cell_holds_is_rejected() -> None:
    decision = decide(report(), None, [], rulebook(), case_id=1, now=NOON)

    assert isinstance(decision, Rejected)
    assert decision.reason == OUTSIDE


def test_a_category_the_catalogue_has_lost_gives_no_decision() -> None:
    rules = rulebook()

    with pytest.raises(UnknownCategory):
        decide(report(category="99999"), rules.grid.place(*spot()), [], rules, case_id=1, now=NOON)


def test_a_condition_that_does_not_exist_gives_no_decision() -> None:
    rules = rulebook()

    with pytest.raises(NoLimit):
        decide(
            report(category="01001", condition="nonsense"),
            rules.grid.place(*spot()),
            [],
            rules,
            case_id=1,
            now=NOON,
        )
