"""A map of new cells on one page that needs nothing else: SVG with its styles, no scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.city.layers import Shapes
from grid.tessellate import Tessellation

WIDTH_PX: Final = 1600
_STEPS: Final = (0.5, 0.8, 1.25, 2.0)
_WORDS: Final = ("< ½", "½ – ⅘", "⅘ – 1¼", "1¼ – 2", "> 2")
_STYLE: Final = """
:root { color-scheme: light; font: 14px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
body { margin: 1.2rem; color: #1c2a33; background: #fff; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
p { margin: 0 0 .6rem; }
svg { border: 1px solid #cfd8dc; background: #f6f8f8; }
.cell { fill: var(--size); stroke: #4a6572; stroke-width: .6; }
.cell:hover { stroke: #000; stroke-width: 2; }
.line { fill: none; stroke: #b9884a; stroke-width: 1; opacity: .55; pointer-events: none; }
.community { fill: none; stroke: #a3123f; stroke-width: 2.2; pointer-events: none; }
.name { font-size: 15px; fill: #a3123f; text-anchor: middle; paint-order: stroke;
  stroke: #fff; stroke-width: 3px; pointer-events: none; }
.s0 { --size: #b9a7dc; } .s1 { --size: #d6dff0; } .s2 { --size: #e4f0e2; }
.s3 { --size: #f7e3b5; } .s4 { --size: #ee9f72; }
.key { background: var(--size); display: inline-block;
  width: 1em; height: 1em; margin: 0 .3em 0 1em;
  vertical-align: -.15em; border: 1px solid #4a6572; }
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """From degrees to pixels of the drawing, north up."""

    west: float
    north: float
    east_px: float
    north_px: float
    height_px: int

    @classmethod
    def over(cls, bounds: Sequence[float]) -> Self:
        """A sheet for west, south, east, north in degrees."""
        west, south, east, north = bounds
        east_px = WIDTH_PX / (east - west)
        north_px = east_px / np.cos(np.radians((south + north) / 2))
        return cls(west, north, east_px, north_px, round((north - south) * north_px))

    def pixels(self, lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (n, 2) in pixels from the upper left corner, to a tenth."""
        offset = (lon_lat - [self.west, self.north]) * [self.east_px, -self.north_px]
        return np.round(offset, 1)

    def path(self, shape: BaseGeometry) -> str:
        """A line or polygon as the attribute ``d`` of a path."""
        parts = np.array([shape], dtype=object)
        if shapely.get_dimensions(shape) == 2:
            parts = shapely.get_rings(shapely.get_parts(shape))
        return "".join(self._stroke(part) for part in shapely.get_parts(parts))

    def _stroke(self, line: BaseGeometry) -> str:
        points = self.pixels(shapely.get_coordinates(line)).tolist()
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def page_of(made: Tessellation, lines: Shapes) -> str:
    """The page: cells coloured by size, lines, borders and names of the communities."""
    tiling, account = made.tiling, made.account
    shapes = np.array([cell.geometry for cell in tiling.cells], dtype=object)
    sheet = Sheet.over(shapely.total_bounds(shapes).tolist())
    root = next(area for area in tiling.areas if area.parent is None)
    sizes = account.sizes_m2
    told = (
        f"{account.cells:,} cells in {account.communities:,} communities; "
        f"median {sizes.median:,.0f} m², nine of ten {sizes.p05:,.0f} to {sizes.p95:,.0f} m²; "
        f"{len(account.merges):,} slivers merged, {len(account.cuts):,} large faces cut"
    )
    drawn = "\n".join([*_cells(made, sheet), *_lines(lines, sheet), *_communities(made, sheet)])
    title = escape(f"{root.name.zh} {root.name.en}")
    return (
        f'<!doctype html>\n<html lang="zh"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p>{escape(told)}</p><p>{_key()}</p>"
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{sheet.height_px}" '
        f'viewBox="0 0 {WIDTH_PX} {sheet.height_px}">\n{drawn}\n</svg></body></html>\n'
    )


def _cells(made: Tessellation, sheet: Sheet) -> Iterator[str]:
    usual = made.account.sizes_m2.median
    for cell, m2 in zip(made.tiling.cells, made.tiling.sizes_m2, strict=True):
        step = int(np.searchsorted(_STEPS, m2 / usual))
        title = escape(f"{cell.code} {cell.name.zh} {cell.name.en} · {m2:,.0f} m²")
        path = sheet.path(cell.geometry)
        yield f'<path class="cell s{step}" d="{path}"><title>{title}</title></path>'


def _lines(lines: Shapes, sheet: Sheet) -> Iterator[str]:
    for shape in lines:
        if shape is not None and not shape.is_empty and shapely.get_dimensions(shape) >= 1:
            yield f'<path class="line" d="{sheet.path(shape)}"/>'


def _communities(made: Tessellation, sheet: Sheet) -> Iterator[str]:
    homes = {cell.area for cell in made.tiling.cells}
    for area, shape in zip(made.tiling.areas, made.tiling.area_shapes, strict=True):
        if area.code in homes:
            spot = shapely.get_coordinates(shapely.point_on_surface(shape))
            x, y = sheet.pixels(spot)[0].tolist()
            yield f'<path class="community" d="{sheet.path(shape)}"/>'
            yield f'<text class="name" x="{x:g}" y="{y:g}">{escape(area.name.zh)}</text>'


def _key() -> str:
    steps = "".join(f'<span class="key s{step}"></span>{word}' for step, word in enumerate(_WORDS))
    return f"Size as a part of the median 面积与中位数之比:{steps}"
