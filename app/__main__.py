"""The command line: `citygrid …`, also `python -m app …`."""

from __future__ import annotations

import json
from typing import Final

import typer

from app.audit import verify_chains
from app.city.commands import commands as city_commands
from app.clock_commands import commands as clock_commands
from app.dead_letters import commands as dead_commands
from app.demo.commands import demo, up
from app.destinations import delivery, destination
from app.engines import prepare
from app.identity.commands import key as key_commands
from app.identity.commands import user as user_commands
from app.logs import configure_logs
from app.notifier import Notifier
from app.replay.commands import replay
from app.rulebook import load_rulebook
from app.terminal import AsJson, look, run, settings
from app.web import run_web
from app.worker import Worker
from dispatch.ledger import as_json, equations
from dispatch.postgres.ledger import read_books

main: Final = typer.Typer(
    name="citygrid", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
audit: Final = typer.Typer(no_args_is_help=True, help="Proof of what happened.")
main.add_typer(city_commands, name="city")
main.add_typer(user_commands, name="user")
main.add_typer(key_commands, name="key")
main.add_typer(dead_commands, name="dead")
main.add_typer(destination, name="destination")
main.add_typer(delivery, name="delivery")
main.add_typer(clock_commands, name="clock")
main.add_typer(audit, name="audit")
main.command()(demo)
main.command()(up)
main.command()(replay)


@main.command()
def web() -> None:
    """Run the web process: all HTTP doors and the live map."""
    configure_logs(settings())
    run_web(settings())


@main.command()
def worker() -> None:
    """Run a worker process: decides reports, relays, rescues. Start as many as there are cores."""
    configure_logs(settings())
    raise typer.Exit(run(Worker(settings()).run()))


@main.command()
def notifier() -> None:
    """Run a notifier process: tells every destination what happened. Start two."""
    configure_logs(settings())
    raise typer.Exit(run(Notifier(settings()).run()))


@main.command()
def migrate() -> None:
    """Bring the schema and the topics up to date."""
    applied = run(prepare(settings()))
    print(f"{applied} migration(s) applied")


@main.command()
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


@main.command()
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


if __name__ == "__main__":
    main()
