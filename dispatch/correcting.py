"""What becomes of a case whose category or place was told wrongly (更正). Pure.

A correction may be made again, and it hands the case over by rule once: after that a dispatcher
does. So two rules, or a rule and a person, never play it to and fro. It goes by rule to no
department that has sent it back, and what a person has chosen stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast

from dispatch import events as e
from dispatch.confidence import Record, Records
from dispatch.context import CityWarning
from dispatch.deadlines import Limit
from dispatch.decide import RULES, as_severe_as, graded_by_rules, limit_told, subject_of
from dispatch.errors import NoDepartment, NoLimit
from dispatch.proposing import Proposal, propose
from dispatch.report import Report
from dispatch.rulebook import Rulebook
from dispatch.severity import Graded
from dispatch.workflow import facts as f
from dispatch.workflow.beginning import begun
from dispatch.workflow.case import Case
from dispatch.workflow.clocks import Deadline
from dispatch.workflow.correction import Correction, Course, due_as_if
from dispatch.workflow.errors import CannotCorrect, MissingCorrection, NothingCorrected, OutsideGrid
from dispatch.workflow.orders import Order, check_order
from dispatch.workflow.state import State
from dispatch.workflow.variant import Terms
from grid.catalogue import Category
from grid.cell import Place
from grid.errors import UnknownCategory
from grid.naming import Label

ONCE: Final = Label("已因更正重新派遣过一次", "a correction has had it handed over before")
BY_PERSON: Final = Label("现部门由人员选定", "a person chose the department that has it")


@dataclass(frozen=True, slots=True)
class Background:
    """What a correction is decided with, besides the case: its first report and its course.

    *warnings* are what the city warned of when the case was opened.
    """

    report: Report
    course: Course
    rules: Rulebook
    deadlines: Sequence[Deadline] = ()
    records: Records = field(default_factory=dict[tuple[str, str, str], Record])
    warnings: Sequence[CityWarning] = ()


def correct(
    case: Case, order: Order, background: Background, *, actor: str, now: datetime
) -> tuple[e.Event, ...]:
    """The correction, and the assignment by rule that follows from it, if one does.

    Raises what `dispatch.case.obey` raises, and a MoveRefused when the correction changes nothing
    or the city's rules have no answer to it.
    """
    rules = background.rules
    check_order(case, order, actor, Terms(rules.variant, rules.calendar))
    if order.correction is None:
        raise MissingCorrection(order.move)
    at = max(now, case.changed_at)
    try:
        return _corrected(case, order, order.correction, background, actor, at)
    except (NoDepartment, NoLimit, UnknownCategory) as err:
        raise CannotCorrect(str(err)) from err


def _corrected(
    case: Case, order: Order, told: Correction, background: Background, actor: str, at: datetime
) -> tuple[e.Event, ...]:
    rules = background.rules
    category = rules.catalogue.category(told.category or case.category)
    place = _place(case, told, rules)
    lon, lat = told.position or (case.lon, case.lat)
    limit = _limit(case, told, rules)
    if (category.code, lon, lat) == (case.category, case.lon, case.lat) and limit is None:
        raise NothingCorrected(case.id)
    report = replace(background.report, lon=lon, lat=lat, accuracy_m=_accuracy(told, background))
    graded = _graded(case, told, report, place, category, background)
    event = f.CaseCorrected(
        at=at, actor=actor, reason=order.reason, photos=order.photos, category=category.code,
        severity=graded.severity, cell=place.cell, areas=place.areas, lon=lon, lat=lat,
        grid_version=rules.grid.version if told.position else case.grid_version,
        why={"versions": dict(rules.versions), **_severity_told(case, graded)},
    )  # fmt: skip
    # The hour alone is no reason to route it anew: only what was told wrongly is.
    told_alike = (category.code, place.cell) == (case.category, case.cell)
    if told_alike or case.state is State.REPORTED:
        return _timed(case, event, (), limit, background)
    subject = subject_of(report, place, category, rules, at)
    as_severe = as_severe_as(event.severity, subject)
    proposal = propose(as_severe, rules, background.records)
    event, *then = _routed(case, event, proposal)
    return _timed(case, event, then, limit, background)


def _accuracy(told: Correction, background: Background) -> float | None:
    """How far off the place may be; a person who moved it has seen where it is."""
    return None if told.position else background.report.accuracy_m


def _place(case: Case, told: Correction, rules: Rulebook) -> Place:
    """Where it is; the cell it had, and the areas of then, unless the position is another."""
    if told.position is None:
        return Place(case.cell, case.areas)
    place = rules.grid.place(*told.position)
    if place is None:
        raise OutsideGrid(*told.position)
    return place


def _graded(
    case: Case,
    told: Correction,
    report: Report,
    place: Place,
    category: Category,
    background: Background,
) -> Graded:
    """As severe as the rules had made it, had category and place been told so at first.

    What a person has graded stays for as long as it is of the same category.
    """
    rules, is_same = background.rules, category.code == case.category
    stays = told.position is None or _is_graded_by_person(case, category)
    if is_same and stays:
        return Graded(case.severity, _severity_of(case))
    subject = subject_of(report, place, category, rules, case.opened_at)
    return graded_by_rules(subject, category, rules, background.warnings)


def _is_graded_by_person(case: Case, category: Category) -> bool:
    """Whether it is as severe as neither its category nor the rules had made it."""
    told = _severity_of(case)
    held = told.get("rules")
    by_rules = [one["to"] for one in held] if isinstance(held, Sequence) else []
    return case.severity != [told.get("category", category.severity), *by_rules][-1]


def _severity_of(case: Case) -> Mapping[str, Any]:
    """What led to its severity, as it is stored; empty where no rule was asked."""
    return cast("Mapping[str, Any]", case.why.get("severity") or {})


def _severity_told(case: Case, graded: Graded) -> Mapping[str, object]:
    """What led there, in place of what is told of the case so far."""
    return {"severity": dict(graded.why)} if graded.why or "severity" in case.why else {}


def _limit(case: Case, told: Correction, rules: Rulebook) -> Limit | None:
    """The limit that holds now, None when that is the one the case has."""
    if told.condition is None and told.category in (None, case.category):
        return None
    limit = rules.limits.limit_for(told.category or case.category, told.condition)
    return None if limit_told(limit, case.department, rules) == case.why.get("limit") else limit


def _timed(
    case: Case,
    event: f.CaseCorrected,
    then: Sequence[e.CaseAssigned],
    limit: Limit | None,
    background: Background,
) -> tuple[e.Event, ...]:
    """Both events with what they begin: another limit as if it had been that one from the start.

    It counts by the working time of whoever gets the case. Under the same limit they take over
    what is left of it.
    """
    calendar, stages = background.rules.calendar, background.rules.variant.stages
    if limit is None:
        taken = (begun(case, one, calendar, background.deadlines, stages) for one in then)
        return event, *(replace(one, began=began) for one, began in zip(then, taken, strict=True))
    department = then[0].department if then else case.department
    due = due_as_if(limit.amounts, background.course, calendar.kept_by(department))
    told = {**event.why, "limit": limit_told(limit, department, background.rules)}
    return replace(event, began=due, why=told), *then


def _routed(
    case: Case, event: f.CaseCorrected, proposal: Proposal
) -> tuple[f.CaseCorrected, *tuple[e.CaseAssigned, ...]]:
    """The correction with what the routing says: nothing new, a proposal, or another department."""
    if proposal.department == case.department:
        return (event,)
    if held := _held(case, proposal):
        waiting = replace(proposal, held=held)
        return (replace(event, why={**event.why, "proposal": waiting.as_dict()}),)
    assigned = e.CaseAssigned(
        at=event.at, actor=RULES, department=proposal.department, why=proposal.why
    )
    return replace(event, routed=True), assigned


def _held(case: Case, proposal: Proposal) -> Label | None:
    """What keeps the case from being handed over by rule."""
    if case.rerouted_at is not None:
        return ONCE
    if proposal.department in case.returned_by:
        name = proposal.department
        return Label(f"部门 {name} 已退回过本案件", f"{name} has sent this case back before")
    if case.department is not None and _is_chosen_by_person(case):
        return BY_PERSON
    return proposal.held


def _is_chosen_by_person(case: Case) -> bool:
    """Whether the department that has the case is not the one that the routing named."""
    routing = case.why.get("routing")
    if not isinstance(routing, Mapping):
        return True
    return routing.get("step") == "person" or routing.get("department") != case.department
