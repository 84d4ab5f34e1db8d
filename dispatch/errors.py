"""What can go wrong in dispatch; each error carries its facts as attributes.

Those of moves are in `dispatch.workflow.errors`, of escalating in `dispatch.escalation.errors`.
"""

from __future__ import annotations

from datetime import date, datetime


class DispatchError(Exception):
    """Base of every error of this package."""


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
