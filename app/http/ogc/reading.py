"""Rows of a collection as it was asked for: one page, how many there are in all, or one feature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import shapely
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from app.http.ogc.asking import Asked, Window
from app.http.ogc.collections import Collection, Time
from app.http.ogc.paging import Cursor
from app.policy import Reach
from dispatch.postgres.clock import now
from grid.versions.postgres import active_reign, list_reigns

Row = dict[str, Any]
_Connection = AsyncConnection[Any]
_DIGITS: Final = "9"
"""Of degrees: the lattice on which cells are drawn, so that neighbours still meet exactly."""


class ForeignReleases(Exception):
    """A cursor names releases that were never in force."""


@dataclass(frozen=True, slots=True)
class Page:
    """Features in the order of their keys; *following* is None on the last page."""

    rows: list[Row]
    matched: int
    following: Cursor | None


@dataclass(frozen=True, slots=True)
class _Where:
    """Conditions in the making, with their values."""

    conditions: list[LiteralString] = field(default_factory=list[LiteralString])
    values: dict[str, object] = field(default_factory=dict[str, object])

    def add(self, condition: LiteralString, **values: object) -> None:
        self.conditions.append(condition)
        self.values.update(values)

    @property
    def sql(self) -> LiteralString:
        return " AND ".join(self.conditions) or "true"


async def read_page(
    conn: _Connection, collection: Collection, asked: Asked, within: Reach | None
) -> Page:
    """One page of what was asked. *within* narrows cases to a reach.

    Raises ForeignReleases for a cursor that was made up.
    """
    where, releases = _Where(), ()
    if collection.time is Time.RELEASE:
        releases = await _releases(conn, asked)
        _in_releases(where, collection, releases)
    elif collection.time is Time.SURVEY:
        _in_surveys(where, asked.window)
    elif asked.window is not None:
        _alive(where, asked.window)
    if within is not None:
        condition, values = within.sql()
        where.add(condition, **values)
    _narrowed(where, collection, asked)
    matched = await _count(conn, collection, where)
    if asked.cursor is not None:
        where.add(f"{collection.key} > %(after)s", after=asked.cursor.after)
    rows = await _rows(conn, collection, where, asked.limit + 1)
    following = None
    if len(rows) > asked.limit:
        rows.pop()
        following = Cursor(rows[-1]["id"], releases)
    return Page(rows, matched, following)


async def find_feature(conn: _Connection, collection: Collection, key: str | int) -> Row | None:
    """The feature with the key, None when there is none.

    Of a cell or area that is no more, as it was last in force; of a component, as it was last.
    """
    where = _Where()
    where.add(f"{collection.key} = %(key)s", key=key)
    if collection.time is Time.RELEASE:
        _in_releases(where, collection, await _begun(conn))
    elif collection.time is Time.SURVEY:
        _in_surveys(where, Window(None, None))
    rows = await _rows(conn, collection, where, 1)
    return rows[0] if rows else None


async def _releases(conn: _Connection, asked: Asked) -> tuple[int, ...]:
    """The versions that are asked for, the last in force first; those of the first page stay."""
    if asked.cursor is not None:
        ordered = {reign.version for reign in await list_reigns(conn)}
        if not ordered.issuperset(asked.cursor.releases):
            raise ForeignReleases
        return asked.cursor.releases
    if asked.window is None:
        reign = await active_reign(conn, await now(conn))
        return () if reign is None else (reign.version,)
    reigns = await list_reigns(conn)
    met = (one for one in reigns if asked.window.meets(one.active_from, one.active_until))
    return _last_first(one.version for one in met)


async def _begun(conn: _Connection) -> tuple[int, ...]:
    moment = await now(conn)
    begun = (one for one in await list_reigns(conn) if one.active_from <= moment)
    return _last_first(one.version for one in begun)


def _last_first(versions: Any) -> tuple[int, ...]:
    return tuple(dict.fromkeys(reversed(list(versions))))


def _in_releases(where: _Where, collection: Collection, releases: tuple[int, ...]) -> None:
    """Rows of these versions, of each code the one of the first of them that has it."""
    if len(releases) == 1:  # the usual one: its index gives rows in the order of their codes
        where.add("grid_version = %(release)s", release=releases[0])
        return
    where.add(
        f"""grid_version = ANY(%(releases)s::int[]) AND NOT EXISTS (
            SELECT FROM {collection.table} AS later
             WHERE later.code = {collection.table}.code
               AND later.grid_version = ANY(%(releases)s::int[])
               AND array_position(%(releases)s::int[], later.grid_version)
                 < array_position(%(releases)s::int[], {collection.table}.grid_version))""",
        releases=list(releases),
    )


def _in_surveys(where: _Where, window: Window | None) -> None:
    """Components that stand, or as they stood last within a window."""
    if window is None:
        where.add("ended_at IS NULL")
        return
    where.add(
        """(%(until)s::timestamptz IS NULL OR loaded_at <= %(until)s)
           AND (%(since)s::timestamptz IS NULL OR ended_at IS NULL OR ended_at > %(since)s)
           AND NOT EXISTS (
               SELECT FROM component AS later
                WHERE later.id = component.id
                  AND later.version > component.version
                  AND (%(until)s::timestamptz IS NULL OR later.loaded_at <= %(until)s))""",
        since=window.since,
        until=window.until,
    )


def _alive(where: _Where, window: Window) -> None:
    where.add(
        """(%(until)s::timestamptz IS NULL OR reported_at <= %(until)s)
           AND (%(since)s::timestamptz IS NULL OR closed_at IS NULL OR closed_at >= %(since)s)""",
        since=window.since,
        until=window.until,
    )


def _narrowed(where: _Where, collection: Collection, asked: Asked) -> None:
    for name, value in (asked.filters or {}).items():
        where.add(collection.queryables[name].condition, **{name: value})
    meets: LiteralString = f"ST_Intersects({collection.geometry}, ST_GeomFromWKB(%(box)s, 4326))"
    match asked.boxes:
        case [box]:
            where.add(meets, box=shapely.to_wkb(box))
        case [east, west]:
            also = meets.replace("box", "other_box")
            where.add(
                f"({meets} OR {also})", box=shapely.to_wkb(east), other_box=shapely.to_wkb(west)
            )
        case _:
            pass


async def _count(conn: _Connection, collection: Collection, where: _Where) -> int:
    query = f"SELECT count(*) FROM {collection.table} WHERE {where.sql}"
    found = await conn.execute(query, where.values)
    [count] = await found.fetchone() or (0,)
    return count


async def _rows(conn: _Connection, collection: Collection, where: _Where, limit: int) -> list[Row]:
    page = f"""
        SELECT {collection.key} AS id, {collection.columns},
               ST_AsGeoJSON(ST_ForcePolygonCCW({collection.geometry}), {_DIGITS}) AS geometry
          FROM {collection.table}
         WHERE {where.sql}
         ORDER BY {collection.key}
         LIMIT %(rows)s
    """
    if collection.life is not None:
        page = f"""
            WITH page AS MATERIALIZED ({page})
            SELECT page.*, life.began_at, life.ended_at
              FROM page
              LEFT JOIN ({collection.life}) AS life ON life.code = page.id
             ORDER BY page.id
        """
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(page, {**where.values, "rows": limit})
        return await cursor.fetchall()
