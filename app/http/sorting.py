"""The order of a list of cases: by a few named things, and where the next page begins.

A page begins after the last row of the one before, by what it was sorted by and the id. So nothing
is told twice or left out because something came in between. Names are looked up, never put into
SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString, Self

from app.problems import Fault, Problem
from dispatch.events import rfc3339

_LARGEST_ID: Final = 2**63 - 1
_NEVER: Final = "infinity"
"""Where a case without the time stands: after all others."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a list can be sorted by: an expression over `cases`, and its type in PostgreSQL."""

    sql: LiteralString
    type: LiteralString

    @property
    def is_time(self) -> bool:
        """Whether it is a moment, and not a number."""
        return self.type == "timestamptz"

    def read(self, text: str) -> str | None:
        """A value as PostgreSQL reads it; None when the text is none."""
        if self.is_time:
            return _moment(text)
        return text if _is_number(text) else None


KEYS: Final[Mapping[str, Key]] = {
    "id": Key("cases.id", "bigint"),
    "severity": Key("cases.severity", "bigint"),
    "reported_at": Key("cases.reported_at", "timestamptz"),
    "opened_at": Key("cases.opened_at", "timestamptz"),
    "due_at": Key("coalesce(cases.due_at, 'infinity')", "timestamptz"),
}


def names_of(keys: Mapping[str, Key]) -> tuple[str, ...]:
    """What `sort` may be: each name, and with - from the greatest down."""
    return tuple(sign + name for name in keys for sign in ("", "-"))


NAMES: Final = names_of(KEYS)


@dataclass(frozen=True, slots=True)
class Sort:
    """By what, in which direction, and after what: the value and the case id of the last row."""

    name: str = "id"
    falling: bool = True
    after: tuple[str, int] | None = None
    keys: Mapping[str, Key] = field(default_factory=lambda: KEYS)

    @classmethod
    def of(cls, query: Mapping[str, str], keys: Mapping[str, Key] | None = None) -> Self:
        """The order that a query string asks for; Problem 400 when there is no such.

        *keys* are what the list can be sorted by, those of cases unless given.
        """
        told, keys = query.get("sort", "-id"), keys or KEYS
        names = names_of(keys)
        if told not in names:
            raise _unfit("sort", "is none that can be asked for", f"one of {', '.join(names)}")
        name = told.removeprefix("-")
        after = _read_after(query.get("after"), keys[name])
        if "before" in query and told != "-id":
            raise _unfit("before", "pages only the newest first", "send the next of the last page")
        return cls(name, told.startswith("-"), after, keys)

    @property
    def is_usual(self) -> bool:
        """Whether it is the newest first, which pages by `before` alone."""
        return self.name == "id" and self.falling

    def sql(self) -> tuple[LiteralString, LiteralString, dict[str, object]]:
        """A condition, ORDER BY without its keyword, and their parameters."""
        key, row = self.keys[self.name], self.keys["id"].sql
        way: LiteralString = " DESC" if self.falling else ""
        order: LiteralString = row + way
        order = order if self.name == "id" else key.sql + way + ", " + order
        if self.after is None:
            return "true", order, {}
        than: LiteralString = ") < (" if self.falling else ") > ("
        begins: LiteralString = (
            "(" + key.sql + ", " + row + than + "%(after)s::" + key.type + ", %(after_id)s)"
        )
        return begins, order, {"after": self.after[0], "after_id": self.after[1]}

    def following(self, rows: Sequence[Mapping[str, Any]], limit: int, case: str) -> object:
        """What to ask for next: None at the end, an id for `before`, else a text for `after`.

        *case* is the name of the case's id in a row.
        """
        if len(rows) < limit:
            return None
        last = rows[-1]
        if self.is_usual:
            return last[case]
        value = last[case if self.name == "id" else self.name]
        told = rfc3339(value) if isinstance(value, datetime) else value
        return f"{_NEVER if told is None else told}~{last[case]}"


def _read_after(text: str | None, key: Key) -> tuple[str, int] | None:
    if text is None:
        return None
    told, _, case = text.partition("~")
    value = key.read(told)
    if value is None or not _is_number(case):
        raise _unfit("after", "is no place in this list", "send the next of the last page")
    return value, int(case)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _LARGEST_ID


def _moment(text: str) -> str | None:
    """A moment as PostgreSQL reads it; None when it is none."""
    if text == _NEVER:
        return text
    try:
        at = datetime.fromisoformat(text)
        return rfc3339(at) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _unfit(field: str, problem: str, remedy: str) -> Problem:
    return Problem(400, "the list cannot be given", Fault(field, problem, remedy))
