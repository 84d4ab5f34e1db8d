"""What somebody wants to try, before any of it is read: a web process imports no more of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

FILE_NAMES: Final[Mapping[str, str]] = {
    "departments": "departments.csv",
    "catalogue": "catalogue.csv",
    "jurisdiction": "jurisdiction.csv",
    "limits": "limits.csv",
    "calendar": "calendar.csv",
    "routing": "routing.toml",
    "severity": "severity.toml",
}
"""What each is called in a city pack."""


class NothingToTry(Exception):
    """Neither a pack nor a part nor a grid was named."""

    def __init__(self) -> None:
        super().__init__("name a pack, a part (routing=FILE) or another grid to try")


class TwoGrids(Exception):
    """A pack brings its own grid, and another was named."""

    def __init__(self) -> None:
        super().__init__("the pack brings its own grid: leave the other one out")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to try: a pack, files of single parts by name, a stored grid version.

    Parts go before those of the pack.
    """

    pack: Path | None = None
    parts: Mapping[str, Path] = field(default_factory=dict[str, Path])
    grid: int | None = None

    def check(self) -> None:
        """Raise NothingToTry or TwoGrids unless it says what to try."""
        if self.pack is None and not self.parts and self.grid is None:
            raise NothingToTry
        if self.pack is not None and self.grid is not None:
            raise TwoGrids
