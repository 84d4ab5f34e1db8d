"""What `citygrid grid diff` compares: a stored version, a city pack, or a layer of cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from psycopg import AsyncConnection
from shapely import MultiPolygon

from app.city.archives import opened
from app.city.checking import check_pack
from app.city.faults import BrokenPack, Faults, NotAPack
from app.city.layers import SUFFIXES, Shapes, read_layer
from app.city.profile import FILE as PROFILE
from app.city.territory import CELLS, read_cells
from grid.cell import Cell
from grid.naming import Label
from grid.versions import postgres

_STEM: Final = "cells"


@dataclass(frozen=True, slots=True)
class Source:
    """The cells of one side; *version* is None for what does not stand in the database."""

    name: str
    version: int | None
    cells: list[Cell]


def version_of(argument: str) -> int | None:
    """The number of a stored version, None when *argument* names a file."""
    return int(argument) if argument.isascii() and argument.isdigit() else None


async def read_source(conn: AsyncConnection | None, argument: str) -> Source:
    """The cells that *argument* names; *conn* is only needed for a number.

    Raises UnknownGridVersion, NotAPack, BrokenPack.
    """
    version = version_of(argument)
    if version is not None and conn is not None:
        return Source(f"version {version}", version, await postgres.read_cells(conn, version))
    return Source(argument, None, read_file(Path(argument)))


def read_file(path: Path) -> list[Cell]:
    """The cells of a pack (folder or zip), of a folder with a layer ``cells``, or of a layer.

    A whole pack is checked; of a layer nothing but the cells themselves. Raises NotAPack,
    BrokenPack.
    """
    if path.suffix in SUFFIXES and path.is_file():
        return _layer(path.parent, path.stem)
    with opened(path) as folder:
        if (folder / PROFILE).is_file():
            return list(check_pack(folder).sound().tiling.cells)
        if not any((folder / (_STEM + suffix)).is_file() for suffix in SUFFIXES):
            raise NotAPack(str(path), f"it has neither {PROFILE} nor a layer {_STEM}")
        return _layer(folder, _STEM)


def _layer(folder: Path, stem: str) -> list[Cell]:
    faults = Faults()
    layer = read_layer(folder, stem, CELLS, "", faults)
    rows = read_cells(layer, None, None).rows if layer else []
    if faults.found or layer is None:
        raise BrokenPack(faults.found)
    made = [
        Cell(row["code"], row["area"], Label.of(row["name"]), shape)
        for row, shape in zip(rows, _many(layer.shapes), strict=True)
    ]
    return sorted(made, key=lambda cell: cell.code)


def _many(shapes: Shapes) -> list[MultiPolygon]:
    flat = np.asarray(shapely.force_2d(shapes))
    return [one if isinstance(one, MultiPolygon) else MultiPolygon([one]) for one in flat]
