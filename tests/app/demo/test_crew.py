"""The people of the demo."""

from app.demo.crew import REASONS, WEIGHTS
from dispatch.workflow.moves import MOVES, Move


def test_the_crew_knows_the_moves_by_name_and_a_reason_for_each_that_needs_one() -> None:
    assert WEIGHTS.keys() <= set(Move)
    assert {move for move in WEIGHTS if MOVES[Move(move)].needs_reason} == REASONS.keys()


def test_the_crew_makes_every_move_of_a_day_but_the_one_that_denies_a_case() -> None:
    assert {"assign", "take", "suspend", "extend", "finish_part", "reopen"} <= set(WEIGHTS)
    assert "void" not in WEIGHTS
