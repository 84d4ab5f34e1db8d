"""The one table of moves: from where, under which conditions, to where, and what must be given.

Who may make a move stands in the policy; which clocks it starts and stops in
`dispatch.workflow.clocks`; what a city may switch off or rename in `dispatch.workflow.variant`.
docs/workflow.md shows the table as it is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dispatch.workflow.case import Case
from dispatch.workflow.given import Given, unmet
from dispatch.workflow.state import State


class Move(StrEnum):
    """What a person may order, in the order of a case's life."""

    ACCEPT = "accept"
    REJECT = "reject"
    ASK_CHECK = "ask_check"
    CONFIRM = "confirm"
    REFUTE = "refute"
    FILE = "file"
    VOID = "void"
    CORRECT = "correct"
    RETURN = "return"
    ASSIGN = "assign"
    SEND_BACK = "send_back"
    TAKE = "take"
    PROGRESS = "progress"
    TRANSFER = "transfer"
    INVOLVE = "involve"
    FINISH_PART = "finish_part"
    RELEASE_PART = "release_part"
    ASK_EXTENSION = "ask_extension"
    EXTEND = "extend"
    REFUSE_EXTENSION = "refuse_extension"
    SUSPEND = "suspend"
    RESUME = "resume"
    HANDLE = "handle"
    SELF_HANDLE = "self_handle"
    REWORK = "rework"
    VERIFY = "verify"
    CLOSE = "close"
    SUPERVISE = "supervise"
    APPEAL = "appeal"
    EXCUSE = "excuse"
    REFUSE_APPEAL = "refuse_appeal"
    REOPEN = "reopen"
    GRADE = "grade"
    MERGE = "merge"
    UNMERGE = "unmerge"


class Need(StrEnum):
    """What must be given with a move."""

    REASON = "reason"
    DEPARTMENT = "department"
    OWNER = "department, unless one has the case"
    DEADLINE = "until"
    CORRECTION = "category or place"
    SEVERITY = "severity"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class Step:
    """Where a move may be made, where it leads, and what goes with it.

    *target* None leaves the state as it is. *takes_deadline* says that a new deadline may be given.
    *by_helper* says that a department that helps may make it for its own task; *back_to* are the
    states of which it gives back the one that the case had before. A city may switch off what is
    *optional*: what begins something, never what ends it.
    """

    origins: frozenset[State]
    target: State | None
    needs: frozenset[Need]
    given: frozenset[Given]
    optional: bool
    takes_deadline: bool
    by_helper: bool
    back_to: frozenset[State]

    @property
    def needs_reason(self) -> bool:
        """Whether it must say why."""
        return Need.REASON in self.needs

    @property
    def needs_department(self) -> bool:
        """Whether it must name a department, whoever has the case."""
        return Need.DEPARTMENT in self.needs

    def needs_department_of(self, case: Case) -> bool:
        """Whether it must name a department for this case."""
        return self.needs_department or (Need.OWNER in self.needs and case.department is None)


def _step(
    *origins: State,
    to: State | None = None,
    needs: tuple[Need, ...] = (),
    given: tuple[Given, ...] = (),
    optional: bool = False,
    takes_deadline: bool = False,
    by_helper: bool = False,
    back_to: tuple[State, ...] = (),
) -> Step:
    takes_deadline = takes_deadline or Need.DEADLINE in needs
    return Step(
        frozenset(origins),
        to,
        frozenset(needs),
        frozenset(given),
        optional,
        takes_deadline,
        by_helper,
        frozenset(back_to),
    )


_REPORTED, _FILED, _ASSIGNED, _HANDLED, _VERIFIED, _CLOSED, _VOID = State
_WHY, _WHOM, _OWNER, _UNTIL, _WHAT, _SEVERITY, _CASE = Need
_RUNS = Given.RUNNING

# fmt: off
MOVES: Final[Mapping[Move, Step]] = {
    # at the door
    Move.ACCEPT: _step(_REPORTED, given=(Given.NOT_ACCEPTED,), optional=True),
    Move.REJECT: _step(_REPORTED, to=_VOID, needs=(_WHY,), optional=True),
    Move.ASK_CHECK: _step(_REPORTED, given=(Given.NO_CHECK_ASKED,), optional=True),
    Move.CONFIRM: _step(_REPORTED, given=(Given.CHECK_ASKED,)),
    Move.REFUTE: _step(_REPORTED, needs=(_WHY,), given=(Given.CHECK_ASKED,)),
    Move.FILE: _step(_REPORTED, to=_FILED, given=(Given.NOT_IN_DOUBT,)),
    Move.VOID: _step(
        _REPORTED, _FILED, to=_VOID, needs=(_WHY,), given=(_RUNS, Given.PARTS_ENDED)),
    Move.CORRECT: _step(
        _REPORTED, _FILED, _ASSIGNED, needs=(_WHY, _WHAT), given=(_RUNS, Given.PARTS_ENDED),
        optional=True),
    # dispatch
    Move.RETURN: _step(
        _FILED, to=_REPORTED, needs=(_WHY,), given=(_RUNS, Given.PARTS_ENDED), optional=True),
    Move.ASSIGN: _step(_FILED, _ASSIGNED, to=_ASSIGNED, needs=(_WHOM,), given=(_RUNS,)),
    Move.SEND_BACK: _step(_ASSIGNED, to=_FILED, needs=(_WHY,), given=(_RUNS,)),
    # at work
    Move.TAKE: _step(_ASSIGNED, given=(Given.NOT_TAKEN,), optional=True, by_helper=True),
    Move.PROGRESS: _step(_ASSIGNED, needs=(_WHY,), optional=True, by_helper=True),
    Move.TRANSFER: _step(
        _ASSIGNED, to=_ASSIGNED, needs=(_WHY, _WHOM), given=(_RUNS,), optional=True),
    Move.INVOLVE: _step(_ASSIGNED, needs=(_WHOM,), given=(_RUNS,), optional=True),
    Move.FINISH_PART: _step(
        _FILED, _ASSIGNED, given=(_RUNS, Given.PARTS_OPEN), by_helper=True),
    Move.RELEASE_PART: _step(
        _FILED, _ASSIGNED, needs=(_WHY, _WHOM), given=(Given.PARTS_OPEN,)),
    # more time
    Move.ASK_EXTENSION: _step(
        _ASSIGNED, needs=(_WHY, _UNTIL), given=(_RUNS, Given.NO_EXTENSION_ASKED), optional=True),
    Move.EXTEND: _step(
        _ASSIGNED, given=(_RUNS, Given.EXTENSION_ASKED), takes_deadline=True),
    Move.REFUSE_EXTENSION: _step(_ASSIGNED, needs=(_WHY,), given=(Given.EXTENSION_ASKED,)),
    Move.SUSPEND: _step(_FILED, _ASSIGNED, needs=(_WHY,), given=(_RUNS,), optional=True),
    Move.RESUME: _step(_FILED, _ASSIGNED, given=(Given.SUSPENDED,)),
    # done, and looked at
    Move.HANDLE: _step(_ASSIGNED, to=_HANDLED, given=(_RUNS, Given.PARTS_ENDED)),
    Move.SELF_HANDLE: _step(
        _FILED, _ASSIGNED, to=_HANDLED, needs=(_OWNER,), given=(_RUNS, Given.PARTS_ENDED),
        optional=True),
    Move.REWORK: _step(_HANDLED, to=_ASSIGNED, needs=(_WHY,)),
    Move.VERIFY: _step(_HANDLED, to=_VERIFIED),
    Move.CLOSE: _step(_VERIFIED, to=_CLOSED),
    # over it all
    Move.SUPERVISE: _step(
        _REPORTED, _FILED, _ASSIGNED, needs=(_WHY,), optional=True, takes_deadline=True),
    Move.APPEAL: _step(
        _ASSIGNED, _HANDLED, _VERIFIED, _CLOSED, needs=(_WHY,), given=(Given.LATE,),
        optional=True),
    Move.EXCUSE: _step(
        _FILED, _ASSIGNED, _HANDLED, _VERIFIED, _CLOSED, needs=(_WHY,), given=(Given.APPEALED,)),
    Move.REFUSE_APPEAL: _step(
        _FILED, _ASSIGNED, _HANDLED, _VERIFIED, _CLOSED, needs=(_WHY,), given=(Given.APPEALED,)),
    Move.REOPEN: _step(_CLOSED, to=_ASSIGNED, needs=(_WHY,), optional=True),
    Move.GRADE: _step(
        _REPORTED, _FILED, _ASSIGNED, _HANDLED, needs=(_WHY, _SEVERITY), optional=True),
    Move.MERGE: _step(
        _REPORTED, _FILED, _ASSIGNED, to=_VOID, needs=(_WHY, _CASE),
        given=(_RUNS, Given.PARTS_ENDED), optional=True),
    Move.UNMERGE: _step(
        _VOID, needs=(_WHY,), given=(Given.MERGED,), back_to=(_REPORTED, _FILED, _ASSIGNED)),
}
"""The workflow."""
# fmt: on


def moves_from(state: State) -> tuple[Move, ...]:
    """The moves that can be made from this state when their conditions hold, in workflow order."""
    return tuple(move for move, step in MOVES.items() if state in step.origins)


def moves_of(case: Case) -> tuple[Move, ...]:
    """The moves that this case can make as it is, whoever asks, in workflow order."""
    return tuple(move for move in moves_from(case.state) if not unmet(case, MOVES[move].given))
