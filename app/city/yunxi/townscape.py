"""The lines of the invented city: its edge, river, railway, rings and avenues.

Everything here lives on a plane in metres with the town square at (0, 0), x east, y north.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon

Points = NDArray[np.float64]

CELL_M2: Final = 10_000.0
RIVER_M: Final = 95.0
STEP_M: Final = 60.0
CENTRE_GAP_M: Final = 430.0
EDGE_GAP_M: Final = 760.0
TWIST_RAD: Final = 0.32
BEND_M: Final = 110.0
LOBES: Final = ((2, 0.10), (3, 0.07), (5, 0.035), (11, 0.012))


@dataclass(frozen=True, slots=True)
class Road:
    """A named street of the upper network; *grade* is ``ring``, ``primary`` or ``secondary``."""

    grade: str
    line: LineString


@dataclass(frozen=True, slots=True)
class Townscape:
    """What the city is built around. *radius_m* is that of a circle as large as the city."""

    radius_m: float
    boundary: Polygon
    river: Polygon
    weirs: tuple[LineString, ...]
    railway: LineString
    roads: tuple[Road, ...]

    @property
    def lines(self) -> list[LineString]:
        """Every line that no block may cross."""
        banks = LineString(self.river.exterior.coords)
        edge = LineString(self.boundary.exterior.coords)
        return [edge, banks, self.railway, *self.weirs, *(road.line for road in self.roads)]


def make_townscape(cells: int, rng: np.random.Generator) -> Townscape:
    """A city with room for about *cells* cells of 10,000 m²."""
    radius = float(np.sqrt(cells * CELL_M2 / np.pi))
    boundary = _edge(radius, rng)
    axis = _river_axis(radius, rng)
    river = _river(axis)
    railway = _railway(radius, rng)
    rings = [Road("ring", _ring(radius * part, rng)) for part in (0.30, 0.66)]
    roads = [_land_part(road, river, rng) for road in (*rings, *_avenues(radius, rng))]
    return Townscape(
        radius_m=radius,
        boundary=boundary,
        river=river,
        weirs=_weirs(axis),
        railway=railway,
        roads=tuple(road for road in roads if not road.line.is_empty),
    )


def _edge(radius: float, rng: np.random.Generator) -> Polygon:
    """A lobed outline whose area is exactly that of the circle."""
    angle = np.linspace(0, 2 * np.pi, max(120, int(2 * np.pi * radius / 150)), endpoint=False)
    away = np.ones_like(angle)
    for n, share in LOBES:
        away += share * np.sin(n * angle + rng.uniform(0, 2 * np.pi))
    outline = Polygon(_polar(radius * away, angle))
    scale = np.sqrt(np.pi * radius**2 / outline.area)
    return Polygon(shapely.get_coordinates(outline) * scale)


def _polar(radius: Points, angle: Points) -> Points:
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _ring(radius: float, rng: np.random.Generator) -> LineString:
    angle = np.linspace(0, 2 * np.pi, max(90, int(2 * np.pi * radius / STEP_M)))
    phase = rng.uniform(0, 2 * np.pi, 2)
    wobble = 0.07 * np.sin(2 * angle + phase[0]) + 0.04 * np.sin(4 * angle + phase[1])
    return LineString(_polar(radius * (1 + wobble), angle))


def _river_axis(radius: float, rng: np.random.Generator) -> Points:
    """The middle of the river, west to east, in long bends south of the square."""
    along = np.arange(-1.45 * radius, 1.45 * radius, STEP_M)
    phase = rng.uniform(0, 2 * np.pi, 2)
    turn = along / radius
    across = 0.17 * np.sin(2.3 * turn + phase[0]) + 0.06 * np.sin(5.1 * turn + phase[1])
    return np.column_stack([along, (across - 0.20 + 0.12 * turn) * radius])


def _normals(line: Points) -> Points:
    ahead = np.gradient(line, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    return np.column_stack([-ahead[:, 1], ahead[:, 0]])


def _river(axis: Points) -> Polygon:
    width = RIVER_M * (1 + 0.22 * np.sin(np.arange(len(axis)) * 0.35))
    side = _normals(axis) * (width / 2)[:, None]
    return Polygon(np.concatenate([axis + side, (axis - side)[::-1]]))


def _weirs(axis: Points) -> tuple[LineString, ...]:
    """Cross lines that cut the water into cells."""
    side = _normals(axis) * RIVER_M * 0.7
    return tuple(LineString([axis[n] + side[n], axis[n] - side[n]]) for n in range(2, len(axis), 3))


def _railway(radius: float, rng: np.random.Generator) -> LineString:
    along = np.arange(-1.45 * radius, 1.45 * radius, STEP_M)
    bow = 0.10 * radius * np.cos(along / radius * 1.4 + rng.uniform(-0.4, 0.4))
    tilt = np.deg2rad(rng.uniform(112, 124))
    line = np.column_stack([along, bow + 0.33 * radius])
    return LineString(line @ _rotation(tilt).T)


def _rotation(angle: float) -> Points:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _avenues(radius: float, rng: np.random.Generator) -> list[Road]:
    """Two families of avenues, closer together downtown, twisted and bent, some of them short."""
    offsets = [_offsets(radius, rng) for _ in range(2)]
    phases = rng.uniform(0, 2 * np.pi, 6)
    roads: list[Road] = []
    for family in range(2):
        crossing = offsets[1 - family]
        for number, offset in enumerate(offsets[family]):
            first, last = _span(crossing, number, rng)
            along = np.arange(first, last + STEP_M, STEP_M)
            flat = np.column_stack([np.full_like(along, offset), along])
            line = LineString(_bent(flat if family == 0 else flat[:, ::-1], radius, phases))
            roads.append(Road("primary" if number % 3 == 1 else "secondary", line))
    return roads


def _offsets(radius: float, rng: np.random.Generator) -> list[float]:
    offsets = [float(rng.uniform(-150, 150))]
    for way in (-1, 1):
        here = offsets[0]
        while abs(here) < 1.45 * radius:
            share = min(1.0, abs(here) / (0.75 * radius))
            gap = CENTRE_GAP_M + (EDGE_GAP_M - CENTRE_GAP_M) * share
            here += way * gap * float(rng.uniform(0.78, 1.22))
            offsets.append(here)
    return sorted(offsets)


def _span(crossing: list[float], number: int, rng: np.random.Generator) -> tuple[float, float]:
    """Primary avenues run through; every other one may end at a crossing avenue."""
    first, last = 0, len(crossing) - 1
    if number % 3 != 1 and rng.random() < 0.75:
        cut = int(rng.integers(len(crossing) // 4, 3 * len(crossing) // 4))
        first, last = (cut, last) if rng.random() < 0.5 else (first, cut)
    return crossing[first] - 6.0, crossing[last] + 6.0


def _bent(line: Points, radius: float, phases: Points) -> Points:
    """The straight plan laid over the land: twisted with the distance from the square, and bent."""
    wave = 2 * np.pi / 3_100
    x, y = line.T
    dx = np.sin(wave * y + phases[0]) + 0.5 * np.sin(2.3 * wave * (x + y) + phases[1])
    dy = np.sin(wave * x + phases[2]) + 0.5 * np.sin(1.9 * wave * (x - y) + phases[3])
    bent = line + BEND_M * np.column_stack([dx, dy])
    away = np.linalg.norm(bent, axis=1) / radius
    angle = TWIST_RAD * away + 0.14
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = bent.T
    return np.column_stack([x * cos - y * sin, x * sin + y * cos])


def _land_part(road: Road, river: Polygon, rng: np.random.Generator) -> Road:
    """The road with its bridges; a secondary street has none and ends at the bank."""
    if road.grade == "secondary" and rng.random() < 0.8:
        dry = shapely.get_parts(shapely.difference(road.line, river.buffer(-1.0)))
        longest = dry[np.argmax(shapely.length(dry))] if len(dry) else LineString()
        return Road(road.grade, longest)
    return road
