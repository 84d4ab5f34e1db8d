"""Why an order is not carried out; each error carries its facts as attributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.errors import DispatchError


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
