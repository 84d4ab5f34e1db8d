"""A grid surveyed, stored, indexed and compared: seconds and memory, each in a process alone.

    python -m benchmarks.grid --json [--cells 1000000] [--changed 0.01] [--redrawn]

Every so many-th cell is cut in two for the comparison. --redrawn moves every vertex by less than
the noise instead, which is the most a comparison may have to do: no cell is alike, none changed.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from psycopg import AsyncConnection
from shapely import MultiPolygon, box

from app.city.faults import Faults
from app.database import connect
from app.grid.import_reading import Label as Told
from app.grid.import_reading import read_import
from app.migrating import migrate
from app.services import running
from app.services.home import default_home
from app.services.postgres import create_database, drop_database
from benchmarks.machine import machine, print_result, server_version
from geo.measure import area_m2
from geo.shift import Datum
from grid.cell import Cell
from grid.hierarchy import Area
from grid.importing.survey import Rules, surveyed
from grid.naming import Label
from grid.postgres import load_grid, store_grid
from grid.tiling import Tiling
from grid.versions.comparing import compare
from grid.versions.postgres import read_cells
from tests.geo.cities import city

DATABASE = "citygrid_grid"
REDRAWN_DEG = 2e-6  # about 0.2 m
AREA = Area("990101", "division", None, Label("城", "City"), None)


def made_cells(count: int) -> list[Cell]:
    """A city of about so many cells of 12 vertices, by code."""
    shapes, codes = city(count)
    named = zip(codes.tolist(), shapes, strict=True)
    cells = [Cell(code, AREA.code, Label(code, code), MultiPolygon([one])) for code, one in named]
    return sorted(cells, key=lambda cell: cell.code)


def cut_some(cells: Sequence[Cell], share: float) -> list[Cell]:
    """The cells, a *share* of them cut in two through the middle under codes of their own."""
    every = max(1, round(1 / share)) if share else len(cells) + 1
    made: list[Cell] = []
    for number, cell in enumerate(cells):
        if number % every:
            made.append(cell)
            continue
        west, south, east, north = cell.geometry.bounds
        middle = (west + east) / 2
        halves = box(west, south, middle, north), box(middle, south, east, north)
        for letter, half in zip("ab", halves, strict=True):
            parts = shapely.get_parts(shapely.intersection(cell.geometry, half))
            polygons = [part for part in parts if part.geom_type == "Polygon"]
            shape = MultiPolygon(polygons)
            made.append(replace(cell, code=f"{cell.code}{letter}", geometry=shape))
    return made


def redraw(cells: Sequence[Cell]) -> list[Cell]:
    """The cells with every vertex a little elsewhere, the same for all that share it."""
    shapes = np.array([cell.geometry for cell in cells], dtype=object)
    moved = shapely.transform(shapes, lambda xy: xy + REDRAWN_DEG * np.sin(xy[:, ::-1] * 1e5))
    return [replace(cell, geometry=shape) for cell, shape in zip(cells, moved, strict=True)]


def survey(folder: str, cells: int) -> dict[str, object]:
    """What `citygrid grid import` does with a GeoPackage of them, up to its report."""
    made = made_cells(cells)
    names = {"code": [cell.code for cell in made]}
    file = Path(folder) / "cells.gpkg"
    shapes = [cell.geometry for cell in made]
    gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:4326").to_file(file)
    del made, shapes
    begin = time.perf_counter()
    faults = Faults()
    layer = read_import(str(file), Told(None, Datum.WGS84, None), None, faults)
    if faults.found or layer.shapes is None:
        raise ValueError(f"the layer cannot be read: {faults.found}")
    read = time.perf_counter()
    found = surveyed(layer.shapes, Rules())
    return {
        "read_s": round(read - begin, 2),
        "seconds": round(time.perf_counter() - read, 2),
        "file_mb": round(file.stat().st_size / 1e6),
        "found": {kind: count for kind, count in found.counts().items() if count},
    }


def store(url: str, cells: int) -> dict[str, object]:
    made = made_cells(cells)
    shapes = np.array([cell.geometry for cell in made], dtype=object)
    outline = MultiPolygon([box(*shapely.total_bounds(shapes).tolist())])
    sizes = area_m2(shapes).tolist()
    tiling = Tiling([AREA], np.array([outline], dtype=object), made, sizes, [])

    async def work() -> float:
        begin = time.perf_counter()
        async with await connect(url) as conn, conn.transaction():
            await conn.execute("SET LOCAL statement_timeout = '30min'")
            await store_grid(conn, tiling, tiling.digest())
        return time.perf_counter() - begin

    return {"seconds": round(asyncio.run(work()), 2), "cells": len(made)}


def index(url: str, folder: str) -> dict[str, object]:
    async def work(conn: AsyncConnection) -> dict[str, object]:
        begin = time.perf_counter()
        await load_grid(conn, 1, Path(folder))
        built = time.perf_counter()
        await load_grid(conn, 1, Path(folder))
        loaded = time.perf_counter()
        return {"seconds": round(built - begin, 2), "from_disk_s": round(loaded - built, 2)}

    return asyncio.run(_with(url, work))


def diff(url: str, share: float, redrawn: bool) -> dict[str, object]:
    begin = time.perf_counter()
    old = asyncio.run(_with(url, lambda conn: read_cells(conn, 1)))
    read = time.perf_counter()
    new = redraw(old) if redrawn else cut_some(old, share)
    made = time.perf_counter()
    found = compare(old, new)
    return {
        "read_s": round(read - begin, 2),
        "seconds": round(time.perf_counter() - made, 2),
        "changes": {kind: one["changes"] for kind, one in found.sums.items()},
        "successions": len(found.successions),
    }


async def _with(url: str, act: Callable[[AsyncConnection], Any]) -> Any:
    async with await connect(url) as conn:
        await conn.execute("SET statement_timeout = '30min'")
        return await act(conn)


def alone(act: Callable[..., dict[str, object]], *arguments: object) -> dict[str, object]:
    """What *act* gives in a process of its own, with the most memory that process had."""
    here, there = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=_tell, args=(there, act, arguments))
    process.start()
    there.close()
    told = here.recv()
    process.join()
    return told


def _tell(
    pipe: Connection, act: Callable[..., dict[str, object]], arguments: Sequence[object]
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = act(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pipe.send(told | {"peak_mb": round(peak / 1024), "of_that_code_mb": round(before / 1024)})


def main() -> None:
    """Measure and print one JSON object as the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="accepted for symmetry; always JSON")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--changed", type=float, default=0.01)
    parser.add_argument("--redrawn", action="store_true")
    told = parser.parse_args()
    with (
        running(default_home() / "benchmark", redis=False) as services,
        tempfile.TemporaryDirectory(prefix="citygrid-grid-") as folder,
    ):
        server = services.database_url
        drop_database(server, DATABASE)
        url = create_database(server, DATABASE)
        migrate(url)
        result = {
            "cells": told.cells,
            "survey": alone(survey, folder, told.cells),
            "store": alone(store, url, told.cells),
            "index": alone(index, url, folder),
            "diff": alone(diff, url, told.changed, False),
        }
        if told.redrawn:
            result["diff_redrawn"] = alone(diff, url, told.changed, True)
        postgres = server_version(url)
        drop_database(server, DATABASE)
    print_result(result | {"postgres": postgres, "machine": machine()})


if __name__ == "__main__":
    main()
