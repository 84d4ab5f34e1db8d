"""The parts of an index on disk, so that a city is plotted once and every process maps one file."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from geo.errors import BadIndexFile
from geo.index import archive
from geo.index.build import Parts
from geo.index.lattice import Lattice
from geo.index.outlines import Outlines
from geo.index.tables import Pyramid

# Count up when a table changes its meaning: an older file is then refused and built again.
FORMAT: Final = 2


def save(parts: Parts, path: Path, version: str) -> None:
    """Write *parts* as the index of this grid *version*."""
    facts = {"format": FORMAT, "version": version, "lattice": asdict(parts.lattice)}
    arrays: dict[str, NDArray[Any]] = {"codes": parts.codes, "bounds": parts.bounds}
    for tables in (parts.outlines, parts.pyramid):
        arrays |= {field.name: getattr(tables, field.name) for field in fields(tables)}
    archive.write(path, facts, arrays)


def load(path: Path, version: str) -> Parts:
    """Parts written by `save` for the same *version*; raises BadIndexFile."""
    facts, arrays = archive.read(path)
    if facts["format"] != FORMAT:
        raise BadIndexFile(
            str(path), f"has format {facts['format']}, not {FORMAT}; build the index again"
        )
    if facts["version"] != version:
        raise BadIndexFile(
            str(path),
            f"is of grid version {facts['version']!r}, not {version!r}; build the index again",
        )
    if missing := _names() - arrays.keys():
        raise BadIndexFile(
            str(path), f"has no table {min(missing)!r}, it is of another release; build it again"
        )
    return Parts(
        arrays["codes"],
        arrays["bounds"],
        Lattice(**facts["lattice"]),
        Outlines(**{field.name: arrays[field.name] for field in fields(Outlines)}),
        Pyramid(**{field.name: arrays[field.name] for field in fields(Pyramid)}),
    )


def _names() -> set[str]:
    tables = (*fields(Outlines), *fields(Pyramid))
    return {"codes", "bounds", *(table.name for table in tables)}
