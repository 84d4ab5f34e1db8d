"""The terminal that results are shown on."""

from __future__ import annotations

from rich.console import Console


def screen(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A terminal to which square brackets are text.

    Names, rules and notes are shown as people wrote them: a condition has brackets in it, and to
    rich they would be styles, left out at best and a fault of the program at worst.
    """
    return Console(stderr=stderr, quiet=quiet, markup=False)
