"""Every method asked the same positions: do the answers differ, and how long do they take?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import psycopg
import shapely

from benchmarks.locating.peers import POSTGIS_ONE, Peer, Shapes
from benchmarks.locating.timing import seconds
from geo.index import CellIndex
from tests.geo.cities import positions

ON_EDGES: Final = 0.1
COMPARED_AT_ONCE: Final = 250_000
ROUNDS: Final = {100_000: 9, 1_000: 60}
SINGLE_POSITIONS: Final = 500


def differences_from(
    index: CellIndex, peers: list[Peer], shapes: Shapes, wanted: int
) -> dict[str, Any]:
    """Answers that differ from any exact peer's, a tenth of the positions on vertices and edges."""
    differences, compared = 0, 0
    while compared < wanted:
        lon_lat = positions(shapes, COMPARED_AT_ONCE, seed=1000 + compared, on_edges=ON_EDGES)
        ours = index.locate(lon_lat)
        for peer in peers:
            if peer.exact and (compared == 0 or peer.name == "strtree"):
                differences += int((peer.locate(lon_lat) != ours).sum())
        compared += len(lon_lat)
    return {"differences": differences, "compared": compared}


def paired(index: CellIndex, peers: list[Peer], shapes: Shapes, size: int) -> dict[str, Any]:
    """Microseconds per position of each method, and medians of the paired ratios to ours."""
    rng = np.random.default_rng(size)
    methods = {"ours": index.locate} | {peer.name: peer.locate for peer in peers}
    times: dict[str, list[float]] = {name: [] for name in methods}
    for round_ in range(1 + ROUNDS.get(size, 15)):
        lon_lat = positions(shapes, size, seed=round_)
        for name in rng.permutation(list(methods)):
            took_s = seconds(methods[str(name)], lon_lat)
            if round_:  # the first one warms up
                times[str(name)].append(took_s)
    ours = np.array(times["ours"])
    alone = [seconds(index.locate, lon_lat) for _ in range(15)]
    return {
        "us_per_position": {
            name: round(float(np.median(t)) / size * 1e6, 4) for name, t in times.items()
        },
        "ours_alone_us": round(float(np.median(alone)) / size * 1e6, 4),
        "positions_per_s": round(size / float(np.median(ours))),
        "ratios": {
            name: [round(float(q), 1) for q in np.quantile(np.array(t) / ours, [0.5, 0.25, 0.75])]
            for name, t in times.items()
            if name != "ours"
        },
    }


def single(index: CellIndex, shapes: Shapes, conn: psycopg.Connection) -> dict[str, float]:
    """Median microseconds of one look-up, interleaved."""
    spots = positions(shapes, SINGLE_POSITIONS, seed=77)
    tree = shapely.STRtree(shapes)
    ways: dict[str, Callable[[float, float], object]] = {
        "ours": index.locate_one,
        "strtree": lambda lon, lat: tree.query(shapely.Point(lon, lat), predicate="intersects"),
        "postgis": lambda lon, lat: conn.execute(POSTGIS_ONE, (lon, lat), prepare=True).fetchone(),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for lon, lat in spots.tolist():
        for name, way in ways.items():
            times[name].append(seconds(way, lon, lat) * 1e6)
    return {f"{name}_us": round(float(np.median(t)), 2) for name, t in times.items()}
