"""What is asked of a city's database: `migrate`, `ledger`, `locate`, `audit verify`."""

from __future__ import annotations

import json
from typing import Final

import typer

from app.audit import verify_chains
from app.migrating import prepare
from app.rulebook import load_rulebook
from app.terminal import AsJson, look, run, settings
from dispatch.ledger import as_json, equations
from dispatch.postgres.ledger import read_books

audit: Final = typer.Typer(no_args_is_help=True, help="Proof of what happened.")


def migrate() -> None:
    """Bring the schema and the topics up to date."""
    applied = run(prepare(settings()))
    print(f"{applied} migration(s) applied")


def ledger(as_json_: AsJson = False) -> None:
    """Print the books of one snapshot; exit code 1 when they do not balance."""
    books = look(read_books)
    lines = equations(books)
    if as_json_:
        print(json.dumps(as_json(books), ensure_ascii=False))
    else:
        for line in lines:
            print(f"{'✓' if line.holds else '✗'} {line.name}: {line.left} = {line.right}")
    raise typer.Exit(0 if all(line.holds for line in lines) else 1)


def locate(lon: float, lat: float, as_json_: AsJson = False) -> None:
    """Print the cell that holds a position, degrees WGS84; negative numbers after `--`."""
    cache = settings().home / "cache"
    rules = look(lambda conn: load_rulebook(conn, cache))
    place = rules.grid.place(lon, lat)
    told = {"cell": place.cell if place else None, "grid_version": rules.grid.version}
    print(
        json.dumps(told) if as_json_ else (place.cell if place else "no cell holds this position")
    )


@audit.command()
def verify(as_json_: AsJson = False) -> None:
    """Walk every history; exit code 1 when one was changed."""
    proof = look(verify_chains).as_json()
    print(json.dumps(proof) if as_json_ else proof)
    raise typer.Exit(0 if proof["ok"] else 1)
