"""What it takes to build the index, to keep it and to change it."""

from __future__ import annotations

import tempfile
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import shapely
from numpy.typing import NDArray

from benchmarks.locating.timing import seconds, timed
from geo.index import CellIndex


def measured_build(shapes: NDArray[Any], codes: NDArray[np.str_]) -> dict[str, float]:
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
    index, build_s = timed(lambda: CellIndex.build(shapes, codes))
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


def stored(index: CellIndex) -> dict[str, float]:
    """Seconds to write and to read the file of an index, and its size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.index"
        save_s = seconds(lambda: index.save(path, version="1"))
        size = path.stat().st_size
        load_s = float(
            np.median([seconds(lambda: CellIndex.load(path, version="1")) for _ in range(3)])
        )
    return {
        "save_s": round(save_s, 3),
        "load_s": round(load_s, 4),
        "megabytes": round(size / 1e6, 1),
    }


def replaced_ms(index: CellIndex, shapes: NDArray[Any]) -> float:
    """Median milliseconds until one changed cell is indexed again."""
    chosen = np.random.default_rng(5).integers(0, len(shapes), 5)
    changed = [(str(index.codes[n]), shapely.affinity.scale(shapes[n], 0.9, 0.9)) for n in chosen]
    times = [seconds(index.replaced, {code: shape}) for code, shape in changed]
    return round(float(np.median(times)) * 1e3, 1)
