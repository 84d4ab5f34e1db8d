"""Vector tiles of the city, made by PostGIS from one grid version."""

from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg

from maps.errors import MapWithoutCity
from maps.layers import EXTENT, TileNumber

_VERSION: Final = """
    SELECT version, sha256
      FROM grid_version
     WHERE version = active_grid_version(clock_timestamp())
"""

# *near* is a little wider than the tile, so that outlines do not show its edge.
_BOUNDS: Final = """
    WITH bounds AS (
        SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS tile,
               ST_Transform(
                   ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 0.0157), 4326
               ) AS near
    )
"""

_AREAS: Final = (
    _BOUNDS
    + """,
    shape AS (
        SELECT code, level, name_zh, name_en,
               ST_AsMVTGeom(
                   ST_Simplify(ST_Transform(geom, 3857), %(tolerance)s, true), tile, 4096, 64
               ) AS geom
          FROM area, bounds
         WHERE grid_version = %(version)s AND geom && near
    ),
    label AS (
        SELECT code, level, name_zh, name_en,
               ST_AsMVTGeom(ST_Transform(ST_PointOnSurface(geom), 3857), tile, 4096, 0) AS geom
          FROM area, bounds
         WHERE grid_version = %(version)s AND geom && near
    )
    SELECT (SELECT ST_AsMVT(shape, 'areas', 4096, 'geom') FROM shape WHERE geom IS NOT NULL),
           (SELECT ST_AsMVT(label, 'area_labels', 4096, 'geom') FROM label WHERE geom IS NOT NULL)
"""
)

_CELLS: Final = (
    _BOUNDS
    + """,
    shape AS (
        SELECT code, area, name_zh, name_en,
               ST_AsMVTGeom(
                   ST_Simplify(ST_Transform(geom, 3857), %(tolerance)s, true), tile, 4096, 64
               ) AS geom
          FROM cell, bounds
         WHERE grid_version = %(version)s AND geom && near
    ),
    label AS (
        SELECT code, name_zh, name_en,
               ST_AsMVTGeom(ST_Transform(ST_PointOnSurface(geom), 3857), tile, 4096, 0) AS geom
          FROM cell, bounds
         WHERE grid_version = %(version)s AND geom && near AND %(z)s >= 15
    )
    SELECT (SELECT ST_AsMVT(shape, 'cells', 4096, 'geom') FROM shape WHERE geom IS NOT NULL),
           (SELECT ST_AsMVT(label, 'cell_labels', 4096, 'geom') FROM label WHERE geom IS NOT NULL)
"""
)

_BASE: Final = (
    _BOUNDS
    + """,
    shape AS (
        SELECT layer, class, name_zh, name_en,
               ST_AsMVTGeom(
                   ST_Simplify(ST_Transform(geom, 3857), %(tolerance)s, true), tile, 4096, 64
               ) AS geom
          FROM base_layer, bounds
         WHERE grid_version = %(version)s AND geom && near
    )
    SELECT (SELECT ST_AsMVT(shape, 'base', 4096, 'geom') FROM shape WHERE geom IS NOT NULL)
"""
)

_QUERIES: Final[dict[str, LiteralString]] = {"areas": _AREAS, "cells": _CELLS, "base": _BASE}

assert EXTENT == 4096, "the queries above carry the extent as a literal"


@dataclass(frozen=True, slots=True)
class GridStamp:
    """Which grid the tiles show; the hash tells apart grids of different databases."""

    version: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.version}-{self.sha256[:12]}"


async def read_grid_stamp(conn: psycopg.AsyncConnection[Any]) -> GridStamp:
    """The grid in force; raises `MapWithoutCity` when none was loaded."""
    row = await (await conn.execute(_VERSION)).fetchone()
    if row is None:
        raise MapWithoutCity
    return GridStamp(*row)


async def draw_tile(conn: psycopg.AsyncConnection[Any], tile: TileNumber, grid: GridStamp) -> bytes:
    """The tile as Mapbox Vector Tile bytes; empty when nothing lies in it."""
    if not tile.is_drawn:
        return b""
    cursor = await conn.execute(
        _QUERIES[tile.layer],
        {
            "z": tile.z,
            "x": tile.x,
            "y": tile.y,
            "tolerance": tile.tolerance_m,
            "version": grid.version,
        },
    )
    row = await cursor.fetchone()
    return b"".join(bytes(part) for part in row or () if part)
