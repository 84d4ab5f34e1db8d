"""From lines to cells: blocks between the roads, cut until each is about a cell in size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from app.city.yunxi.townscape import CELL_M2, Points, Townscape

Numbers = NDArray[np.intp]
Shapes = NDArray[np.object_]

GRID_M: Final = 0.01
SLIVER_M2: Final = 1_500.0
HALVING_YIELD: Final = 0.74
DOWNTOWN_SHARE: Final = 0.52
OUTSKIRTS_SHARE: Final = 1.30
PARK_SHARE: Final = 3.0
BANK_M: Final = 160.0
WATER, PARK, LAND = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Borders:
    """Every stretch between two cells: *left* and *right* are cell numbers, lengths in metres."""

    left: Numbers
    right: Numbers
    ends: NDArray[np.float64]

    @property
    def length_m(self) -> NDArray[np.float64]:
        """Length of each stretch; *ends* has shape (n, 2, 2)."""
        return np.linalg.norm(self.ends[:, 1] - self.ends[:, 0], axis=1)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The cells on the plane, the larger block each was cut from, and what it is used for."""

    shapes: Shapes
    block: Numbers
    use: Numbers
    borders: Borders


def make_blocks(town: Townscape, rng: np.random.Generator) -> Blocks:
    """Cut the city into cells that cover it without gap or overlap."""
    large = _faces(town.lines, town.boundary)
    use = _uses(large, town, rng)
    small = _cut(large, use, town.radius_m, rng)
    shapes = _faces(list(shapely.boundary(small)), town.boundary)
    block = _within(large, shapes)
    shapes, block = _without_slivers(shapes, block)
    return Blocks(shapes, block, use[block], find_borders(shapes))


def _faces(lines: Sequence[shapely.Geometry], boundary: Polygon) -> Shapes:
    noded = shapely.union_all(lines, grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    return faces[shapely.intersects(boundary, shapely.point_on_surface(faces))]


def _uses(blocks: Shapes, town: Townscape, rng: np.random.Generator) -> Numbers:
    """Water, park or land for each large block; the parks are a few of the middling ones."""
    middle = shapely.point_on_surface(blocks)
    use = np.full(len(blocks), LAND)
    fit = (shapely.area(blocks) > 60_000) & (shapely.area(blocks) < 700_000)
    chance = np.where(shapely.distance(middle, town.river) < BANK_M, 0.35, 0.12)
    use[fit & (rng.random(len(blocks)) < chance)] = PARK
    use[shapely.intersects(town.river, middle)] = WATER
    return use


def _cut(blocks: Shapes, use: Numbers, radius: float, rng: np.random.Generator) -> Shapes:
    """Halve every block across its longer side until the pieces are small enough."""
    done: list[Shapes] = [blocks[use == WATER]]
    pieces, share = blocks[use != WATER], np.where(use == PARK, PARK_SHARE, 1.0)[use != WATER]
    while len(pieces):
        middle = shapely.get_coordinates(shapely.centroid(pieces))
        away = np.clip(np.linalg.norm(middle, axis=1) / radius, 0, 1)
        wanted = CELL_M2 * (DOWNTOWN_SHARE + (OUTSKIRTS_SHARE - DOWNTOWN_SHARE) * away) * share
        limit = wanted / HALVING_YIELD * rng.uniform(0.75, 1.3, len(pieces))
        small = shapely.area(pieces) <= limit
        done.append(pieces[small])
        pieces, share = _halve(pieces[~small], share[~small], rng)
    return np.concatenate(done)


def _halve(pieces: Shapes, share: Points, rng: np.random.Generator) -> tuple[Shapes, Points]:
    corners = shapely.get_coordinates(shapely.oriented_envelope(pieces)).reshape(-1, 5, 2)
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1]
    first_longer = np.linalg.norm(one, axis=1) >= np.linalg.norm(other, axis=1)
    long = np.where(first_longer[:, None], one, other)
    middle = corners[:, :4].mean(axis=1) + long * rng.uniform(-0.11, 0.11, (len(pieces), 1))
    tilt = rng.normal(0, 0.05, len(pieces))
    ahead = np.column_stack(
        [
            long[:, 0] * np.cos(tilt) - long[:, 1] * np.sin(tilt),
            long[:, 0] * np.sin(tilt) + long[:, 1] * np.cos(tilt),
        ]
    )
    halves = [shapely.intersection(pieces, _half_plane(middle, ahead * way)) for way in (1, -1)]
    parts, origin = shapely.get_parts(np.concatenate(halves), return_index=True)
    solid = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return parts[solid], np.concatenate([share, share])[origin[solid]]


def _half_plane(middle: Points, ahead: Points) -> Shapes:
    """A square large enough to stand for all that lies ahead of a line."""
    side = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    near, far = middle[:, None], (middle + 3 * ahead)[:, None]
    reach = 3 * side[:, None]
    corners = np.concatenate([near - reach, near + reach, far + reach, far - reach], axis=1)
    return np.asarray(shapely.polygons(corners))


def _within(blocks: Shapes, shapes: Shapes) -> Numbers:
    """Number of the block that holds each shape, by a point inside the shape."""
    shape, block = shapely.STRtree(blocks).query(
        shapely.point_on_surface(shapes), predicate="intersects"
    )
    found = np.zeros(len(shapes), dtype=np.intp)
    found[shape] = block
    return found


def find_borders(shapes: Shapes) -> Borders:
    """Every stretch between two of the polygons, which share their vertices exactly."""
    rings, owner = shapely.get_rings(shapes, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    ends = np.stack([points[:-1][joined], points[1:][joined]], axis=1)
    swap = (ends[:, 0, 0] > ends[:, 1, 0]) | (
        (ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1])
    )
    ends[swap] = ends[swap][:, ::-1]
    order = np.lexsort(ends.reshape(-1, 4).T)
    ends, cell = ends[order], owner[ring[:-1][joined]][order]
    twice = np.flatnonzero((ends[1:] == ends[:-1]).all(axis=(1, 2)))
    return Borders(cell[twice], cell[twice + 1], ends[twice])


def _without_slivers(shapes: Shapes, block: Numbers) -> tuple[Shapes, Numbers]:
    """Give every piece too small or too thin for a cell to the neighbour it touches most."""
    thin = 12 * shapely.area(shapes) / shapely.length(shapes) ** 2 < 0.25
    sliver = (shapely.area(shapes) < SLIVER_M2) | (thin & (shapely.area(shapes) < 3 * SLIVER_M2))
    into = _hosts(sliver, block, find_borders(shapes))
    hosts, group = np.unique(into, return_inverse=True)
    merged = shapes[hosts].copy()
    for host in np.flatnonzero(np.bincount(group) > 1):
        merged[host] = shapely.union_all(shapes[group == host])
    return merged, block[hosts]


def _hosts(sliver: NDArray[np.bool_], block: Numbers, borders: Borders) -> Numbers:
    """For each piece the one it becomes part of; a piece that is no sliver stays itself."""
    best: dict[int, tuple[float, int]] = {}
    pairs = np.concatenate(
        [
            np.column_stack([borders.left, borders.right]),
            np.column_stack([borders.right, borders.left]),
        ]
    )
    lengths = np.tile(borders.length_m, 2)
    keep = sliver[pairs[:, 0]]
    (pair, place) = np.unique(pairs[keep], axis=0, return_inverse=True)
    shared = np.bincount(place, weights=lengths[keep])
    for (piece, host), length in zip(pair.tolist(), shared.tolist(), strict=True):
        weight = length * (4.0 if block[piece] == block[host] else 1.0)
        best[piece] = max(best.get(piece, (0.0, piece)), (weight, host))
    into = np.arange(len(block))
    for piece, (_, host) in best.items():
        into[piece] = host
    return _roots(into)


def _roots(into: Numbers) -> Numbers:
    """Follow every chain of slivers to its end; two slivers that chose each other stay one."""
    mutual = np.flatnonzero((into[into] == np.arange(len(into))) & (into > np.arange(len(into))))
    into[mutual] = mutual
    while not np.array_equal(into, into[into]):
        into = into[into]
    return into
