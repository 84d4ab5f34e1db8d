"""What every benchmark says about where it ran, and how it prints its result."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import psycopg

_SHOWN = (
    *("faust-streaming", "psycopg", "shapely", "geopandas"),
    *("numpy", "h3ronpy", "starlette", "uvicorn"),
)


def machine() -> dict[str, object]:
    """Processors, memory and versions."""
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _SHOWN},
    }


def server_version(database_url: str) -> str:
    """The PostgreSQL that was used."""
    with psycopg.connect(database_url) as conn:
        return str(conn.info.server_version)


def print_result(result: Mapping[str, object]) -> None:
    """The result as one JSON object, the last line of the output."""
    print(json.dumps(result, ensure_ascii=False))


def quantile(values: list[float], share: float) -> float:
    """The value below which *share* of the values lie; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
