"""The base map of a city pack: any layers of ``layers.gpkg``, drawn beneath the cells."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import shapely
from pyogrio.errors import DataSourceError

from app.city.disguise import layers_of
from app.city.faults import Faults
from app.city.layers import find_layer_file, in_degrees, in_globe, read_frame, texts_of
from app.city.lines import Line
from grid.naming import Label
from grid.tiling import Drawing

STEM: Final = "layers"
COLUMNS: Final = ("class", "name_zh", "name_en")


def read_drawings(folder: Path, source_crs: str, faults: Faults) -> tuple[Drawing, ...]:
    """Every feature of every layer; none when the pack brings no such file."""
    file = find_layer_file(folder, STEM, faults, optional=True)
    if not file:
        return ()
    try:
        names = layers_of(folder / file)
    except (DataSourceError, ValueError) as err:
        faults.add(file, None, "", f"it cannot be read: {err}", "Save the layers again")
        return ()
    return tuple(
        drawing for name in names for drawing in _layer(folder / file, name, source_crs, faults)
    )


def _layer(path: Path, name: str, source_crs: str, faults: Faults) -> Iterator[Drawing]:
    frame = read_frame(path, name, faults)
    if frame is None:
        return
    file = f"{path.name}/{name}"
    missing = [column for column in COLUMNS if column not in frame.columns]
    for column in missing:
        faults.add(file, None, column, "the column is missing", f"Add a field {column!r}")
    shapes = in_degrees(file, frame, source_crs, faults)
    if missing or shapes is None:
        return
    rows = texts_of(pd.DataFrame(frame[list(COLUMNS)]))
    lines = [Line(file, number, row, faults) for number, row in enumerate(rows, start=1)]
    drawable, flat = in_globe(shapes), shapely.force_2d(shapes)
    for number in np.flatnonzero(~drawable).tolist():
        problem = "there is no shape, or it is not in degrees"
        lines[number].wrong("geometry", problem, "Draw it or remove the feature")
    for line, shape in zip(lines, flat, strict=True):
        yield Drawing(
            layer=name,
            kind=line.text("class"),
            name=Label(line.text("name_zh", empty=True), line.text("name_en", empty=True)),
            geometry=shape,
        )
