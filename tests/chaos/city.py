"""The city of a run: Yunxi with deadlines of seconds, and the changes that are made to it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd

from app.city.writing import write_layer, write_table
from app.city.yunxi.making import make_yunxi
from tests.chaos.clients import GATEWAY

CELLS: Final = 200
QUICK: Final = ("06", "09")
"""Beginnings of the categories whose deadlines fall due while a run lasts."""
_QUICK_LIMIT: Final = {"amount": "0.01", "unit": "urgent_hour"}
_QUICK_WINDOW: Final = "window_minutes = 0.25"
_NEW_RULE: Final = """
[[rule]]
name = "changed-during-the-run"
when = 'class_code == "09" && severity >= 3'
department = "ENFORCE"
because_zh = "运行期间修改的规则"
because_en = "A rule that was changed during the run"
"""
_NEW_DAY: Final = "2028-02-29,holiday,测试日,Test day\n"


class Pack:
    """A city pack that can be changed and changed back, one part at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Write it."""
        make_yunxi(self.folder, CELLS)
        _rewrite(
            self.folder / "limits.csv",
            lambda row: row | _QUICK_LIMIT if row["category"].startswith(QUICK) else row,
        )
        _rewrite(self.folder / "sensors.csv", lambda row: row | {"source": GATEWAY})
        rules = self.folder / "sensor_rules.toml"
        text = rules.read_text(encoding="utf-8")
        rules.write_text(re.sub("window_minutes = .*", _QUICK_WINDOW, text), encoding="utf-8")

    def change(self, what: str) -> None:
        """Change the part ``grid``, ``calendar`` or ``rule``, or change it back."""
        _CHANGES[what](self.folder)


def _rewrite(table: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = [change(row) for row in csv.DictReader(file)]
    write_table(table, rows)


def _change_grid(folder: Path) -> None:
    """Let two neighbours of one community change codes, and what stands in them follow."""
    cells = gpd.read_file(folder / "cells.gpkg")
    first, second = cells.loc[cells["area"] == cells["area"].iloc[0], "code"][:2]
    swapped = {first: second, second: first}
    _recode(folder / "cells.gpkg", "cells", "code", swapped)
    _recode(folder / "components.gpkg", "components", "cell", swapped)


def _recode(file: Path, layer: str, column: str, codes: Mapping[str, str]) -> None:
    shapes = gpd.read_file(file, layer=layer)
    shapes[column] = shapes[column].replace(codes)
    file.unlink()
    write_layer(file, layer, shapes)


def _change_calendar(folder: Path) -> None:
    _toggle(folder / "calendar.csv", _NEW_DAY)


def _change_rule(folder: Path) -> None:
    _toggle(folder / "routing.toml", _NEW_RULE)


def _toggle(file: Path, ending: str) -> None:
    text = file.read_text(encoding="utf-8")
    changed = text.removesuffix(ending) if text.endswith(ending) else text + ending
    file.write_text(changed, encoding="utf-8")


_CHANGES: Final[Mapping[str, Callable[[Path], None]]] = {
    "grid": _change_grid,
    "calendar": _change_calendar,
    "rule": _change_rule,
}
