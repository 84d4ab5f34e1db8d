"""What a `$filter` says, as a tree, and what kinds of value there are in one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

Value = None | bool | int | float | str | date | datetime | time | timedelta | BaseGeometry


class Kind(StrEnum):
    """What a value is. ANYTHING is what properties of one's own hold: known only when it is met."""

    NULL = "null"
    BOOLEAN = "true or false"
    NUMBER = "a number"
    TEXT = "a text"
    MOMENT = "a time"
    DAY = "a date"
    CLOCK = "a time of day"
    SPAN = "a duration"
    SHAPE = "a shape"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it was written."""

    value: Value

    @property
    def kind(self) -> Kind:
        """What it is."""
        return kind_of(self.value)


@dataclass(frozen=True, slots=True)
class Path:
    """A property, perhaps of an entity that is reached by others: `Datastream/Thing/name`."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator (`and`, `eq`, `add`, `not` …) with what it is applied to."""

    name: str
    arguments: tuple[Expression, ...]


Expression = Literal | Path | Call


def paths_of(expression: Expression) -> Iterator[Path]:
    """Every property that an expression names."""
    match expression:
        case Path():
            yield expression
        case Call(arguments=arguments):
            for one in arguments:
                yield from paths_of(one)
        case Literal():
            pass


def kind_of(value: object) -> Kind:
    """What a value is; ANYTHING for what no expression can use, a list for example."""
    match value:
        case None:
            return Kind.NULL
        case bool():
            return Kind.BOOLEAN
        case int() | float():
            return Kind.NUMBER
        case str():
            return Kind.TEXT
        case datetime():
            return Kind.MOMENT
        case date():
            return Kind.DAY
        case time():
            return Kind.CLOCK
        case timedelta():
            return Kind.SPAN
        case BaseGeometry():
            return Kind.SHAPE
        case _:
            return Kind.ANYTHING
