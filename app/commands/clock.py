"""`citygrid clock`: the process, and what a person may ask and say about the database's clock."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import typer
from psycopg import AsyncConnection

from app.clock import Clock
from app.logs import configure_logs
from app.terminal import ACTOR, AsJson, change, look, run, settings
from dispatch.clock_trust import Trust
from dispatch.postgres.clock import Standing, read_standing, trust_clock

commands: Final = typer.Typer(
    invoke_without_command=True, help="Run the clock process, or see to the database's clock."
)


@commands.callback()
def clock(context: typer.Context) -> None:
    """Run the clock process: lets deadlines fall due."""
    if context.invoked_subcommand is None:
        configure_logs(settings())
        raise typer.Exit(run(Clock(settings()).run()))


@commands.command()
def show(as_json: AsJson = False) -> None:
    """Print whether the database's clock is trusted; exit code 1 while deadlines are frozen."""
    standing = look(read_standing)
    if as_json:
        print(json.dumps(asdict(standing), default=str))
    else:
        print(_told(standing))
    raise typer.Exit(0 if standing.trust is Trust.TRUSTED else 1)


@commands.command()
def trust() -> None:
    """Say that the time the database tells now is right: deadlines are judged by it again."""
    change(_trust, "clock.trust", "trusted")
    print("trusted")


def _told(standing: Standing) -> str:
    seen = standing.unproven_s
    return (
        f"{standing.trust} since {standing.since:%Y-%m-%d %H:%M:%S} UTC, "
        f"{standing.drift_s:+.3f} s from what was expected; last found right "
        f"{'never' if seen is None else f'{seen:.0f} s ago'}"
    )


async def _trust(conn: AsyncConnection) -> bool:
    await trust_clock(conn, ACTOR)
    return True
