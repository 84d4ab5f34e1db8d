"""A case and its life, as the other rooms use it; made of the parts in `dispatch.workflow`."""

from dispatch.workflow.case import Case, Part
from dispatch.workflow.history import Entry, continued, evolve, opened
from dispatch.workflow.moves import MOVES, Move, Step, moves_from, moves_of
from dispatch.workflow.orders import Order, obey
from dispatch.workflow.state import State

__all__ = [
    "MOVES",
    "Case",
    "Entry",
    "Move",
    "Order",
    "Part",
    "State",
    "Step",
    "continued",
    "evolve",
    "moves_from",
    "moves_of",
    "obey",
    "opened",
]
