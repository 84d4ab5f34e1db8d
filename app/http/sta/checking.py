"""Whether an expression makes sense before anything is looked at: kinds of values, arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.http.sta.expressions import Call, Expression, Kind, Literal, Path
from app.http.sta.functions import COMPARISONS, FUNCTIONS, arithmetic_kind
from app.http.sta.tokens import BadExpression

_LOOSE: Final = (Kind.ANYTHING, Kind.NULL)
_SAME: Final = ("eq", "ne", "in")
_ORDERED: Final = (Kind.NUMBER, Kind.TEXT, Kind.MOMENT, Kind.DAY, Kind.CLOCK, Kind.SPAN)

Schema = Callable[[Path], Kind]
"""What a property holds; raises BadExpression for one that there is not."""


def check_condition(expression: Expression, schema: Schema) -> None:
    """Raise BadExpression unless *expression* is true or false of an entity."""
    kind = check(expression, schema)
    if kind not in (Kind.BOOLEAN, *_LOOSE):
        raise BadExpression(f"is {kind}, not a condition")


def check(expression: Expression, schema: Schema) -> Kind:
    """What *expression* gives; raises BadExpression when it can give nothing."""
    match expression:
        case Literal():
            return expression.kind
        case Path():
            return schema(expression)
        case Call(name, arguments):
            kinds = [check(one, schema) for one in arguments]
            return _called(name, kinds)


def _called(name: str, kinds: list[Kind]) -> Kind:
    if name in FUNCTIONS:
        return _function(name, kinds)
    if name in ("and", "or", "not"):
        for kind in kinds:
            _must_be(name, kind, Kind.BOOLEAN)
        return Kind.BOOLEAN
    if name in COMPARISONS or name == "in":
        _comparison(name, kinds)
        return Kind.BOOLEAN
    if name == "negative":
        _must_be("-", kinds[0], Kind.NUMBER, Kind.SPAN)
        return kinds[0]
    if (given := arithmetic_kind(name, kinds[0], kinds[1])) is None:
        raise BadExpression(f"cannot {name} {kinds[0]} and {kinds[1]}")
    return given


def _comparison(name: str, kinds: list[Kind]) -> None:
    left = kinds[0]
    for right in kinds[1:]:
        if left in _LOOSE or right in _LOOSE:
            continue
        if left is not right or (name not in _SAME and left not in _ORDERED):
            raise BadExpression(f"compares {left} with {right} by {name}", None, _as_written(left))


def _function(name: str, kinds: list[Kind]) -> Kind:
    function = FUNCTIONS[name]
    if not function.needs <= len(kinds) <= len(function.takes):
        problem = f"gives {name} {len(kinds)} arguments"
        raise BadExpression(problem, None, f"{name} takes {len(function.takes)}")
    for kind, takes in zip(kinds, function.takes, strict=False):
        _must_be(name, kind, *takes)
    return function.gives


def _must_be(name: str, kind: Kind, *takes: Kind) -> None:
    if kind not in (*takes, *_LOOSE):
        raise BadExpression(f"gives {name} {kind}", None, f"it takes {' or '.join(takes)}")


def _as_written(kind: Kind) -> str:
    return {
        Kind.TEXT: "write texts in single quotes",
        Kind.MOMENT: "write times without quotes, like 2026-11-23T08:00:00Z",
        Kind.SPAN: "write durations like duration'PT1H'",
        Kind.SHAPE: "compare shapes by st_equals(location, geography'POINT (113 29)')",
    }.get(kind, "compare like with like")
