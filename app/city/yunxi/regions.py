"""Communities from blocks and streets from communities: compact, and on one bank of the river."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from app.city.yunxi.blocks import WATER, Blocks, Numbers, Shapes

CELLS_PER_COMMUNITY: Final = 50
FIRST_STREETS: Final = 7
LEAST_CELLS: Final = 15
FAR_SIDE: Final = 0.02
NORTH_BANK: Final = 2.0


@dataclass(frozen=True, slots=True)
class Regions:
    """Number of the community of each cell, and of the street of each community."""

    community: Numbers
    street: Numbers


def make_regions(blocks: Blocks) -> Regions:
    """Group the cells into communities of about 50 and those into streets."""
    cells = len(blocks.shapes)
    wanted = max(2, round(cells / CELLS_PER_COMMUNITY))
    streets = max(2, min(wanted // 2, round(FIRST_STREETS * (cells / 2_000) ** 0.5)))
    start = _compact_numbers(np.where(blocks.use == WATER, _banks(blocks), blocks.block))
    community = _merged(start, _weights(blocks, start), np.bincount(start), wanted, LEAST_CELLS)
    size = np.bincount(community)
    street = _merged(np.arange(len(size)), _weights(blocks, community), size, streets)
    return Regions(*_in_reading_order(blocks.shapes, community, street))


def _banks(blocks: Blocks) -> Numbers:
    """For each water cell the block on land, rather the northern, it touches most."""
    left, right, length = blocks.borders.left, blocks.borders.right, blocks.borders.length_m
    north = shapely.get_y(shapely.centroid(blocks.shapes))
    host = blocks.block.copy()
    longest = np.zeros(len(host))
    for wet, dry in ((left, right), (right, left)):
        crossing = (blocks.use[wet] == WATER) & (blocks.use[dry] != WATER)
        for one, other, metres in zip(
            wet[crossing].tolist(), dry[crossing].tolist(), length[crossing].tolist(), strict=True
        ):
            reach = metres * (NORTH_BANK if north[other] > north[one] else 1.0)
            if reach > longest[one]:
                longest[one], host[one] = reach, blocks.block[other]
    return host


def _compact_numbers(labels: Numbers) -> Numbers:
    return np.unique(labels, return_inverse=True)[1]


def _weights(blocks: Blocks, region: Numbers) -> dict[tuple[int, int], float]:
    """How strongly two regions belong together: their shared border, little across the water."""
    borders = blocks.borders
    wet = (blocks.use[borders.left] == WATER) | (blocks.use[borders.right] == WATER)
    length = borders.length_m * np.where(wet, FAR_SIDE, 1.0)
    pairs = np.sort(np.column_stack([region[borders.left], region[borders.right]]), axis=1)
    apart = pairs[:, 0] != pairs[:, 1]
    unique, place = np.unique(pairs[apart], axis=0, return_inverse=True)
    total = np.bincount(place, weights=length[apart], minlength=len(unique))
    return {(a, b): w for (a, b), w in zip(unique.tolist(), total.tolist(), strict=True)}


def _merged(
    start: Numbers,
    weights: dict[tuple[int, int], float],
    size: Numbers,
    wanted: int,
    least_cells: int = 0,
) -> Numbers:
    """Join the smallest region to the neighbour that fits best until *wanted* are left.

    *start* numbers the region of each member, *size* counts the cells of each region. Regions
    of fewer than *least_cells* are joined in any case.
    """
    around: list[dict[int, float]] = [{} for _ in size]
    for (one, other), weight in weights.items():
        around[one][other] = around[other][one] = weight
    cells, into = size.astype(float).tolist(), list(range(len(size)))
    alive = {number for number in into if around[number]}
    while len(alive) > 1:
        least = min(alive, key=lambda number: (cells[number], number))
        if len(alive) <= wanted and cells[least] >= least_cells:
            break
        host = max(around[least], key=lambda n: (around[least][n] / cells[n] ** 0.75, -n))
        _join(least, host, around, cells)
        into[least] = host
        alive.discard(least)
    return _compact_numbers(np.array([_root(into, number) for number in start.tolist()]))


def _join(least: int, host: int, around: list[dict[int, float]], cells: list[float]) -> None:
    cells[host] += cells[least]
    for other, weight in around[least].items():
        del around[other][least]
        if other != host:
            around[host][other] = around[other][host] = around[host].get(other, 0.0) + weight
    around[least].clear()


def _root(into: Sequence[int], number: int) -> int:
    while into[number] != number:
        number = into[number]
    return number


def _in_reading_order(
    shapes: Shapes, community: Numbers, street: Numbers
) -> tuple[Numbers, Numbers]:
    """Numbers from north to south and west to east, so that codes read like a page."""
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    where = _means(middle, community)
    streets = rank_of(_means(where, street))
    return rank_of(where)[community], streets[street][np.argsort(rank_of(where))]


def _means(points: np.ndarray, group: Numbers) -> np.ndarray:
    count = np.bincount(group)
    return np.column_stack([np.bincount(group, weights=points[:, axis]) / count for axis in (0, 1)])


def rank_of(points: np.ndarray) -> Numbers:
    """Rank of each of n points when read like a page: rows from the north, each from the west.

    The page has about as many rows as points in a row.
    """
    south, north = points[:, 1].min(), points[:, 1].max()
    rows = max(1, round(len(points) ** 0.5))
    height = max((north - south) / rows, 1e-9)
    row = np.minimum((north - points[:, 1]) // height, rows - 1)
    rank = np.empty(len(points), dtype=np.intp)
    rank[np.lexsort([points[:, 0], row])] = np.arange(len(points))
    return rank
