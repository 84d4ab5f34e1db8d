"""Maps of a release and of changes, as a person asks for them; and what breaks duty grids."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import union_all

from app.city.loading import load_pack
from tests.app.city.makers import change_layer, write_pack
from tests.app.city.test_patrols import FIRST, SECOND
from tests.app.grid.test_release_commands import CUT, EAST_HALF, WEST_HALF, cut_the_first
from tests.app.grid.typed import told, typed
from tests.maps.report.pages import Page

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "map.html"


def page_in(file: Path) -> Page:
    return Page(file.read_text(encoding="utf-8"))


def test_a_pack_is_drawn_without_a_database(pack: Path, out: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CITY_DATABASE_URL")

    found = told("map", "--pack", pack, "--out", out)

    assert found == {"out": str(out), "cells": 8, "bytes": out.stat().st_size}
    page = page_in(out)
    assert "城市包 yunxi" in page.html
    assert page.legends == [
        ["东街道 East Street 8"],
        ["甲社区 First 4", "乙社区 Second 4"],
        ["东街道办事处 East Street Office 8"],
        ["N1 夜间责任网格 By night 8"],
        ["D1 甲责任网格 First duty grid 4", "D2 乙责任网格 Second duty grid 4"],
    ]


def test_the_version_in_force_or_any_other_is_drawn_with_the_duty_grids_that_followed(
    pack: Path, out: Path, database_url: str
):
    load_pack(pack, database_url)
    change_layer(pack / "cells.geojson", cut_the_first)
    told("draft", pack)
    told("diff", 1, 2)

    in_force = told("map", "--out", out)
    now = page_in(out)
    drafted = told("map", "--release", 2, "--out", out)

    assert (in_force["cells"], drafted["cells"]) == (8, 9)
    assert "网格版本 1" in now.html
    assert {one[0] for one in page_in(out).texts()} >= {WEST_HALF, EAST_HALF}
    assert page_in(out).legends[4][0] == "D1 甲责任网格 First duty grid 5"


def test_a_city_without_duty_grids_has_a_map_too(tmp_path: Path, out: Path, database_url: str):
    (tmp_path / "bare").mkdir()
    load_pack(write_pack(tmp_path / "bare"), database_url)

    told("map", "--out", out)

    assert len(page_in(out).legends) == 3


def test_what_cannot_be_drawn_or_written_is_said_in_one_line(
    pack: Path, out: Path, tmp_path: Path, database_url: str
):
    load_pack(pack, database_url)

    unknown = typed("map", "--release", 7, "--out", out)
    both = typed("map", "--release", 1, "--pack", pack, "--out", out)
    nowhere = typed("map", "--out", tmp_path / "none" / "map.html")
    no_pack = typed("map", "--pack", tmp_path / "none", "--out", out)

    assert [one.exit_code for one in (unknown, both, nowhere, no_pack)] == [1, 1, 2, 1]
    assert unknown.stderr.strip() == "no grid has the version 7; load a city pack first"
    assert both.stderr.strip() == "say --release or --pack, not both"
    assert "cannot be written: No such file or directory" in nowhere.stderr
    assert "is not a city pack" in no_pack.stderr
    assert not out.exists()


def test_a_comparison_is_drawn_beside_being_told(pack: Path, out: Path, database_url: str):
    load_pack(pack, database_url)
    change_layer(pack / "cells.geojson", cut_the_first)

    found = told("diff", 1, pack, "--map", out)

    assert [one["kind"] for one in found["changes"]] == ["split"]
    page = page_in(out)
    assert page.legends == [
        ["拆分 split 2", "未变更 unchanged 7"],
        ["拆分 split 1", "未变更 unchanged 7"],
    ]
    assert "网格版本 1 → " in page.html
    assert str(pack.parent) not in page.html


def test_a_comparison_says_that_all_duty_grids_follow(pack: Path, database_url: str):
    load_pack(pack, database_url)
    change_layer(pack / "cells.geojson", cut_the_first)

    found = told("diff", 1, pack)

    assert found["duty_grids"] == {"count": 3, "broken": [], "unpatrolled": []}
    assert "Duty grids to look at" not in typed("diff", 1, pack).stdout


def join_across_the_border(cells: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The third cell of the first community grows over the first one of the second."""
    west, east = f"{FIRST}003", f"{SECOND}001"
    both = cells[cells["code"].isin([west, east])]
    left = cells[cells["code"] != east].copy()
    left.loc[left["code"] == west, "geometry"] = union_all(both.geometry.tolist())
    return gpd.GeoDataFrame(left, crs=cells.crs)


def test_a_comparison_names_the_duty_grids_that_break(pack: Path, database_url: str):
    load_pack(pack, database_url)
    change_layer(pack / "cells.geojson", join_across_the_border)
    layer = pack / "cells.geojson"

    found = told("diff", 1, layer)
    shown = typed("diff", 1, layer)

    assert found["duty_grids"]["broken"] == [
        {"duty_grid": "D1", "reason": "contested", "cells": [f"{FIRST}003"]},
        {"duty_grid": "D2", "reason": "contested", "cells": [f"{FIRST}003"]},
    ]
    assert "Duty grids to look at" in shown.stdout
    assert CUT not in shown.stdout
