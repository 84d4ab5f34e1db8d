"""A duty grid: unit cells under one name that are walked together."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

from grid.naming import Label, Row


@dataclass(frozen=True, slots=True)
class DutyGrid:
    """Unit cells under one name, above them as a layer of its own (责任网格).

    *kind* is the city's own word for what is looked after, such as ``patrol`` or ``night``; of
    each kind a cell belongs to one duty grid at most.
    """

    code: str
    kind: str
    name: Label
    cells: frozenset[str]

    @classmethod
    def of(cls, row: Row) -> Self:
        """One duty grid as the part ``duty_grids`` writes it."""
        return cls(row["code"], row["kind"], Label.of(row["name"]), frozenset(row["cells"]))


def unpatrolled(duty_grids: Iterable[DutyGrid], cells: Collection[str]) -> list[str]:
    """The *cells* that no duty grid of any kind holds, codes in order."""
    held = frozenset[str]().union(*(one.cells for one in duty_grids))
    return sorted(code for code in cells if code not in held)
