"""The map of what differs between two versions of the grid: before, after, and what moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from geo.measure import area_m2
from grid.cell import Cell
from grid.naming import Label
from grid.versions.changes import Change, Comparison, Kind
from maps.report.cells import Colouring, Group, Shapes, simplified
from maps.report.document import Outline, Plate, document

AFTER, BEFORE = Label("变更后", "after"), Label("变更前", "before")
UNCHANGED: Final = Label("未变更", "unchanged")
KINDS: Final[Mapping[Kind, Group]] = {
    Kind.RELOCATED: Group(Label("编码挪用", "relocated"), "#d81b60"),
    Kind.SPLIT: Group(Label("拆分", "split"), "#5b9bd5"),
    Kind.MERGED: Group(Label("合并", "merged"), "#9c6ade"),
    Kind.ADDED: Group(Label("新增", "added"), "#43a866"),
    Kind.ENDED: Group(Label("终止", "ended"), "#e0574f"),
    Kind.RENUMBERED: Group(Label("重新编码", "renumbered"), "#3fb8b0"),
    Kind.MOVED: Group(Label("边界调整", "moved"), "#f3b13f"),
    Kind.TRANSFERRED: Group(Label("划转", "transferred"), "#c8b273"),
    Kind.RENAMED: Group(Label("更名", "renamed"), "#e8dc8a"),
}
"""Every kind with its words and colour; what weighs more first, where a cell has several."""
_FIELDS: Final = (
    Label("编码", "code"),
    Label("名称", "name"),
    Label("面积", "size"),
    Label("变更", "change"),
    Label("变更前网格", "before"),
    Label("变更后网格", "after"),
    Label("增减", "gained, lost"),
)
_LISTED: Final = 6


@dataclass(frozen=True, slots=True)
class GridChange:
    """Both sides of a comparison, with their names."""

    old_name: Label
    new_name: Label
    old: Sequence[Cell]
    new: Sequence[Cell]
    comparison: Comparison


def diff_page(change: GridChange, simplify_m: float = 2.0) -> str:
    """The document; only cells that are the same are drawn with fewer vertices.

    Raises NothingToDraw, ForeignAsset, VendoredFilesMissing.
    """
    old_changes = _by_cell(change.comparison.changes, after=False)
    new_changes = _by_cell(change.comparison.changes, after=True)
    plates = [
        _plate(AFTER, change.new, new_changes, simplify_m),
        _plate(BEFORE, change.old, old_changes, simplify_m),
    ]
    outlines = [
        Outline(
            Label("换格地块", "ground that changed cell"),
            _moved_ground(change),
            "#b45309",
            1.0,
            fill="#f97316",
        ),
        Outline(
            Label("变更网格的原边界", "old borders of what changed"),
            _shapes([cell for cell in change.old if cell.code in old_changes]),
            "#37474f",
            1.4,
            dashes="5 4",
        ),
    ]
    sides = Label(
        f"{change.old_name.zh} → {change.new_name.zh}",
        f"{change.old_name.en} → {change.new_name.en}",
    )
    told = [sides, _told(change.comparison)]
    return document(Label("网格变更", "changes of the grid"), told, plates, outlines)


def _by_cell(changes: Iterable[Change], *, after: bool) -> dict[str, list[Change]]:
    """The changes of each cell of a side, those that weigh more first.

    Cells that only hold ground of what was added or ended are not changed by it.
    """
    silent = Kind.ENDED if after else Kind.ADDED
    found: dict[str, list[Change]] = defaultdict(list)
    order = list(KINDS)
    for one in sorted(changes, key=lambda change: order.index(change.kind)):
        for code in () if one.kind is silent else one.after if after else one.before:
            found[code].append(one)
    return found


def _plate(
    name: Label, cells: Sequence[Cell], changes: Mapping[str, Sequence[Change]], simplify_m: float
) -> Plate:
    exact, sizes_m2 = _shapes(cells), area_m2(_shapes(cells))
    light = simplified(exact, simplify_m)
    shapes = np.empty(len(cells), dtype=object)
    for n, cell in enumerate(cells):
        shapes[n] = exact[n] if cell.code in changes else light[n]
    kinds = [kind for kind in KINDS if any(c[0].kind is kind for c in changes.values())]
    numbers = {kind: number for number, kind in enumerate(kinds)}
    of_cell = [numbers[changes[c.code][0].kind] if c.code in changes else -1 for c in cells]
    groups = [KINDS[kind] for kind in kinds]
    colouring = Colouring(name, groups, np.array(of_cell, dtype=np.intp), ungrouped_name=UNCHANGED)
    texts = [
        [cell.code, f"{cell.name.zh} {cell.name.en}", f"{m2:,.0f} m²", *_story(changes, cell.code)]
        for cell, m2 in zip(cells, sizes_m2.tolist(), strict=True)
    ]
    return Plate(simplified(shapes, 0), _FIELDS, texts, [colouring])


def _story(changes: Mapping[str, Sequence[Change]], code: str) -> list[str]:
    """What happened to a cell, in the last four of the fields; empty where nothing did."""
    own = changes.get(code, ())
    if not own:
        return [""] * 4
    words = "；".join(f"{KINDS[one.kind].name.zh} {KINDS[one.kind].name.en}" for one in own)
    moved = next((one for one in own if one.kind is Kind.MOVED), None)
    border = f"+{moved.gained_m2:,.0f} −{moved.lost_m2:,.0f} m²" if moved else ""
    return [words, _listed(own[0].before), _listed(own[0].after), border]


def _listed(codes: Sequence[str]) -> str:
    more = len(codes) - _LISTED
    return " ".join(codes[:_LISTED]) + (f" … +{more}" if more > 0 else "")


def _moved_ground(change: GridChange) -> Shapes:
    """What each cell whose border moved has gained: with all of them, every piece once."""
    codes = [one.after[0] for one in change.comparison.of(Kind.MOVED)]
    old = {cell.code: cell.geometry for cell in change.old}
    new = {cell.code: cell.geometry for cell in change.new}
    gained = [shapely.difference(new[code], old[code]) for code in codes]
    return np.array([one for one in gained if one.area > 0], dtype=object)


def _shapes(cells: Sequence[Cell]) -> Shapes:
    shapes = np.empty(len(cells), dtype=object)
    shapes[:] = [cell.geometry for cell in cells]
    return shapes


def _told(comparison: Comparison) -> Label:
    """The sums, in words of both languages."""
    counted = f"{comparison.cells_before:,} → {comparison.cells_after:,}"
    sums = {Kind(kind): round(one["changes"]) for kind, one in comparison.sums.items()}
    zh = "，".join(f"{KINDS[kind].name.zh} {count:,}" for kind, count in sums.items())
    en = ", ".join(f"{KINDS[kind].name.en} {count:,}" for kind, count in sums.items())
    return Label(f"{counted} 个网格；{zh or '没有变更'}", f"{counted} cells; {en or 'no change'}")
