"""A map of what was found in imported layers, on one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import numpy as np
import shapely

from app.city.layers import Shapes
from app.grid.drawing import WIDTH_PX, Sheet
from grid.importing.finding import Finding, Kind

Drawn = tuple[str, Shapes, Sequence[Finding]]

MOST_DRAWN: Final = 5_000
"""Findings; a page with more of them tells nobody anything, the layers hold them all."""

_WORDS: Final = {
    Kind.MISSING: "no shape 没有图形",
    Kind.FLAT: "no extent 没有面积",
    Kind.INVALID: "invalid rings 环无效",
    Kind.DUPLICATE: "drawn twice 重复",
    Kind.OVERLAP: "overlap 重叠",
    Kind.GAP: "gap 空隙",
}
_STYLE: Final = """
:root { color-scheme: light; font: 14px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
body { margin: 1.2rem; color: #1c2a33; background: #fff; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
svg { border: 1px solid #cfd8dc; background: #f6f8f8; }
.drawn { fill: #fff; fill-opacity: .6; stroke: #90a4ae; stroke-width: .6; }
.line { fill: none; stroke: #90a4ae; stroke-width: .6; }
.ground { fill: var(--kind); stroke: var(--kind); stroke-width: 1; }
.spot { fill: none; stroke: var(--kind); stroke-width: 2; }
.missing, .flat { --kind: #5d4037; } .invalid { --kind: #6a3d9a; }
.duplicate { --kind: #00796b; } .overlap { --kind: #c2185b; } .gap { --kind: #ef6c00; }
.key { background: var(--kind); display: inline-block; width: 1em; height: 1em;
  margin: 0 .3em 0 1em; vertical-align: -.15em; }
"""


def page_of(layers: Sequence[Drawn]) -> str:
    """The page: all layers with their findings, each with its kind, rows and size as a title."""
    title = escape(", ".join(name for name, _, _ in layers))
    found = [(name, one) for name, _, findings in layers for one in findings]
    shapes = np.concatenate([shapes for _, shapes, _ in layers])
    bounds = shapely.total_bounds(shapes)
    body = "<p>There is nothing to draw.</p>"
    if np.isfinite(bounds).all() and bounds[0] < bounds[2] and bounds[1] < bounds[3]:
        sheet = Sheet.over(bounds.tolist())
        parts = [*_outlines(shapes, sheet), *_marks(found[:MOST_DRAWN], sheet)]
        drawn = "\n".join(parts)
        body = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" '
            f'height="{sheet.height_px}" viewBox="0 0 {WIDTH_PX} {sheet.height_px}">'
            f"\n{drawn}\n</svg>"
        )
    return (
        f'<!doctype html>\n<html lang="zh"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>"
        f"<p>{len(found):,} findings; {_key(found)}</p>{body}</body></html>\n"
    )


def _outlines(shapes: Shapes, sheet: Sheet) -> Iterator[str]:
    """The layers, simplified to a third of a pixel."""
    for shape in shapely.simplify(shapes, 0.3 / sheet.east_px).tolist():
        if shape is not None and not shape.is_empty and shapely.get_dimensions(shape) >= 1:
            kind = "drawn" if shapely.get_dimensions(shape) == 2 else "line"
            yield f'<path class="{kind}" d="{sheet.path(shape)}"/>'


def _marks(found: Sequence[tuple[str, Finding]], sheet: Sheet) -> Iterator[str]:
    """The ground in question, and a ring around it, because most of it is too small to see."""
    for name, one in found:
        if one.spot is None:
            continue
        rows = ", ".join(map(str, one.rows[:10]))
        told = f"{name} {rows}: {_WORDS[one.kind]}, {one.reason}, {one.area_m2:,.2f} m²"
        if one.area_m2 > 0 and one.shape is not None:
            yield f'<path class="ground {one.kind}" d="{sheet.path(one.shape)}"/>'
        x, y = sheet.pixels(np.array([one.spot]))[0].tolist()
        title = f"<title>{escape(told)}</title>"
        yield f'<circle class="spot {one.kind}" cx="{x:g}" cy="{y:g}" r="6">{title}</circle>'


def _key(found: Sequence[tuple[str, Finding]]) -> str:
    kinds = {one.kind for _, one in found}
    return "".join(
        f'<span class="key {kind}"></span>{_WORDS[kind]}' for kind in Kind if kind in kinds
    )
