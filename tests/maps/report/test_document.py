"""A document asks nobody for anything and runs nothing that people wrote."""

from __future__ import annotations

import folium
import numpy as np
import pytest
import shapely
from branca.element import JavascriptLink
from folium.plugins import MiniMap

from grid.naming import Label
from maps.errors import ForeignAsset, NothingToDraw
from maps.report.cells import Colouring, Group, colours, joined, script_json, simplified
from maps.report.document import Outline, Plate, control_name, document
from maps.report.offline import OfflineFigure
from tests.grid.versions.makers import square
from tests.maps.report.pages import Page

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "${alert(1)}`",
    "{{ 7 * 7 }}",
    "{% raw %}{%",
    "{# {{{ #}",
    "\u2028'\"\\",
]


def page_of(words: str = "甲", shapes: int = 2) -> str:
    name = Label(words, words)
    made = np.array([square(n, 0) for n in range(shapes)], dtype=object)
    colouring = Colouring(name, [Group(name, "#123456")], np.array([0, -1][:shapes], dtype=np.intp))
    plate = Plate(made, [name], [[words]] * shapes, [colouring])
    return document(name, [name], [plate], [Outline(name, made, "#000", 1.0)])


def test_a_page_asks_for_nothing_and_is_forbidden_to():
    page = Page(page_of())

    assert page.asked == []
    assert "link" not in page.tags
    assert "default-src 'none'" in page.html
    assert "sourceMappingURL" not in page.html


def test_the_same_content_gives_the_same_bytes():
    assert page_of() == page_of()


@pytest.mark.parametrize("words", HOSTILE)
def test_what_people_wrote_is_only_text(words: str):
    page, plain = Page(page_of(words)), Page(page_of())

    assert page.tags == plain.tags
    assert page.texts() == [[words], [words]]
    assert page.legends == [[f"{words} 1", "无 none 1"]]


@pytest.mark.parametrize("words", HOSTILE)
def test_the_name_of_a_layer_is_text_to_the_control_and_no_template(words: str):
    written = control_name(Label(words, words))

    assert not {"<", ">", "{", "}"} & set(written)


@pytest.mark.parametrize("words", HOSTILE)
def test_json_of_a_script_neither_ends_it_nor_begins_a_template(words: str):
    written = script_json({"a": [{"b": words}]})

    assert "<" not in written
    assert not [mark for mark in ("{{", "{%", "{#") if mark in written]


def test_a_plugin_that_nobody_vendored_is_refused_by_name():
    figure = OfflineFigure("map")
    page = folium.Map(tiles=None)
    figure.add_child(page)
    figure.header.add_child(JavascriptLink("https://example.org/d3.js"), name="d3")
    with pytest.raises(ForeignAsset, match="'d3' would come from"):
        figure.render()


def test_a_map_within_a_map_would_ask_for_more():
    figure = OfflineFigure("map")
    page = folium.Map(tiles=None)
    figure.add_child(page)
    page.add_child(MiniMap())
    with pytest.raises(ForeignAsset):
        figure.render()


def test_without_any_cell_there_is_nothing_to_draw():
    with pytest.raises(NothingToDraw):
        page_of(shapes=0)


def test_a_long_legend_ends_with_how_many_there_are_more():
    groups = [Group(Label(f"组{n}", f"group {n}"), colour) for n, colour in enumerate(colours(100))]
    shapes = np.array([square(n, 0) for n in range(100)], dtype=object)
    colouring = Colouring(Label("甲", "a"), groups, np.arange(100))

    page = document(Label("甲", "a"), [], [Plate(shapes, [], [[]] * 100, [colouring])], [])

    [legend] = Page(page).legends
    assert len(legend) == 81
    assert legend[-1] == "…另有 20 项 and 20 more"


def test_colours_do_not_repeat():
    assert len(set(colours(300))) == 300


def test_fewer_vertices_leave_no_gap_between_neighbours():
    wave = [(x / 100, 0.5 + 0.002 * (x % 3)) for x in range(101)]
    low = shapely.Polygon([*wave, (1, 0), (0, 0)])
    high = shapely.Polygon([*wave, (1, 1), (0, 1)])
    whole = shapely.affinity.scale(shapely.MultiPolygon([low, high]), 0.001, 0.001, origin=(0, 0))

    light = simplified(shapely.get_parts(whole), 5)

    before, after = (shapely.get_num_coordinates(one).sum() for one in (whole, light))
    assert after < before / 3
    assert shapely.coverage_is_valid(light)
    assert shapely.union_all(light).area == pytest.approx(1e-6)


def test_borders_that_do_not_match_are_drawn_as_they_are_and_leave_no_hair():
    # The third cell lies along both others; where they meet it has no vertex.
    shapes = np.array([square(0, 0, 0.37), square(0.37, 0, 0.63), square(0, 1)], dtype=object)
    assert not shapely.coverage_is_valid(shapes)

    light = simplified(shapes, 5)

    whole = joined(light)
    assert shapely.get_num_coordinates(light).tolist() == [5, 5, 5]
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert whole.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-3)
