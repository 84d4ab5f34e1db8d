"""Past cases decided again: what is different, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dispatch.auto_dispatch import AutoDispatch
from dispatch.calendar import WorkingCalendar
from dispatch.deadlines import Limits
from dispatch.rulebook import Rulebook
from dispatch.whatif.deciding import Compared, Difference, decide_again
from dispatch.whatif.past import Past, Turn
from geo.index import CellIndex
from grid.catalogue import Catalogue
from grid.locate import Grid
from tests.dispatch.whatif.makers import HOUR, RULES, past, with_rule
from tests.makers import CATEGORIES, CELLS, COMMUNITY, NOON, PARTS, cells, spot

LATER = NOON + timedelta(days=30)
DONE = Turn("handled", NOON + HOUR)


def again(one: Past, rules: Rulebook) -> Compared:
    [compared] = decide_again([one], rules, as_of=LATER)
    return compared


@pytest.mark.parametrize("category", ["01001", "06010", "09009"])
def test_the_rules_of_then_come_to_the_same(category: str):
    compared = again(past(DONE, category=category), RULES)

    assert compared.differences == ()
    assert compared.after == compared.before


def test_a_city_in_which_people_file_is_told_whom_its_rules_would_send():
    compared = again(past(DONE), replace(RULES, auto_file=False))

    assert compared.after.department == "sanitation"


def test_what_is_held_back_for_a_dispatcher_is_told_whom_the_rules_would_send():
    compared = again(past(DONE), replace(RULES, auto_dispatch=AutoDispatch(auto=False)))

    assert compared.after.department == "sanitation"


def test_another_rule_sends_another_department_and_says_why():
    compared = again(past(DONE), with_rule("category == '06010'", "fire"))

    assert compared.differences == (Difference.DEPARTMENT,)
    assert (compared.before.department, compared.after.department) == ("sanitation", "fire")
    assert compared.before.routing["step"] == "jurisdiction"
    assert compared.after.routing["name"] == "tried"


def test_another_reason_for_the_same_department_is_no_difference():
    compared = again(past(DONE), with_rule("category == '06010'", "sanitation"))

    assert compared.differences == ()
    assert compared.after.routing["step"] == "rule"


def test_the_rules_are_asked_by_the_hour_of_then():
    noon = with_rule("hour == 12", "fire")
    midnight = with_rule("hour == 0", "fire")

    assert again(past(DONE), noon).after.department == "fire"
    assert again(past(DONE), midnight).after.department == "sanitation"


def test_a_shorter_limit_makes_a_case_late_that_was_in_time():
    rows = [row | {"amount": 0.5} for row in PARTS["limits"] if row["category"] == "01001"]
    rules = replace(RULES, limits=Limits.of(rows))

    compared = again(past(DONE, category="01001"), rules)

    assert compared.differences == (Difference.DEADLINE, Difference.LATENESS)
    assert compared.after.missed_at == NOON + HOUR / 2
    assert compared.after.limit["milestones"] == {"resolve": "0.5 urgent_hour"}


def test_another_calendar_moves_the_deadline():
    closed = [{"date": "2026-11-24", "kind": "holiday"}]
    calendar = WorkingCalendar.of(PARTS["calendar"] | {"days": closed})

    compared = again(past(DONE), replace(RULES, calendar=calendar))

    assert compared.differences == (Difference.DEADLINE,)
    assert compared.after.due["resolve"] - compared.before.due["resolve"] == timedelta(days=1)


def test_another_catalogue_changes_the_severity():
    worse = [row | {"severity": 1} for row in CATEGORIES]
    rules = replace(RULES, catalogue=Catalogue.of({"standard": "own", "categories": worse}))

    compared = again(past(DONE), rules)

    assert compared.differences == (Difference.SEVERITY,)
    assert (compared.before.severity, compared.after.severity) == (3, 1)


def test_another_grid_moves_the_cell():
    turned = [CELLS[n] for n in (3, 2, 1, 0)]
    index = CellIndex.build(np.array(cells(), dtype=object), turned)
    grid = Grid(2, index, [COMMUNITY] * len(CELLS), RULES.grid.hierarchy)

    compared = again(past(DONE), replace(RULES, grid=grid))

    assert compared.differences == (Difference.CELL,)


def test_a_category_that_the_other_catalogue_has_not_is_told_and_stops_nothing():
    without = Catalogue.of({"standard": "own", "categories": CATEGORIES[:1]})
    rules = replace(RULES, catalogue=without)

    lost, found = decide_again([past(DONE), past(DONE, category="01001")], rules, as_of=LATER)

    assert lost.differences == (Difference.DECISION,)
    assert "UnknownCategory" in lost.after.problem
    assert lost.after.department is None
    assert found.differences == ()


def test_a_place_that_no_cell_of_the_other_grid_holds_is_outside():
    index = CellIndex.build(np.array(cells()[3:], dtype=object), CELLS[3:])
    small = Grid(2, index, [COMMUNITY], RULES.grid.hierarchy)

    compared = again(past(DONE, at=spot()), replace(RULES, grid=small))

    assert compared.after.problem == "outside"


def test_no_cases_are_no_comparison():
    assert decide_again([], RULES, as_of=LATER) == []
