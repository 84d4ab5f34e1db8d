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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from app.services import running
from benchmarks.locating.asking import COMPARED_AT_ONCE, differences_from, paired, single
from benchmarks.locating.building import measured_build, replaced_ms, stored
from benchmarks.locating.peers import peers_of
from benchmarks.machine import machine, print_result, server_version
from geo.index import CellIndex
from tests.geo.cities import city

FULL_COMPARISON: Final = 5_000_000


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
    build = measured_build(shapes, codes)
    index = CellIndex.build(shapes, codes)
    ordered = shapes[np.argsort(codes)]
    peers = peers_of(ordered, conn)
    found: dict[str, Any] = {"cells": cells, "ours": build | stored(index)}
    found["peers_build_s"] = {peer.name: round(peer.build_s, 3) for peer in peers}
    wanted = FULL_COMPARISON if full and last else COMPARED_AT_ONCE
    found |= differences_from(index, peers, shapes, wanted)
    found["batches"] = {str(size): paired(index, peers, shapes, size) for size in batches}
    found["single"] = single(index, ordered, conn)
    found["replaced_ms"] = replaced_ms(index, ordered)
    print({key: found[key] for key in ("cells", "ours", "batches", "differences")}, flush=True)
    return found


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
