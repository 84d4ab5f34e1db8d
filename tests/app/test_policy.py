"""The table of rights: default deny, and every answer derives from one reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.policy import POLICY, VISITOR, Actor, Refused, Resource, Role, authorize, reach
from dispatch.case import Move

DEPARTMENTS = st.sampled_from([None, "parks", "water"])
AREAS = st.frozensets(st.sampled_from(["990101", "990101001", "990101001002", "990102"]))


def an_actor(*roles: Role, department: str | None = None, areas: tuple[str, ...] = ()) -> Actor:
    return Actor("li.wei", frozenset(roles), department, frozenset(areas))


def test_an_action_the_policy_does_not_list_is_denied_to_everyone():
    everyone = an_actor(*Role, department="parks", areas=("990101",))

    with pytest.raises(Refused):
        authorize(everyone, "case.delete")


def test_a_dispatcher_reads_a_case_below_an_own_area():
    dispatcher = an_actor(Role.DISPATCHER, areas=("990101001",))

    authorize(dispatcher, "case.read", Resource(areas=frozenset({"990101001002", "990101001"})))


def test_a_case_of_a_sibling_area_is_hidden():
    dispatcher = an_actor(Role.DISPATCHER, areas=("990101001",))

    with pytest.raises(Refused) as refused:
        authorize(dispatcher, "case.read", Resource(areas=frozenset({"990101002", "990101"})))

    assert refused.value.hidden


def test_a_handler_without_a_department_reaches_no_unassigned_case():
    with pytest.raises(Refused):
        authorize(an_actor(Role.HANDLER), "case.read", Resource(department=None))


def test_staff_without_areas_reach_nothing():
    assert not reach(an_actor(Role.OPERATOR), "case.read")


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.SECURITY, Role.MONITOR, Role.CITIZEN])
def test_who_configures_or_reports_reads_no_case(role: Role):
    with pytest.raises(Refused):
        authorize(an_actor(role, department="parks", areas=("990101",)), "case.read")


def test_a_visitor_only_sees_what_is_public_or_own():
    open_to_all = {action for action in POLICY if reach(VISITOR, action)}

    assert open_to_all == {
        "page.read",
        "probe.read",
        "session.open",
        "session.read",
        "session.close",
        "catalogue.read",
        "report.rate",
        "report.read_own",
        "grid.read_open",  # asked only where CITY_GRID_OPEN is set
    }


@pytest.mark.parametrize("move", list(Move))
def test_every_move_of_the_workflow_stands_in_the_policy(move: Move):
    assert POLICY[f"case.move.{move}"]


def test_nobody_may_both_handle_and_verify_by_role():
    assert POLICY["case.move.handle"].keys().isdisjoint(POLICY["case.move.verify"])


@given(st.sets(st.sampled_from(list(Role))), DEPARTMENTS, AREAS, DEPARTMENTS, AREAS)
def test_the_list_filter_says_the_same_as_the_single_answer(
    roles: set[Role],
    department: str | None,
    areas: frozenset[str],
    case_department: str | None,
    case_areas: frozenset[str],
):
    actor = Actor("li.wei", frozenset(roles), department, areas)
    within = reach(actor, "case.read")

    condition, values = within.sql()

    listed = condition == "true" or (
        (values["reach_department"] is not None and values["reach_department"] == case_department)
        or bool(set(values["reach_areas"]) & case_areas)  # type: ignore[arg-type]
    )
    assert listed == within.covers(Resource(department=case_department, areas=case_areas))
