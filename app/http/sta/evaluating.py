"""Expressions asked of things in memory: made once into functions, then called for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from app.http.sta.expressions import Call, Expression, Kind, Literal, Path, kind_of
from app.http.sta.functions import ARITHMETIC, COMPARISONS, FUNCTIONS, arithmetic_kind

T = TypeVar("T")
Getter = Callable[[Path], Callable[[T], Any]]
"""Gives for a property the function that looks it up."""

_NOTHING: Final = (ValueError, OverflowError, ZeroDivisionError, TypeError, AttributeError)
_LOGIC: Final = ("and", "or", "not")


def condition(expression: Expression, getter: Getter[T]) -> Callable[[T], bool]:
    """Whether *expression*, which was checked, holds; null does not."""
    value = evaluated(expression, getter)
    return lambda one: value(one) is True


def evaluated(expression: Expression, getter: Getter[T]) -> Callable[[T], Any]:
    """What *expression* gives of a thing; None where there is nothing to give."""
    match expression:
        case Literal(value):
            return lambda _: value
        case Path():
            return getter(expression)
        case Call(name, arguments) if name in _LOGIC:
            return logic(name, [condition(one, getter) for one in arguments])
        case Call(name, arguments) if name in COMPARISONS:
            left, right = (evaluated(one, getter) for one in arguments)
            return lambda one: compared(name, left(one), right(one))
        case Call("in", (first, *others)):
            value, among = evaluated(first, getter), [evaluated(one, getter) for one in others]
            return lambda one: any(compared("eq", value(one), other(one)) for other in among)
        case Call(name, arguments):
            return _applied(name, [evaluated(one, getter) for one in arguments])


def compared(name: str, left: Any, right: Any) -> bool:
    """One value held against another; what cannot be compared is not equal, greater or less."""
    if left is None or right is None:
        return (left is right) == (name == "eq") and name in ("eq", "ne")
    left, right = _alike(left, right)
    if kind_of(left) is not kind_of(right) or kind_of(left) is Kind.ANYTHING:
        return name == "ne"
    try:
        return COMPARISONS[name](left, right)
    except _NOTHING:
        return False


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Times in properties of one's own are texts: beside a time they are read as one."""
    if isinstance(left, datetime) and isinstance(right, str):
        return left, _moment(right)
    if isinstance(left, str) and isinstance(right, datetime):
        return _moment(left), right
    return left, right


def _moment(text: str) -> datetime | str:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return text
    return read if read.tzinfo is not None else text


def logic(name: str, parts: list[Callable[[T], bool]]) -> Callable[[T], bool]:
    """``and``, ``or`` and ``not`` of conditions on the same thing."""
    match name, parts:
        case "and", [left, right]:
            return lambda one: left(one) and right(one)
        case "or", [left, right]:
            return lambda one: left(one) or right(one)
        case _:
            [inner] = parts
            return lambda one: not inner(one)


def _applied(name: str, arguments: list[Callable[[T], Any]]) -> Callable[[T], Any]:
    function = FUNCTIONS.get(name)
    does = function.does if function else ARITHMETIC.get(name, _negative)

    def apply(one: T) -> Any:
        values = [argument(one) for argument in arguments]
        if any(value is None for value in values) or not _fit(name, values):
            return None
        try:
            return does(*values)
        except _NOTHING:
            return None

    return apply


def _fit(name: str, values: list[Any]) -> bool:
    """Whether the values are what the function takes: of one's own properties nobody knows before.

    Python would take more than the standard means: a text times a milliard, for one.
    """
    kinds = [kind_of(value) for value in values]
    if name in FUNCTIONS:
        return all(map(_is_among, kinds, FUNCTIONS[name].takes))
    if name == "negative":
        return kinds[0] in (Kind.NUMBER, Kind.SPAN)
    return arithmetic_kind(name, kinds[0], kinds[1]) not in (None, Kind.ANYTHING)


def _is_among(kind: Kind, kinds: tuple[Kind, ...]) -> bool:
    return kind in kinds


def _negative(value: Any) -> Any:
    return -value
