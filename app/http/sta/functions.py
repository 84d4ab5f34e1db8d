"""The functions and operators of expressions: what each takes, gives and does.

None in gives None out, except where it is said otherwise by whoever calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from operator import attrgetter
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from app.http.sta.expressions import Kind
from geo.measure import ELLIPSOID

_BOOLEAN, _NUMBER, _TEXT, _SHAPE = Kind.BOOLEAN, Kind.NUMBER, Kind.TEXT, Kind.SHAPE
_MOMENT, _DAY, _CLOCK = (Kind.MOMENT,), (Kind.MOMENT, Kind.DAY), (Kind.MOMENT, Kind.CLOCK)


@dataclass(frozen=True, slots=True)
class Function:
    """*takes* says for each argument what it may be; from the *needs*-th on they may be left out.

    *does* is called with values of these kinds; what it cannot answer it may raise ValueError,
    OverflowError or ZeroDivisionError for, which is null.
    """

    takes: tuple[tuple[Kind, ...], ...]
    gives: Kind
    does: Callable[..., Any]
    needs: int


def _function(
    gives: Kind, does: Callable[..., Any], *takes: Kind | tuple[Kind, ...], needs: int | None = None
) -> Function:
    told = tuple(one if isinstance(one, tuple) else (one,) for one in takes)
    return Function(told, gives, does, len(told) if needs is None else needs)


def _substring(text: str, start: float, length: float | None = None) -> str:
    begin = max(0, int(start))
    return text[begin:] if length is None else text[begin : begin + max(0, int(length))]


def _contains(text: str, part: str) -> bool:
    return part in text


def _is_part(part: str, text: str) -> bool:
    return part in text


def _fraction(moment: datetime | time) -> float:
    return moment.microsecond / 1e6


def _offset(moment: datetime) -> int:
    """Times are kept in UTC."""
    return 0


def _first() -> datetime:
    return datetime.min.replace(tzinfo=UTC)


def _last() -> datetime:
    return datetime.max.replace(tzinfo=UTC)


def _concat(left: str, right: str) -> str:
    return left + right


def _distance(one: BaseGeometry, other: BaseGeometry) -> float:
    """In metres on the ellipsoid, between the points that are nearest in degrees."""
    return _length(shapely.shortest_line(one, other))


def _length(shape: BaseGeometry) -> float:
    return abs(float(ELLIPSOID.geometry_length(shape)))


def _relate(one: BaseGeometry, other: BaseGeometry, pattern: str) -> bool:
    if len(pattern) != 9 or set(pattern.upper()) - set("TF*012"):
        raise ValueError(pattern)
    return bool(shapely.relate_pattern(one, other, pattern.upper()))


def _spatial(does: Callable[[BaseGeometry, BaseGeometry], Any]) -> Function:
    def holds(one: BaseGeometry, other: BaseGeometry) -> bool:
        return bool(does(one, other))

    return _function(_BOOLEAN, holds, _SHAPE, _SHAPE)


def _now() -> datetime:
    return datetime.now(UTC)


def _half_up(number: float) -> float:
    return math.floor(number + 0.5) if number >= 0 else math.ceil(number - 0.5)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "substringof": _function(_BOOLEAN, _is_part, _TEXT, _TEXT),
    "contains": _function(_BOOLEAN, _contains, _TEXT, _TEXT),
    "startswith": _function(_BOOLEAN, str.startswith, _TEXT, _TEXT),
    "endswith": _function(_BOOLEAN, str.endswith, _TEXT, _TEXT),
    "length": _function(_NUMBER, len, _TEXT),
    "indexof": _function(_NUMBER, str.find, _TEXT, _TEXT),
    "substring": _function(_TEXT, _substring, _TEXT, _NUMBER, _NUMBER, needs=2),
    "tolower": _function(_TEXT, str.lower, _TEXT),
    "toupper": _function(_TEXT, str.upper, _TEXT),
    "trim": _function(_TEXT, str.strip, _TEXT),
    "concat": _function(_TEXT, _concat, _TEXT, _TEXT),
    "year": _function(_NUMBER, attrgetter("year"), _DAY),
    "month": _function(_NUMBER, attrgetter("month"), _DAY),
    "day": _function(_NUMBER, attrgetter("day"), _DAY),
    "hour": _function(_NUMBER, attrgetter("hour"), _CLOCK),
    "minute": _function(_NUMBER, attrgetter("minute"), _CLOCK),
    "second": _function(_NUMBER, attrgetter("second"), _CLOCK),
    "fractionalseconds": _function(_NUMBER, _fraction, _CLOCK),
    "date": _function(Kind.DAY, datetime.date, _MOMENT),
    "time": _function(Kind.CLOCK, datetime.time, _MOMENT),
    "totaloffsetminutes": _function(_NUMBER, _offset, _MOMENT),
    "now": _function(Kind.MOMENT, _now),
    "mindatetime": _function(Kind.MOMENT, _first),
    "maxdatetime": _function(Kind.MOMENT, _last),
    "round": _function(_NUMBER, _half_up, _NUMBER),
    "floor": _function(_NUMBER, math.floor, _NUMBER),
    "ceiling": _function(_NUMBER, math.ceil, _NUMBER),
    "geo.distance": _function(_NUMBER, _distance, _SHAPE, _SHAPE),
    "geo.length": _function(_NUMBER, _length, _SHAPE),
    "geo.intersects": _spatial(shapely.intersects),
    "st_equals": _spatial(shapely.equals),
    "st_disjoint": _spatial(shapely.disjoint),
    "st_touches": _spatial(shapely.touches),
    "st_within": _spatial(shapely.within),
    "st_overlaps": _spatial(shapely.overlaps),
    "st_crosses": _spatial(shapely.crosses),
    "st_intersects": _spatial(shapely.intersects),
    "st_contains": _spatial(shapely.contains),
    "st_relate": _function(_BOOLEAN, _relate, _SHAPE, _SHAPE, _TEXT),
}
"""By the names that the standard gives them (18-088, 9.3.3.5), and `contains` of OData 4."""

ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": lambda left, right: left / right,
    "mod": math.fmod,
}
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
_GIVES: Final[Mapping[tuple[str, Kind, Kind], Kind]] = {
    ("add", Kind.MOMENT, Kind.SPAN): Kind.MOMENT,
    ("sub", Kind.MOMENT, Kind.SPAN): Kind.MOMENT,
    ("sub", Kind.MOMENT, Kind.MOMENT): Kind.SPAN,
    ("add", Kind.DAY, Kind.SPAN): Kind.DAY,
    ("sub", Kind.DAY, Kind.SPAN): Kind.DAY,
    ("add", Kind.SPAN, Kind.SPAN): Kind.SPAN,
    ("sub", Kind.SPAN, Kind.SPAN): Kind.SPAN,
    ("mul", Kind.SPAN, Kind.NUMBER): Kind.SPAN,
    ("div", Kind.SPAN, Kind.NUMBER): Kind.SPAN,
}


def arithmetic_kind(name: str, left: Kind, right: Kind) -> Kind | None:
    """What the operator gives for these; None when they cannot be reckoned with so."""
    unknown = (Kind.ANYTHING, Kind.NULL)
    if left in unknown or right in unknown:
        return Kind.ANYTHING
    if left is right is Kind.NUMBER:
        return Kind.NUMBER
    return _GIVES.get((name, left, right))
