"""Where a page of observations ended: the values of its last one by which it was ordered.

The next page begins after them and not after a number of rows: what is stored meanwhile neither
hides an observation nor tells one twice, and the last page costs what the first does.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

import msgspec

from app.http.sta.asking import Condition
from app.problems import Fault, Problem

Order = Sequence[tuple[LiteralString, bool]]
_LONGEST: Final = 64


class Mark(msgspec.Struct, frozen=True):
    """The values of the columns of an order, in their order."""

    after: tuple[str | int | float, ...]

    @classmethod
    def at(cls, order: Order, row: Mapping[str, str | int | float]) -> Mark:
        """The mark behind a row, of which *row* has the values by column."""
        return cls(tuple(row[column] for column, _ in order))

    def write(self) -> str:
        """The form in which it stands in a link."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode("ascii")


def read_mark(text: str, order: Order) -> Mark:
    """The mark of a link; Problem 400 when it is none, or of another order."""
    try:
        decoded = base64.b64decode(text.encode("ascii"), b"-_", validate=True)
        mark = msgspec.json.decode(decoded, type=Mark)
        for (column, _), value in zip(order, mark.after, strict=True):
            _typed(column, value)
    except (UnicodeError, binascii.Error, msgspec.DecodeError, ValueError, TypeError) as err:
        fault = Fault("$skiptoken", "is none of ours", "follow @iot.nextLink as it is")
        raise Problem(400, "the entities cannot be given as asked", fault) from err
    return mark


def after(order: Order, mark: Mark) -> Condition:
    """What comes after the mark: beyond it by a column, and beside it by all columns before.

    The first column is said once more on its own, because an index can begin there.
    """
    values = [_typed(column, value) for (column, _), value in zip(order, mark.after, strict=True)]
    column, descends = order[0]
    begin: LiteralString = f"{column} {'<=' if descends else '>='} {_parameter(column)}"
    ways: list[LiteralString] = []
    given: list[Any] = [values[0]]
    for depth, (column, descends) in enumerate(order):
        beyond: LiteralString = "<" if descends else ">"
        way: LiteralString = f"{column} {beyond} {_parameter(column)}"
        for name, _ in order[:depth]:
            way = f"{name} = {_parameter(name)} AND {way}"
        ways.append(f"({way})")
        given += [*reversed(values[:depth]), values[depth]]
    return Condition(f"{begin} AND ({' OR '.join(ways)})", tuple(given))


def _typed(column: str, value: str | int | float) -> Any:
    if column == "o.device":
        if not isinstance(value, int) or not 0 < value < 2**31:
            raise ValueError(value)
        return value
    if column == "o.value":
        if isinstance(value, str) or not math.isfinite(value):
            raise ValueError(value)
        return float(value)
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        raise ValueError(value)
    if column == "d.code":
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _parameter(column: str) -> LiteralString:
    match column:
        case "d.code":
            return "%s::text"
        case "o.device":
            return "%s::int"
        case "o.value":
            return "%s::float8"
        case _:
            return "%s::timestamptz"
