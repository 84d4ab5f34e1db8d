"""The command line: `citygrid …`, also `python -m app …`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import typer

from app.commands.late import late_group

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "app.demo.commands:demo",
    "up": "app.demo.commands:up",
    "web": "app.commands.web:web",
    "worker": "app.commands.worker:worker",
    "clock": "app.commands.clock:commands",
    "notifier": "app.commands.notifier:notifier",
    "mqtt": "app.commands.mqtt:mqtt",
    "migrate": "app.commands.books:migrate",
    "city": "app.city.commands:commands",
    "grid": "app.grid.commands:commands",
    "calendar": "app.commands.calendar:commands",
    "locate": "app.commands.books:locate",
    "replay": "app.replay.commands:replay",
    "report": "app.evaluation.commands:report",
    "whatif": "app.whatif.commands:whatif",
    "ledger": "app.commands.books:ledger",
    "audit": "app.commands.books:audit",
    "dead": "app.dead_letters:commands",
    "destination": "app.destinations:destination",
    "delivery": "app.destinations:delivery",
    "channel": "app.channels:channel",
    "notice": "app.channels:notice",
    "warning": "app.warnings:commands",
    "user": "app.identity.commands:user",
    "key": "app.identity.commands:key",
    "device": "app.identity.device_commands:commands",
}
"""Where each command is, a function or a group of commands; in the order of the help."""

main: Final = typer.Typer(
    name="citygrid",
    cls=late_group(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@main.callback()
def citygrid() -> None:
    """Urban grid management: one report, one case, one cell, nothing lost."""


if __name__ == "__main__":
    main()
