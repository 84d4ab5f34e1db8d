"""The decision on one report: a case of its own, part of another, or refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dispatch import case as cases
from dispatch import events as e
from dispatch.case import Case, Entry
from dispatch.case_facts import facts_of, time_facts, told_facts
from dispatch.confidence import Records
from dispatch.context import CityWarning, kinds_in_force
from dispatch.deadlines import Limit, due_times
from dispatch.errors import Undecidable
from dispatch.matching import Candidate, Sighting
from dispatch.proposing import NO_RECORDS, Proposal, Subject, propose
from dispatch.report import Report
from dispatch.rulebook import Rulebook
from dispatch.severity import Graded
from dispatch.workflow.clocks import next_stage
from grid.catalogue import Category
from grid.cell import Place

RULES: Final = "rules"
"""The actor of what is decided by rule and not by a person."""

NO_POSITION: Final = "no-position"
OUTSIDE: Final = "outside"


@dataclass(frozen=True, slots=True)
class Opened:
    """The report becomes a case of its own, with the first lines of its history."""

    report: Report
    entries: tuple[Entry, ...]
    due: Mapping[str, datetime]

    @property
    def case(self) -> Case:
        """The case as the last event leaves it."""
        return self.entries[-1].case


@dataclass(frozen=True, slots=True)
class Merged:
    """The report tells of an incident that is already a case; *likeness* says what showed it."""

    report: Report
    case_id: int
    likeness: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Rejected:
    """The report cannot be a case of this city; *reason* is 'no-position' or 'outside'."""

    report: Report
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """No decision could be reached; tried again later, dead after some attempts."""

    report: Report
    problem: str


Decision = Opened | Merged | Rejected | Failed


def decide(
    report: Report,
    place: Place | None,
    open_cases: Sequence[Candidate],
    rules: Rulebook,
    *,
    case_id: int,
    now: datetime,
    records: Records = NO_RECORDS,
    warnings: Sequence[CityWarning] = (),
) -> Decision:
    """What becomes of the report. *case_id* is used only when a case is opened.

    *place* is where the grid puts it, None when no cell holds the position. *open_cases* are
    those it may be the same incident as, *records* what became of cases like it, *warnings* what
    the city warns of. Raises an error of dispatch or grid where the rules give no answer.
    """
    if report.lon is None or report.lat is None:
        return Rejected(report, NO_POSITION)
    if place is None:
        return Rejected(report, OUTSIDE)
    seen = Sighting(
        report.category,
        report.lon,
        report.lat,
        report.happened_at,
        report.component,
        report.description,
    )
    same = rules.matching.find_same(open_cases, seen)
    if same is not None:
        return Merged(report, same.case_id, same.as_dict())
    return open_case(
        report, place, rules, case_id=case_id, now=now, records=records, warnings=warnings
    )


def open_case(
    report: Report,
    place: Place,
    rules: Rulebook,
    *,
    case_id: int,
    now: datetime,
    records: Records = NO_RECORDS,
    warnings: Sequence[CityWarning] = (),
) -> Opened:
    """A case of its own for the report, graded, routed and with its deadlines."""
    if report.lon is None or report.lat is None:
        raise Undecidable(report.id, "a case needs a position")
    category = rules.catalogue.category(report.category)
    subject = subject_of(report, place, category, rules, now)
    graded = graded_by_rules(subject, category, rules, warnings)
    proposal = propose(as_severe_as(graded.severity, subject), rules, records)
    limit = rules.limits.limit_for(report.category, report.condition)
    at_once = proposal.department if rules.auto_file and proposal.held is None else None
    due = due_times(limit, now, rules.calendar.kept_by(at_once))
    first = e.CaseReported(
        at=now,
        actor=RULES,
        number=case_number(rules.city, case_id, now, rules),
        report=report.id,
        report_sha256=report.body_sha256.hex(),
        category=report.category,
        severity=graded.severity,
        cell=place.cell,
        grid_version=rules.grid.version,
        areas=place.areas,
        lon=report.lon,
        lat=report.lat,
        reported_at=report.happened_at,
        due=due,
        component=report.component,
        why={
            "limit": limit_told(limit, at_once, rules),
            "versions": dict(rules.versions),
            **({"severity": dict(graded.why)} if graded.why else {}),
        },
    )
    if not rules.auto_file:
        first = replace(first, began=next_stage(first, rules.variant.stages))
    entry = cases.opened(case_id, first, address=report.address, description=report.description)
    entries = [entry]
    for event in _filed_and_assigned(proposal, rules, now) if rules.auto_file else ():
        entry = cases.continued(entry.case, event)
        entries.append(entry)
    return Opened(report, tuple(entries), due)


def case_number(city: str, case_id: int, now: datetime, rules: Rulebook) -> str:
    """The number people quote: city, local day, and the case's own number."""
    day = now.astimezone(rules.calendar.timezone)
    return f"{city}-{day:%Y%m%d}-{case_id:06d}"


def _filed_and_assigned(proposal: Proposal, rules: Rulebook, now: datetime) -> tuple[e.Event, ...]:
    """Filed by rule, and assigned by rule unless it is to wait for a dispatcher."""
    if proposal.held is not None:
        filed = e.CaseFiled(at=now, actor=RULES, proposal=proposal.as_dict())
        return (replace(filed, began=next_stage(filed, rules.variant.stages)),)
    return (
        e.CaseFiled(at=now, actor=RULES),
        e.CaseAssigned(at=now, actor=RULES, department=proposal.department, why=proposal.why),
    )


def limit_told(limit: Limit, department: str | None, rules: Rulebook) -> Mapping[str, object]:
    """The limit as it is stored with a case, and whose working time it is when not the city's."""
    is_own = rules.calendar.kept_by(department) is not rules.calendar
    counted_by = {"counted_by": department} if is_own else {}
    return {
        **counted_by,
        "row": limit.row,
        "category": limit.category,
        "condition": limit.condition,
        "name": limit.name.as_dict(),
        "closing": limit.closing.as_dict() if limit.closing else None,
        "milestones": {m.name: f"{m.amount:.12g} {m.unit}" for m in limit.milestones},
    }


def graded_by_rules(
    subject: Subject, category: Category, rules: Rulebook, warnings: Sequence[CityWarning]
) -> Graded:
    """How severe the rules of the city make a case, with what it warns of at that moment."""
    alarms = sorted(kinds_in_force(warnings, subject.place.areas, subject.at))
    facts = {**subject.facts, "alarms": alarms}
    return rules.grading.grade(category.severity, facts, subject.lon, subject.lat)


def as_severe_as(severity: int, subject: Subject) -> Subject:
    """The case as the routing asks about it: as severe as it was made."""
    return replace(subject, facts={**subject.facts, "severity": severity})


def subject_of(
    report: Report, place: Place, category: Category, rules: Rulebook, at: datetime
) -> Subject:
    """The case of a report as the rules of the city ask about it at a moment."""
    if report.lon is None or report.lat is None:
        raise Undecidable(report.id, "a case needs a position")
    facts = {
        **facts_of(category, place.cell, place.areas),
        **time_facts(rules.calendar, at),
        **told_facts(str(report.channel), report.attributes, report.description),
    }
    return Subject(facts, place, report.lon, report.lat, at, report.accuracy_m)
