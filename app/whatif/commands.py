"""`citygrid whatif`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from psycopg import AsyncConnection
from psycopg.errors import UndefinedTable
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.city.faults import BrokenPack, NotAPack
from app.city.loading import NoTables
from app.city.telling import faulty, refused
from app.database import TRANSIENT, DatabaseAway, first_line
from app.grid.moments import NotAMoment, moment_of
from app.rulebook import read_parts
from app.screen import screen
from app.terminal import AsJson, look, settings
from app.whatif.listing import ChangedTable, as_object
from app.whatif.parts import PARTS
from app.whatif.proposal import NothingToTry, Proposal, TwoGrids
from app.whatif.proposals import OtherCity, rulebook_to_try
from app.whatif.tables import print_outcome
from app.whatif.telling import as_json
from app.whatif.trying import try_out
from dispatch.whatif.deciding import Compared
from dispatch.whatif.postgres import Choice
from grid.errors import GridError


class NoPeriod(Exception):
    """A period ends before it begins."""

    def __init__(self, begin: str, until: str) -> None:
        super().__init__(f"--until {until} is not later than --from {begin}")
        self.begin, self.until = begin, until


LISTED: Final = 20
LISTED_AS_JSON: Final = 10_000
_UNTRIED: Final = "nothing was tried"
_REFUSALS: Final = (NotAPack, OtherCity, NothingToTry, TwoGrids, NotAMoment, NoPeriod, GridError)


def whatif(
    pack: Annotated[
        Path | None, typer.Argument(help="Folder or zip of a city pack; it is not loaded.")
    ] = None,
    part: Annotated[
        list[str] | None, typer.Option(help=f"NAME=FILE; names: {', '.join(PARTS)}.")
    ] = None,
    grid: Annotated[int | None, typer.Option(min=1, help="A stored version of the grid.")] = None,
    begin: Annotated[str, typer.Option("--from", help="Cases opened from then on.")] = "",
    until: Annotated[str, typer.Option(help="Cases opened before then; both in city time.")] = "",
    table: Annotated[
        Path | None, typer.Option("--csv", help="File for all changed cases.", dir_okay=False)
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=0, help=f"Changed cases to list, {LISTED} if left out.")
    ] = None,
    json_: AsJson = False,
) -> None:
    """Decide a past period again by another pack, part or grid, and tell what would be different.

    Reads only. Exit code 0 when it was decided again, whatever came out; 1 when what is to be tried
    has faults; 2 when it cannot be tried.
    """
    most = most if most is not None else LISTED_AS_JSON if json_ else LISTED
    try:
        proposal = Proposal(pack, _files(part or []), grid)
        proposal.check()
        told, listed = look(lambda conn: _tried(conn, proposal, (begin, until), table, most))
    except BrokenPack as err:
        raise faulty(err.faults, json_, _UNTRIED) from err
    except UndefinedTable as err:
        raise refused(NoTables(), json_) from err
    except TRANSIENT as err:
        raise refused(DatabaseAway(first_line(err)), json_) from err
    except (*_REFUSALS, OSError) as err:
        raise refused(err, json_) from err
    if json_:
        typer.echo(json.dumps({"ok": True, **told, "changed_cases": listed}, ensure_ascii=False))
    else:
        print_outcome(told, listed)


async def _tried(
    conn: AsyncConnection,
    proposal: Proposal,
    period: tuple[str, str],
    table: Path | None,
    most: int,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What was counted, and the first of the changed cases."""
    parts, _ = await read_parts(conn)
    zone = parts["city"]["timezone"]
    begin, until = (moment_of(text, zone) if text else None for text in period)
    if begin and until and begin >= until:
        raise NoPeriod(*period)
    tried = await rulebook_to_try(conn, proposal, settings().home / "cache")
    listed: list[dict[str, Any]] = []
    with ExitStack() as stack:
        file = stack.enter_context(table.open("w", encoding="utf-8", newline="")) if table else None
        written = ChangedTable(file) if file else None

        def take(cases: Sequence[Compared]) -> None:
            listed.extend(as_object(one) for one in cases[: most - len(listed)])
            if written:
                written.add(cases)

        outcome = await try_out(
            conn, tried, Choice(begin, until), on_changed=take, on_progress=_bar(stack)
        )
    return as_json(outcome, tried), listed


def _bar(stack: ExitStack) -> Callable[[int, int], None]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    progress = stack.enter_context(Progress(*columns, console=screen(stderr=True), transient=True))
    bar = progress.add_task("cases", total=None)
    return lambda done, total: progress.update(bar, completed=done, total=total)


def _files(told: Sequence[str]) -> dict[str, Path]:
    """The files of single parts; each part is named once."""
    files: dict[str, Path] = {}
    for text in told:
        name, _, file = text.partition("=")
        if name not in PARTS or not file:
            raise typer.BadParameter(f"{text!r}: write NAME=FILE; names: {', '.join(PARTS)}")
        if name in files:
            raise typer.BadParameter(f"{name} is given twice")
        files[name] = Path(file)
    return files
