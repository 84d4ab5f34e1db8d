"""Jurisdiction: which department answers for a category in an area."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from grid.naming import Row

EVERY_CATEGORY: Final = "*"
EVERYWHERE: Final = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A department answers for a category in an area.

    *category* is a code, the beginning of codes, or ``*``; *area* is a code, or empty for the
    whole city. *row* is the line of the city pack that says so, of the catalogue when *default*:
    then the department answers only for what no other duty speaks of.
    """

    department: str
    row: int
    category: str
    area: str
    default: bool = False

    @classmethod
    def of(cls, row: Row) -> Self:
        """One duty as the part ``jurisdiction`` writes it."""
        default = row.get("default", False)
        return cls(row["department"], row["row"], row["category"], row["area"], default)


class Jurisdiction:
    """All duties of a city; the most specific one decides."""

    def __init__(self, duties: Iterable[Duty]) -> None:
        self._duties: dict[tuple[str, str], Duty] = {}
        self._defaults: dict[str, Duty] = {}
        for duty in sorted(duties, key=lambda duty: duty.row):
            if duty.default:
                self._defaults.setdefault(duty.category, duty)
            else:
                self._duties.setdefault((duty.category, duty.area), duty)
        self._categories = {category for category, _ in self._duties}

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The duties of the part ``jurisdiction``."""
        return cls(Duty.of(row) for row in rows)

    def responsible(self, category: str, areas: Sequence[str]) -> Duty | None:
        """The duty that applies to *category* in a place, or None when nobody was named.

        *areas* are the codes above the cell, smallest first. The exact category goes before its
        longest written beginning, that before ``*``; among those the smallest area decides, and
        between two lines that say the same the earlier one. Last comes the category's default.
        """
        for written in self._candidates(category):
            for area in (*areas, EVERYWHERE):
                if duty := self._duties.get((written, area)):
                    return duty
        return self._defaults.get(category)

    def _candidates(self, category: str) -> Iterator[str]:
        for length in range(len(category), 0, -1):
            if category[:length] in self._categories:
                yield category[:length]
        yield EVERY_CATEGORY

    def __iter__(self) -> Iterator[Duty]:
        yield from self._duties.values()
        yield from self._defaults.values()

    def __len__(self) -> int:
        return len(self._duties) + len(self._defaults)
