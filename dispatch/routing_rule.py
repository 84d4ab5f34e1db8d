"""One rule of the routing: when it holds, for how long it is in force, and whom it names."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from dispatch.conditions import Condition
from dispatch.errors import BrokenCondition, BrokenRule
from grid.naming import Label, Row


@dataclass(frozen=True, slots=True)
class Rule:
    """When the condition holds, the department takes the case; *row* counts in the city pack.

    It is in force from *since* on and no more at *until*, both aware; None is without a bound.
    """

    row: int
    name: str
    when: Condition
    department: str
    because: Label
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, row: Row, departments: Container[str]) -> Self:
        """One rule of the part ``routing``; BrokenRule when it could not be followed."""
        number, name = row["row"], row["name"]
        if row["department"] not in departments:
            raise BrokenRule(number, name, f"unknown department {row['department']!r}")
        try:
            when = Condition.of(row["when"])
        except BrokenCondition as broken:
            raise BrokenRule(number, name, broken.reason) from broken
        because = Label.of(row["because"])
        since, until = _moment(row.get("from")), _moment(row.get("until"))
        return cls(number, name, when, row["department"], because, since, until)

    @property
    def is_timed(self) -> bool:
        """Whether it is in force for a time only."""
        return self.since is not None or self.until is not None

    def in_force(self, at: datetime) -> bool:
        """Whether it is in force at the aware moment *at*."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
