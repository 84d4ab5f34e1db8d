"""`citygrid grid …`: where each command of the group is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import typer

from app.commands.late import late_group

COMMANDS: Final[Mapping[str, str]] = {
    "build": "app.grid.building:build",
    "import": "app.grid.importing:import_",
    "diff": "app.grid.diffing:diff",
    "draft": "app.grid.release_commands:draft",
    "approve": "app.grid.release_commands:approve",
    "activate": "app.grid.release_commands:activate",
    "releases": "app.grid.release_commands:releases",
    "map": "app.grid.mapping:map_",
    "duty": "app.grid.duty:duty",
    "responsible": "app.grid.responsible:responsible",
}
"""In the order of the help; each is imported only when it is asked for."""

commands: Final = typer.Typer(
    cls=late_group(COMMANDS), no_args_is_help=True, help="The management grid: make it, load it."
)


@commands.callback()
def grid() -> None:
    """The management grid: make it, load it."""
