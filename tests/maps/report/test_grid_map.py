"""The map of a release: its colours are those of areas, departments and duty grids."""

from __future__ import annotations

from dataclasses import replace

from grid.department import Department, Departments
from grid.hierarchy import Area, Hierarchy
from grid.naming import Label
from maps.report.grid_map import ReleasedGrid, grid_page
from tests.grid.patrol.makers import duty_grid
from tests.grid.versions.makers import cell, square
from tests.maps.report.pages import Page


def area(code: str, level: str, parent: str | None, department: str | None = None) -> Area:
    return Area(code, level, parent, Label(f"区{code}", f"Area {code}"), department)


GRID = ReleasedGrid(
    title=Label("云溪区", "Yunxi"),
    told=[Label("网格版本 1", "grid version 1")],
    cells=[
        cell("a", square(0, 0), area="C1"),
        cell("b", square(1, 0), area="C1"),
        cell("c", square(2, 0), area="C2"),
    ],
    hierarchy=Hierarchy(
        [
            area("CITY", "city", None),
            area("S1", "street", "CITY", "OFFICE"),
            area("C1", "community", "S1"),
            area("C2", "community", "CITY"),
        ]
    ),
    levels={
        "city": Label("市", "City"),
        "street": Label("街道", "Street"),
        "community": Label("社区", "Community"),
    },
    departments=Departments([Department("OFFICE", Label("办事处", "Office"), "office", "")]),
)


def test_there_is_a_layer_for_each_level_below_the_city_and_for_departments():
    legends = Page(grid_page(GRID)).legends

    assert legends == [
        ["区S1 Area S1 2", "无 none 1"],
        ["区C1 Area C1 2", "区C2 Area C2 1"],
        ["办事处 Office 2", "无 none 1"],
    ]


def test_each_kind_of_duty_grid_is_a_layer_and_cells_in_none_stay_grey():
    grids = [duty_grid("D1", "a"), duty_grid("D2", "b"), duty_grid("N1", "abc", "night")]

    page = Page(grid_page(replace(GRID, duty_grids=grids)))

    assert page.legends[3:] == [
        ["N1 责任网格N1 Duty grid N1 3"],
        ["D1 责任网格D1 Duty grid D1 1", "D2 责任网格D2 Duty grid D2 1", "无 none 1"],
    ]
    assert [one["properties"]["g"][4] for one in page.cells()] == [0, 1, -1]


def test_a_cell_tells_its_code_name_size_and_all_that_it_belongs_to():
    page = Page(grid_page(replace(GRID, duty_grids=[duty_grid("D1", "a")])))

    first, _, last = page.texts()
    code, name, size, *belongs = first
    assert (code, name) == ("a", "网格a Cell a")
    assert 10_000 < float(size.removesuffix(" m²").replace(",", "")) < 12_000
    assert belongs == [
        "区S1 Area S1",
        "区C1 Area C1",
        "办事处 Office",
        "D1 责任网格D1 Duty grid D1",
    ]
    assert last[3:] == ["无 none", "区C2 Area C2", "无 none", "无 none"]


def test_shapes_are_written_once_however_many_layers_there_are():
    plain = len(grid_page(GRID))
    kinds = [duty_grid(f"D{n}", "abc", f"kind{n}") for n in range(5)]

    more = grid_page(replace(GRID, duty_grids=kinds))

    assert len(more) - plain < 5 * 2_500
    assert len(Page(more).cells()) == 3
