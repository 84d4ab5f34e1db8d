"""The rulebook that is tried: a pack, single parts or another grid instead of what is in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from psycopg import AsyncConnection

from app.city.checking import check_pack
from app.city.pack import CityPack, digest
from app.rulebook import NoCity, Parts, read_parts, rulebook_of
from app.whatif.parts import with_files
from app.whatif.proposal import Proposal
from dispatch.rulebook import Rulebook
from geo.index import CellIndex
from grid.hierarchy import Hierarchy
from grid.locate import Grid
from grid.postgres import load_grid, version_in_force

TRIED: Final = 0
"""The version of a part or grid that is stored nowhere."""
GRID: Final = "grid"


class OtherCity(Exception):
    """A pack of another city cannot be held against the cases of this one."""

    def __init__(self, packed: str, loaded: str) -> None:
        super().__init__(f"the pack is of city {packed}, the cases are of city {loaded}")
        self.packed, self.loaded = packed, loaded


@dataclass(frozen=True, slots=True)
class Tried:
    """The rulebook to try, the parts it is made of, and which of them are not those in force."""

    rules: Rulebook
    parts: Parts
    changed: tuple[str, ...]


async def rulebook_to_try(conn: AsyncConnection[Any], proposal: Proposal, cache: Path) -> Tried:
    """The rulebook of the proposal; nothing is stored but an index of a stored grid, in *cache*.

    Raises NoCity, NothingToTry, TwoGrids, NotAPack, BrokenPack with all faults, OtherCity and
    UnknownGridVersion.
    """
    proposal.check()
    standing, versions = await read_parts(conn)
    in_force = await version_in_force(conn)
    if in_force is None:
        raise NoCity
    number, sha256 = in_force
    pack = _checked(proposal.pack, standing) if proposal.pack is not None else None
    parts = with_files({**standing, **(pack.parts if pack else {})}, proposal.parts)
    if pack is not None and pack.tiling.digest() != sha256:
        grid = _built(pack)
    else:
        grid = await load_grid(conn, proposal.grid or number, cache)
    if pack is not None:
        grid = replace(grid, hierarchy=Hierarchy.of(parts["areas"]))
    changed = _changed(parts, standing) | ({GRID} if grid.version != number else set())
    told = {part: TRIED if part in changed else version for part, version in versions.items()}
    rules = rulebook_of(parts, {**told, GRID: grid.version}, grid)
    return Tried(rules, parts, tuple(sorted(changed)))


def _checked(path: Path, standing: Parts) -> CityPack:
    pack = check_pack(path).sound()
    packed, loaded = pack.parts["city"]["code"], standing["city"]["code"]
    if packed != loaded:
        raise OtherCity(packed, loaded)
    return pack


def _changed(parts: Parts, standing: Parts) -> set[str]:
    return {part for part in parts if digest(parts[part]) != digest(standing.get(part))}


def _built(pack: CityPack) -> Grid:
    cells = pack.tiling.cells
    shapes = np.array([cell.geometry for cell in cells], dtype=object)
    index = CellIndex.build(shapes, [cell.code for cell in cells])
    areas = {cell.code: cell.area for cell in cells}
    codes = index.codes.tolist()
    return Grid(TRIED, index, [areas[code] for code in codes], Hierarchy(pack.tiling.areas))
