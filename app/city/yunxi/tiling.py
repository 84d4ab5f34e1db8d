"""The administrative city: cells, communities and streets with codes and names, on the globe."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from app.city.writing import WGS84
from app.city.yunxi.blocks import Blocks, Shapes
from app.city.yunxi.names import place_names
from app.city.yunxi.regions import Regions, rank_of
from app.city.yunxi.townscape import Points
from grid.code import CellCode
from grid.naming import Label

DIVISION: Final = "990101"
NAME: Final = Label("云溪区", "Yunxi District")
CENTRE: Final = (112.86, 30.86)
DIGITS: Final = 8
Project = Callable[[Shapes], Shapes]


@dataclass(frozen=True, slots=True)
class Tiling:
    """The tables ``areas`` and ``cells`` of the pack, in lon/lat degrees WGS84."""

    areas: gpd.GeoDataFrame
    cells: gpd.GeoDataFrame

    def codes(self, level: str) -> list[str]:
        """Codes of all areas of a level, in order."""
        return self.areas.loc[self.areas["level"] == level, "code"].tolist()


def globe() -> Project:
    """From the plane of the city to the globe, rounded to a millimetre so that bytes repeat."""
    lon, lat = CENTRE
    plane = pyproj.CRS.from_proj4(f"+proj=tmerc +lon_0={lon} +lat_0={lat} +datum=WGS84 +units=m")
    to_degrees = pyproj.Transformer.from_crs(plane, WGS84, always_xy=True).transform

    def project(shapes: Shapes) -> Shapes:
        return shapely.transform(shapes, lambda xy: _degrees(xy, to_degrees))

    return project


def _degrees(xy: Points, to_degrees: Callable[..., tuple[Points, Points]]) -> Points:
    return np.round(np.column_stack(to_degrees(xy[:, 0], xy[:, 1])), DIGITS)


def make_tiling(
    blocks: Blocks, regions: Regions, project: Project, rng: np.random.Generator
) -> Tiling:
    """Give every cell and area its code, its name and its place on the globe."""
    communities = _community_codes(regions)
    names = place_names(rng)
    street_names = [next(names) for _ in range(regions.street.max() + 1)]
    community_names = [next(names) for _ in communities]
    shapes = project(blocks.shapes)
    codes, cell_names = _cell_codes(blocks.shapes, regions, communities, community_names)
    order = np.argsort(codes)
    cells = _frame(codes, shapes, cell_names, area=[communities[n] for n in regions.community])
    areas = _areas(shapes, regions, communities, community_names, street_names)
    return Tiling(areas, cells.iloc[order].reset_index(drop=True))


def street_code(number: int) -> str:
    """Nine digits; streets count from 001."""
    return f"{DIVISION}{number + 1:03d}"


def _community_codes(regions: Regions) -> list[str]:
    counts = np.zeros(regions.street.max() + 1, dtype=int)
    codes: list[str] = []
    for street in regions.street.tolist():
        counts[street] += 1
        codes.append(f"{street_code(street)}{counts[street]:03d}")
    return codes


def _cell_codes(
    shapes: Shapes, regions: Regions, communities: list[str], names: list[Label]
) -> tuple[list[str], list[Label]]:
    """Serials run west to east, then north to south, inside each community."""
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    codes, labels = [""] * len(shapes), [Label("", "")] * len(shapes)
    for community, code in enumerate(communities):
        members = np.flatnonzero(regions.community == community)
        for cell, rank in zip(members.tolist(), rank_of(middle[members]).tolist(), strict=True):
            codes[cell] = str(CellCode.of(code, rank + 1))
            labels[cell] = Label(
                f"{names[community].zh}第{rank + 1}网格", f"{names[community].en} cell {rank + 1}"
            )
    return codes, labels


def _areas(
    shapes: Shapes,
    regions: Regions,
    communities: list[str],
    community_names: list[Label],
    street_names: list[Label],
) -> gpd.GeoDataFrame:
    """Division, streets and communities; each is exactly the union of its cells."""
    by_community = _unions(shapes, regions.community)
    by_street = _unions(by_community, regions.street)
    codes = [DIVISION, *map(street_code, range(len(street_names))), *communities]
    street_of = [street_code(street) for street in regions.street.tolist()]
    names = [
        NAME,
        *(Label(f"{one.zh}街道", f"{one.en} Street Office") for one in street_names),
        *(Label(f"{one.zh}社区", f"{one.en} Community") for one in community_names),
    ]
    shapes = np.concatenate(
        [_unions(by_street, np.zeros(len(by_street), int)), by_street, by_community]
    )
    streets = len(street_names)
    return _frame(
        codes,
        shapes,
        names,
        level=["division"] + ["street"] * streets + ["community"] * len(communities),
        parent=[""] + [DIVISION] * streets + street_of,
        department=[""] + [f"OFFICE{n + 1:03d}" for n in range(streets)] + [""] * len(communities),
    )


def _unions(shapes: Shapes, group: np.ndarray) -> Shapes:
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))[:-1]
    return np.array([shapely.coverage_union_all(part) for part in np.split(shapes[order], ends)])


def _frame(
    codes: list[str], shapes: Shapes, names: list[Label], **columns: list[str]
) -> gpd.GeoDataFrame:
    table = {"code": codes, **columns}
    table |= {"name_zh": [one.zh for one in names], "name_en": [one.en for one in names]}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=WGS84)
