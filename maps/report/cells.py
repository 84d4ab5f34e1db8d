"""Cells on a folium map: shapes that are written once and coloured in several ways.

Whatever people wrote (names, codes) reaches the page as JSON and the screen as text, never as
HTML: folium itself would put it into templates that run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from branca.element import MacroElement
from folium.map import Layer
from folium.template import Template
from jinja2.utils import htmlsafe_json_dumps
from numpy.typing import NDArray

from grid.naming import Label

DIGITS: Final = 6
"""Of degrees: a decimetre."""
NOWHERE: Final = "#d5d9dc"
NONE: Final = Label("无", "none")
"""The colour and the name of what belongs to no group."""

_TEMPLATE: Final = re.compile(r"\{(?=([{%#]))\1")

Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one colour, with their entry in the legend."""

    name: Label
    colour: str


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour cells: *of_cell* holds the number of the group of each, -1 for none."""

    name: Label
    groups: Sequence[Group]
    of_cell: NDArray[np.intp]
    ungrouped_name: Label = NONE

    @property
    def counts(self) -> list[int]:
        """How many cells each group has."""
        within = self.of_cell[self.of_cell >= 0]
        return np.bincount(within, minlength=len(self.groups)).tolist()

    @property
    def ungrouped(self) -> int:
        """How many cells belong to no group."""
        return int(np.count_nonzero(self.of_cell < 0))


def colours(count: int) -> list[str]:
    """Colours that differ, also between neighbours of the list; none of them dark."""
    # Steps of the golden angle leave no hue twice, however many there are.
    return [
        f"hsl({round(n * 137.508) % 360},{(62, 48, 72)[n % 3]}%,{(62, 74, 68)[n % 3]}%)"
        for n in range(count)
    ]


def simplified(shapes: Shapes, tolerance_m: float) -> Shapes:
    """Cells (n,) with fewer vertices, their common borders still common, to a decimetre.

    Where borders do not match vertex by vertex, as beside a cell that was just divided, nothing
    is taken away: each side would lose other vertices, and they would come apart.
    """
    if tolerance_m > 0 and len(shapes) and shapely.coverage_is_valid(shapes):
        shapes = shapely.coverage_simplify(shapes, tolerance_m / 111_320)
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, DIGITS))
    return np.asarray(rounded, dtype=object)


def joined(shapes: Shapes) -> shapely.Geometry:
    """The ground of cells (n,) as `simplified` gives them, without the borders between."""
    with suppress(shapely.GEOSException):  # some borders that do not match are found only here
        if shapely.coverage_is_valid(shapes):
            return shapely.coverage_union_all(shapes)
    return shapely.union_all(shapely.make_valid(shapes), grid_size=10**-DIGITS)


def script_json(value: object) -> str:
    """JSON for a script within a page: short, unable to end the script, and no template.

    branca runs every script as a template once more. Only texts can hold what begins one: in JSON
    itself no brace, percent or hash sign follows a brace.
    """
    text = str(htmlsafe_json_dumps(value, separators=(",", ":"), ensure_ascii=False))
    return _TEMPLATE.sub(lambda found: f"{{\\u00{ord(found[1]):02x}", text)


class CellShapes(MacroElement):
    """Shapes and texts of cells, written into the page once; `ColouredCells` show them.

    *fields* are the headings of what a cell tells, *texts* the lines of each; empty ones stay out.
    """

    _template = Template(
        """{% macro script(this, kwargs) %}
const {{ this.get_name() }} = (() => {
  const words = {{ this.words_json }}, fields = {{ this.fields_json }};
  const tell = ({properties}) => {
    const table = L.DomUtil.create("table", "told");
    properties.w.forEach((word, n) => {
      if (!words[word]) return;
      const row = table.insertRow();
      row.insertCell().textContent = fields[n];
      row.insertCell().textContent = words[word];
    });
    return table;
  };
  return {cells: {{ this.cells_json }}, tell};
})();
{% endmacro %}"""
    )

    def __init__(
        self,
        shapes: Shapes,
        fields: Sequence[Label],
        texts: Sequence[Sequence[str]],
        colourings: Sequence[Colouring],
    ) -> None:
        super().__init__()
        self._name = "CellShapes"
        words = sorted({word for line in texts for word in line})
        numbers = {word: number for number, word in enumerate(words)}
        groups = np.array([one.of_cell for one in colourings]).T.tolist()
        features = [
            {
                "type": "Feature",
                "properties": {"w": [numbers[word] for word in line], "g": group},
                "geometry": _geometry(shape),
            }
            for shape, line, group in zip(shapes, texts, groups, strict=True)
        ]
        self.colourings = tuple(colourings)
        self.words_json = script_json(words)
        self.fields_json = script_json([f"{one.zh} {one.en}" for one in fields])
        self.cells_json = script_json({"type": "FeatureCollection", "features": features})


class ColouredCells(Layer):
    """The cells in one of their colourings; a legend with the id ``legend-NAME`` comes and goes."""

    _template = Template(
        """{% macro script(this, kwargs) %}
const {{ this.get_name() }} = (() => {
  const colours = {{ this.colours_json }}, {cells, tell} = {{ this.shapes.get_name() }};
  const layer = L.geoJson(null, {
    style: ({properties}) => ({
      color: "#455a64", weight: .6, fillOpacity: .75,
      fillColor: colours[properties.g[{{ this.number }}]] || "{{ this.nowhere }}",
    }),
    onEachFeature: (feature, cell) => {
      cell.bindTooltip(() => tell(feature), {sticky: true});
      cell.on("mouseover", () => cell.setStyle({color: "#000", weight: 2.5}).bringToFront());
      cell.on("mouseout", () => layer.resetStyle(cell));
    },
  });
  const legend = document.getElementById("legend-{{ this.get_name() }}");
  // Shapes are made when they are first looked at: most are not.
  layer.on("add", () => { if (!layer.getLayers().length) layer.addData(cells); });
  layer.on("add remove", ({type}) => { legend.hidden = type === "remove"; });
  return layer;
})();
{% endmacro %}"""
    )

    def __init__(self, shapes: CellShapes, number: int, name: str, *, show: bool) -> None:
        """Colouring *number* of the *shapes*, a base layer; *name* is HTML."""
        super().__init__(name=name, overlay=False, show=show)
        self._name = "ColouredCells"
        self.shapes, self.number, self.nowhere = shapes, number, NOWHERE
        self.colouring = shapes.colourings[number]
        self.colours_json = script_json([group.colour for group in self.colouring.groups])


def _geometry(shape: shapely.Geometry) -> dict[str, Any]:
    """GeoJSON; a shape of one part as a plain polygon."""
    parts = shapely.get_parts(shape)
    rings = [
        [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(part)]
        for part in parts
    ]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}
