"""`citygrid grid map`: a release on one page that opens anywhere, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.faults import BrokenPack, NotAPack
from app.grid.rostering import NoDutyGrids, read_roster
from app.rulebook import read_parts
from app.terminal import UNUSABLE, AsJson, look, refused
from dispatch.postgres.clock import now
from grid.department import Departments
from grid.errors import GridError
from grid.hierarchy import Hierarchy
from grid.naming import Label
from grid.patrol.duty_grid import DutyGrid
from grid.postgres import load_hierarchy
from grid.versions.postgres import active_version, read_cells
from maps.errors import MapsError
from maps.report.grid_map import ReleasedGrid, grid_page

MapFile = Annotated[Path, typer.Option("--out", help="File to write, .html.", dir_okay=False)]


class TwoSources(Exception):
    """A version and a pack were named."""

    def __init__(self) -> None:
        super().__init__("say --release or --pack, not both")


def map_(
    out: MapFile,
    release: Annotated[
        int | None, typer.Option(help="Number of the version; the one in force if left out.", min=1)
    ] = None,
    pack: Annotated[
        Path | None, typer.Option(help="Draw a city pack instead, without a database.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a version of the grid: areas, departments and duty grids, one page for any browser."""
    try:
        if pack is not None and release is not None:
            raise TwoSources
        grid = pack_map(pack) if pack is not None else look(lambda conn: _read(conn, release))
        size = write_page(out, grid_page(grid))
    except (GridError, MapsError, NotAPack, BrokenPack, TwoSources) as err:
        raise refused(str(err)) from err
    told = {"out": str(out), "cells": len(grid.cells), "bytes": size}
    said = f"{len(grid.cells):,} cells drawn: {out}, {size / 1e6:.1f} MB"
    typer.echo(json.dumps(told, ensure_ascii=False) if as_json else said)


def write_page(out: Path, page: str) -> int:
    """Write a document; its size in bytes. Exits with one line where that is not possible."""
    content = page.encode()
    try:
        out.write_bytes(content)
    except OSError as err:
        typer.echo(f"{out} cannot be written: {err.strerror}", err=True)
        raise typer.Exit(UNUSABLE) from err
    return len(content)


def pack_map(path: Path) -> ReleasedGrid:
    """A city pack as it is drawn. Raises NotAPack, BrokenPack."""
    pack = check_pack(path).sound()
    hierarchy = Hierarchy(pack.tiling.areas)
    drawn = _released(pack.parts, hierarchy, Label(f"城市包 {path.name}", f"pack {path.name}"))
    duty_grids = [DutyGrid.of(row) for row in pack.parts.get("duty_grids", ())]
    return replace(drawn, cells=pack.tiling.cells, duty_grids=duty_grids)


async def _read(conn: AsyncConnection, release: int | None) -> ReleasedGrid:
    parts, _ = await read_parts(conn)
    moment = await now(conn)
    version = release or await active_version(conn, moment)
    cells = await read_cells(conn, version)
    hierarchy = await load_hierarchy(conn, version)
    drawn = _released(parts, hierarchy, Label(f"网格版本 {version}", f"grid version {version}"))
    try:
        roster = await read_roster(conn, version, moment)
    except NoDutyGrids:
        return replace(drawn, cells=cells)
    return replace(drawn, cells=cells, duty_grids=roster.carried.duty_grids)


def _released(parts: Mapping[str, Any], hierarchy: Hierarchy, told: Label) -> ReleasedGrid:
    city = parts["city"]
    return ReleasedGrid(
        title=Label.of(city["name"]),
        told=[told],
        cells=(),
        hierarchy=hierarchy,
        levels={one["level"]: Label.of(one["name"]) for one in city["levels"]},
        departments=Departments.of(parts["departments"]),
    )
