"""What the base map draws beneath the cells: roads, bridges, railway, water and parks."""

from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from app.city.writing import WGS84
from app.city.yunxi.blocks import LAND, PARK, WATER, Blocks, Shapes
from app.city.yunxi.names import place_names
from app.city.yunxi.tiling import Project
from app.city.yunxi.townscape import Townscape
from grid.naming import Label

RINGS: Final = (Label("内环路", "Inner Ring Road"), Label("外环路", "Outer Ring Road"))
KINDS: Final = {"primary": ("大道", "Avenue"), "secondary": ("路", "Road")}
Layer = list[tuple[str, Label, shapely.Geometry]]


def make_layers(
    town: Townscape, blocks: Blocks, project: Project, rng: np.random.Generator
) -> dict[str, gpd.GeoDataFrame]:
    """One table per layer, in lon/lat degrees WGS84, cut at the edge of the city."""
    layers: dict[str, Layer] = {
        "water": [("river", Label("云溪", "Yun River"), _united(blocks, WATER))],
        "parks": _parks(blocks, rng),
        "rail": [("rail", Label("云溪铁路", "Yunxi Railway"), town.railway)],
        "roads": _roads(town, blocks, rng),
    }
    return {name: _frame(_inside(rows, town), project) for name, rows in layers.items()}


def _united(blocks: Blocks, use: int) -> shapely.Geometry:
    return shapely.coverage_union_all(blocks.shapes[blocks.use == use])


def _parks(blocks: Blocks, rng: np.random.Generator) -> Layer:
    names = place_names(rng)
    parks = shapely.get_parts(_united(blocks, PARK))
    return [("park", _named(next(names), "公园", "Park"), park) for park in parks]


def _named(name: Label, zh: str, en: str) -> Label:
    return Label(name.zh + zh, f"{name.en} {en}")


def _roads(town: Townscape, blocks: Blocks, rng: np.random.Generator) -> Layer:
    """The named network, its bridges once more as a class of their own, and residential streets."""
    names, rings = place_names(rng), iter(RINGS)
    roads: Layer = [
        (
            road.grade,
            next(rings) if road.grade == "ring" else _named(next(names), *KINDS[road.grade]),
            road.line,
        )
        for road in town.roads
    ]
    spans = [
        ("bridge", _named(name, "桥", "Bridge"), shapely.intersection(line, town.river))
        for _, name, line in roads
    ]
    bridges = [bridge for bridge in spans if bridge[2].length > 1.0]
    residential = shapely.get_parts(shapely.line_merge(_between_blocks(blocks)))
    return [*roads, *bridges, *(("residential", Label("", ""), line) for line in residential)]


def _between_blocks(blocks: Blocks) -> shapely.Geometry:
    """The borders between two cells on land that were cut from one block: its side streets."""
    left, right = blocks.borders.left, blocks.borders.right
    inner: NDArray[np.bool_] = blocks.block[left] == blocks.block[right]
    inner &= (blocks.use[left] == LAND) & (blocks.use[right] == LAND)
    return shapely.multilinestrings(list(blocks.borders.ends[inner]))


def _inside(rows: Layer, town: Townscape) -> Layer:
    shapes = np.array([shape for _, _, shape in rows], dtype=object)
    shapely.prepare(town.boundary)
    crossing = ~shapely.covers(town.boundary, shapes)
    shapes[crossing] = shapely.intersection(shapes[crossing], town.boundary)
    return [
        (kind, name, shape)
        for (kind, name, _), shape in zip(rows, shapes.tolist(), strict=True)
        if not shape.is_empty
    ]


def _frame(rows: Layer, project: Project) -> gpd.GeoDataFrame:
    shapes: Shapes = np.array([shape for _, _, shape in rows], dtype=object)
    table = {
        "class": [kind for kind, _, _ in rows],
        "name_zh": [name.zh for _, name, _ in rows],
        "name_en": [name.en for _, name, _ in rows],
    }
    return gpd.GeoDataFrame(table, geometry=project(shapes), crs=WGS84)
