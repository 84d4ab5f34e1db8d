"""The query options of a request, and of each `$expand` within: read, checked, bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from app.http.parameters import BadValue, Parameters, Query, flag_query
from app.http.sta.checking import Schema, check_condition
from app.http.sta.expressions import Expression, Kind, Path
from app.http.sta.kinds import IDS, TYPES, EntityType
from app.http.sta.parsing import parse_filter, parse_order
from app.http.sta.tokens import BadExpression

T = TypeVar("T")
U = TypeVar("U")
USUAL: Final = 100
MOST: Final = 1000
"""Entities of one page: when nothing is said, and at most; who asks for more gets as many."""

DEEPEST: Final = 4
"""How far `$expand` may lead."""

_FURTHEST: Final = 10_000_000
_DETAIL: Final = "the entities cannot be given as asked"
_FORMATS: Final = ("dataArray",)
_WITHIN: Final = ("$top", "$skip", "$count", "$select", "$filter", "$orderby", "$expand")
KNOWN: Final = (*_WITHIN, "$resultFormat", "$skiptoken")
QUERIES: Final = (
    Query("$top", f"Entities of a page, {USUAL} unless told, at most {MOST}", {"type": "integer"}),
    Query("$skip", "Entities to leave out before the page", {"type": "integer"}),
    flag_query("$count", "Whether to tell how many there are in all"),
    Query("$select", "Properties to tell, with commas between"),
    Query("$filter", "Which entities: result gt 5 and year(phenomenonTime) eq 2026"),
    Query("$orderby", "By what to order: phenomenonTime desc"),
    Query("$expand", "Entities to tell with these: Datastreams($expand=Observations($top=1))"),
    Query("$resultFormat", "dataArray: observations as rows", {"type": "string"}),
    Query("$skiptoken", "Where the page before ended; part of @iot.nextLink"),
)
"""What these doors take, as `/api/openapi.json` tells it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a collection or of one entity. *select* None: all properties.

    *order* has each property with whether it descends. *written* is `$filter` and the others as
    they came, for links.
    """

    top: int = USUAL
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] | None = None
    filter: Expression | None = None
    order: tuple[tuple[Path, bool], ...] = ()
    expand: Mapping[str, Options] | None = None
    data_array: bool = False
    token: str | None = None
    written: tuple[tuple[str, str], ...] = ()


def options_of(pairs: Sequence[tuple[str, str]], entity: EntityType) -> Options:
    """The options of a request for entities of a type; Problem 400 names each that is wrong."""
    given = Parameters(pairs, KNOWN)
    read = _Reader(entity, DEEPEST)
    data_array = given.take("$resultFormat", lambda text: read.result_format(text))
    options = _options(given, read)
    options = replace(
        options,
        data_array=bool(data_array),
        token=given.take("$skiptoken", str),
        written=tuple(pairs),
    )
    given.finish(400, _DETAIL)
    return options


def schema_of(entity: EntityType) -> Schema:
    """What the properties hold that filters over a type may name, near and far."""

    def kind(path: Path) -> Kind:
        here, parts = entity, path.parts
        while len(parts) > 1 and (link := here.links.get(parts[0])) is not None:
            if link.to == "Observation":
                raise BadExpression(f"names {path}", None, "ask at Observations for what they hold")
            here, parts = TYPES[link.to], parts[1:]
        return _held(here, parts, path)

    return kind


def _held(entity: EntityType, parts: tuple[str, ...], path: Path) -> Kind:
    first, *inner = parts
    if first in IDS and not inner:
        return Kind.TEXT
    held = entity.holds.get(first)
    if held is None:
        there = ", ".join(("id", *entity.holds, *entity.links))
        problem = f"names {path}, which {entity.plural} do not have"
        raise BadExpression(problem, None, f"there are {there}")
    if first in entity.untold:
        raise BadExpression(f"names {path}, which is told but not searched", None, "leave it out")
    if inner:
        if held is not Kind.ANYTHING:
            raise BadExpression(f"names {path}, but {first} holds {held}", None, "end there")
        return Kind.ANYTHING
    return held


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the texts of options for one type of entity; raises BadValue."""

    entity: EntityType
    depth: int

    def condition(self, text: str) -> Expression:
        expression = _expression(parse_filter, text)
        _expression(lambda one: check_condition(one, schema_of(self.entity)), expression)
        return expression

    def order(self, text: str) -> tuple[tuple[Path, bool], ...]:
        order = _expression(parse_order, text)
        for path, _ in order[:_MOST_ORDERS]:
            _expression(schema_of(self.entity), path)
        if len(order) > _MOST_ORDERS:
            raise BadValue(f"names {len(order)} properties", f"at most {_MOST_ORDERS}")
        return tuple(order)

    def select(self, text: str) -> tuple[str, ...]:
        chosen = tuple(part.strip() for part in text.split(","))
        known = (*IDS, *self.entity.holds, *self.entity.links)
        for name in chosen:
            if name.partition("/")[0] not in known:
                raise BadValue(f"names {name[:60]!r}", f"there are {', '.join(known)}")
        return tuple(name.partition("/")[0] for name in chosen)

    def expand(self, text: str) -> Mapping[str, Options]:
        found: dict[str, Options] = {}
        for part in _split(text, ","):
            name, options = self._expanded(part.strip())
            found[name] = _joined(found[name], options) if name in found else options
        return found

    def _expanded(self, text: str) -> tuple[str, Options]:
        """`Datastreams`, `Datastreams($top=1;…)` or `Datastreams/Observations`."""
        bracket = text.find("(")
        path = text if bracket < 0 else text[:bracket]
        name, _, further = path.strip().partition("/")
        if (link := self.entity.links.get(name)) is None:
            raise BadValue(f"names {name[:60]!r}", f"there are {', '.join(self.entity.links)}")
        if self.depth == 0:
            raise BadValue("leads too far", f"expand at most {DEEPEST} levels")
        within = _Reader(TYPES[link.to], self.depth - 1)
        inner = "" if bracket < 0 else _in_brackets(text, bracket)
        if further:
            return name, Options(expand=within.expand(further + text[len(path) :]))
        return name, _within(within, inner)

    def result_format(self, text: str) -> bool:
        if text not in _FORMATS or self.entity.name != "Observation":
            raise BadValue("is not known here", "dataArray, at Observations")
        return True


_MOST_ORDERS: Final = 4


def _options(given: Parameters, read: _Reader) -> Options:
    top = given.take("$top", _number(MOST))
    return Options(
        top=USUAL if top is None else top,
        skip=given.take("$skip", _number(_FURTHEST)) or 0,
        count=given.take("$count", _flag) or False,
        select=given.take("$select", read.select),
        filter=given.take("$filter", read.condition),
        order=given.take("$orderby", read.order) or (),
        expand=given.take("$expand", read.expand),
    )


def _within(read: _Reader, text: str) -> Options:
    """The options in the brackets of an expand, with semicolons between."""
    pairs: list[tuple[str, str]] = []
    for part in _split(text, ";") if text.strip() else ():
        name, _, value = part.strip().partition("=")
        pairs.append((name, value))
    inner = Parameters(pairs, _WITHIN)
    options = replace(_options(inner, read), written=tuple(pairs))
    for fault in inner.faults:
        raise BadValue(f"has {fault.field} within, which {fault.problem}", fault.remedy)
    return options


def _joined(one: Options, other: Options) -> Options:
    """`A/B,A/C` expands both of the same A."""
    expand = dict(one.expand or {})
    for name, options in (other.expand or {}).items():
        expand[name] = _joined(expand[name], options) if name in expand else options
    return replace(one, expand=expand or None)


def _in_brackets(text: str, begin: int) -> str:
    if not text.endswith(")"):
        raise BadValue("has a bracket that is not closed", "as in Datastreams($top=1;$select=name)")
    return text[begin + 1 : -1]


def _split(text: str, sign: str) -> Iterator[str]:
    """The parts between *sign*, where it stands neither in brackets nor in quotes."""
    depth, quoted, begin = 0, False, 0
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if character == sign and depth == 0:
                yield text[begin:at]
                begin = at + 1
    yield text[begin:]


def _expression(read: Callable[[T], U], told: T) -> U:
    try:
        return read(told)
    except BadExpression as bad:
        raise BadValue(bad.problem, bad.remedy) from bad


def _number(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise BadValue("is not a number of entities", f"0 to {most}")
        return min(int(text), most)

    return read


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise BadValue("is neither true nor false", "send true or false")
    return text == "true"
