"""How long a case may take: limits by category and condition, each a list of milestones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Self

from dispatch.calendar import MOST_UNITS, Unit, WorkingCalendar
from dispatch.errors import BrokenLimit, NoLimit
from grid.naming import Label, Row

EVERY_CATEGORY: Final = "*"


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that must be done (制止, 处罚, 拆除 …) within an amount of time from the start."""

    name: str
    amount: float
    unit: Unit

    @classmethod
    def of(cls, row: Row) -> Self:
        """The milestone of one row of the part ``limits``; BrokenLimit when it is none."""
        return cls(row["milestone"], _amount(row), _unit(row))


@dataclass(frozen=True, slots=True)
class Limit:
    """What a category allows under one condition, milestones in the order of the city pack.

    *category* is a code, the beginning of codes, or ``*``. *name* is the condition for filing,
    *closing* the one for closing, None where the city wrote none. *default* marks the condition
    that holds when a report names none. *row* is the first line of the city pack that says so.
    """

    category: str
    condition: str
    name: Label
    milestones: tuple[Milestone, ...]
    default: bool
    row: int
    closing: Label | None = None

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The limit that the rows of one category and condition, in order, make together."""
        _refuse_repeated_milestones(rows)
        first = rows[0]
        return cls(
            category=first["category"],
            condition=first["condition"],
            name=Label.of(first["name"]),
            milestones=tuple(Milestone.of(row) for row in rows),
            default=any(row["default"] for row in rows),
            row=first["row"],
            closing=Label.of(first["closing"]) if first.get("closing") else None,
        )

    @property
    def amounts(self) -> dict[str, tuple[float, Unit]]:
        """How much of what each milestone gives, by name."""
        return {m.name: (m.amount, m.unit) for m in self.milestones}


class Limits:
    """All limits of a city."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        """Raises BrokenLimit unless each category has exactly one default condition."""
        self._limits: dict[tuple[str, str], Limit] = {}
        self._defaults: dict[str, Limit] = {}
        for limit in limits:
            self._limits[limit.category, limit.condition] = limit
            if limit.default:
                self._set_default(limit)
        for limit in self._limits.values():
            if limit.category not in self._defaults:
                raise BrokenLimit(
                    limit.row, f"category {limit.category!r} has no default condition"
                )

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """The limits of the part ``limits`` of a city pack; BrokenLimit names the first bad row."""
        ordered = sorted(rows, key=lambda row: (*_case(row), row["row"]))
        return cls(Limit.of(list(group)) for _, group in groupby(ordered, key=_case))

    def limit_for(self, category: str, condition: str | None = None) -> Limit:
        """The limit of a category under a condition, or under its default when that is None.

        What is written for the exact category goes before its longest written beginning, and that
        before ``*``. Raises NoLimit, also for a condition that none of them knows: a deadline of
        another condition would be wrong without anybody noticing.
        """
        for written in _candidates(category):
            if condition is None:
                found = self._defaults.get(written)
            else:
                found = self._limits.get((written, condition))
            if found:
                return found
        raise NoLimit(category, condition)

    def __iter__(self) -> Iterator[Limit]:
        return iter(self._limits.values())

    def __len__(self) -> int:
        return len(self._limits)

    def _set_default(self, limit: Limit) -> None:
        other = self._defaults.setdefault(limit.category, limit)
        if other is not limit:
            raise BrokenLimit(
                limit.row,
                f"{limit.category!r} has the default condition {other.condition!r} already",
            )


def due_times(limit: Limit, start: datetime, calendar: WorkingCalendar) -> dict[str, datetime]:
    """When each milestone of *limit* is due, by name, aware UTC, all counted from *start*."""
    return {m.name: calendar.add(start, m.amount, m.unit) for m in limit.milestones}


def _candidates(category: str) -> Iterator[str]:
    yield from (category[:length] for length in range(len(category), 0, -1))
    yield EVERY_CATEGORY


def _case(row: Row) -> tuple[str, str]:
    return row["category"], row["condition"]


def _amount(row: Row) -> float:
    if not 0 < row["amount"] <= MOST_UNITS:
        raise BrokenLimit(
            row["row"], f"{row['amount']!r} is no amount from above 0 to {MOST_UNITS}"
        )
    return row["amount"]


def _unit(row: Row) -> Unit:
    try:
        return Unit(row["unit"])
    except ValueError:
        raise BrokenLimit(
            row["row"], f"unit {row['unit']!r} is none of {', '.join(Unit)}"
        ) from None


def _refuse_repeated_milestones(rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row["milestone"] in seen:
            raise BrokenLimit(row["row"], f"milestone {row['milestone']!r} stands there twice")
        seen.add(row["milestone"])
