"""What a comparison of two versions says: changes, successions, and their sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grid.naming import Label


class Kind(StrEnum):
    """What happened to one cell or a few."""

    ADDED = "added"  # a cell where none had its like
    ENDED = "ended"  # its ground went to several cells that stay, or to none
    SPLIT = "split"  # one became several
    MERGED = "merged"  # several became one
    RENUMBERED = "renumbered"  # the same ground under another code
    MOVED = "moved"  # the same cell with another border
    RELOCATED = "relocated"  # the same code for other ground: never right
    RENAMED = "renamed"
    TRANSFERRED = "transferred"  # to another area above it


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different; codes ascending.

    *area_m2* is the ground it is about: of the cells themselves, or with MOVED what was gained
    and lost. *names* are old and new with RENAMED. With ADDED and ENDED the other side names the
    cells that hold part of the ground.
    """

    kind: Kind
    before: tuple[str, ...]
    after: tuple[str, ...]
    area_m2: float
    gained_m2: float = 0.0
    lost_m2: float = 0.0
    names: tuple[Label, Label] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The form for JSON; areas to a hundredth of a square metre."""
        told: dict[str, Any] = {
            "kind": self.kind.value,
            "before": list(self.before),
            "after": list(self.after),
            "area_m2": round(self.area_m2, 2),
        }
        if self.kind is Kind.MOVED:
            told |= {"gained_m2": round(self.gained_m2, 2), "lost_m2": round(self.lost_m2, 2)}
        if self.names:
            told["names"] = [name.as_dict() for name in self.names]
        return told


@dataclass(frozen=True, slots=True)
class Succession:
    """How much of an old cell's ground a new cell holds: *area_m2*, and as a *share* of the old."""

    code: str
    successor: str
    area_m2: float
    share: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two versions.

    *successions* tell of every old cell whose code or ground is not the same; the others are
    their own successors. *left_m2* had a cell and has none, *taken_m2* has one and had none.
    """

    cells_before: int
    cells_after: int
    changes: Sequence[Change]
    successions: Sequence[Succession]
    left_m2: float
    taken_m2: float

    def of(self, kind: Kind) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind is kind]

    @property
    def sums(self) -> Mapping[str, Mapping[str, float]]:
        """Number and area in m² of the changes of each kind that there is."""
        found = {kind: self.of(kind) for kind in Kind}
        return {
            kind.value: {
                "changes": len(changes),
                "area_m2": round(sum(change.area_m2 for change in changes), 2),
            }
            for kind, changes in found.items()
            if changes
        }

    def as_dict(self) -> dict[str, Any]:
        """The form for JSON, without the single changes."""
        return {
            "cells_before": self.cells_before,
            "cells_after": self.cells_after,
            "left_m2": round(self.left_m2, 2),
            "taken_m2": round(self.taken_m2, 2),
            "sums": self.sums,
        }
