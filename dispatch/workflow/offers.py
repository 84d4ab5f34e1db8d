"""Which moves a person is offered: those the case can make now, in this city, by their hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from dispatch.workflow.case import Case
from dispatch.workflow.clocks import Deadline, milestone_running
from dispatch.workflow.errors import MoveRefused
from dispatch.workflow.moves import Move, moves_of
from dispatch.workflow.orders import Order, check_hands, doer
from dispatch.workflow.variant import Variant


def offered(
    case: Case,
    *,
    actor: str,
    by: str | None,
    variant: Variant,
    deadlines: Sequence[Deadline],
    now: datetime,
    allows: Callable[[Move], bool],
) -> tuple[Move, ...]:
    """The moves to offer, in workflow order; *allows* is what the policy says, *by* a department.

    What is offered can be refused all the same when something of it is missing or has changed.
    """
    timed = milestone_running(deadlines, now) is not None
    return tuple(
        move
        for move in moves_of(case)
        if move not in variant.off
        and (timed or move not in (Move.ASK_EXTENSION, Move.EXTEND))
        and allows(move)
        and _fits(case, Order(move, by=by), actor)
    )


def _fits(case: Case, order: Order, actor: str) -> bool:
    """Whether the hands are the right ones, and the task that is meant is there."""
    try:
        check_hands(case, order, actor)
        if order.move is Move.TAKE:
            doer(case, order)
    except MoveRefused:
        return False
    return order.move is not Move.FINISH_PART or case.find_part(order.by) is not None
