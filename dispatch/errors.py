"""What can go wrong in dispatch; each error carries its facts as attributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime


class DispatchError(Exception):
    """Base of every error of this package."""


class MoveRefused(DispatchError):
    """An order that is not carried out; the case stays as it is."""


class IllegalMove(MoveRefused):
    """The case cannot make this move from the state it is in."""

    def __init__(self, state: str, move: str) -> None:
        super().__init__(f"cannot {move} a case that is {state}")
        self.state, self.move = state, move


class NotNow(MoveRefused):
    """The state allows the move, but something else of the case does not; *missing* in words."""

    def __init__(self, state: str, move: str, missing: Sequence[str]) -> None:
        super().__init__(f"cannot {move} this case: it must be {' and '.join(missing)}")
        self.state, self.move, self.missing = state, move, tuple(missing)


class SwitchedOff(MoveRefused):
    """The city does without this move."""

    def __init__(self, move: str) -> None:
        super().__init__(f"this city does without the move {move}: see [workflow] in city.toml")
        self.move = move


class MissingReason(MoveRefused):
    """This move must say why."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs a reason: say why in the field 'reason'")
        self.move = move


class MissingDepartment(MoveRefused):
    """This move must name a department of the city."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs the department: name one in the field 'department'")
        self.move = move


class MissingDeadline(MoveRefused):
    """This move must say until when."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs the new deadline: give a time in the field 'until'")
        self.move = move


class MissingCorrection(MoveRefused):
    """A correction must say what is to be different."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs another 'category', or 'lon', 'lat' and 'datum'")
        self.move = move


class NothingCorrected(MoveRefused):
    """The case is already as the correction says."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"case {case_id} has this category, limit and place already")
        self.case_id = case_id


class OutsideGrid(MoveRefused):
    """No cell of the grid in force holds the position (degrees WGS84)."""

    def __init__(self, lon: float, lat: float) -> None:
        super().__init__(f"no cell holds the position {lon:.6f}, {lat:.6f}")
        self.lon, self.lat = lon, lat


class CannotCorrect(MoveRefused):
    """The rules of the city have no answer to the case as it would be; *reason* says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the case cannot be corrected like this: {reason}")
        self.reason = reason


class MissingPhoto(MoveRefused):
    """In this city the move must come with a photo."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs a photo here: name photos of the case in 'photos'")
        self.move = move


class MissingCase(MoveRefused):
    """This move must name another case."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs the other case: give its id in the field 'case'")
        self.move = move


class MissingSeverity(MoveRefused):
    """This move must say how severe the case is."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs the severity: give 1, most severe, to 4 in 'severity'")
        self.move = move


class SameSeverity(MoveRefused):
    """The case is as severe as that already."""

    def __init__(self, severity: int) -> None:
        super().__init__(f"the case is of severity {severity} already: give another")
        self.severity = severity


class CannotMerge(MoveRefused):
    """A case cannot be merged into that other one; *obstacle* says what the other is."""

    def __init__(self, case_id: int, other: int, obstacle: str) -> None:
        super().__init__(f"cannot merge case {case_id} into case {other}, which {obstacle}")
        self.case_id, self.other, self.obstacle = case_id, other, obstacle


class MergedFurther(MoveRefused):
    """What is to be taken apart has been merged further: that must be taken apart first."""

    def __init__(self, case_id: int, into: int) -> None:
        super().__init__(f"case {case_id} is merged into case {into}: unmerge case {case_id} first")
        self.case_id, self.into = case_id, into


class BadDeadline(MoveRefused):
    """A new deadline must be later than the one that runs, and within a year."""

    def __init__(self, until: datetime, after: datetime, latest: datetime) -> None:
        super().__init__(
            f"the new deadline {until.isoformat()} must be after {after.isoformat()} "
            f"and no later than {latest.isoformat()}"
        )
        self.until, self.after, self.latest = until, after, latest


class NothingRuns(MoveRefused):
    """There is no deadline that could be moved: all of the case's have passed or are met."""

    def __init__(self, move: str) -> None:
        super().__init__(f"cannot {move}: no deadline of the case runs; appeal if it is late")
        self.move = move


class AlreadyInvolved(MoveRefused):
    """The department has the case already, or helps with it."""

    def __init__(self, department: str) -> None:
        super().__init__(
            f"the department {department} has this case or helps with it: name another, "
            "or release its part first"
        )
        self.department = department


class NoPart(MoveRefused):
    """The department has no task in this case that is not ended."""

    def __init__(self, department: str) -> None:
        super().__init__(f"the department {department or '(none)'} has no open part in this case")
        self.department = department


class OwnWork(MoveRefused):
    """Nobody verifies what they handled themselves."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} handled this case and cannot verify it")
        self.person = person


class OwnRequest(MoveRefused):
    """Nobody grants what they asked for themselves."""

    def __init__(self, person: str, move: str) -> None:
        super().__init__(f"{person} asked for this and cannot {move} it")
        self.person, self.move = person, move


class StaleCase(MoveRefused):
    """The case has changed since the person looked at it."""

    def __init__(self, case_id: int, seen: int, now: int) -> None:
        super().__init__(f"case {case_id} is at version {now}, not {seen}: look again")
        self.case_id, self.seen, self.now = case_id, seen, now


class UnknownCase(DispatchError):
    """No such case."""

    def __init__(self, case_id: int) -> None:
        super().__init__(f"there is no case {case_id}")
        self.case_id = case_id


class NotMerged(DispatchError):
    """Only a report that was merged into a case can be taken out of it."""

    def __init__(self, report_id: int, case_id: int) -> None:
        super().__init__(f"report {report_id} was not merged into case {case_id}")
        self.report_id, self.case_id = report_id, case_id


class Undecidable(DispatchError):
    """A report on which the rules of the city give no decision, now or later."""

    def __init__(self, report_id: int, problem: str) -> None:
        super().__init__(f"report {report_id}: {problem}")
        self.report_id, self.problem = report_id, problem


class NaiveTime(DispatchError):
    """A time without a zone cannot be placed."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at.isoformat()} has no time zone; give an aware time")
        self.at = at


class BrokenCalendar(DispatchError):
    """What a city says about its working time makes no calendar."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"calendar, {field}: {reason}")
        self.field, self.reason = field, reason


class BadAmount(DispatchError):
    """No time limit can be that long, or that short."""

    def __init__(self, amount: float, unit: str) -> None:
        super().__init__(f"{amount:g} {unit} is no limit; give a number from 0 to 10000")
        self.amount, self.unit = amount, unit


class NoWorkingTime(DispatchError):
    """The city's calendar knows no working time for a year on end."""

    def __init__(self, since: date, days: int) -> None:
        super().__init__(
            f"the calendar has no working time in {days} days from {since} on or later; "
            "check the weekend and the holidays"
        )
        self.since, self.days = since, days


class BrokenLimit(DispatchError):
    """A row of the table of limits cannot be used."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"limits, row {row}: {reason}")
        self.row, self.reason = row, reason


class NoLimit(DispatchError):
    """The table of limits says nothing about the category, or not under that condition."""

    def __init__(self, category: str, condition: str | None) -> None:
        under = f" under the condition {condition!r}" if condition else ""
        super().__init__(f"no limit for category {category!r}{under}; add a row, or one for '*'")
        self.category, self.condition = category, condition


class BrokenCondition(DispatchError):
    """A condition of a rule cannot be used; *reason* says what to change."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"condition {text!r}: {reason}")
        self.text, self.reason = text, reason


class UndecidedCondition(DispatchError):
    """A sound condition found no answer on these facts, for instance on a missing attribute."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"condition {text!r}: {problem}")
        self.text, self.problem = text, problem


class BrokenRule(DispatchError):
    """A routing rule was refused when it was loaded."""

    def __init__(self, row: int, name: str, reason: str) -> None:
        super().__init__(f"routing rule {row} ({name}): {reason}")
        self.row, self.name, self.reason = row, name, reason


class BrokenSeverityRule(DispatchError):
    """A severity rule was refused when it was loaded."""

    def __init__(self, row: int, name: str, reason: str) -> None:
        super().__init__(f"severity rule {row} ({name}): {reason}")
        self.row, self.name, self.reason = row, name, reason


class NoDepartment(DispatchError):
    """No rule, no duty and no area names a department for this."""

    def __init__(self, category: str, areas: tuple[str, ...]) -> None:
        where = " < ".join(areas) or "no area"
        super().__init__(
            f"nobody answers for category {category!r} in {where}; "
            "add a duty, or a department to the city's own area"
        )
        self.category, self.areas = category, areas


class UnusableDestination(DispatchError):
    """Nothing can be sent there, or must not be."""

    def __init__(self, part: str, remedy: str) -> None:
        super().__init__(f"{part} of a destination: {remedy}")
        self.part, self.remedy = part, remedy


class DestinationExists(DispatchError):
    """There is, or there was, a destination of this name; what it was owed stays in the books."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is or was a destination {name}: choose another name")
        self.name = name


class BrokenStep(DispatchError):
    """The moment of a step of a ladder cannot be read."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(f"{text!r} is no moment of a step: {remedy}")
        self.text, self.remedy = text, remedy


class AlreadyEscalated(DispatchError):
    """A step was taken by somebody else although its case was locked: a fault of ours."""

    def __init__(self, case_id: int, step: str, times: int) -> None:
        super().__init__(f"case {case_id}: step {step!r} was told {times} times already")
        self.case_id, self.step, self.times = case_id, step, times


class UnknownEscalation(DispatchError):
    """No such escalation."""

    def __init__(self, escalation_id: int) -> None:
        super().__init__(f"there is no escalation {escalation_id}")
        self.escalation_id = escalation_id


class NotTold(DispatchError):
    """Only somebody who was told of an escalation can acknowledge it."""

    def __init__(self, person: str, escalation_id: int) -> None:
        super().__init__(f"{person} was not told of escalation {escalation_id}")
        self.person, self.escalation_id = person, escalation_id


class AcknowledgedBy(DispatchError):
    """Somebody else has acknowledged the escalation."""

    def __init__(self, escalation_id: int, person: str) -> None:
        super().__init__(f"escalation {escalation_id} was acknowledged by {person}")
        self.escalation_id, self.person = escalation_id, person


class UnusableChannel(DispatchError):
    """Nothing can be sent on such a channel, or must not be."""

    def __init__(self, part: str, remedy: str) -> None:
        super().__init__(f"{part} of a channel: {remedy}")
        self.part, self.remedy = part, remedy
