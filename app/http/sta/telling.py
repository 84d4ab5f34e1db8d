"""Entities as SensorThings tells them: properties, links, and what was expanded."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode

from app.http.sta.choosing import chosen, ordered
from app.http.sta.graph import Entity, Graph
from app.http.sta.kinds import IDS, TYPES, EntityType
from app.http.sta.observed import (
    Connection,
    Observation,
    Page,
    Scope,
    read_of_each,
    read_page,
    read_spans,
)
from app.http.sta.options import Options
from app.http.sta.paging import Mark
from app.http.sta.shapes import Told, data_arrays, moment_text, plain, values_of
from app.problems import Fault, Problem

MOST_TOLD: Final = 20_000
"""Entities of one answer, with all that is expanded."""

_OBSERVATION: Final = TYPES["Observation"]
_DATASTREAM: Final = TYPES["Datastream"]


@dataclass(slots=True)
class Teller:
    """Tells the entities of a graph to one who asked. *root* is the address of the service."""

    conn: Connection
    graph: Graph
    root: str
    told: int = 0

    async def page(
        self, entity_type: EntityType, entities: Sequence[Entity], options: Options, path: str
    ) -> Told:
        """A page of entities in memory, as a collection."""
        rows, count, more = await asyncio.to_thread(self._chosen, entity_type, entities, options)
        answer: Told = {"@iot.count": count} if options.count else {}
        if more:
            onward = options.skip + len(rows)
            answer["@iot.nextLink"] = self._onward(path, options.written, "$skip", str(onward))
        answer["value"] = await self.entities(entity_type, rows, options)
        return answer

    async def observations_page(self, scope: Scope, options: Options, path: str) -> Told:
        """A page of observations, as a collection or as data arrays."""
        page = await read_page(self.conn, self.graph, scope, options)
        answer: Told = {} if page.count is None else {"@iot.count": page.count}
        if page.following is not None:
            answer["@iot.nextLink"] = self._after(path, options, page.following)
        self._reckon(len(page.rows))
        if options.data_array:
            answer["value"] = data_arrays(page.rows, options, partial(self.address, _DATASTREAM))
        else:
            answer["value"] = await self.observations(page.rows, options)
        return answer

    async def entities(
        self, entity_type: EntityType, entities: Sequence[Entity], options: Options
    ) -> list[Told]:
        """Entities in memory, each with what is expanded of it."""
        self._reckon(len(entities))
        rows = [self._entity(entity_type, one, options) for one in entities]
        if entity_type.name == "Datastream" and _shows(options, "phenomenonTime", "resultTime"):
            await self._tell_spans(entities, rows, options)
        for link, inner in (options.expand or {}).items():
            await self._expand(entity_type, entities, rows, link, inner)
        return rows

    async def observations(self, rows: Sequence[Observation], options: Options) -> list[Told]:
        """Observations, each with what is expanded of it."""
        told = [self._observation(row, options) for row in rows]
        for link, inner in (options.expand or {}).items():
            ids = [row.feature or row.code if link != "Datastream" else row.code for row in rows]
            ends = {id: self.graph.find(link, id) for id in ids}
            known = [end for end in ends.values() if end is not None]
            there = dict(
                zip(
                    (end.id for end in known),
                    await self.entities(TYPES[link], known, inner),
                    strict=True,
                )
            )
            for row, id in zip(told, ids, strict=True):
                _put(row, link, there.get(id))
        return told

    def address(self, entity_type: EntityType, id: str) -> str:
        """The address of an entity."""
        written = quote(id.replace("'", "''"), safe="@:.-_~")
        return f"{self.root}/{entity_type.plural}('{written}')"

    def _entity(self, entity_type: EntityType, entity: Entity, options: Options) -> Told:
        told = {
            name: plain(value)
            for name in entity_type.holds
            if (value := entity.properties.get(name)) is not None
        }
        return self._shaped(entity_type, entity.id, told, options)

    def _observation(self, row: Observation, options: Options) -> Told:
        return self._shaped(_OBSERVATION, row.id, values_of(row), options)

    def _shaped(self, entity_type: EntityType, id: str, told: Told, options: Options) -> Told:
        """With id and links, cut down to what was selected."""
        own = self.address(entity_type, id)
        whole: Told = {"@iot.id": id, "@iot.selfLink": own, **told}
        whole |= {f"{link}@iot.navigationLink": f"{own}/{link}" for link in entity_type.links}
        if options.select is None:
            return whole
        chosen = {name if name not in IDS else "@iot.id" for name in options.select}
        chosen |= {f"{link}@iot.navigationLink" for link in chosen}
        return {name: value for name, value in whole.items() if name in chosen}

    async def _tell_spans(
        self, entities: Sequence[Entity], rows: Sequence[Told], options: Options
    ) -> None:
        """From when to when a Datastream has observations: both times of it."""
        spans = await read_spans(self.conn, [entity.id for entity in entities])
        for entity, row in zip(entities, rows, strict=True):
            if (span := spans.get(entity.id)) is not None:
                told = f"{moment_text(span[0])}/{moment_text(span[1])}"
                for name in ("phenomenonTime", "resultTime"):
                    if _shows(options, name):
                        row[name] = told

    async def _expand(
        self,
        entity_type: EntityType,
        entities: Sequence[Entity],
        rows: Sequence[Told],
        link: str,
        options: Options,
    ) -> None:
        """Put into each row what a link leads to, read for all of them together."""
        to = entity_type.links[link]
        if to.to == "Observation":
            return await self._expand_observations(entity_type, entities, rows, options)
        parts = [self.graph.related(entity, link) for entity in entities]
        cut = await asyncio.to_thread(
            lambda: [self._chosen(TYPES[to.to], part, options) for part in parts]
        )
        flat = [one for part, _, _ in cut for one in part]
        told = iter(await self.entities(TYPES[to.to], flat, options))
        for entity, row, (part, count, more) in zip(entities, rows, cut, strict=True):
            inner = [next(told) for _ in part]
            if not to.many:
                _put(row, link, inner[0] if inner else None)
                continue
            _put(row, link, inner)
            if options.count:
                row[f"{link}@iot.count"] = count
            if more:
                path = f"{self.address(entity_type, entity.id)}/{link}"
                onward = str(options.skip + len(part))
                row[f"{link}@iot.nextLink"] = self._onward(path, options.written, "$skip", onward)
        return None

    async def _expand_observations(
        self,
        entity_type: EntityType,
        entities: Sequence[Entity],
        rows: Sequence[Told],
        options: Options,
    ) -> None:
        self._refuse_flood(len(entities) * options.top)
        pages = await self._pages(entity_type, entities, options)
        flat = [one for page in pages for one in page.rows]
        self._reckon(len(flat))
        told = iter(await self.observations(flat, options))
        for entity, row, page in zip(entities, rows, pages, strict=True):
            _put(row, "Observations", [next(told) for _ in page.rows])
            if page.count is not None:
                row["Observations@iot.count"] = page.count
            if page.following is not None:
                path = f"{self.address(entity_type, entity.id)}/Observations"
                row["Observations@iot.nextLink"] = self._after(path, options, page.following)

    async def _pages(
        self, entity_type: EntityType, entities: Sequence[Entity], options: Options
    ) -> list[Page]:
        own_place = entity_type.name == "FeatureOfInterest"
        codes = [one.id for one in entities if self.graph.find("Datastream", one.id) is not None]
        placed = await read_of_each(self.conn, self.graph, codes, options, own_place=own_place)
        pages: list[Page] = []
        for entity in entities:
            if (page := placed.get(entity.id)) is None:
                scope = Scope([one.id for one in self.graph.all("Datastream")], entity.id)
                page = await read_page(self.conn, self.graph, scope, options)
            pages.append(page)
        return pages

    def _chosen(
        self, entity_type: EntityType, entities: Collection[Entity], options: Options
    ) -> tuple[list[Entity], int, bool]:
        """Those of a page, how many there are in all, and whether more follow."""
        found = list(entities)
        if options.filter is not None:
            found = chosen(self.graph, entity_type.name, found, options.filter)
        if options.order:
            found = ordered(self.graph, entity_type.name, found, options.order)
        rows = found[options.skip : options.skip + options.top]
        more = 0 < options.top < len(found) - options.skip
        return rows, len(found), more

    def _onward(self, path: str, written: Sequence[tuple[str, str]], name: str, value: str) -> str:
        kept = [pair for pair in written if pair[0] not in ("$skip", "$skiptoken")]
        return f"{path}?{urlencode([*kept, (name, value)], safe='$', quote_via=quote)}"

    def _after(self, path: str, options: Options, mark: Mark) -> str:
        return self._onward(path, options.written, "$skiptoken", mark.write())

    def _reckon(self, more: int) -> None:
        self.told += more
        self._refuse_flood(0)

    def _refuse_flood(self, coming: int) -> None:
        if self.told + coming > MOST_TOLD:
            told = f"would hold more than {MOST_TOLD} entities"
            fault = Fault("$expand", told, "ask for less with $top, here or within $expand")
            raise Problem(400, "the entities cannot be given as asked", fault)


def of_one(options: Options) -> Options:
    """The options that mean something for one entity: what is selected and expanded."""
    return Options(select=options.select, expand=options.expand)


def _shows(options: Options, *names: str) -> bool:
    return options.select is None or any(name in options.select for name in names)


def _put(row: Told, link: str, value: Any) -> None:
    row.pop(f"{link}@iot.navigationLink", None)
    row[link] = value


def references(root: Teller, entity_type: EntityType, ids: Sequence[str]) -> Mapping[str, Any]:
    """How entities are called, and nothing else of them."""
    return {"value": [{"@iot.selfLink": root.address(entity_type, id)} for id in ids]}
