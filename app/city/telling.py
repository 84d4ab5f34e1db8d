"""Saying at the command line why something was not done: faults as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import typer
from rich.table import Table

from app.city.faults import Fault
from app.screen import screen

MOST_SHOWN: Final = 200
FAULTY: Final = 1
USAGE: Final = 2


def refused(err: Exception, as_json: bool) -> typer.Exit:
    """Says why a command could not be carried out; to be raised."""
    if as_json:
        typer.echo(json.dumps({"ok": False, "problem": str(err)}, ensure_ascii=False))
    else:
        typer.echo(str(err), err=True)
    return typer.Exit(USAGE)


def faulty(
    faults: Sequence[Fault], as_json: bool, outcome: str, hints: Sequence[Fault] = ()
) -> typer.Exit:
    """Tells all faults and what came of it, such as "nothing was loaded"; to be raised."""
    if as_json:
        told: dict[str, object] = {"ok": False, "faults": [fault.as_dict() for fault in faults]}
        if hints:
            told["hints"] = [hint.as_dict() for hint in hints]
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        console = screen(stderr=True)
        console.print(fault_table(faults[:MOST_SHOWN], "Faults"))
        if len(faults) > MOST_SHOWN:
            console.print(f"… and {len(faults) - MOST_SHOWN} more; --json shows all")
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        console.print(f"{count}; {outcome}.", style="red")
    return typer.Exit(FAULTY)


def fault_table(faults: Sequence[Fault], title: str) -> Table:
    """One row for each fault or hint."""
    table = Table("file", "row", "field", "problem", "remedy", title=title)
    for fault in faults:
        row = "" if fault.row is None else str(fault.row)
        table.add_row(fault.file, row, fault.field, fault.problem, fault.remedy)
    return table
