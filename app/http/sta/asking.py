"""Conditions on observations as SQL: their own properties there, all others in memory before.

What is said of the Datastream or the FeatureOfInterest is asked of the graph, and becomes a list
of devices. Every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString, cast

from app.http.sta.choosing import chosen
from app.http.sta.evaluating import evaluated
from app.http.sta.expressions import Call, Expression, Kind, Literal, Path, kind_of, paths_of
from app.http.sta.graph import Graph
from app.http.sta.kinds import IDS, TYPES
from app.http.sta.tokens import BadExpression

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOGIC: Final[dict[str, LiteralString]] = {"and": " AND ", "or": " OR "}
_COMPARES: Final[dict[str, LiteralString]] = {
    "eq": " = ", "ne": " <> ", "gt": " > ", "ge": " >= ", "lt": " < ", "le": " <= ",
}  # fmt: skip
_RECKONS: Final[dict[str, LiteralString]] = {"add": " + ", "sub": " - ", "mul": " * "}
_COLUMNS: Final[dict[str, LiteralString]] = {
    "result": "o.value",
    "phenomenonTime": "o.at",
    "resultTime": "coalesce(n.result_at, o.at)",
}
_UTC: Final = " AT TIME ZONE 'UTC'"
_FUNCTIONS: Final[dict[str, tuple[LiteralString, LiteralString]]] = {
    "year": ("extract(year FROM ", f"{_UTC})::float8"),
    "month": ("extract(month FROM ", f"{_UTC})::float8"),
    "day": ("extract(day FROM ", f"{_UTC})::float8"),
    "hour": ("extract(hour FROM ", f"{_UTC})::float8"),
    "minute": ("extract(minute FROM ", f"{_UTC})::float8"),
    "second": ("floor(extract(second FROM ", f"{_UTC}))::float8"),
    "fractionalseconds": ("mod(extract(second FROM ", f"{_UTC}), 1)::float8"),
    "date": ("(", f"{_UTC})::date"),
    "time": ("(", f"{_UTC})::time"),
    "round": ("round(", "::numeric)::float8"),
    "floor": ("floor(", ")"),
    "ceiling": ("ceil(", ")"),
}
"""Around the one argument; round goes half away from zero as numeric, half to even as float8."""

_TYPES: Final[dict[Kind, LiteralString]] = {
    Kind.NUMBER: "%s::float8",
    Kind.MOMENT: "%s::timestamptz",
    Kind.DAY: "%s::date",
    Kind.CLOCK: "%s::time",
    Kind.SPAN: "%s::interval",
    Kind.BOOLEAN: "%s::boolean",
}
DEVICES: Final = "o.device = ANY(ARRAY(SELECT number FROM observing_device WHERE code = ANY(%s)))"


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL over `observation o` and `observation_note n`, with its values in order."""

    sql: LiteralString
    values: tuple[Any, ...] = ()


def asked_in_sql(expression: Expression, graph: Graph) -> Condition:
    """The condition, which was checked, as SQL; raises BadExpression for what cannot be mixed."""
    if isinstance(expression, Call) and expression.name in ("and", "or"):
        left, right = (asked_in_sql(one, graph) for one in expression.arguments)
        joint = _LOGIC[expression.name]
        return Condition(f"({left.sql}{joint}{right.sql})", left.values + right.values)
    if isinstance(expression, Call) and expression.name == "not":
        inner = asked_in_sql(expression.arguments[0], graph)
        return Condition(f"(NOT {inner.sql})", inner.values)
    match _roots(expression):
        case ("",):
            return _own(expression)
        case ("Datastream",):
            return _of_devices(expression, graph)
        case ("FeatureOfInterest",):
            return _of_features(expression, graph)
        case ():
            return Condition("%s::boolean", (_constant(expression) is True,))
        case roots:
            told = " and ".join(root or "the observation" for root in roots)
            raise BadExpression(
                f"holds properties of {told} against each other",
                None,
                "compare each with a value of its own and join them by and",
            )


def ordered_in_sql(path: Path) -> LiteralString:
    """The column to order by; raises BadExpression for what observations cannot be ordered by."""
    match path.parts:
        case (name,) if name in _COLUMNS:
            return _COLUMNS[name]
        case ("id",) | ("@iot.id",) | ("Datastream", "id") | ("Datastream", "@iot.id"):
            return "d.code"
        case _:
            remedy = "order by phenomenonTime, result, resultTime or Datastream/id"
            raise BadExpression(f"orders observations by {path}", None, remedy)


def id_of(code: str, at: datetime) -> str:
    """The id of an observation: device and millisecond, known before it is stored."""
    return f"{code}@{(at - _EPOCH) // timedelta(milliseconds=1)}"


def read_id(id: str) -> tuple[str, datetime] | None:
    """Device and time of the observation with the id; None when there can be none."""
    code, _, written = id.rpartition("@")
    if not (code and written.isascii() and written.isdigit() and len(written) < 15):
        return None
    try:
        return code, _EPOCH + timedelta(milliseconds=int(written))
    except OverflowError:
        return None


def _roots(expression: Expression) -> tuple[str, ...]:
    """What the properties belong to: '' for the observation itself."""
    links = TYPES["Observation"].links
    found = {path.parts[0] if path.parts[0] in links else "" for path in paths_of(expression)}
    return tuple(sorted(found))


def _of_devices(expression: Expression, graph: Graph) -> Condition:
    near = _without_link(expression)
    streams = chosen(graph, "Datastream", graph.all("Datastream"), near)
    return Condition(DEVICES, ([one.id for one in streams],))


def _of_features(expression: Expression, graph: Graph) -> Condition:
    near = _without_link(expression)
    features = chosen(graph, "FeatureOfInterest", graph.all("FeatureOfInterest"), near)
    ids = [one.id for one in features]
    return Condition(
        f"CASE WHEN n.feature IS NULL THEN {DEVICES} ELSE n.feature = ANY(%s) END", (ids, ids)
    )


def _without_link(expression: Expression) -> Expression:
    """The same of what the link leads to."""
    match expression:
        case Path(parts=(_, *parts)):
            return Path(tuple(parts))
        case Call(name, arguments):
            return Call(name, tuple(_without_link(one) for one in arguments))
        case _:
            return expression


def _own(expression: Expression) -> Condition:
    """A comparison of the observation's own properties."""
    match expression:
        case Call("eq" | "ne" as name, (left, right)):
            if _is_null(left) or _is_null(right):
                other = _value(left if _is_null(right) else right)
                test: LiteralString = " IS NULL" if name == "eq" else " IS NOT NULL"
                return Condition(f"({other.sql}{test})", other.values)
            if (ids := _ids(left, (right,)) or _ids(right, (left,))) is not None:
                return ids if name == "eq" else Condition(f"(NOT {ids.sql})", ids.values)
        case Call("in", (first, *others)) if (ids := _ids(first, others)) is not None:
            return ids
        case _:
            pass
    return _value(expression)


def _ids(path: Expression, others: Sequence[Expression]) -> Condition | None:
    """Which observations have one of these ids; None when it is not that that is asked."""
    if not (isinstance(path, Path) and path.parts[-1] in IDS):
        return None
    texts = [_constant(one) for one in others if not list(paths_of(one))]
    if len(texts) != len(others) or not all(isinstance(text, str) for text in texts):
        raise BadExpression("compares id with what is no id", None, "id eq 'W1@1764288000000'")
    found = [known for text in texts if (known := read_id(cast("str", text))) is not None]
    return Condition(
        "((d.code, o.at) IN (SELECT * FROM unnest(%s::text[], %s::timestamptz[])))",
        ([code for code, _ in found], [at for _, at in found]),
    )


def _value(expression: Expression) -> Condition:
    """A value of the observation's own properties; what names none is reckoned here."""
    if not list(paths_of(expression)):
        return _as_parameter(_constant(expression))
    match expression:
        case Path(parts=(name,)) if name in _COLUMNS:
            return Condition(_COLUMNS[name])
        case Call("in", (first, *others)):
            value, among = _value(first), [_value(one) for one in others]
            listed = ", ".join(one.sql for one in among)
            values = value.values + tuple(one for part in among for one in part.values)
            return Condition(f"({value.sql} IN ({listed}))", values)
        case Call("negative", (inner,)):
            value = _value(inner)
            return Condition(f"(- {value.sql})", value.values)
        case Call(name, (left, right)):
            return _between(name, _value(left), _value(right), expression)
        case Call(name, (inner,)) if name in _FUNCTIONS:
            before, after = _FUNCTIONS[name]
            value = _value(inner)
            return Condition(f"{before}{value.sql}{after}", value.values)
        case _:
            raise _not_here(expression)


def _between(name: str, left: Condition, right: Condition, whole: Call) -> Condition:
    values = left.values + right.values
    if name in _COMPARES:
        return Condition(f"({left.sql}{_COMPARES[name]}{right.sql})", values)
    if name in _RECKONS:
        return Condition(f"({left.sql}{_RECKONS[name]}{right.sql})", values)
    if name == "div":
        return Condition(f"({left.sql} / nullif({right.sql}, 0))", values)
    if name == "mod":
        sql = f"mod({left.sql}::numeric, nullif({right.sql}, 0)::numeric)::float8"
        return Condition(sql, values)
    raise _not_here(whole)


def _not_here(expression: Expression) -> BadExpression:
    what = expression.name if isinstance(expression, Call) else str(expression)
    return BadExpression(
        f"asks {what} of observations", None, "ask it of their Datastream or FeatureOfInterest"
    )


def _as_parameter(value: Any) -> Condition:
    kind = kind_of(value)
    if kind is Kind.NULL:
        return Condition("NULL")
    if kind not in _TYPES:
        raise BadExpression(f"holds {kind} against a property of observations")
    return Condition(_TYPES[kind], (value,))


def _constant(expression: Expression) -> Any:
    return evaluated(expression, _no_property)(None)


def _no_property(path: Path) -> Any:
    raise BadExpression(f"names {path}")


def _is_null(expression: Expression) -> bool:
    return isinstance(expression, Literal) and expression.value is None
