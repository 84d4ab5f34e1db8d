"""`citygrid city …`: check, load and make city packs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError
from rich.table import Table
from rich.text import Text

from app.city.checking import check_pack
from app.city.divisions import NotARegister, read_register
from app.city.faults import BrokenPack, NotAPack
from app.city.loading import Change, NoTables, load_pack, plan_pack
from app.city.newyork.making import MissingSource, make_newyork
from app.city.telling import fault_table, faulty, refused
from app.city.yunxi.making import CELLS, FEWEST_CELLS, MOST_CELLS, SEED, make_yunxi
from app.database import DatabaseAway
from app.screen import screen
from app.settings import Settings

LEFT: Final = "nothing was loaded"


class NoDatabase(Exception):
    """Nobody said where the database is."""

    def __init__(self) -> None:
        super().__init__("set CITY_DATABASE_URL to a PostgreSQL with PostGIS, as a libpq URL")


commands: Final = typer.Typer(no_args_is_help=True, help="City packs: check, load, make.")
make: Final = typer.Typer(no_args_is_help=True, help="Make a city pack.")
commands.add_typer(make, name="make")

Pack = Annotated[Path, typer.Argument(help="Folder or zip of the pack.")]
Out = Annotated[Path, typer.Argument(help="Folder to write the pack into.", file_okay=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@commands.command()
def check(
    pack: Pack,
    as_json: AsJson = False,
    divisions: Annotated[
        Path | None,
        typer.Option(help="Table or folder of tables (code, name) of the country's divisions."),
    ] = None,
) -> None:
    """Look at everything in a pack and tell all its faults; nothing is loaded."""
    try:
        checked = check_pack(pack, read_register(divisions) if divisions else None)
    except (NotAPack, NotARegister) as err:
        raise refused(err, as_json) from err
    if checked.pack is None:
        raise faulty(checked.faults, as_json, LEFT, checked.hints)
    counts: dict[str, Any] = {
        "cells": len(checked.pack.tiling.cells),
        "areas": len(checked.pack.tiling.areas),
        "people": len(checked.pack.people),
        "components": len(checked.pack.components or ()),
        "figures": len(checked.pack.figures),
        "duty_grids": len(checked.pack.parts.get("duty_grids", ())),
    }
    if as_json:
        hints = [hint.as_dict() for hint in checked.hints]
        told = {"ok": True, "faults": [], "hints": hints, **counts}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        said = ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in counts.items())
        screen().print(Text.assemble(("No faults.", "green"), f" {said}."))
        if checked.hints:
            screen().print(fault_table(checked.hints, "Hints: no faults, but good to know"))


@commands.command()
def load(
    pack: Pack,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--plan", help="Only say what would change.")] = False,
) -> None:
    """Say what changes, then load it, all or nothing. A part that is the same stays."""
    try:
        database_url = Settings().database_url  # pyright: ignore[reportCallIssue]
        if dry_run:
            changes = plan_pack(pack, database_url)
        else:
            changes = load_pack(pack, database_url, _silent if as_json else _announce)
    except ValidationError as err:
        raise refused(NoDatabase(), as_json) from err
    except BrokenPack as err:
        raise faulty(err.faults, as_json, LEFT) from err
    except (NotAPack, DatabaseAway, NoTables) as err:
        raise refused(err, as_json) from err
    if as_json:
        told = {"ok": True, "loaded": not dry_run, "changes": [c.as_dict() for c in changes]}
        typer.echo(json.dumps(told | {"then": _then(changes)}, ensure_ascii=False))
        return
    if dry_run:
        _announce(changes)
    else:
        screen().print("Loaded.", style="green")
    for command in _then(changes):
        screen().print(f"Open cases keep their deadlines until `{command}`; --plan says which.")


def _then(changes: Sequence[Change]) -> list[str]:
    """What to do next: another calendar moves no deadline by itself."""
    others = [one for one in changes if one.part == "calendar" and one.old not in (None, one.new)]
    return ["citygrid calendar recompute"] if others else []


def _announce(changes: Sequence[Change]) -> None:
    screen().print(_change_table(changes))


def _silent(changes: Sequence[Change]) -> None:
    """Whoever reads JSON hears of the changes in the one object at the end."""


@make.command()
def yunxi(
    out: Out,
    cells: Annotated[
        int, typer.Option(help="About how many cells.", min=FEWEST_CELLS, max=MOST_CELLS)
    ] = CELLS,
    seed: Annotated[int, typer.Option(help="The same seed makes the same city.", min=0)] = SEED,
) -> None:
    """Make 云溪区 Yunxi, the invented demo city."""
    make_yunxi(out, cells, seed)
    typer.echo(f"made {out}")


@make.command()
def newyork(
    out: Out,
    source: Annotated[
        Path, typer.Option("--data", help="Folder that holds nyc_geo and nyc_311_dev.")
    ],
) -> None:
    """Make a pack of New York City from its public data."""
    try:
        made = make_newyork(out, source)
    except MissingSource as err:
        raise refused(err, as_json=False) from err
    for note in made:
        typer.echo(note)
    typer.echo(f"made {out}")


def _change_table(changes: Sequence[Change]) -> Table:
    table = Table("part", "version", "", "content", title="What changes")
    for change in changes:
        old = "–" if change.old is None else str(change.old)
        versions = f"{old} → {change.new}" if change.new != change.old else old
        table.add_row(change.part, versions, "●" if change.is_change else "same", change.note)
    return table
