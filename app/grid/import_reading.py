"""One file for `citygrid grid import`: read, brought to degrees, held against the reference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from app.city.faults import Faults
from app.city.layers import Shapes
from app.grid.encodings import Encoding, encoding_of
from app.grid.labels import check_label
from app.grid.reading import layer_of, read_vector, shapes_in_degrees
from geo.crs import crs_named
from geo.errors import UnknownCrs
from geo.shift import Datum, to_wgs84
from grid.importing.errors import NothingToCompare
from grid.importing.fitting import NEAR_M, Fit, Residual, Verdict, fit


@dataclass(frozen=True, slots=True)
class Label:
    """What the administrator says of the files; None and WGS84 leave it to them."""

    crs: str | None
    datum: Datum
    encoding: str | None


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as it was read: attributes, shapes in degrees, and how it was understood.

    *frame* and *shapes* are None when it could not be read or lies about its place.
    """

    file: str
    name: str
    frame: gpd.GeoDataFrame | None = None
    shapes: Shapes | None = None
    labelled: str = ""
    taken: str = ""
    datum: Datum = Datum.WGS84
    raised: int = 0
    encoding: Encoding | None = None
    fit: Fit | None = None


@dataclass(frozen=True, slots=True)
class Trusted:
    """The reference: its file and its shapes in degrees."""

    file: str
    shapes: Shapes


def read_reference(argument: str, faults: Faults) -> Trusted | None:
    """The reference; None and a fault when it cannot be read."""
    frame = read_vector(argument, faults)
    file = layer_of(argument)[0].name
    if frame is None or not check_label(file, frame, faults):
        return None
    shapes = shapes_in_degrees(file, frame, faults)
    return None if shapes is None else Trusted(file, shapes)


def read_import(argument: str, label: Label, trusted: Trusted | None, faults: Faults) -> Layer:
    """The layer that ``FILE`` or ``FILE:LAYER`` names; what is wrong with it is a fault."""
    path, layer = layer_of(argument)
    file, name = path.name, layer or path.name.partition(".")[0]
    encoding = encoding_of(path, label.encoding, faults)
    frame = read_vector(argument, faults, encoding.taken)
    if frame is None:
        return Layer(file, name)
    labelled = "" if frame.crs is None else frame.crs.name
    if frame.empty:
        faults.add(file, None, "", "it has no features", "Leave it out, or save it again")
        return Layer(file, name, labelled=labelled)
    if (framed := _named(file, frame, label.crs, faults)) is None:
        return Layer(file, name, labelled=labelled)
    shapes = shapes_in_degrees(file, framed, faults)
    if shapes is None:
        return Layer(file, name, labelled=labelled)
    if label.datum is not Datum.WGS84:
        shapes = _unshifted(shapes, label.datum)
    raised = int(shapely.has_z(np.asarray(frame.geometry.array, dtype=object)).sum())
    taken = "" if framed.crs is None else framed.crs.name
    evidence = _held_against(file, labelled, shapes, trusted, faults) if trusted else None
    sound = evidence is None or evidence.verdict is Verdict.FITS
    return Layer(
        file=file,
        name=name,
        frame=framed,
        shapes=shapes if sound else None,
        labelled=labelled,
        taken=taken,
        datum=label.datum,
        raised=raised,
        encoding=encoding,
        fit=evidence,
    )


def _named(
    file: str, frame: gpd.GeoDataFrame, asked: str | None, faults: Faults
) -> gpd.GeoDataFrame | None:
    """The frame in the system that *asked* or its file names; None when that cannot be true."""
    if asked is not None:
        try:
            frame = frame.set_crs(crs_named(asked), allow_override=True)
        except UnknownCrs as err:
            faults.add(file, None, "crs", str(err), "Name one such as --crs EPSG:4547")
            return None
    return frame if check_label(file, frame, faults) else None


def _unshifted(shapes: Shapes, datum: Datum) -> Shapes:
    return np.asarray(shapely.transform(shapes, lambda lon_lat: to_wgs84(lon_lat, datum)))


def _held_against(
    file: str, labelled: str, shapes: Shapes, trusted: Trusted, faults: Faults
) -> Fit | None:
    """The evidence; a fault with its figures when the layer does not lie where it says."""
    try:
        found = fit(shapes, trusted.shapes)
    except NothingToCompare as err:
        faults.add(file, None, "crs", str(err), "Check its coordinate system, or the reference")
        return None
    here, best, offset = found.labelled, found.best, found.offset
    lies = (
        f"it lies {offset.east_m:+.1f} m east and {offset.north_m:+.1f} m north of where it should"
    )
    match found.verdict:
        case Verdict.FITS:
            return found
        case Verdict.SHIFTED:
            name = _NAMES[best.datum]
            problem = (
                f"it is labelled {labelled} but its numbers are {name}: {lies} by {trusted.file} "
                f"({name} makes it {best.east_m:+.1f} and {best.north_m:+.1f}); "
                f"{_nearness(here)} as labelled, {_nearness(best)} as {name}"
            )
            remedy = f"If that is so, say --datum {best.datum.value}; else get it in {labelled}"
        case Verdict.DISPLACED:
            problem = (
                f"{lies} by {trusted.file}, and no datum known here explains it; "
                f"{_nearness(here)} as labelled, half of it within {offset.left_m:.1f} m if moved"
            )
            remedy = "Find out its true coordinate system and say it with --crs"
        case Verdict.UNCLEAR:
            problem = f"it does not fit {trusted.file} in any datum: {_nearness(here)} as labelled"
            remedy = "Check both, or choose a reference that shows the same lines"
    faults.add(file, None, "crs", problem, remedy)
    return found


_NAMES = {Datum.GCJ02: "GCJ-02", Datum.BD09: "BD-09", Datum.WGS84: "WGS84"}


def _nearness(one: Residual) -> str:
    return f"half of it is within {one.median_m:.1f} m ({one.near:.0%} within {NEAR_M:.0f} m)"


def evidence_of(found: Fit) -> dict[str, Any]:
    """The form of the report; metres to a centimetre."""
    told = asdict(found)
    rows = [*told["residuals"], told["offset"]]
    for row in rows:
        row |= {key: round(one, 4) for key, one in row.items() if isinstance(one, float)}
    return {key: told[key] for key in ("verdict", "datum", "positions", "residuals", "offset")}
