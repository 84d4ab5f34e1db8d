"""What can go wrong in dispatch; each error carries its facts as attributes."""

from __future__ import annotations


class DispatchError(Exception):
    """Base of every error of this package."""


class IllegalMove(DispatchError):
    """The case cannot make this move from the state it is in."""

    def __init__(self, state: str, move: str) -> None:
        super().__init__(f"cannot {move} a case that is {state}")
        self.state, self.move = state, move


class MissingReason(DispatchError):
    """This move must say why."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs a reason: say why in the field 'reason'")
        self.move = move


class MissingDepartment(DispatchError):
    """This move must name a department of the city."""

    def __init__(self, move: str) -> None:
        super().__init__(f"{move} needs the department: name one in the field 'department'")
        self.move = move


class OwnWork(DispatchError):
    """Nobody verifies what they handled themselves."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} handled this case and cannot verify it")
        self.person = person


class StaleCase(DispatchError):
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
