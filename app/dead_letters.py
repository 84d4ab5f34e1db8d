"""`citygrid dead …`: look at reports nobody could decide, and let them be decided again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import typer

from app.terminal import AsJson, change, look, refused
from dispatch.postgres.dead import list_dead, revive

commands: Final = typer.Typer(no_args_is_help=True, help="Reports that could not be decided.")


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Print every dead report and what stood in the way."""
    dead = look(list_dead)
    if as_json:
        print(json.dumps({"dead": [asdict(one) for one in dead]}, default=str, ensure_ascii=False))
        return
    for one in dead:
        print(f"{one.id}\t{one.category}\t{one.received_at:%Y-%m-%d %H:%M}\t{one.reason}")


@commands.command()
def replay(report_id: int) -> None:
    """Let a dead report be decided again, once what stood in the way is mended."""
    if not change(lambda conn: revive(conn, report_id), "report.replay", str(report_id)):
        raise refused(f"report {report_id} is not dead")
