"""Point → cell, ours beside shapely's STRtree, geopandas.sjoin, a PostGIS join and H3, in one run.

    python -m benchmarks.locate --json [--cells 1000 10000 100000] [--batch 100000 1000] [--full]

Every method gets the same batch of positions (n, 2) and gives the lowest code of each; which goes
first is drawn anew each round, and ratios are medians over rounds of paired times. H3 has hexagons
instead of the city's cells: it shows the price, not the answer. --full compares 5 million answers.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import psutil
import psycopg
import shapely
from h3ronpy.vector import coordinates_to_cells
from numpy.typing import NDArray

from app.services import running
from benchmarks.machine import machine, print_result, server_version
from geo.index import CellIndex
from tests.geo.cities import city, positions

Floats = NDArray[np.float64]
Locate = Callable[[Floats], NDArray[Any]]

H3_RESOLUTION: Final = 10  # 15,000 m², nearest to the cells' 11,000 m²
ON_EDGES: Final = 0.1
COMPARED_AT_ONCE: Final = 250_000
FULL_COMPARISON: Final = 5_000_000
ROUNDS: Final = {100_000: 9, 1_000: 60}
SINGLE_POSITIONS: Final = 500


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to answer, and what it takes to get ready."""

    name: str
    locate: Locate
    build_s: float
    exact: bool = True


def main() -> None:
    """Run the sizes asked for and print one JSON object as the last line."""
    options = _options()
    with _database(options.database) as url, psycopg.connect(url) as conn:
        versions = {"postgres": server_version(url), "postgis": _postgis(conn)}
        sizes = {
            str(cells): _size(
                cells, options.batch, conn, full=options.full, last=cells == max(options.cells)
            )
            for cells in options.cells
        }
    print_result(_result(sizes, options.batch) | {"machine": machine() | versions})


def _size(
    cells: int, batches: list[int], conn: psycopg.Connection, *, full: bool, last: bool
) -> dict[str, Any]:
    """Everything measured for a city of this many cells."""
    shapes, codes = city(cells)
    build = _measured_build(shapes, codes)
    index = CellIndex.build(shapes, codes)
    ordered = shapes[np.argsort(codes)]
    peers = [_strtree(ordered), _geopandas(ordered), _postgis_join(ordered, conn), _h3()]
    found: dict[str, Any] = {"cells": cells, "ours": build | _stored(index)}
    found["peers_build_s"] = {peer.name: round(peer.build_s, 3) for peer in peers}
    wanted = FULL_COMPARISON if full and last else COMPARED_AT_ONCE
    found |= _differences(index, peers, shapes, wanted)
    found["batches"] = {str(size): _paired(index, peers, shapes, size) for size in batches}
    found["single"] = _single(index, peers[0], ordered, conn)
    found["replaced_ms"] = _replaced_ms(index, ordered)
    print({key: found[key] for key in ("cells", "ours", "batches", "differences")}, flush=True)
    return found


def _strtree(shapes: NDArray[Any]) -> Peer:
    started = time.perf_counter()
    tree = shapely.STRtree(shapes)
    build_s = time.perf_counter() - started

    def locate(lon_lat: Floats) -> NDArray[Any]:
        position, cell = tree.query(shapely.points(lon_lat), predicate="intersects")
        return _lowest(position, cell, len(lon_lat), len(shapes))

    return Peer("strtree", locate, build_s)


def _geopandas(shapes: NDArray[Any]) -> Peer:
    started = time.perf_counter()
    frame = gpd.GeoDataFrame({"cell": np.arange(len(shapes))}, geometry=shapes, crs="EPSG:4326")
    _ = frame.sindex
    build_s = time.perf_counter() - started

    def locate(lon_lat: Floats) -> NDArray[Any]:
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*lon_lat.T, crs="EPSG:4326"))
        joined = gpd.sjoin(points, frame, how="inner", predicate="intersects")
        cell = joined["cell"].to_numpy()
        return _lowest(joined.index.to_numpy(), cell, len(lon_lat), len(shapes))

    return Peer("geopandas", locate, build_s)


def _postgis_join(shapes: NDArray[Any], conn: psycopg.Connection) -> Peer:
    """COPY the positions in, join, fetch the answers; cells with a GiST index, all warm."""
    started = time.perf_counter()
    conn.execute("DROP TABLE IF EXISTS cell")
    conn.execute("CREATE TABLE cell (number int PRIMARY KEY, shape geometry(Geometry, 4326))")
    with conn.cursor().copy("COPY cell FROM STDIN") as copy:
        for row in enumerate(
            shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
        ):
            copy.write_row(row)
    conn.execute("CREATE INDEX ON cell USING gist (shape)")
    conn.execute("ANALYZE cell")
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS asked (number int, lon float8, lat float8)")
    conn.commit()
    build_s = time.perf_counter() - started

    def locate(lon_lat: Floats) -> NDArray[Any]:
        conn.execute("TRUNCATE asked")
        with conn.cursor().copy("COPY asked FROM STDIN") as copy:
            rows = [f"{i}\t{lon!r}\t{lat!r}\n" for i, (lon, lat) in enumerate(lon_lat.tolist())]
            copy.write("".join(rows))
        rows = conn.execute(POSTGIS_JOIN).fetchall()
        conn.commit()
        position, cell = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        return _lowest(position, cell, len(lon_lat), len(shapes))

    return Peer("postgis", locate, build_s)


POSTGIS_JOIN: Final = """
    SELECT asked.number, min(cell.number)
      FROM asked
      JOIN cell
        ON ST_Intersects(cell.shape, ST_SetSRID(ST_MakePoint(asked.lon, asked.lat), 4326))
     GROUP BY asked.number
"""

POSTGIS_ONE: Final = """
    SELECT min(number)
      FROM cell
     WHERE ST_Intersects(shape, ST_SetSRID(ST_MakePoint(%s, %s), 4326))
"""


def _h3() -> Peer:
    def locate(lon_lat: Floats) -> NDArray[Any]:
        lon, lat = np.ascontiguousarray(lon_lat[:, 0]), np.ascontiguousarray(lon_lat[:, 1])
        return np.asarray(coordinates_to_cells(lat, lon, H3_RESOLUTION))

    return Peer("h3", locate, 0.0, exact=False)


def _lowest(
    position: NDArray[Any], cell: NDArray[Any], positions_: int, cells: int
) -> NDArray[np.intp]:
    found = np.full(positions_, cells)
    np.minimum.at(found, position, cell)
    found[found == cells] = -1
    return found


def _measured_build(shapes: NDArray[Any], codes: NDArray[np.str_]) -> dict[str, float]:
    """Seconds and the most memory a build takes, in a process of its own."""
    context = get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_build_and_tell, args=(shapes, codes, send))
    child.start()
    told: dict[str, float] = receive.recv()
    child.join()
    return told


def _build_and_tell(shapes: NDArray[Any], codes: NDArray[np.str_], send: Connection) -> None:
    process = psutil.Process()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the parent
    before = process.memory_info().rss
    started = time.perf_counter()
    index = CellIndex.build(shapes, codes)
    build_s = time.perf_counter() - started
    peak = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    after = process.memory_info().rss
    send.send(
        {
            "build_s": round(build_s, 3),
            "resident_mb": round((after - before) / 1e6, 1),
            "peak_mb": round((peak - before) / 1e6, 1),
            "cells_indexed": len(index),
        }
    )


def _stored(index: CellIndex) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.index"
        save_s = _seconds(lambda: index.save(path, version="1"))
        size = path.stat().st_size
        load_s = float(
            np.median([_seconds(lambda: CellIndex.load(path, version="1")) for _ in range(3)])
        )
    return {
        "save_s": round(save_s, 3),
        "load_s": round(load_s, 4),
        "megabytes": round(size / 1e6, 1),
    }


def _differences(
    index: CellIndex, peers: list[Peer], shapes: NDArray[Any], wanted: int
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


def _paired(index: CellIndex, peers: list[Peer], shapes: NDArray[Any], size: int) -> dict[str, Any]:
    """Microseconds per position of each method, and medians of the paired ratios to ours."""
    rng = np.random.default_rng(size)
    methods = {"ours": index.locate} | {peer.name: peer.locate for peer in peers}
    times: dict[str, list[float]] = {name: [] for name in methods}
    for round_ in range(1 + ROUNDS.get(size, 15)):
        lon_lat = positions(shapes, size, seed=round_)
        for name in rng.permutation(list(methods)):
            seconds = _seconds(methods[str(name)], lon_lat)
            if round_:  # the first one warms up
                times[str(name)].append(seconds)
    ours = np.array(times["ours"])
    alone = [_seconds(index.locate, lon_lat) for _ in range(15)]
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


def _single(
    index: CellIndex, tree: Peer, shapes: NDArray[Any], conn: psycopg.Connection
) -> dict[str, float]:
    """Median microseconds of one look-up, interleaved."""
    spots = positions(shapes, SINGLE_POSITIONS, seed=77)
    tree_ = shapely.STRtree(shapes)
    ways: dict[str, Callable[[float, float], object]] = {
        "ours": index.locate_one,
        "strtree": lambda lon, lat: tree_.query(shapely.Point(lon, lat), predicate="intersects"),
        "postgis": lambda lon, lat: conn.execute(POSTGIS_ONE, (lon, lat), prepare=True).fetchone(),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for lon, lat in spots.tolist():
        for name, way in ways.items():
            times[name].append(_seconds(way, lon, lat) * 1e6)
    return {f"{name}_us": round(float(np.median(t)), 2) for name, t in times.items()}


def _replaced_ms(index: CellIndex, shapes: NDArray[Any]) -> float:
    """Median milliseconds until one changed cell is indexed again."""
    chosen = np.random.default_rng(5).integers(0, len(shapes), 5)
    changed = [(str(index.codes[n]), shapely.affinity.scale(shapes[n], 0.9, 0.9)) for n in chosen]
    times = [_seconds(index.replaced, {code: shape}) for code, shape in changed]
    return round(float(np.median(times)) * 1e3, 1)


def _result(sizes: dict[str, Any], batches: list[int]) -> dict[str, Any]:
    """The figures others read, from the size next to 100,000 cells and the largest batch."""
    headline = min(sizes, key=lambda cells: abs(int(cells) - 100_000))
    ratios = sizes[headline]["batches"][str(max(batches))]["ratios"]
    return {
        "benchmark": "locate",
        "cells": int(headline),
        "batch": max(batches),
        **{f"ratio_{name}": ratio[0] for name, ratio in ratios.items()},
        "differences": sum(size["differences"] for size in sizes.values()),
        "compared": sum(size["compared"] for size in sizes.values()),
        "sizes": sizes,
    }


def _seconds(act: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - started


def _postgis(conn: psycopg.Connection) -> str:
    conn.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    conn.commit()
    row = conn.execute("SELECT postgis_lib_version()").fetchone()
    return str(row[0]) if row else ""


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    """The database named, or one of a private server in a folder of its own."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)  # the server runs under an account of its own
        with running(Path(home), redis=False) as services:
            yield services.database_url


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cells", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--batch", type=int, nargs="+", default=[100_000, 1_000])
    parser.add_argument("--database", default=os.environ.get("CITY_DATABASE_URL"))
    parser.add_argument(
        "--full", action="store_true", help="compare 5 million answers at the largest size"
    )
    parser.add_argument(
        "--json", action="store_true", help="accepted for uniformity; always prints JSON"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
