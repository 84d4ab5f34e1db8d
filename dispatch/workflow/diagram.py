"""The table of moves as people read it: a state diagram in Mermaid, and a table in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dispatch.workflow.moves import MOVES, Move, Need, Step
from dispatch.workflow.state import State
from dispatch.workflow.words import MOVE_NAMES


def mermaid() -> str:
    """A state diagram of the moves that lead from one state to another."""
    ways: dict[tuple[State, State], list[Move]] = {}
    for move, step in MOVES.items():
        for origin in State:
            for target in State:
                if origin in step.origins and target in _targets(step) - {origin}:
                    ways.setdefault((origin, target), []).append(move)
    lines = [
        f"    {origin} --> {target}: {', '.join(map(_said, moves))}"
        for (origin, target), moves in ways.items()
    ]
    ends = [f"    {state} --> [*]" for state in State if state.ended]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.REPORTED}", *lines, *ends])


def _targets(step: Step) -> frozenset[State]:
    return step.back_to if step.target is None else frozenset({step.target})


def table(who: Callable[[Move], Iterable[str]]) -> str:
    """Every move in a Markdown table; *who* names those who may make it, as the policy says."""
    head = [
        "| move | 中文 | from | to | who may | to be given | only when the case is | can be off |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join(head + [_row(move, step, who(move)) for move, step in MOVES.items()])


def _row(move: Move, step: Step, who: Iterable[str]) -> str:
    cells = [
        f"`{move}`",
        MOVE_NAMES[move].zh,
        ", ".join(state for state in State if state in step.origins),
        step.target or ("as before" if step.back_to else "stays"),
        ", ".join(who),
        ", ".join(_asked(step)),
        "; ".join(sorted(step.given)),
        "yes" if step.optional else "",
    ]
    return f"| {' | '.join(cells)} |"


def _asked(step: Step) -> list[str]:
    asked = [str(need) for need in Need if need in step.needs]
    return asked + (
        ["perhaps until"] if step.takes_deadline and Need.DEADLINE not in step.needs else []
    )


def _said(move: Move) -> str:
    return f"{move} {MOVE_NAMES[move].zh}"
