"""Outlines and pyramid after some cells have changed, without plotting the rest of the city again.

Rows that nothing refers to any more stay in the tables; they cost memory, not time, and are gone
with the next full build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import BadCodes
from geo.index.build import Parts, built, in_code_order
from geo.index.lattice import Lattice
from geo.index.outlines import NOBODY, Geometries, Outlines, refuse_unusable
from geo.index.plot import plot
from geo.index.sheet import Window
from geo.index.tables import FAN_EDGES, PAIR_EDGES, Growing, Pyramid

# Beyond this share of changed cells a full build is quicker.
MANY: Final = 0.05


def edited(parts: Parts, changes: Mapping[str, BaseGeometry | None]) -> Parts:
    """The parts after cells got another geometry, were added, or (None) removed."""
    shaped = {code: shape for code, shape in changes.items() if shape is not None}
    shapes, names = in_code_order(list(shaped.values()), list(shaped))
    refuse_unusable(shapes, names)
    removed = np.array([code for code in changes if code not in shaped], dtype=np.str_)
    codes, old_numbers = _edited_codes(parts.codes, names, removed)
    numbers = np.searchsorted(codes, names)
    bounds = parts.bounds[old_numbers]
    bounds[numbers] = shapely.bounds(shapes).reshape(-1, 4)
    if len(changes) > MANY * len(codes) or not parts.lattice.holds(bounds[numbers]):
        return built(_all_geometries(parts.outlines, old_numbers, numbers, shapes), codes)
    before = _numbers(parts.codes, np.concatenate([names, removed]))
    near = np.concatenate([parts.bounds[before[before >= 0]], bounds[numbers]])
    outlines, pyramid = parts.outlines, parts.pyramid
    if not np.array_equal(old_numbers, np.arange(len(parts.codes))):
        outlines, pyramid = renumbered(outlines, pyramid, old_numbers)
    if len(numbers):
        outlines = reshaped(outlines, numbers, shapes)
    pyramid = replotted(parts.lattice, outlines, bounds, pyramid, near)
    return Parts(codes, bounds, parts.lattice, outlines, pyramid)


def _numbers(codes: NDArray[np.str_], names: NDArray[np.str_]) -> NDArray[np.intp]:
    """Number of each name among the sorted codes, -1 where it is not among them."""
    place = np.minimum(np.searchsorted(codes, names), len(codes) - 1)
    return np.where(codes[place] == names, place, -1)


def _edited_codes(
    codes: NDArray[np.str_], names: NDArray[np.str_], removed: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """Codes with *names* and without *removed*, and the number each had before, -1 if none."""
    gone = _numbers(codes, removed)
    if (gone < 0).any():
        missing = tuple(removed[gone < 0].tolist())
        raise BadCodes("cells to be removed do not exist", codes=missing)
    added = names[_numbers(codes, names) < 0]
    kept = np.delete(codes, gone).astype(np.result_type(codes, names))
    place = np.searchsorted(kept, added)
    old_numbers = np.insert(np.delete(np.arange(len(codes)), gone), place, -1)
    return np.insert(kept, place, added), old_numbers


def _all_geometries(
    outlines: Outlines,
    old_numbers: NDArray[np.intp],
    numbers: NDArray[np.intp],
    shapes: Geometries,
) -> Geometries:
    """Old and new geometries together, by new number."""
    everything = np.empty(len(old_numbers), dtype=object)
    kept = np.flatnonzero(old_numbers >= 0)
    everything[kept] = outlines.polygons(old_numbers[kept])
    everything[numbers] = shapes
    return everything


def renumbered(
    outlines: Outlines, pyramid: Pyramid, old_numbers: NDArray[np.intp]
) -> tuple[Outlines, Pyramid]:
    """Both with other cell numbers: new cell i was *old_numbers* [i], or is new and has no part."""
    kept = np.flatnonzero(old_numbers >= 0)
    new_number = np.full(len(outlines) + 1, NOBODY, dtype=np.int32)  # the last is for NOBODY
    new_number[old_numbers[kept]] = kept
    cell_parts = np.zeros((len(old_numbers), 2), dtype=np.int32)
    cell_parts[kept] = outlines.cell_parts[old_numbers[kept]]
    moved = replace(outlines, sides=new_number[outlines.sides], cell_parts=cell_parts)
    pairs, fans = pyramid.pairs.copy(), pyramid.fans.copy()
    for rows, edges in ((pairs, PAIR_EDGES), (fans, FAN_EDGES)):
        rows[:, edges:] = new_number[rows[:, edges:]]
    return moved, replace(
        pyramid,
        top=_moved_pixels(pyramid.top, new_number),
        blocks=_moved_pixels(pyramid.blocks, new_number),
        pairs=pairs,
        fans=fans,
        crowd_cells=new_number[pyramid.crowd_cells],
    )


def reshaped(outlines: Outlines, cells: NDArray[np.intp], geometries: Geometries) -> Outlines:
    """Outlines with new *geometries* for *cells*; edges they share with others are found again."""
    sides = outlines.sides.copy()
    _, steps = outlines.half_edges(cells)
    owners = sides[steps >> 1]
    sides[steps >> 1] = np.where(np.isin(owners, cells), np.int32(NOBODY), owners)
    fresh = Outlines.of(geometries)
    fresh_sides = np.where(fresh.sides == NOBODY, np.int32(NOBODY), cells[fresh.sides])
    numbers = _joined(outlines.ends, sides, fresh.ends, fresh_sides)
    added = numbers >= len(sides)
    rings = outlines.ring_starts[-1] + fresh.ring_starts[1:]
    parts = outlines.part_starts[-1] + fresh.part_starts[1:]
    cell_parts = outlines.cell_parts.copy()
    cell_parts[cells] = fresh.cell_parts + (len(outlines.part_starts) - 1)
    return Outlines(
        np.concatenate([outlines.ends, fresh.ends[added]]),
        np.concatenate([sides, fresh_sides[added].astype(np.int32)]),
        np.concatenate([outlines.steps, numbers[fresh.steps >> 1] * 2 + (fresh.steps & 1)]),
        np.concatenate([outlines.ring_starts, rings]),
        np.concatenate([outlines.part_starts, parts]),
        cell_parts,
    )


def replotted(
    lattice: Lattice,
    outlines: Outlines,
    bounds: NDArray[np.float64],
    pyramid: Pyramid,
    changed: NDArray[np.float64],
) -> Pyramid:
    """The pyramid with every top pixel near the *changed* bounds (n, 4) plotted anew."""
    tables = Growing.onto(pyramid)
    top = pyramid.top.copy()
    corners = lattice.pixels(changed.reshape(-1, 2, 2))
    lows, highs = np.floor(corners[:, 0] - 0.01), np.floor(corners[:, 1] + 0.01)
    for west, south, east, north in np.hstack([lows, highs]).astype(int).tolist():
        window = Window(west, south, east, north)
        top[south : north + 1, west : east + 1] = plot(lattice, outlines, bounds, window, tables)
    return tables.finished(top)


def _moved_pixels(pixels: NDArray[np.int32], new_number: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cells renumbered, everything below left as it is."""
    return np.where(pixels >= 0, new_number[np.maximum(pixels, 0)], pixels)


def _joined(
    ends: NDArray[np.float64],
    sides: NDArray[np.int32],
    fresh_ends: NDArray[np.float64],
    fresh_sides: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Edge number of each fresh edge: an equal edge with a free side, which it takes, or a new one.

    *sides* is changed in place.
    """
    numbers = np.empty(len(fresh_ends), dtype=np.int32)
    unused = len(ends)
    known = _known(ends, fresh_ends)
    for fresh, (place, owners) in enumerate(zip(fresh_ends, fresh_sides, strict=True)):
        number = known.get(tuple(place.tolist()), -1)
        taken = number >= 0 and ((sides[number] != NOBODY) & (owners != NOBODY)).any()
        if number < 0 or taken:
            numbers[fresh], unused = unused, unused + 1
        else:
            numbers[fresh] = number
            sides[number] = np.maximum(sides[number], owners)
    return numbers


def _known(
    ends: NDArray[np.float64], fresh_ends: NDArray[np.float64]
) -> dict[tuple[float, ...], int]:
    """Numbers of the edges that start where a fresh edge starts, by their ends."""
    near = np.flatnonzero(np.isin(ends[:, 0], fresh_ends[:, 0]))
    return {tuple(ends[number].tolist()): int(number) for number in near}
