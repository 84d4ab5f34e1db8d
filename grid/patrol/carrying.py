"""What becomes of duty grids when the cells change: they follow the successors, or they break."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from grid.patrol.duty_grid import DutyGrid
from grid.versions.changes import Succession


class Reason(StrEnum):
    """Why somebody has to look at a duty grid."""

    LOST = "lost"  # these old cells have no heir: their ground is with others, or given up
    CONTESTED = "contested"  # these new cells are heirs of cells of two duty grids of one kind
    EMPTY = "empty"  # no cell is left


@dataclass(frozen=True, slots=True)
class Break:
    """A duty grid that could not follow as a whole, and which cells are why."""

    duty_grid: str
    reason: Reason
    cells: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The form for JSON."""
        return asdict(self) | {"reason": self.reason.value, "cells": list(self.cells)}


@dataclass(frozen=True, slots=True)
class Carried:
    """Duty grids over the new cells; a contested cell stands in both until somebody decides."""

    duty_grids: tuple[DutyGrid, ...]
    breaks: tuple[Break, ...]


def heirs_of(
    successions: Iterable[Succession], sizes_m2: Mapping[str, float]
) -> dict[str, set[str]]:
    """The heirs of each old cell, by *sizes_m2* of the new ones.

    An heir holds more than half of the old cell, or has more of its ground from that cell than
    from any other; then at least half of it must be old ground. A neighbour whose border moved is
    none: it has most of its ground from itself.
    """
    heirs: dict[str, set[str]] = defaultdict(set)
    given: dict[str, list[Succession]] = defaultdict(list)
    for one in successions:
        given[one.successor].append(one)
        if one.share > 0.5:
            heirs[one.code].add(one.successor)
    for successor, parts in given.items():
        if sum(one.area_m2 for one in parts) >= sizes_m2[successor] / 2:
            most = max(parts, key=lambda one: (one.area_m2, one.code))
            heirs[most.code].add(successor)
    return heirs


def carry(
    duty_grids: Sequence[DutyGrid], heirs: Mapping[str, Collection[str]], cells: Collection[str]
) -> Carried:
    """The duty grids over the new *cells*: each old cell goes on as itself and as its heirs."""
    moved: list[DutyGrid] = []
    breaks: list[Break] = []
    for one in duty_grids:
        lasting = {code for code in one.cells if code in cells}
        lost = sorted(code for code in one.cells - lasting if not heirs.get(code))
        now = lasting.union(*(heirs.get(code, ()) for code in one.cells))
        moved.append(replace(one, cells=frozenset(now)))
        if lost:
            breaks.append(Break(one.code, Reason.LOST, tuple(lost)))
        if one.cells and not now:
            breaks.append(Break(one.code, Reason.EMPTY, ()))
    return Carried(tuple(moved), (*breaks, *_contests(moved)))


def _contests(duty_grids: Sequence[DutyGrid]) -> list[Break]:
    claims: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in duty_grids:
        for cell in one.cells:
            claims[one.kind, cell].append(one.code)
    contested: dict[str, list[str]] = defaultdict(list)
    for (_, cell), codes in claims.items():
        for code in codes if len(codes) > 1 else ():
            contested[code].append(cell)
    return [
        Break(code, Reason.CONTESTED, tuple(sorted(contested[code]))) for code in sorted(contested)
    ]
