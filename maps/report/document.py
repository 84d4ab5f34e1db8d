"""One page around a map of cells: title, switchable layers, outlines, legends, both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import folium
import numpy as np
import shapely
from branca.element import Element
from folium.map import CustomPane

from grid.naming import Label
from maps.errors import NothingToDraw
from maps.report.cells import (
    NOWHERE,
    CellShapes,
    ColouredCells,
    Colouring,
    Group,
    Shapes,
)
from maps.report.offline import OfflineFigure, Verbatim

MOST_ENTRIES: Final = 80
"""Of a legend; the rest is told when a cell is pointed at."""
_PANE: Final = "outlines"
_STYLE: Final = """
<style>
html, body { margin: 0; height: 100%; }
body .leaflet-container { background: #f6f8f8; }
.sheet, body .leaflet-container { font: 12.5px/1.45 system-ui, "Noto Sans CJK SC", sans-serif; }
.sheet { position: fixed; z-index: 1000; background: #fffffff2; color: #1c2a33; border-radius: 4px;
  box-shadow: 0 1px 4px #0005; padding: .5rem .8rem; }
.title { top: 10px; left: 56px; max-width: calc(100vw - 22rem); }
.title h1 { font-size: 1.1rem; margin: 0; }
.title p { margin: .1rem 0 0; }
.legend { bottom: 22px; left: 10px; max-height: 60vh; overflow: auto; max-width: 46vw; }
.legend[hidden] { display: none; }
.legend summary { font-weight: 600; cursor: pointer; }
.legend ul { list-style: none; margin: .3rem 0 0; padding: 0; white-space: nowrap; }
.legend i { display: inline-block; width: 1em; height: 1em; margin-right: .5em;
  border: 1px solid #455a64; vertical-align: -.15em; }
.legend small { color: #546e7a; }
.told td { padding: 0 .6em 0 0; vertical-align: top; }
.told td:first-child { color: #546e7a; }
@media print { .leaflet-control-container { display: none; } }
</style>
"""


@dataclass(frozen=True, slots=True)
class Plate:
    """Cells (n,) with what each tells under *fields*, and the ways to colour them."""

    shapes: Shapes
    fields: Sequence[Label]
    texts: Sequence[Sequence[str]]
    colourings: Sequence[Colouring]


@dataclass(frozen=True, slots=True)
class Outline:
    """Lines or areas above the cells that can be switched on and off."""

    name: Label
    shapes: Shapes
    colour: str
    width_px: float
    dashes: str = ""
    fill: str = ""
    show: bool = True


def document(
    title: Label, told: Sequence[Label], plates: Sequence[Plate], outlines: Sequence[Outline]
) -> str:
    """The page; *told* are lines below the title. The first colouring is shown when it opens.

    Raises NothingToDraw without any cell, ForeignAsset, VendoredFilesMissing.
    """
    figure = OfflineFigure(_both(title))
    page = folium.Map(
        tiles=None,
        prefer_canvas=True,
        font_size="12.5px",
        max_zoom=20,
        zoom_snap=0.25,
        attribution_control=False,
    )
    figure.add_child(page)
    figure.header.add_child(Verbatim(_STYLE), name="style")
    page.add_child(CustomPane(_PANE, z_index=450))
    legends = [
        legend
        for number, plate in enumerate(plates)
        for legend in _add_plate(page, plate, show=number == 0)
    ]
    for outline in outlines:
        page.add_child(_lines(outline))
    page.add_child(folium.LayerControl(collapsed=False))
    page.fit_bounds(_bounds(plates), padding_top_left=(0, 60))
    figure.html.add_child(Verbatim(_heading(title, told)), name="heading")
    for number, (layer, colouring) in enumerate(legends):
        figure.html.add_child(_Legend(layer, colouring, hidden=number > 0), name=f"legend{number}")
    return figure.render()


def _add_plate(
    page: folium.Map, plate: Plate, *, show: bool
) -> list[tuple[ColouredCells, Colouring]]:
    shapes = CellShapes(plate.shapes, plate.fields, plate.texts, plate.colourings)
    page.add_child(shapes)
    made: list[tuple[ColouredCells, Colouring]] = []
    for number, colouring in enumerate(plate.colourings):
        name = control_name(colouring.name)
        layer = ColouredCells(shapes, number, name, show=show and number == 0)
        page.add_child(layer)
        made.append((layer, colouring))
    return made


class _Legend(Element):
    """What the colours of a layer mean; it looks up the name of the layer when it is written."""

    def __init__(self, layer: ColouredCells, colouring: Colouring, *, hidden: bool) -> None:
        super().__init__()
        self.layer, self.colouring, self.hidden = layer, colouring, hidden

    def render(self, **kwargs: Any) -> str:
        counted = zip(self.colouring.groups, self.colouring.counts, strict=True)
        entries = [_entry(group, count) for group, count in counted]
        if self.colouring.ungrouped:
            entries.append(
                _entry(Group(self.colouring.ungrouped_name, NOWHERE), self.colouring.ungrouped)
            )
        more = len(entries) - MOST_ENTRIES
        if more > 0:
            entries[MOST_ENTRIES:] = [f"<li>…另有 {more:,} 项 and {more:,} more</li>"]
        hidden = " hidden" if self.hidden else ""
        return (
            f'<section class="sheet legend" id="legend-{self.layer.get_name()}"{hidden}>'
            f"<details open><summary>{escape(_both(self.colouring.name))}</summary>"
            f"<ul>{''.join(entries)}</ul></details></section>"
        )


def _entry(group: Group, count: int) -> str:
    key = f'<i style="background:{group.colour}"></i>'
    return f"<li>{key}{escape(_both(group.name))} <small>{count:,}</small></li>"


def _lines(outline: Outline) -> folium.GeoJson:
    style = {
        "color": outline.colour,
        "weight": outline.width_px,
        "dashArray": outline.dashes,
        "fill": bool(outline.fill),
        "fillColor": outline.fill,
        "fillOpacity": 0.55,
    }

    def styled(feature: object) -> Mapping[str, object]:
        return style

    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(shape))}
        for shape in outline.shapes
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=control_name(outline.name),
        style_function=styled,
        show=outline.show,
        interactive=False,
        pane=_PANE,
    )


def _heading(title: Label, told: Sequence[Label]) -> str:
    lines = "".join(f"<p>{_lines_of(one)}</p>" for one in told)
    return f'<header class="sheet title"><h1>{escape(_both(title))}</h1>{lines}</header>'


def _lines_of(label: Label) -> str:
    return "<br>".join(escape(one) for one in dict.fromkeys((label.zh, label.en)))


def _bounds(plates: Sequence[Plate]) -> list[list[float]]:
    """South-west and north-east corner, latitude first as Leaflet has it."""
    shapes = np.concatenate([plate.shapes for plate in plates])
    if not len(shapes):
        raise NothingToDraw
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    return [[south, west], [north, east]]


def control_name(label: Label) -> str:
    """The name of a layer: HTML to Leaflet's control, and on its way there a template."""
    return escape(_both(label)).replace("{", "&#123;").replace("}", "&#125;")


def _both(label: Label) -> str:
    return label.zh if label.zh == label.en else f"{label.zh} {label.en}"
