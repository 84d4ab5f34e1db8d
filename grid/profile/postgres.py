"""Figures in PostgreSQL, and their sum over any drawn area."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import shapely
from psycopg import AsyncConnection
from psycopg.rows import class_row
from shapely.geometry.base import BaseGeometry

from grid.profile.figures import ATTRIBUTES, Figure, FigureSum

SRID: Final = 4326
PART: Final = "profile"
SLIVER: Final = 1e-6
"""A share of a place so small is a border drawn twice, not ground inside."""

_COPY_PLACES: Final = "COPY profile_place (version, target, geom) FROM STDIN"
_COPY: Final = """
    COPY profile_figure (version, attribute, target, value, source, as_of) FROM STDIN
"""
# Materialized, so that what two shapes share is reckoned once and not wherever it is used.
_SUMS: Final = """
    WITH newest AS (SELECT max(version) AS version FROM city_part WHERE part = %(part)s),
         drawn AS (
         SELECT shape, ST_Area(shape::geography) AS size_m2
           FROM (SELECT ST_GeomFromWKB(%(shape)s, 4326) AS shape) AS given),
         touched AS MATERIALIZED (
         SELECT version, target, area_m2, size_m2,
                CASE WHEN ST_CoveredBy(geom, shape) THEN area_m2
                     ELSE ST_Area(ST_Intersection(geom, shape)::geography) END AS inside_m2
           FROM profile_place JOIN newest USING (version), drawn
          WHERE ST_Intersects(geom, shape)),
         shared AS (
         SELECT *, CASE WHEN inside_m2 > area_m2 * (1 - %(sliver)s) THEN 1
                        ELSE inside_m2 / area_m2 END AS share
           FROM touched
          WHERE inside_m2 > area_m2 * %(sliver)s)
    SELECT attribute,
           sum(value * share) AS value,
           count(*) AS places,
           count(*) FILTER (WHERE share < 1) AS cut,
           least(sum(inside_m2) / min(size_m2), 1) AS covered,
           min(as_of) AS oldest,
           max(as_of) AS newest,
           array_agg(DISTINCT source ORDER BY source) AS sources
      FROM shared
      JOIN profile_figure USING (version, target)
     WHERE attribute = ANY(%(attributes)s)
     GROUP BY attribute
     ORDER BY attribute
"""


async def store_figures(
    conn: AsyncConnection[Any], figures: Sequence[Figure], version: int
) -> None:
    """Store the figures of one version of the part ``profile``, in the caller's transaction."""
    places = {one.target: one.geometry for one in figures}
    async with conn.cursor() as cursor, cursor.copy(_COPY_PLACES) as copy:
        for target, shape in places.items():
            named = shapely.set_srid(shape, SRID)
            shape_hex = shapely.to_wkb(named, hex=True, include_srid=True)
            await copy.write_row((version, target, shape_hex))
    async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in figures:
            row = (version, one.attribute, one.target, one.value, one.source, one.as_of)
            await copy.write_row(row)


async def sum_figures(
    conn: AsyncConnection[Any],
    shape: BaseGeometry,
    attributes: Collection[str] = tuple(ATTRIBUTES),
) -> Mapping[str, FigureSum]:
    """What is in *shape*, a valid polygon in lon/lat degrees WGS84, by the newest figures.

    An attribute of which nothing is known there is left out: that is not zero. See `FigureSum` for
    what is estimated.
    """
    question = {
        "shape": shapely.to_wkb(shape),
        "part": PART,
        "attributes": list(attributes),
        "sliver": SLIVER,
    }
    async with conn.cursor(row_factory=class_row(FigureSum)) as cursor:
        await cursor.execute(_SUMS, question)
        return {one.attribute: one for one in await cursor.fetchall()}
