"""Addresses below `/sta/v1.1`: `Things('x')/Datastreams`, read into what they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.http.sta.asking import read_id
from app.http.sta.graph import Entity, Graph
from app.http.sta.kinds import COLLECTIONS, TYPES, EntityType
from app.http.sta.observed import Connection, Observation, Scope, find
from app.problems import Problem

_STEP: Final = re.compile(
    r"(?P<name>[$\w@.]+)(?:\((?:'(?P<quoted>(?:[^']|'')*)'|(?P<plain>[^'()/]+))\))?(?:/|$)"
)
_LONGEST: Final = 1000
_MOST_STEPS: Final = 12


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of an address; *id* is None where none stands in brackets."""

    name: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Several:
    """A collection. *entities* are those in memory; of observations the *scope* says which."""

    type: EntityType
    entities: Sequence[Entity]
    scope: Scope
    references: bool = False


@dataclass(frozen=True, slots=True)
class Single:
    """One entity, or with *inner* a property of it, bare when *value*; or how it is called."""

    type: EntityType
    entity: Entity | Observation
    inner: tuple[str, ...] = ()
    value: bool = False
    reference: bool = False


def steps_of(path: str) -> list[Step]:
    """The pieces of an address; Problem 404 for what is none."""
    found: list[Step] = []
    at = 0
    if len(path) > _LONGEST:
        raise nothing_there("the address is too long")
    while at < len(path):
        piece = _STEP.match(path, at)
        if piece is None or len(found) == _MOST_STEPS:
            raise nothing_there(f"{path[at : at + 60]!r} leads nowhere")
        quoted = piece["quoted"]
        id = piece["plain"] if quoted is None else quoted.replace("''", "'")
        found.append(Step(piece["name"], id))
        at = piece.end()
    return found


async def resolve(conn: Connection, graph: Graph, path: str, whole: Scope) -> Several | Single:
    """What an address names; Problem 404 when there is no such thing. *whole* is what one sees."""
    first, *further = steps_of(path)
    entity_type = COLLECTIONS.get(first.name)
    if entity_type is None:
        raise nothing_there(f"{first.name!r} is no collection; there are {', '.join(COLLECTIONS)}")
    here: Several | Single = Several(entity_type, list(graph.all(entity_type.name)), whole)
    if first.id is not None:
        here = await _one_of(conn, here, first.id)
    for number, step in enumerate(further):
        last = number == len(further) - 1
        if step.name == "$ref" and last and step.id is None:
            return _referred(here)
        if isinstance(here, Several):
            raise nothing_there(f"{step.name!r} cannot follow a collection without an id")
        if step.name not in here.type.links:
            return _property(here, further[number:])
        here = await _led(conn, graph, here, step, whole)
    return here


async def _led(
    conn: Connection, graph: Graph, here: Single, step: Step, whole: Scope
) -> Several | Single:
    """Where a link leads from an entity."""
    link = here.type.links[step.name]
    there = TYPES[link.to]
    if isinstance(here.entity, Observation):
        found = _of_observation(graph, here.entity, step.name)
    elif link.to == "Observation":
        several = Several(there, (), _observed(here.entity, graph))
        return several if step.id is None else await _one_of(conn, several, step.id)
    else:
        found = graph.related(here.entity, step.name)
    if link.many:
        several = Several(there, found, whole)
        return several if step.id is None else await _one_of(conn, several, step.id)
    if not found or step.id is not None:
        raise nothing_there(f"there is no such {step.name}")
    return Single(there, found[0])


async def _one_of(conn: Connection, several: Several, id: str) -> Single:
    name = several.type.name
    found: Entity | Observation | None
    if name == "Observation":
        known = read_id(id) if "\0" not in id else None
        found = await find(conn, several.scope, *known) if known else None
    else:
        found = next((one for one in several.entities if one.id == id), None)
    if found is None:
        raise nothing_there(f"there is no {name} {id[:80]!r}")
    return Single(several.type, found)


def _of_observation(graph: Graph, row: Observation, link: str) -> list[Entity]:
    id = row.feature or row.code if link == "FeatureOfInterest" else row.code
    entity = graph.find(link, id)
    return [] if entity is None else [entity]


def _observed(entity: Entity, graph: Graph) -> Scope:
    """The observations of a Datastream or FeatureOfInterest."""
    if entity.type == "Datastream":
        return Scope([entity.id])
    if graph.find("Datastream", entity.id) is not None:
        return Scope([entity.id], own_place=True)
    return Scope([one.id for one in graph.all("Datastream")], feature=entity.id)


def _referred(here: Several | Single) -> Several | Single:
    if isinstance(here, Several):
        return Several(here.type, here.entities, here.scope, references=True)
    return Single(here.type, here.entity, reference=True)


def _property(here: Single, steps: Sequence[Step]) -> Single:
    names = tuple(step.name for step in steps)
    value = names[-1] == "$value"
    inner = names[:-1] if value else names
    known = (*here.type.holds, "@iot.id", "id", "@iot.selfLink")
    if any(step.id is not None for step in steps) or not inner or inner[0] not in known:
        raise nothing_there(f"{here.type.name} has no {'/'.join(names)!r}")
    return Single(here.type, here.entity, inner, value)


def nothing_there(problem: str) -> Problem:
    """The answer for an address that names nothing."""
    return Problem(404, problem)
