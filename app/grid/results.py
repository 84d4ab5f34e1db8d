"""What `citygrid grid build` leaves behind: layers of a pack, a report, a map."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from app.city.layers import Shapes
from app.city.writing import WGS84, write_layer
from app.grid.areas import Territory
from app.grid.drawing import page_of
from grid.naming import Label
from grid.tessellate import Tessellation
from grid.tiling import Tiling


def report_of(
    made: Tessellation, territory: Territory, lines: Sequence[str], target_m2: float
) -> dict[str, Any]:
    """The content of ``report.json``: what came in, what was done, what came of it."""
    cells_of = Counter(cell.area for cell in made.tiling.cells)
    return {
        "areas_file": territory.file,
        "line_files": [Path(line).name for line in lines],
        "target_m2": target_m2,
        "areas_named_by_code": list(territory.derived),
        **made.account.as_dict(),
        "by_community": [
            {"code": area.code, "name": area.name.as_dict(), "cells": cells_of[area.code]}
            for area in made.tiling.areas
            if area.code in cells_of
        ],
    }


def write_results(out: Path, made: Tessellation, lines: Shapes, report: dict[str, Any]) -> None:
    """``cells.gpkg``, ``areas.gpkg``, ``report.json`` and ``map.html``; old ones are replaced."""
    out.mkdir(parents=True, exist_ok=True)
    for stem, frame in (("cells", cells_frame(made.tiling)), ("areas", areas_frame(made.tiling))):
        path = out / f"{stem}.gpkg"
        path.unlink(missing_ok=True)
        write_layer(path, stem, frame)
    text = json.dumps(report, ensure_ascii=False, indent=2)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    (out / "map.html").write_text(page_of(made, lines), encoding="utf-8")


def cells_frame(tiling: Tiling) -> gpd.GeoDataFrame:
    """The layer ``cells`` as a pack has it."""
    columns = {
        "code": [cell.code for cell in tiling.cells],
        "area": [cell.area for cell in tiling.cells],
        **_names([cell.name for cell in tiling.cells]),
    }
    shapes = np.array([cell.geometry for cell in tiling.cells], dtype=object)
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)


def areas_frame(tiling: Tiling) -> gpd.GeoDataFrame:
    """The layer ``areas`` as a pack has it."""

    def column(name: str) -> list[str]:
        return [getattr(area, name) or "" for area in tiling.areas]

    columns = {name: column(name) for name in ("code", "level", "parent", "department")}
    columns |= _names([area.name for area in tiling.areas])
    return gpd.GeoDataFrame(columns, geometry=tiling.area_shapes, crs=WGS84)


def _names(labels: Sequence[Label]) -> dict[str, list[str]]:
    return {"name_zh": [one.zh for one in labels], "name_en": [one.en for one in labels]}
