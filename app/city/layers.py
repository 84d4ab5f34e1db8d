"""Geometry layers of a city pack: found, read, brought to WGS84 and checked one shape at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from app.city.disguise import layers_of
from app.city.faults import Faults
from app.city.lines import Line

Shapes = NDArray[np.object_]
SUFFIXES: Final = (".gpkg", ".geojson", ".shp")
MOST_FEATURES: Final = 1_200_000
AS_IS: Final = (4326, 4490)
"""WGS84 and CGCS2000: the same degrees to within a decimetre, the accuracy of any cell border."""
POLYGONAL: Final = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, slots=True)
class Layer:
    """The features of a layer: one line of attributes and one shape in lon/lat degrees each."""

    file: str
    lines: tuple[Line, ...]
    shapes: Shapes


def find_layer_file(folder: Path, stem: str, faults: Faults, *, optional: bool = False) -> str:
    """The one file of the layer *stem*; empty when there is none or more than one."""
    found = [stem + suffix for suffix in SUFFIXES if (folder / (stem + suffix)).is_file()]
    if len(found) > 1:
        faults.add(found[1], None, "", f"{found[0]} holds this layer too", "Keep one of them")
    if not found and not optional:
        remedy = f"Put {stem}.gpkg, .geojson or .shp into the pack"
        faults.add(f"{stem}.gpkg", None, "", "the file is missing", remedy)
    return found[0] if len(found) == 1 else ""


def read_layer(
    folder: Path, stem: str, columns: Sequence[str], source_crs: str, faults: Faults
) -> Layer | None:
    """The polygons of a layer, each checked; None when there is nothing that could be checked."""
    file = find_layer_file(folder, stem, faults)
    frame = read_frame(folder / file, stem, faults) if file else None
    if frame is None or not _has_columns(file, frame, columns, faults):
        return None
    shapes = in_degrees(file, frame, source_crs, faults)
    if shapes is None:
        return None
    table = pd.DataFrame(frame[list(columns)])
    lines = tuple(
        Line(file, number, values, faults) for number, values in enumerate(texts_of(table), start=1)
    )
    for number in np.flatnonzero(~usable(shapes)).tolist():
        _tell_why_unusable(lines[number], shapes[number])
    return Layer(file, lines, shapes)


def read_frame(path: Path, layer: str, faults: Faults) -> gpd.GeoDataFrame | None:
    """The features of a file, of its layer *layer* when it has several; faults are noted."""
    file = path.name
    if path.suffix == ".shp" and not _shapefile_is_complete(path, faults):
        return None
    try:
        names = layers_of(path)
        if len(names) != 1 and layer not in names:
            problem = f"it has the layers {', '.join(names)}"
            faults.add(file, None, "", problem, f"Name the one that counts {layer!r}")
            return None
        chosen = layer if layer in names else names[0]
        count = pyogrio.read_info(path, layer=chosen)["features"]
        if count > MOST_FEATURES:
            faults.add(file, None, "", f"it has {count} features", f"At most {MOST_FEATURES}")
            return None
        frame = pyogrio.read_dataframe(path, layer=chosen)
    except (DataSourceError, DataLayerError, ValueError) as err:
        faults.add(file, None, "", f"it cannot be read: {err}", "Save the layer again")
        return None
    if not isinstance(frame, gpd.GeoDataFrame):
        faults.add(file, None, "geometry", "it has no geometry", "Save it with its shapes")
        return None
    return frame


def _shapefile_is_complete(path: Path, faults: Faults) -> bool:
    """A shapefile says its encoding and coordinate system in files of their own."""
    for suffix, holds in ((".dbf", "attributes"), (".shx", "index"), (".cpg", "encoding")):
        if not path.with_suffix(suffix).is_file():
            problem = f"the {suffix} file with its {holds} is missing"
            faults.add(path.name, None, "", problem, f"Put {path.stem}{suffix} beside it")
    return all(path.with_suffix(suffix).is_file() for suffix in (".dbf", ".shx", ".cpg"))


def _has_columns(
    file: str, frame: gpd.GeoDataFrame, columns: Sequence[str], faults: Faults
) -> bool:
    missing = [column for column in columns if column not in frame.columns]
    for column in missing:
        faults.add(file, None, column, "the column is missing", f"Add a field {column!r}")
    return not missing


def texts_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Attributes as texts; numbers that stand for codes come without a decimal point."""
    for column in table.columns:
        if pd.api.types.is_integer_dtype(table[column].dtype):
            table[column] = table[column].astype(str)
    filled = table.astype(object).where(table.notna(), "")
    records = filled.to_dict("records")
    return [{str(name): _stripped(value) for name, value in one.items()} for one in records]


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def in_degrees(
    file: str, frame: gpd.GeoDataFrame, source_crs: str, faults: Faults
) -> Shapes | None:
    """The shapes in lon/lat degrees; another system only when ``city.toml`` names that very one."""
    crs = frame.crs
    shapes = np.asarray(frame.geometry.array, dtype=object)
    known = crs.to_epsg() if crs is not None else None
    if known in AS_IS or (crs is not None and crs.equals("OGC:CRS84")):
        return shapes
    if crs is None or crs.type_name == "Engineering CRS" or "ndefined" in crs.name:
        remedy = "Save it with EPSG:4326 (WGS84) or EPSG:4490 (CGCS2000)"
        faults.add(file, None, "crs", "it names no coordinate system (SRID 0)", remedy)
        return None
    if source_crs and _is_same(crs, source_crs):
        return np.asarray(frame.geometry.to_crs(4326).array, dtype=object)
    name = f"EPSG:{known}" if known else crs.name
    remedy = f'Save it in EPSG:4326, or write source_crs = "{name}" in city.toml'
    faults.add(file, None, "crs", f"its coordinates are in {name}, not in degrees WGS84", remedy)
    return None


def _is_same(crs: pyproj.CRS, text: str) -> bool:
    try:
        return crs.equals(pyproj.CRS.from_user_input(text), ignore_axis_order=True)
    except CRSError:
        return False


def _tell_why_unusable(line: Line, shape: BaseGeometry | None) -> None:
    if shape is None or shape.is_empty:
        line.wrong("geometry", "there is no shape", "Draw it or remove the feature")
    elif shape.geom_type not in ("Polygon", "MultiPolygon"):
        line.wrong("geometry", f"it is a {shape.geom_type}, not an area", "Draw it as a polygon")
    elif not in_globe(np.array([shape]))[0]:
        west, south, _, _ = shape.bounds
        problem = f"{west:g}, {south:g} are no degrees; the coordinate system named is wrong"
        line.wrong("crs", problem, "Set the true coordinate system (SRID) of the layer")
    else:
        remedy = "Repair it in the editor it was drawn with, then look at the place"
        line.wrong("geometry", f"the shape is invalid: {shapely.is_valid_reason(shape)}", remedy)


def usable(shapes: Shapes) -> NDArray[np.bool_]:
    """Which shapes can be laid over others: valid, not empty polygons in degrees."""
    kinds = np.isin(shapely.get_type_id(shapes), POLYGONAL)
    fine = shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    return np.asarray(kinds & in_globe(shapes) & fine)


def in_globe(shapes: Shapes) -> NDArray[np.bool_]:
    """Which shapes lie on the globe; False where there is no shape or an empty one."""
    return np.asarray((np.abs(shapely.bounds(shapes)) <= [180, 90, 180, 90]).all(axis=-1))
