"""Comparing two versions of the grid, cell by cell.

Only cells whose code or shape is not the same in both are laid over each other, so the work grows
with what changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import shapely

from geo.measure import area_m2
from grid.cell import Cell
from grid.naming import Label
from grid.tessellate.plane import Plane
from grid.versions.changes import Change, Comparison, Kind, Succession
from grid.versions.overlaps import Flags, Floats, Overlaps, Shapes, find_overlaps, is_wide

NOISE_M: Final = 1.0
"""Borders that differ by less, in metres, were only drawn again."""

_MOST: Final = 0.5
"""A cell is the heir of another when it holds more than this share of its ground."""


def compare(old: Sequence[Cell], new: Sequence[Cell], noise_m: float = NOISE_M) -> Comparison:
    """What became of the *old* cells; codes are unique within each version.

    Each version's cells should not overlap: common ground is counted once for each pair.
    """
    standing = {cell.code: cell for cell in new}
    kept = [(cell, standing[cell.code]) for cell in old if cell.code in standing]
    same = _identical(kept)
    drawn_alike = {one.code for (one, _), alike in zip(kept, same, strict=True) if alike}
    ground = _Ground(
        [cell for cell in old if cell.code not in drawn_alike],
        [cell for cell in new if cell.code not in drawn_alike],
        noise_m,
    )
    changes = [*ground.changes(), *_relabelled(kept)]
    order = list(Kind)
    return Comparison(
        len(old),
        len(new),
        sorted(changes, key=lambda one: (order.index(one.kind), one.before, one.after)),
        ground.successions(),
        ground.left_m2,
        ground.taken_m2,
    )


def _identical(pairs: Sequence[tuple[Cell, Cell]]) -> Flags:
    one = _shapes(cell for cell, _ in pairs)
    other = _shapes(cell for _, cell in pairs)
    return np.asarray(shapely.equals_identical(one, other))


def _relabelled(kept: Iterable[tuple[Cell, Cell]]) -> Iterator[Change]:
    labelled = [(one, other) for one, other in kept if _label(one) != _label(other)]
    sizes = area_m2(_shapes(other for _, other in labelled)).tolist()
    for (one, other), size in zip(labelled, sizes, strict=True):
        if one.name != other.name:
            names = (one.name, other.name)
            yield Change(Kind.RENAMED, (one.code,), (other.code,), size, names=names)
        if one.area != other.area:
            yield Change(Kind.TRANSFERRED, (one.code,), (other.code,), size)


def _label(cell: Cell) -> tuple[Label, str]:
    return cell.name, cell.area


@dataclass(frozen=True)
class _Ground:
    """The cells of both versions that are not alike, laid over each other."""

    old: Sequence[Cell]
    new: Sequence[Cell]
    noise_m: float

    def changes(self) -> Iterator[Change]:
        told: set[str] = set()
        for change in (*self._splits(), *self._merges(), *self._renumbered()):
            told.update(change.before, change.after)
            yield change
        yield from self._ended(told)
        yield from self._added(told)
        yield from self._redrawn(told)

    def successions(self) -> list[Succession]:
        found = zip(*self._told_pairs, strict=True)
        return [
            Succession(self.old[o].code, self.new[n].code, m2, min(1.0, m2 / self._old_m2[o]))
            for o, n, m2 in found
        ]

    @property
    def left_m2(self) -> float:
        return max(0.0, float(self._old_m2.sum() - self._overlaps.area_m2.sum()))

    @property
    def taken_m2(self) -> float:
        return max(0.0, float(self._new_m2.sum() - self._overlaps.area_m2.sum()))

    def _splits(self) -> Iterator[Change]:
        """One old cell is the origin of several, not all of which were there."""
        for o, parts in _grouped(self._origins).items():
            codes = [self.new[n].code for n in parts]
            if len(parts) > 1 and not self._old_codes.issuperset(codes):
                yield self._change(Kind.SPLIT, [o], parts, float(self._old_m2[o]))

    def _merges(self) -> Iterator[Change]:
        """One new cell is the heir of several, not all of which stay."""
        for n, parts in _grouped(self._heirs).items():
            codes = [self.old[o].code for o in parts]
            if len(parts) > 1 and not self._new_codes.issuperset(codes):
                yield self._change(Kind.MERGED, parts, [n], float(self._new_m2[n]))

    def _renumbered(self) -> Iterator[Change]:
        origins, heirs = _grouped(self._origins), _grouped(self._heirs)
        for o, n in self._heirs.items():
            alone = heirs[n] == [o] and origins.get(o) == [n]
            if alone and self._is_gone(o) and self._is_young(n):
                yield self._change(Kind.RENUMBERED, [o], [n], float(self._new_m2[n]))

    def _ended(self, told: set[str]) -> Iterator[Change]:
        old, new, _ = self._told_pairs
        after = _grouped_pairs(old, new)
        for o, cell in enumerate(self.old):
            if self._is_gone(o) and cell.code not in told:
                yield self._change(Kind.ENDED, [o], after.get(o, []), float(self._old_m2[o]))

    def _added(self, told: set[str]) -> Iterator[Change]:
        old, new, _ = self._told_pairs
        before = _grouped_pairs(new, old)
        for n, cell in enumerate(self.new):
            if self._is_young(n) and cell.code not in told:
                yield self._change(Kind.ADDED, before.get(n, []), [n], float(self._new_m2[n]))

    def _redrawn(self, told: set[str]) -> Iterator[Change]:
        """Cells that keep their code; where a split or merge says why the border moved, it said."""
        place = {cell.code: n for n, cell in enumerate(self.new)}
        pairs = [(o, place[one.code]) for o, one in enumerate(self.old) if one.code in place]
        one, other = (self._old_shapes[[o for o, _ in pairs]],
                      self._new_shapes[[n for _, n in pairs]])  # fmt: skip
        lost, gained = shapely.difference(one, other), shapely.difference(other, one)
        moved = is_wide(lost, self._plane, self.noise_m) | is_wide(
            gained, self._plane, self.noise_m
        )
        found = zip(pairs, moved, area_m2(gained), area_m2(lost), strict=True)
        for (o, n), is_moved, more_m2, less_m2 in found:
            code = self.old[o].code
            stays_m2 = self._old_m2[o] - less_m2
            if stays_m2 < _MOST * min(self._old_m2[o], self._new_m2[n]):
                yield Change(Kind.RELOCATED, (code,), (code,), float(self._new_m2[n]))
            elif is_moved and code not in told:
                more, less = float(more_m2), float(less_m2)
                yield Change(Kind.MOVED, (code,), (code,), more + less, more, less)

    def _change(self, kind: Kind, old: Iterable[int], new: Iterable[int], m2: float) -> Change:
        before = tuple(sorted(self.old[o].code for o in old))
        after = tuple(sorted(self.new[n].code for n in new))
        return Change(kind, before, after, m2)

    def _is_gone(self, o: int) -> bool:
        return self.old[o].code not in self._new_codes

    def _is_young(self, n: int) -> bool:
        return self.new[n].code not in self._old_codes

    @cached_property
    def _old_codes(self) -> set[str]:
        return {cell.code for cell in self.old}

    @cached_property
    def _new_codes(self) -> set[str]:
        return {cell.code for cell in self.new}

    @cached_property
    def _old_shapes(self) -> Shapes:
        return _shapes(self.old)

    @cached_property
    def _new_shapes(self) -> Shapes:
        return _shapes(self.new)

    @cached_property
    def _old_m2(self) -> Floats:
        return area_m2(self._old_shapes)

    @cached_property
    def _new_m2(self) -> Floats:
        return area_m2(self._new_shapes)

    @cached_property
    def _plane(self) -> Plane:
        shapes = np.concatenate([self._old_shapes, self._new_shapes])
        if not len(shapes):
            return Plane.over((0.0, 0.0, 0.0, 0.0))
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        return Plane.over((west, south, east, north))

    @cached_property
    def _overlaps(self) -> Overlaps:
        return find_overlaps(self._old_shapes, self._new_shapes, self._plane, self.noise_m)

    @cached_property
    def _told_pairs(self) -> tuple[list[int], list[int], list[float]]:
        """Overlaps that are more than noise: numbers of old and new, m²."""
        found = self._overlaps
        most = found.area_m2 >= _MOST * np.minimum(self._old_m2[found.old], self._new_m2[found.new])
        told = found.wide | most
        return found.old[told].tolist(), found.new[told].tolist(), found.area_m2[told].tolist()

    @cached_property
    def _heirs(self) -> dict[int, int]:
        """The new cell that holds most of each old one, where one does."""
        old, new, m2 = self._told_pairs
        return _mostly(old, new, m2, self._old_m2)

    @cached_property
    def _origins(self) -> dict[int, int]:
        """The old cell that most of each new one was, where one was."""
        old, new, m2 = self._told_pairs
        return _mostly(new, old, m2, self._new_m2)


def _mostly(
    cells: list[int], others: list[int], shared_m2: list[float], sizes_m2: Floats
) -> dict[int, int]:
    best: dict[int, tuple[float, int]] = {}
    for cell, other, m2 in zip(cells, others, shared_m2, strict=True):
        if m2 > _MOST * sizes_m2[cell] and m2 > best.get(cell, (0.0, 0))[0]:
            best[cell] = (m2, other)
    return {cell: other for cell, (_, other) in best.items()}


def _grouped(mapping: dict[int, int]) -> dict[int, list[int]]:
    """Who points at each, ascending."""
    return _grouped_pairs(list(mapping.values()), list(mapping))


def _grouped_pairs(keys: list[int], values: list[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for key, value in sorted(zip(keys, values, strict=True)):
        found.setdefault(key, []).append(value)
    return found


def _shapes(cells: Iterable[Cell]) -> Shapes:
    made = [cell.geometry for cell in cells]
    shapes = np.empty(len(made), dtype=object)
    shapes[:] = made
    return shapes
