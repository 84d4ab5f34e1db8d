"""When a case is assigned by rule: how sure the routing is, and what a city holds back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.auto_dispatch import AutoDispatch
from dispatch.case import Case, State
from dispatch.confidence import Confidence, Record
from dispatch.decide import Opened, decide
from dispatch.routing import Router
from dispatch.rulebook import Rulebook
from dispatch.workflow.clocks import Stage
from dispatch.workflow.variant import STAGE_MINUTES, Variant
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from tests.makers import CELLS, COMMUNITY, NOON, PARTS, label, report, rulebook, spot

SANITATION = ("06010", COMMUNITY, "sanitation")


def opened(rules: Rulebook, records: Any = None, **told: Any) -> Case:
    one = report(**told)
    place = rules.grid.place(one.lon or 0.0, one.lat or 0.0)
    found = decide(one, place, [], rules, case_id=1, now=NOON, records=records or {})
    assert isinstance(found, Opened)
    return found.case


def asking(percent: int, **more: Any) -> Rulebook:
    """Littletown, asking for a confidence of so many per cent."""
    return rulebook(auto_dispatch=AutoDispatch(needed=percent), **more)


def proposal_of(case: Case) -> dict[str, Any]:
    proposal = case.why["proposal"]
    assert isinstance(proposal, dict)
    return proposal


@pytest.mark.parametrize(
    ("found", "percent"),
    [
        (Confidence("rule"), 100),
        (Confidence("jurisdiction"), 95),
        (Confidence("territory"), 60),
        (Confidence("rule", passed_over=2), 64),
        (Confidence("rule", same=5, asked=9, accuracy_m=30), 55),
        (Confidence("rule", record=Record(1, 1)), 50),
        (Confidence("rule", record=Record(49, 5)), 90),
        (Confidence("territory", 1, 8, 9, 30, Record(9, 1)), 38),
    ],
)
def test_the_confidence_is_the_product_that_the_page_tells(found: Confidence, percent: int) -> None:
    assert found.percent == percent


counts = st.integers(0, 50)


@given(
    st.sampled_from(["rule", "jurisdiction", "territory"]), st.integers(0, 5), st.integers(1, 9),
    counts, counts,
)  # fmt: skip
def test_it_is_a_share_and_every_doubt_lowers_it(
    step: str, passed_over: int, same: int, one: int, other: int
) -> None:
    record = Record(max(one, other), min(one, other))
    found = Confidence(step, passed_over, same, 9, 30, record)

    assert 0 <= found.percent <= 100
    assert Confidence(step, passed_over + 1, same, 9, 30, record).percent <= found.percent
    assert Confidence(step, passed_over, same, 9, 30).percent >= found.percent


def test_a_city_that_says_nothing_assigns_as_it_always_did() -> None:
    case = opened(rulebook(), accuracy_m=500.0)

    assert (case.state, case.department) == (State.ASSIGNED, "sanitation")
    assert "confidence" not in case.why["routing"]  # pyright: ignore[reportOperatorIssue]


def test_what_is_sure_enough_is_assigned_and_says_how_sure_it_was() -> None:
    case = opened(asking(90))

    assert case.state is State.ASSIGNED
    assert case.why["routing"]["confidence"] == {  # pyright: ignore[reportIndexIssue]
        "percent": 95,
        "needed": 90,
        "step": 95,
        "passed_over": 0,
        "place": {"same": 1, "asked": 1, "accuracy_m": None},
        "record": {"given": 0, "returned": 0},
    }


def test_what_is_not_sure_enough_waits_for_a_dispatcher_with_the_proposal() -> None:
    case = opened(asking(90), category="09009")

    proposal = proposal_of(case)
    assert (case.state, case.department) == (State.FILED, None)
    assert (proposal["department"], proposal["step"]) == ("street-office", "territory")
    assert proposal["held"]["en"] == "the confidence of 60% is below the 90% that are needed"
    assert "60%" in proposal["held"]["zh"]


def test_who_waits_for_a_dispatcher_has_the_clock_of_the_dispatcher() -> None:
    variant = Variant.of({"off": [], "photo": [], "names": {}, "minutes": STAGE_MINUTES})
    rules = asking(90, variant=variant)
    one = report(category="09009")

    found = decide(one, rules.grid.place(*spot()), [], rules, case_id=1, now=NOON)

    assert isinstance(found, Opened)
    assert [entry.event.kind for entry in found.entries] == ["reported", "filed"]
    assert set(found.entries[-1].event.began) == {Stage.DISPATCH}


def test_what_was_sent_back_before_makes_the_routing_less_sure() -> None:
    often = {SANITATION: Record(given=4, returned=2)}

    assert opened(asking(50), often).state is State.ASSIGNED
    case = opened(asking(60), often)
    assert case.state is State.FILED
    assert proposal_of(case)["confidence"]["record"] == {"given": 4, "returned": 2}


def split_town(percent: int) -> Rulebook:
    """Littletown where the eastern cells are another department's."""
    rows = [
        {"row": 1, "name": "east", "when": f"cell in ['{CELLS[1]}', '{CELLS[3]}']",
         "department": "water", "because": label("the east")}
    ]  # fmt: skip
    hierarchy = Hierarchy.of(PARTS["areas"])
    departments = Departments.of(PARTS["departments"])
    router = Router.of(rows, Jurisdiction.of(PARTS["jurisdiction"]), hierarchy, departments)
    return asking(percent, router=router)


def test_a_place_that_may_lie_elsewhere_is_doubtful_only_if_another_would_take_it() -> None:
    def place_of(east_m: float, accuracy_m: float) -> dict[str, Any]:
        case = opened(split_town(100), at=spot(east_m, 50), accuracy_m=accuracy_m)
        return proposal_of(case)["confidence"]["place"]

    assert place_of(50, 20) == {"same": 9, "asked": 9, "accuracy_m": 20}
    # 60 m to the north is the next cell, of the same department.
    assert place_of(30, 65)["same"] < 9
    assert place_of(90, 20)["same"] == 6
    assert place_of(50, 5_000) == {"same": 1, "asked": 9, "accuracy_m": 5_000}


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (AutoDispatch(auto=False), "a dispatcher assigns"),
        (AutoDispatch(categories=("06",)), "category 06010"),
        (AutoDispatch(areas=frozenset({"990199001"})), "area 990199001"),
    ],
)
def test_what_is_held_back_waits_however_sure_the_routing_is(
    held: AutoDispatch, words: str
) -> None:
    case = opened(rulebook(auto_dispatch=held))

    assert case.state is State.FILED
    assert words in proposal_of(case)["held"]["en"]


def test_a_rule_is_held_back_by_its_name() -> None:
    held = AutoDispatch(rules=frozenset({"night fires"}))

    assert held.held_back("06010", (), "night fires") is not None
    assert held.held_back("06010", (), "other") is None
    assert held.held_back("06010", (), None) is None
