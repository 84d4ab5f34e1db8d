"""Every category has exactly one department in every cell, or the check names the lines at fault.

The answers are counted here from the lines of the pack alone, as arrays, without the code that
decides.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.city.checking import check_pack
from app.city.pack import CityPack
from app.city.yunxi.making import make_yunxi
from dispatch.routing import Router
from grid.department import Departments
from grid.duty import Jurisdiction
from grid.hierarchy import Hierarchy
from tests.app.city.makers import append_row, change_layer, change_text

DEPTHS = 10


def counted(
    parts: dict[str, Any], categories: Sequence[str], areas: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """How many lines are the best for each category in each area, and whom the first names.

    Both (categories, areas). Where no line applies the territory counts as the one answer.
    """
    paths = {one["code"]: Hierarchy.of(parts["areas"]).path(one["code"]) for one in parts["areas"]}
    best = np.full((len(categories), len(areas)), -1)
    count = np.zeros_like(best)
    who = np.full(best.shape, None, dtype=object)
    for duty in sorted(parts["jurisdiction"], key=lambda duty: duty["row"], reverse=True):
        named = "" if duty["category"] == "*" else duty["category"]
        fits = np.array([one.startswith(named) for one in categories])
        depth = np.array([_depth(paths[area], duty["area"]) for area in areas])
        here = fits[:, None] & (depth >= 0)[None, :]
        rank = 0 if duty.get("default") else 1 + len(named) * DEPTHS + depth[None, :]
        rank = np.broadcast_to(rank, best.shape)
        better, same = here & (rank > best), here & (rank == best)
        count = np.where(better, 1, count + same)
        who[better | same] = duty["department"]
        best = np.where(better, rank, best)
    for number, area in enumerate(areas):
        bodies = [one["department"] for code in paths[area] for one in _named(parts, code)]
        territory = next((body for body in bodies if body), None)
        if territory:
            count[best[:, number] < 0, number] = 1
            who[best[:, number] < 0, number] = territory
    return count, who


def _depth(path: tuple[str, ...], area: str) -> int:
    """How narrow an area is for a place below it: 0 for the whole city, -1 for another place."""
    if not area:
        return 0
    return len(path) - path.index(area) if area in path else -1


def _named(parts: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [one for one in parts["areas"] if one["code"] == code]


def everything(pack: CityPack) -> tuple[list[str], list[str], NDArray[np.intp]]:
    """Categories of the pack, areas right above cells, and the number of the area of each cell."""
    categories = [one["code"] for one in pack.parts["catalogue"]["categories"]]
    homes = [cell.area for cell in pack.tiling.cells]
    areas = sorted(set(homes))
    return categories, areas, np.searchsorted(areas, homes)


def test_each_of_403_categories_has_one_department_in_each_cell_of_yunxi(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    make_yunxi(tmp_path)
    pack = check_pack(tmp_path).sound()
    categories, areas, home = everything(pack)

    begun = time.perf_counter()
    count, who = counted(pack.parts, categories, areas)
    answers = count[:, home]
    spent = time.perf_counter() - begun

    with capsys.disabled():
        print(f" {answers.size:,} answers counted in {spent:.2f} s ", end="")
    assert answers.shape == (403, len(pack.tiling.cells))
    assert answers.shape[1] > 1_500
    assert (answers == 1).all()
    hierarchy = Hierarchy.of(pack.parts["areas"])
    departments = Departments.of(pack.parts["departments"])
    router = Router.of([], Jurisdiction.of(pack.parts["jurisdiction"]), hierarchy, departments)
    for number, area in enumerate(areas):
        path = hierarchy.path(area)
        decided = [router.foresee({"category": c}, path).assignment for c in categories]
        assert [one.department for one in decided if one] == who[:, number].tolist()


def told(folder: Path) -> list[tuple[str, int | None, str, str]]:
    return [(one.file, one.row, one.field, one.problem) for one in check_pack(folder).faults]


def without_territory(folder: Path) -> None:
    change_layer(folder / "areas.geojson", lambda areas: areas.assign(department=""))


def test_a_category_that_nobody_takes_anywhere(folder: Path):
    without_territory(folder)
    change_text(folder / "jurisdiction.csv", "06028,,SANI\n", "")

    assert told(folder) == [
        (
            "jurisdiction.csv",
            None,
            "category",
            "nobody answers for '06028' in 8 cells, those of 990101001001, 990101001002",
        )
    ]


def test_a_category_that_is_only_taken_in_one_community_has_a_hole_in_the_other(folder: Path):
    without_territory(folder)
    change_text(folder / "jurisdiction.csv", "06028,,SANI", "06028,990101001001,SANI")

    assert told(folder) == [
        (
            "jurisdiction.csv",
            None,
            "category",
            "nobody answers for '06028' in 4 cells, those of 990101001002",
        )
    ]


def test_a_hole_is_filled_by_the_territory_by_a_beginning_or_by_the_catalogue(folder: Path):
    change_text(folder / "jurisdiction.csv", "06028,,SANI\n", "")
    assert told(folder) == []

    without_territory(folder)
    assert len(told(folder)) == 1
    append_row(folder / "jurisdiction.csv", ["06", "990101001", "POLICE"])
    assert told(folder) == []


def test_rules_fill_no_hole(folder: Path):
    without_territory(folder)
    change_text(folder / "jurisdiction.csv", "06028,,SANI\n", "")
    (folder / "routing.toml").write_text(
        '[[rule]]\nname = "all"\nwhen = \'category == "06028"\'\ndepartment = "POLICE"\n'
        'because_zh = "一"\nbecause_en = "one"\n',
        encoding="utf-8",
    )

    assert [problem[3][:26] for problem in told(folder)] == ["nobody answers for '06028'"]


@pytest.mark.parametrize(("area", "shown"), [("", "every area"), ("990101001", "990101001")])
@pytest.mark.parametrize("department", ["SANI", "POLICE"])
def test_two_lines_for_one_category_and_area_are_named_with_both_rows(
    folder: Path, area: str, shown: str, department: str
):
    append_row(folder / "jurisdiction.csv", ["06010", "990101001", "SANI"])
    append_row(folder / "jurisdiction.csv", ["06010", area, department])

    first = 4 if area else 2
    assert told(folder) == [
        (
            "jurisdiction.csv",
            5,
            "category",
            f"'06010' in {shown} stands in row {first} already",
        )
    ]


def test_a_double_answer_is_seen_by_the_count_as_well(folder: Path):
    pack = check_pack(folder).sound()
    categories, areas, _ = everything(pack)
    twice = [*pack.parts["jurisdiction"], pack.parts["jurisdiction"][0] | {"row": 9}]

    count, _ = counted(pack.parts | {"jurisdiction": twice}, categories, areas)

    assert set(count[categories.index("06010")].tolist()) == {2}
    assert set(count[categories.index("06028")].tolist()) == {1}
