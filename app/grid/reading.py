"""Vector files of any kind and coordinate system, as geometries in lon/lat degrees WGS84.

Nothing is repaired here: what cannot be used is a fault with its file and row.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from app.city.faults import Faults
from app.city.layers import Shapes
from geo.crs import WGS84, crs_named, geometries_transformed
from geo.errors import UnknownCrs

_PACKED: Final = {".gz": "/vsigzip/"}
_DEGREES: Final = ("EPSG:4326", "EPSG:4490")


def layer_of(argument: str) -> tuple[Path, str]:
    """File and layer out of ``FILE`` or ``FILE:LAYER``; the layer is empty when none is named."""
    path = Path(argument)
    head, colon, layer = argument.rpartition(":")
    if path.exists() or not colon or not Path(head).exists():
        return path, ""
    return Path(head), layer


def read_vector(
    argument: str, faults: Faults, encoding: str | None = None
) -> gpd.GeoDataFrame | None:
    """The features of a file, or of one of its layers; None and a fault when it has none.

    *argument* is ``FILE`` or ``FILE:LAYER``; a file may be gzipped. *encoding* is that of its
    texts; None leaves it to the file to say.
    """
    path, layer = layer_of(argument)
    file = path.name
    if not path.exists():
        faults.add(file, None, "", f"there is no file {path}", "Check the path")
        return None
    source = f"{_PACKED.get(path.suffix, '')}{path.resolve()}"
    try:
        names = [str(name) for name in pyogrio.list_layers(source)[:, 0]]
        if len(names) != 1 and layer not in names:
            problem = f"it has the layers {', '.join(names)}"
            faults.add(file, None, "", problem, f"Say which one: {file}:{names[0]}")
            return None
        frame = _frame(source, layer or names[0], encoding)
    except (DataSourceError, DataLayerError, ValueError, LookupError) as err:
        faults.add(file, None, "", f"it cannot be read: {err}", "Save the layer again")
        return None
    if not isinstance(frame, gpd.GeoDataFrame):
        faults.add(file, None, "geometry", "it has no geometry", "Save it with its shapes")
        return None
    return frame


def _frame(source: str, layer: str, encoding: str | None) -> object:
    with warnings.catch_warnings():
        # A column of lists that holds something else as well stays a text, and that is fine.
        warnings.filterwarnings("ignore", "Could not parse column")
        return pyogrio.read_dataframe(source, layer=layer, encoding=encoding)


def shapes_in_degrees(file: str, frame: gpd.GeoDataFrame, faults: Faults) -> Shapes | None:
    """The geometries in degrees WGS84, without Z; None and a fault without a coordinate system.

    CGCS2000 is taken for WGS84, from which it differs by less than a decimetre.
    """
    shapes = np.asarray(shapely.force_2d(np.asarray(frame.geometry.array, dtype=object)))
    try:
        crs = crs_named(None if frame.crs is None else frame.crs.to_wkt())
    except UnknownCrs as err:
        remedy = "Save it with its true coordinate system, such as EPSG:4490"
        faults.add(file, None, "crs", str(err), remedy)
        return None
    if not any(crs.equals(crs_named(known), ignore_axis_order=True) for known in _DEGREES):
        shapes = geometries_transformed(shapes, crs, crs_named(WGS84))
    return shapes if _are_degrees(file, shapes, faults) else None


def _are_degrees(file: str, shapes: Shapes, faults: Faults) -> bool:
    """Whether all shapes lie on the globe; those that are missing do no harm."""
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    bounds = shapely.bounds(shapes)
    good = (np.abs(bounds) <= [180, 90, 180, 90]).all(axis=1) | ~there
    for number in np.flatnonzero(~good).tolist():
        west, south = bounds[number, :2].tolist()
        problem = f"{west:g}, {south:g} are no degrees; the coordinate system named is wrong"
        faults.add(file, number + 1, "crs", problem, "Set the true coordinate system of the layer")
    return bool(good.all())
