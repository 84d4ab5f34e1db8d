"""Grid versions in PostgreSQL, and the point index that is kept on disk beside them."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, LiteralString

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from shapely.geometry.base import BaseGeometry

from geo.errors import BadIndexFile
from geo.index import CellIndex
from grid.errors import UnknownCell, UnknownGridVersion
from grid.hierarchy import Area, Hierarchy
from grid.locate import Grid
from grid.naming import Label
from grid.tiling import Tiling

SRID: Final = 4326

_NEW_VERSION: Final = """
    INSERT INTO grid_version (version, sha256)
    SELECT coalesce(max(version), 0) + 1, %(sha256)s
      FROM grid_version
    RETURNING version
"""
_COPY_AREAS: Final = """
    COPY area (grid_version, code, level, parent, name_zh, name_en, geom) FROM STDIN
"""
_COPY_CELLS: Final = """
    COPY cell (grid_version, code, area, name_zh, name_en, area_m2, geom) FROM STDIN
"""
_COPY_DRAWINGS: Final = """
    COPY base_layer (grid_version, layer, class, name_zh, name_en, geom) FROM STDIN
"""
_NEWEST: Final = """
    SELECT version, sha256
      FROM grid_version
     ORDER BY version DESC
     LIMIT 1
"""
_IN_FORCE: Final = """
    SELECT version, sha256
      FROM grid_version
     WHERE version = active_grid_version(clock_timestamp())
"""
_DIGEST: Final = "SELECT sha256 FROM grid_version WHERE version = %(version)s"
# Who answers for an area is no part of the grid version: the newest pack decides.
_AREAS: Final = """
    WITH fallback AS (
        SELECT one ->> 'code' AS code, one ->> 'department' AS department
          FROM jsonb_array_elements(coalesce(
               (SELECT content
                  FROM city_part
                 WHERE part = 'areas'
                 ORDER BY version DESC
                 LIMIT 1), '[]')) AS one
    )
    SELECT area.code, area.level, area.parent, area.name_zh, area.name_en, fallback.department
      FROM area
      LEFT JOIN fallback USING (code)
     WHERE area.grid_version = %(version)s
     ORDER BY area.code COLLATE "C"
"""
_LAST_WITH: Final = """
    SELECT max(grid_version)
      FROM area
     WHERE code = %(code)s
"""
_CELL_AREAS: Final = """
    SELECT code, area
      FROM cell
     WHERE grid_version = %(version)s
     ORDER BY code COLLATE "C"
"""
_CELL_COUNT: Final = "SELECT count(*) FROM cell WHERE grid_version = %(version)s"
_CELL_AREA: Final = """
    SELECT area
      FROM cell
     WHERE grid_version = %(version)s AND code = %(code)s
"""
_CELL_SHAPES: Final = """
    SELECT code, ST_AsBinary(geom)
      FROM cell
     WHERE grid_version = %(version)s
"""


async def newest_version(conn: AsyncConnection[Any]) -> tuple[int, str] | None:
    """Number and digest of the newest grid version, None before the first."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_NEWEST)
        return await cursor.fetchone()


async def version_in_force(conn: AsyncConnection[Any]) -> tuple[int, str] | None:
    """Number and digest of the grid version in force now, None before the first."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_IN_FORCE)
        return await cursor.fetchone()


async def store_grid(conn: AsyncConnection[Any], tiling: Tiling, sha256: str) -> int:
    """Store a new grid version and give its number; *sha256* is the digest of *tiling*.

    Belongs into a transaction of the caller, which must keep others from storing meanwhile.
    """
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_NEW_VERSION, {"sha256": sha256})
        [version] = await cursor.fetchone() or (0,)
    await _copy(conn, _COPY_AREAS, _area_rows(version, tiling))
    await _copy(conn, _COPY_CELLS, _cell_rows(version, tiling))
    await _copy(conn, _COPY_DRAWINGS, _drawing_rows(version, tiling))
    return version


async def load_grid(conn: AsyncConnection[Any], version: int, cache_dir: Path) -> Grid:
    """The grid of a version, ready to answer. UnknownGridVersion when there is none.

    The point index is built once and kept in *cache_dir* under version and digest; a damaged or
    foreign file there is built anew. Territorial departments are those of the newest pack.
    """
    sha256 = await _digest(conn, version)
    cells = await _rows(conn, _CELL_AREAS, version)
    codes = [code for code, _ in cells]
    file = _index_file(cache_dir, version, sha256)
    index = await asyncio.to_thread(_from_disk, file, sha256, codes)
    if index is None:
        shapes = await _rows(conn, _CELL_SHAPES, version)
        index = await asyncio.to_thread(_built, shapes, file, sha256)
    hierarchy = await load_hierarchy(conn, version)
    return Grid(version, index, [area for _, area in cells], hierarchy)


async def load_hierarchy(conn: AsyncConnection[Any], version: int) -> Hierarchy:
    """The areas of a version, with the territorial departments of the newest pack."""
    return Hierarchy(_area(row) for row in await _rows(conn, _AREAS, version))


async def find_last_path(conn: AsyncConnection[Any], code: str) -> tuple[str, ...]:
    """The codes of an area and of those above it, as the last version knew that had it.

    Empty when none has had it.
    """
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_LAST_WITH, {"code": code})
        [version] = await cursor.fetchone() or (None,)
    if version is None:
        return ()
    return (await load_hierarchy(conn, version)).path(code)


async def get_cell_area(conn: AsyncConnection[Any], version: int, code: str) -> str:
    """The code of the area right above a cell. UnknownCell when the version has none such."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_CELL_AREA, {"version": version, "code": code})
        row = await cursor.fetchone()
    if row is None:
        raise UnknownCell(code, version)
    return row[0]


async def cells_to_index(conn: AsyncConnection[Any], version: int, cache_dir: Path) -> int:
    """How many cells must be indexed before the version can answer; 0 when its file is there."""
    sha256 = await _digest(conn, version)
    if _index_file(cache_dir, version, sha256).exists():
        return 0
    [(count,)] = await _rows(conn, _CELL_COUNT, version)
    return count


async def _digest(conn: AsyncConnection[Any], version: int) -> str:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_DIGEST, {"version": version})
        row = await cursor.fetchone()
    if row is None:
        raise UnknownGridVersion(version)
    return row[0]


async def _rows(
    conn: AsyncConnection[Any], query: LiteralString, version: int
) -> list[tuple[Any, ...]]:
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(query, {"version": version})
        return await cursor.fetchall()


async def _copy(
    conn: AsyncConnection[Any], statement: LiteralString, rows: Iterable[tuple[object, ...]]
) -> None:
    async with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)


def _area_rows(version: int, tiling: Tiling) -> Iterable[tuple[object, ...]]:
    for area, shape in zip(tiling.areas, _hex(tiling.area_shapes), strict=True):
        yield version, area.code, area.level, area.parent, area.name.zh, area.name.en, shape


def _cell_rows(version: int, tiling: Tiling) -> Iterable[tuple[object, ...]]:
    shapes = _hex([cell.geometry for cell in tiling.cells])
    for cell, size, shape in zip(tiling.cells, tiling.sizes_m2, shapes, strict=True):
        yield version, cell.code, cell.area, cell.name.zh, cell.name.en, size, shape


def _drawing_rows(version: int, tiling: Tiling) -> Iterable[tuple[object, ...]]:
    shapes = _hex([drawing.geometry for drawing in tiling.drawings])
    for one, shape in zip(tiling.drawings, shapes, strict=True):
        yield version, one.layer, one.kind, one.name.zh, one.name.en, shape


def _hex(shapes: Sequence[BaseGeometry] | NDArray[np.object_]) -> list[str]:
    """Shapes as PostGIS reads them: extended WKB with the SRID, in hex."""
    named = shapely.set_srid(np.asarray(shapes, dtype=object), SRID)
    return shapely.to_wkb(named, hex=True, include_srid=True).tolist()


def _area(row: tuple[Any, ...]) -> Area:
    code, level, parent, zh, en, department = row
    return Area(code, level, parent, Label(zh, en), department)


def _index_file(cache_dir: Path, version: int, sha256: str) -> Path:
    return cache_dir / f"grid-{version}-{sha256[:16]}.cells"


def _from_disk(file: Path, sha256: str, codes: list[str]) -> CellIndex | None:
    try:
        index = CellIndex.load(file, version=sha256)
    except BadIndexFile:
        return None
    return index if index.codes.tolist() == codes else None


def _built(rows: list[tuple[str, bytes]], file: Path, sha256: str) -> CellIndex:
    shapes = shapely.from_wkb([shape for _, shape in rows])
    index = CellIndex.build(shapes, [code for code, _ in rows])
    file.parent.mkdir(parents=True, exist_ok=True)
    index.save(file, version=sha256)
    return index
