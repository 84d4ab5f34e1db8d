"""Components in PostgreSQL: every version of each, and the nearest one to a position."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import shapely
from psycopg import AsyncConnection
from psycopg.rows import class_row, tuple_row

from grid.components.component import Component

SRID: Final = 4326
CANDIDATES: Final = 4
"""How many times as many as asked for come from the index, which measures on a sphere."""

_STANDING: Final = "SELECT id, sha256 FROM component WHERE ended_at IS NULL"
_TABLE: Final = """
    CREATE TEMPORARY TABLE component_given (LIKE component INCLUDING DEFAULTS) ON COMMIT DROP
"""
_COPY: Final = """
    COPY component_given (version, id, category, name, manager_code, manager_name, owner_code,
                          owner_name, maintainer_code, maintainer_name, cell, state, initial_on,
                          changed_on, origin, note, street_code, street_name, community_code,
                          community_name, accuracy, geom, sha256)
    FROM STDIN
"""
_END: Final = """
    UPDATE component
       SET ended_at = now()
     WHERE ended_at IS NULL
       AND NOT EXISTS (SELECT FROM component_given given
                        WHERE given.id = component.id AND given.sha256 = component.sha256)
"""
_BEGIN: Final = """
    INSERT INTO component (id, version, category, name, manager_code, manager_name, owner_code,
                           owner_name, maintainer_code, maintainer_name, cell, state, initial_on,
                           changed_on, origin, note, street_code, street_name, community_code,
                           community_name, accuracy, geom, sha256)
    SELECT given.id,
           1 + coalesce((SELECT max(before.version) FROM component before
                          WHERE before.id = given.id), 0),
           given.category, given.name, given.manager_code, given.manager_name, given.owner_code,
           given.owner_name, given.maintainer_code, given.maintainer_name, given.cell,
           given.state, given.initial_on, given.changed_on, given.origin, given.note,
           given.street_code, given.street_name, given.community_code, given.community_name,
           given.accuracy, given.geom, given.sha256
      FROM component_given given
     WHERE NOT EXISTS (SELECT FROM component standing
                        WHERE standing.id = given.id AND standing.ended_at IS NULL)
"""
# The index gives them in the order of distance on a sphere; of those the ellipsoid decides. The
# position is written out each time: out of a common table the planner would sort instead.
_NEAREST: Final = """
    WITH near AS (
         SELECT id, category, name, state, cell,
                ST_Distance(geom::geography,
                            ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography)
                AS distance_m
           FROM component
          WHERE ended_at IS NULL
            AND state <> 'removed'
            AND (%(categories)s::text[] IS NULL OR category = ANY(%(categories)s))
            AND ST_DWithin(geom::geography,
                           ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography,
                           %(radius_m)s)
          ORDER BY geom::geography <-> ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography
          LIMIT %(candidates)s)
    SELECT id, category, name, state, cell, distance_m
      FROM near
     ORDER BY distance_m, id
     LIMIT %(count)s
"""
_VERSIONS: Final = """
    SELECT version, name, state, cell, manager_name, owner_name, maintainer_name, initial_on,
           changed_on, loaded_at, ended_at
      FROM component
     WHERE id = %(id)s
     ORDER BY version
"""
_COUNTS: Final = """
    SELECT category, count(*)
      FROM component
     WHERE ended_at IS NULL
       AND state <> 'removed'
       AND ST_Intersects(geom, ST_GeomFromWKB(%(shape)s, 4326))
     GROUP BY category
     ORDER BY category
"""


@dataclass(frozen=True, slots=True)
class ComponentChanges:
    """How many components a survey adds, changes and no longer holds."""

    new: int
    changed: int
    ended: int

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.ended)


@dataclass(frozen=True, slots=True)
class Near:
    """A component near a position, *distance_m* metres away on the ellipsoid."""

    id: str
    category: str
    name: str
    state: str
    cell: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class ComponentVersion:
    """What a component was from *loaded_at* to *ended_at*, None while it stands."""

    version: int
    name: str
    state: str
    cell: str
    manager_name: str
    owner_name: str
    maintainer_name: str
    initial_on: date
    changed_on: date | None
    loaded_at: datetime
    ended_at: datetime | None


async def compare_components(
    conn: AsyncConnection[Any], components: Sequence[Component]
) -> ComponentChanges:
    """What storing these as the whole survey would change."""
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(_STANDING)
        standing = {code: bytes(sha256) for code, sha256 in await cursor.fetchall()}
    given = {one.id: one.digest() for one in components}
    return ComponentChanges(
        new=len(given.keys() - standing.keys()),
        changed=sum(standing[code] != given[code] for code in given.keys() & standing.keys()),
        ended=len(standing.keys() - given.keys()),
    )


async def store_components(conn: AsyncConnection[Any], components: Sequence[Component]) -> None:
    """Make these the whole survey: what differs gets a version, what is missing ends.

    Belongs into a transaction of the caller, which must keep others from storing meanwhile.
    """
    await conn.execute(_TABLE)
    async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in components:
            named = shapely.set_srid(one.geometry, SRID)
            shape = shapely.to_wkb(named, hex=True, include_srid=True)
            await copy.write_row((1, *one.facts(), shape, one.digest()))
    await conn.execute(_END)
    await conn.execute(_BEGIN)


async def nearest_components(
    conn: AsyncConnection[Any],
    lon: float,
    lat: float,
    *,
    categories: Collection[str] | None = None,
    radius_m: float = 50.0,
    count: int = 5,
) -> Sequence[Near]:
    """The standing components nearest to a position in degrees WGS84, the nearest first.

    Which manhole? The component category of a fault is its matter's own code in GB/T 47678.5.
    None for *categories* looks at all. Lines and areas are measured to their nearest point; of
    equally near ones the smaller id comes first. Removed ones are left out.
    """
    async with conn.cursor(row_factory=class_row(Near)) as cursor:
        await cursor.execute(
            _NEAREST,
            {
                "lon": lon,
                "lat": lat,
                "categories": list(categories) if categories is not None else None,
                "radius_m": radius_m,
                "count": count,
                "candidates": count * CANDIDATES,
            },
        )
        return await cursor.fetchall()


async def component_versions(
    conn: AsyncConnection[Any], component: str
) -> Sequence[ComponentVersion]:
    """Everything the surveys said of one component, oldest first; empty for an unknown id."""
    async with conn.cursor(row_factory=class_row(ComponentVersion)) as cursor:
        await cursor.execute(_VERSIONS, {"id": component})
        return await cursor.fetchall()


async def count_components(
    conn: AsyncConnection[Any], shape: shapely.Geometry
) -> Mapping[str, int]:
    """How many standing components of each category touch *shape* (lon/lat degrees WGS84)."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_COUNTS, {"shape": shapely.to_wkb(shape)})
        return dict(await cursor.fetchall())
