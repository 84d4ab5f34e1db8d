"""Bugs planted on purpose, to see whether the harness catches them; see docs/chaos.md.

A process of the product runs with one by `python -m tests.chaos.bugs BUG COMMAND …`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.chaos.bugs import carrying, deciding, doors, nets, notifying, sensing, timing
from tests.chaos.bugs.bug import Bug

_ROOMS: Final = (doors, sensing, carrying, deciding, timing, notifying)

BUGS: Final[Mapping[str, Bug]] = MappingProxyType(
    {bug.name: bug for room in _ROOMS for bug in room.BUGS}
)
"""By name, in the order of the road a report takes."""

CONTROLS: Final[Mapping[str, Bug]] = MappingProxyType({one.name: one for one in nets.CONTROLS})
"""No bugs: worlds that must pass, started in the same way."""

PLANTED: Final[Mapping[str, Bug]] = MappingProxyType({**BUGS, **CONTROLS})
"""All that a process can be started with."""
