"""`citygrid calendar recompute`: deadlines of open cases by the calendar that was loaded last."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from app.recomputing import CalendarChanged, CaseMove, ClockFrozen, Outcome, recompute
from app.screen import screen
from app.terminal import ACTOR, AsJson, refused, run, settings
from dispatch.events import rfc3339

commands: Final = typer.Typer(no_args_is_help=True, help="The working calendar and open cases.")
_SHOWN: Final = 20


@commands.callback()
def calendar() -> None:
    """The working calendar and open cases."""


@commands.command("recompute")
def recompute_deadlines(
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would move.")] = False,
    as_json: AsJson = False,
) -> None:
    """Reckon the deadlines of open cases anew by the calendar that was loaded last.

    May be broken off and repeated; the city goes on working meanwhile. Exit code 1: refused.
    """
    work = recompute(settings().database_url, actor=ACTOR, plan=plan, tell=_progress)
    try:
        outcome = run(work)
    except (CalendarChanged, ClockFrozen) as no:
        raise refused(str(no)) from no
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if as_json:
        print(json.dumps(_told(outcome, plan), ensure_ascii=False))
    else:
        _show(outcome, plan)


def _progress(outcome: Outcome) -> None:
    if sys.stderr.isatty():
        print(f"\r{outcome.cases:,} cases looked at", end="", file=sys.stderr)


def _told(outcome: Outcome, plan: bool) -> dict[str, Any]:
    return {
        "calendar": outcome.calendar,
        "written": not plan,
        "cases": outcome.cases,
        "cases_moved": outcome.cases_moved,
        "deadlines_moved": outcome.moved,
        "deadlines_kept": outcome.kept,
        "deadlines": [_move(one) for one in outcome.moves],
    }


def _move(one: CaseMove) -> dict[str, Any]:
    move = one.move
    moved_to = None if move.moved_to is None else rfc3339(move.moved_to)
    return {
        "case": one.case_id,
        "number": one.number,
        "milestone": move.kind,
        "due_at": rfc3339(move.due_at),
        "moved_to": moved_to,
    }


def _show(outcome: Outcome, plan: bool) -> None:
    console = screen()
    if outcome.moves:
        console.print(_table(outcome, plan))
    verb = "would move" if plan else "moved"
    console.print(
        f"Calendar {outcome.calendar}: {outcome.cases:,} open cases looked at, "
        f"{outcome.moved:,} deadlines of {outcome.cases_moved:,} cases {verb}, "
        f"{outcome.kept:,} stay because their new time has passed."
    )


def _table(outcome: Outcome, plan: bool) -> Table:
    title = "What would move" if plan else "What moved"
    table = Table("case", "milestone", "was due (UTC)", "is due (UTC)", title=title)
    for one in outcome.moves[:_SHOWN]:
        move = one.move
        new = "stays: passed" if move.moved_to is None else f"{move.moved_to:%Y-%m-%d %H:%M}"
        table.add_row(one.number, move.kind, f"{move.due_at:%Y-%m-%d %H:%M}", new)
    if len(outcome.moves) > _SHOWN:
        table.add_row(f"and {len(outcome.moves) - _SHOWN:,} more", "", "", "--json lists all")
    return table
