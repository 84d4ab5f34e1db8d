"""A group of commands, each imported only when it is asked for.

Processes are started again in the middle of trouble, all of them at once on the same cores: what
a worker never uses it must not load.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


def late_group(places: Mapping[str, str]) -> type[TyperGroup]:
    """A class of group for `typer.Typer(cls=…)`, whose commands are at *places*.

    A place is `module:name`, and what is there a function or a `typer.Typer`.
    """

    class LateGroup(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(places)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            # A name nobody has: all are brought, so that the likely one can be suggested.
            for name in [cmd_name] if cmd_name in places else places:
                if name not in self.commands:
                    self.commands[name] = _bring(places[name], name)
            return self.commands.get(cmd_name)

    return LateGroup


def _bring(place: str, name: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command()(found)
        command = get_command(alone)
    command.name = name
    return command
