"""Cells, districts and boroughs of New York from its census tracts and community districts.

A tract goes to the district that holds most of it. Where another district holds a good part, that
part is a cell of its own: with whole tracts, 1 request in 36 of the test day came to the wrong
district, with parts 1 in 136.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.city.newyork.names import BOROUGHS, CALL_CENTRE, CITY, JOINT_INTEREST
from app.city.tessellation import Plane
from app.city.writing import WGS84
from grid.naming import Label

ROOT: Final = "NYC"
PART_SHARE: Final = 0.10
PART_M2: Final = 5_000.0
NOWHERE: Final = 0
BOUNDS: Final = (-74.26, 40.49, -73.70, 40.92)
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class NewYork:
    """The tables ``areas`` and ``cells`` of the pack, and what had to be repaired."""

    areas: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame
    repairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A tract, or the part of it that lies in one district; 0 stands for no district."""

    code: str
    district: int
    tract: Mapping[str, Any]
    shape: BaseGeometry

    @property
    def borough(self) -> int:
        """The borough of the district: Marble Hill is Manhattan's tract in a Bronx district."""
        return self.district // 100 or int(self.tract["BoroCode"])


def make_ground(folder: Path) -> NewYork:
    """Read ``census_tracts_2010`` and ``CD`` in *folder* and lay them over each other."""
    tracts = read_layer(folder / "census_tracts_2010.geojson.gz")
    districts = read_layer(folder / "CD.geo.json.gz")
    shapes, repairs = _repaired(tracts)
    numbers = [district_number(row) for row in _rows(districts)]
    pieces = _pieces(_rows(tracts), shapes, numbers, _geometry(districts))
    names = dict(zip(numbers, _rows(districts), strict=True))
    return NewYork(_areas(pieces, names), _cells(pieces), repairs)


def read_layer(path: Path) -> gpd.GeoDataFrame:
    """A gzipped GeoJSON file."""
    frame = pyogrio.read_dataframe(f"/vsigzip/{path.resolve()}")
    return gpd.GeoDataFrame(frame)


def _rows(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): value for name, value in row.items()}
        for row in frame.drop(columns="geometry").to_dict("records")
    ]


def _geometry(frame: gpd.GeoDataFrame) -> Shapes:
    return np.asarray(frame.geometry.array, dtype=object)


def district_number(row: Mapping[str, Any]) -> int:
    """Borough times 100 plus the number of the district; the data leaves some codes out."""
    if int(row["GEOCODE"]):
        return int(row["GEOCODE"])
    found = re.search(r"\(CD(\d+)\)", row["GEONAME"])
    boroughs = {name.en: number for number, name in BOROUGHS.items()}
    return boroughs[row["BOROUGH"]] * 100 + int(found[1] if found else 0)


def _repaired(tracts: gpd.GeoDataFrame) -> tuple[Shapes, tuple[str, ...]]:
    shapes = _geometry(tracts)
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    repairs = tuple(
        f"tract {tracts['BoroCT2010'].iloc[n]}: {shapely.is_valid_reason(shapes[n])}, repaired"
        for n in broken.tolist()
    )
    shapes[broken] = [_polygons(shape) for shape in shapely.make_valid(shapes[broken])]
    return shapes, repairs


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """The parts of a geometry that have an area."""
    parts = shapely.get_parts(shape)
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])


def _pieces(
    tracts: list[dict[str, Any]], shapes: Shapes, numbers: list[int], districts: Shapes
) -> list[Piece]:
    plane = Plane(BOUNDS)
    tract, district = shapely.STRtree(districts).query(shapes, predicate="intersects")
    common = shapely.intersection(shapes[tract], districts[district])
    shared, size = plane.area_m2(common), plane.area_m2(shapes)
    pieces: list[Piece] = []
    for n, row in enumerate(tracts):
        mine = [k for k in np.flatnonzero(tract == n).tolist() if shared[k] > 0]
        mine.sort(key=lambda k: -shared[k])
        large = [k for k in mine[1:] if shared[k] > max(PART_M2, PART_SHARE * size[n])]
        cut = [(numbers[district[k]], _polygons(common[k])) for k in large]
        rest = shapely.difference(shapes[n], shapely.union_all([part for _, part in cut]))
        home = numbers[district[mine[0]]] if mine else NOWHERE
        pieces += _named(row, [(home, _polygons(rest)), *cut])
    return pieces


def _named(row: Mapping[str, Any], parts: list[tuple[int, BaseGeometry]]) -> Iterator[Piece]:
    """A whole tract keeps its code; parts have a letter behind it, the largest part A."""
    letters = ascii_uppercase if len(parts) > 1 else [""]
    for letter, (district, shape) in zip(letters, parts, strict=False):
        yield Piece(row["BoroCT2010"] + letter, district, row, shape)


def _cells(pieces: list[Piece]) -> gpd.GeoDataFrame:
    ordered = sorted(pieces, key=lambda piece: piece.code)
    table = {
        "code": [piece.code for piece in ordered],
        "area": [_area_code(piece) for piece in ordered],
        "name_zh": [_cell_name(piece).zh for piece in ordered],
        "name_en": [_cell_name(piece).en for piece in ordered],
    }
    return gpd.GeoDataFrame(table, geometry=[piece.shape for piece in ordered], crs=WGS84)


def _area_code(piece: Piece) -> str:
    """The district, or the borough for a tract that no district holds."""
    return str(piece.district or piece.borough)


def _cell_name(piece: Piece) -> Label:
    borough = BOROUGHS[piece.borough]
    tract = f"{piece.tract['CTLabel']}{piece.code[7:]}"
    return Label(f"{borough.zh}普查区{tract}", f"{piece.tract['NTAName']}, tract {tract}")


def _areas(pieces: list[Piece], names: Mapping[int, Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """The city, its boroughs and its districts, each the union of its cells."""
    districts: dict[int, list[BaseGeometry]] = {}
    boroughs: dict[int, list[BaseGeometry]] = {}
    for piece in pieces:
        boroughs.setdefault(piece.borough, []).append(piece.shape)
        if piece.district:
            districts.setdefault(piece.district, []).append(piece.shape)
    rows = [(ROOT, "city", "", CITY, CALL_CENTRE, [piece.shape for piece in pieces])]
    rows += [
        (str(number), "borough", ROOT, BOROUGHS[number], "", boroughs[number])
        for number in sorted(boroughs)
    ]
    rows += [
        (str(n), "district", str(n // 100), _district_name(n, names[n]), "", districts[n])
        for n in sorted(districts)
    ]
    codes, levels, parents, labels, departments, shapes = zip(*rows, strict=True)
    table = {
        "code": codes,
        "level": levels,
        "parent": parents,
        "name_zh": [label.zh for label in labels],
        "name_en": [label.en for label in labels],
        "department": departments,
    }
    united = [shapely.union_all(members) for members in shapes]
    return gpd.GeoDataFrame(table, geometry=united, crs=WGS84)


def _district_name(number: int, row: Mapping[str, Any]) -> Label:
    if number in JOINT_INTEREST:
        return JOINT_INTEREST[number]
    borough = BOROUGHS[number // 100]
    place = re.sub(r"\s*\(CD\d+\)", "", row["GEONAME"])
    community = f"{borough.en} Community District {number % 100}"
    return Label(f"{borough.zh}第{number % 100}社区委员会区", f"{community}: {place}")
