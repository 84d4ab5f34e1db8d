"""Filtering and ordering the entities in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cmp_to_key
from typing import Any, Final

from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from app.http.sta.evaluating import condition, logic
from app.http.sta.expressions import Call, Expression, Kind, Path, kind_of, paths_of
from app.http.sta.graph import Entity, Graph
from app.http.sta.kinds import IDS, TYPES
from app.http.sta.tokens import BadExpression

_LOGIC: Final = ("and", "or", "not")
_SHAPES: Final = ("location", "feature", "observedArea")
_Both = tuple[Entity, Entity | None]
"""An entity, and one of several that a link leads to while they are gone through."""


def chosen(
    graph: Graph, name: str, entities: Collection[Entity], expression: Expression
) -> list[Entity]:
    """The entities, of one type, that an expression holds for.

    Where it names a property of several others, as `Locations/name` of a Thing, it holds when it
    does of one of them.
    """
    holds = _condition(graph, name, expression)
    return [entity for entity in entities if holds(entity)]


def ordered(
    graph: Graph, name: str, entities: Sequence[Entity], order: Sequence[tuple[Path, bool]]
) -> list[Entity]:
    """The entities ordered by properties, each with whether it descends; null goes first."""
    kept = list(entities)
    for path, descends in reversed(order):
        if _several(name, path) is not None:
            raise BadExpression(f"orders by {path}, of which there are several")
        value = _getter(graph)(path)
        kept.sort(key=cmp_to_key(lambda a, b, of=value: _compare(of((a, None)), of((b, None)))),
                  reverse=descends)  # fmt: skip
    return kept


def _compare(left: Any, right: Any) -> int:
    """Any two values have an order: by kind first, so that mixed ones do not break it."""
    one, other = _sortable(left), _sortable(right)
    return (one > other) - (one < other)


def _sortable(value: Any) -> tuple[int, Any]:
    kinds = list(Kind)
    kind = kind_of(value)
    if kind in (Kind.NULL, Kind.SHAPE, Kind.ANYTHING):
        return (0 if kind is Kind.NULL else len(kinds), 0)
    return (1 + kinds.index(kind), value)


def _condition(graph: Graph, name: str, expression: Expression) -> Callable[[Entity], bool]:
    if isinstance(expression, Call) and expression.name in _LOGIC:
        parts = [_condition(graph, name, one) for one in expression.arguments]
        return logic(expression.name, parts)
    several = {links for path in paths_of(expression) if (links := _several(name, path))}
    if len(several) > 1:
        raise BadExpression("compares properties of several entities with those of several others")
    holds = condition(expression, _getter(graph))
    if not several:
        return lambda entity: holds((entity, None))
    [prefix] = several
    return lambda entity: any(holds((entity, one)) for one in _reached(graph, entity, prefix))


def _several(name: str, path: Path) -> tuple[str, ...] | None:
    """The links of a path, when one of them leads to several."""
    links: list[str] = []
    many, here = False, TYPES[name]
    for part in path.parts[:-1]:
        if (link := here.links.get(part)) is None:
            break
        links.append(part)
        many, here = many or link.many, TYPES[link.to]
    return tuple(links) if many else None


def _reached(graph: Graph, entity: Entity, links: Sequence[str]) -> list[Entity]:
    here = [entity]
    for link in links:
        here = [other for one in here for other in graph.related(one, link)]
    return here


def _getter(graph: Graph) -> Callable[[Path], Callable[[_Both], Any]]:
    def getter(path: Path) -> Callable[[_Both], Any]:
        def value(both: _Both) -> Any:
            entity, other = both
            here, parts = entity, path.parts
            while len(parts) > 1 and parts[0] in TYPES[here.type].links:
                if TYPES[here.type].links[parts[0]].many:
                    # The one that is looked at stands for all that the links lead to.
                    return None if other is None else _property(other, _after_links(entity, path))
                related = graph.related(here, parts[0])
                if not related:
                    return None
                here, parts = related[0], parts[1:]
            return _property(here, parts)

        return value

    return getter


def _after_links(entity: Entity, path: Path) -> tuple[str, ...]:
    here, parts = TYPES[entity.type], path.parts
    while len(parts) > 1 and (link := here.links.get(parts[0])) is not None:
        here, parts = TYPES[link.to], parts[1:]
    return parts


def _property(entity: Entity, parts: Sequence[str]) -> Any:
    first, *inner = parts
    if first in IDS:
        return entity.id
    value = entity.properties.get(first)
    if first in _SHAPES:
        return _shape(value)
    for name in inner:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _shape(value: Any) -> BaseGeometry | None:
    """The shape of GeoJSON, None of what is none."""
    if isinstance(value, Mapping) and value.get("type") == "Feature":
        value = value.get("geometry")
    try:
        return shape(dict(value)) if isinstance(value, Mapping) else None
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError):
        return None
