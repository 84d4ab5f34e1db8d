"""``python -m app.services up|status|down|env``: the private servers from a shell."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from app.services import control
from app.services.errors import ServicesError

_HOME_HELP: Final = "Folder of the servers; default: CITY_HOME, else .city in the current folder."
HomeOption = Annotated[Path | None, typer.Option("--home", help=_HOME_HELP)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Ask for this port.")]

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Private servers for one machine."
)


@cli.command()
def up(
    home: HomeOption = None,
    kafka: Annotated[bool, typer.Option("--kafka", help="Apache Kafka too.")] = False,
    postgres_port: PortOption = None,
    redis_port: PortOption = None,
    kafka_port: PortOption = None,
) -> None:
    """Start what does not run yet and leave it running."""
    asked = {"postgres": postgres_port, "redis": redis_port, "kafka": kafka_port}
    ports = {name: port for name, port in asked.items() if port is not None}
    _print_exports(control.up(home, kafka=kafka, ports=ports))


@cli.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Tell how each server is; exit code 1 when one has crashed."""
    standings = control.status(home)
    if as_json:
        rows = {s.name: {"state": s.state.value, "pid": s.pid, "port": s.port} for s in standings}
        typer.echo(json.dumps(rows))
    else:
        for one in standings:
            where = f"  pid {one.pid}  127.0.0.1:{one.port}" if one.pid else ""
            typer.echo(f"{one.name:9}{one.state.value}{where}")
    if any(one.state is control.State.CRASHED for one in standings):
        raise typer.Exit(1)


@cli.command()
def down(home: HomeOption = None) -> None:
    """Stop every private server of the home."""
    stopped = control.down(home)
    typer.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@cli.command()
def env(home: HomeOption = None) -> None:
    """Print the export lines of the servers that run, for ``eval``; starts nothing."""
    _print_exports(control.found(home))


def _print_exports(services: control.Services) -> None:
    for variable, url in services.exports().items():
        typer.echo(f"export {variable}={shlex.quote(url)}")


def main() -> None:
    """Run the command line; a known fault is one line and exit code 1."""
    try:
        cli()
    except ServicesError as fault:
        typer.echo(f"services: {fault}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
