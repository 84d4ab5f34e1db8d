"""`citygrid grid diff`: what becomes of each cell, and of the cases that are open in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from psycopg import AsyncConnection
from rich.table import Table

from app.city.faults import BrokenPack, NotAPack
from app.grid.carried_cases import CarriedCase, OpenCase, affected_by, carry, list_open_cases
from app.grid.carried_duty import CarriedDuty, carry_duty, list_duty_grids
from app.grid.mapping import write_page
from app.grid.releasing import keep_comparison
from app.grid.sources import Source, read_source, version_of
from app.screen import screen
from app.terminal import ACTOR, AsJson, change, look, refused, run
from grid.errors import UnknownGridVersion
from grid.naming import Label
from grid.patrol.duty_grid import DutyGrid
from grid.versions.changes import Change, Comparison
from grid.versions.comparing import NOISE_M, compare
from maps.errors import MapsError
from maps.report.diff_map import GridChange, diff_page

MOST_SHOWN: Final = 100

Side = Annotated[str, typer.Argument(help="Number of a version, city pack, or layer of cells.")]
Noise = Annotated[
    float, typer.Option("--noise", min=0, help="Borders this near, in metres, are the same.")
]
MapFile = Annotated[
    Path | None,
    typer.Option("--map", help="Also draw the changes on one page, .html.", dir_okay=False),
]
WithCases = Annotated[bool, typer.Option("--cases", help="List the open cases that change cell.")]


@dataclass(frozen=True, slots=True)
class _Difference:
    """Both sides, what differs, and the open cases that change cell; None: nobody looked."""

    old: Source
    new: Source
    comparison: Comparison
    carried: Sequence[CarriedCase] | None
    kept: bool
    duty: CarriedDuty | None = None

    def as_dict(self) -> dict[str, Any]:
        told = {"old": self.old.name, "new": self.new.name, "kept": self.kept}
        changes = [one.as_dict() | self.affected(one) for one in self.comparison.changes]
        told |= self.comparison.as_dict() | {"changes": changes}
        if self.duty is not None:
            told["duty_grids"] = self.duty.as_dict()
        if self.carried is not None:
            told["open_cases"] = [case.as_dict() for case in self.carried]
        return told

    def affected(self, one: Change) -> dict[str, int]:
        """How many open cases a change affects, as part of what is told of it."""
        return {} if self.carried is None else {"open_cases": affected_by(one, self.carried)}


def diff(
    old: Side,
    new: Side,
    noise_m: Noise = NOISE_M,
    cases: WithCases = False,
    map_file: MapFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of the grid; of a drafted one it is kept for its approval.

    Open cases are counted when one side is a version in the database, or with --cases.
    """
    try:
        if cases or version_of(old) is not None or version_of(new) is not None:
            one, other, at_work, duty = look(lambda conn: _read(conn, old, new))
        else:
            one, other, at_work, duty = run(_read(None, old, new))
    except (UnknownGridVersion, NotAPack, BrokenPack) as err:
        raise refused(str(err)) from err
    # Nothing is held open meanwhile: a comparison may take a minute, and versions never change.
    found = _differ(one, other, at_work, noise_m)
    if duty:
        found = replace(found, duty=carry_duty(duty, other.cells, found.comparison))
    if map_file is not None:
        _draw(found, map_file)
    found = replace(found, kept=_keep(found))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _show(found, with_cases=cases)


async def _read(
    conn: AsyncConnection | None, old: str, new: str
) -> tuple[Source, Source, list[OpenCase] | None, tuple[DutyGrid, ...]]:
    """Both sides, the cases that are open now, and the duty grids of a version."""
    at_work = await list_open_cases(conn) if conn else None
    one, other = await read_source(conn, old), await read_source(conn, new)
    duty: tuple[DutyGrid, ...] = ()
    if conn and one.version is not None:
        duty = await list_duty_grids(conn, one.version)
    return one, other, at_work, duty


def _differ(
    old: Source, new: Source, at_work: Sequence[OpenCase] | None, noise_m: float
) -> _Difference:
    comparison = compare(old.cells, new.cells, noise_m)
    carried = None if at_work is None else carry(at_work, old.cells, new.cells)
    return _Difference(old, new, comparison, carried, kept=False)


def _draw(found: _Difference, file: Path) -> None:
    old, new = found.old, found.new
    change = GridChange(_label(old), _label(new), old.cells, new.cells, found.comparison)
    try:
        write_page(file, diff_page(change))
    except MapsError as err:
        raise refused(str(err)) from err


def _label(source: Source) -> Label:
    """A version by its number, a file by its name and folder, not by where it lies."""
    if source.version is not None:
        return Label(f"网格版本 {source.version}", f"grid version {source.version}")
    name = "/".join(Path(source.name).parts[-2:])
    return Label(name, name)


def _keep(found: _Difference) -> bool:
    base, version = found.old.version, found.new.version
    if base is None or version is None:
        return False
    return change(lambda conn: keep_comparison(conn, base, version, found.comparison, ACTOR))


def _show(found: _Difference, *, with_cases: bool) -> None:
    console, comparison = screen(), found.comparison
    console.print(_sums(found))
    if comparison.changes:
        console.print(_changes(found))
    console.print(
        f"{comparison.left_m2:,.0f} m² have no cell any more, {comparison.taken_m2:,.0f} m² are new"
    )
    if found.carried is not None:
        console.print(f"{len(found.carried)} open case(s) belong to another cell")
        if with_cases and found.carried:
            console.print(_cases(found.carried))
    if found.duty and (found.duty.breaks or found.duty.left):
        console.print(found.duty.table())
    if found.kept:
        console.print("Kept; next: `citygrid grid approve`")


def _sums(found: _Difference) -> Table:
    counted = f"{found.comparison.cells_before:,} → {found.comparison.cells_after:,} cells"
    table = Table(title=f"{found.old.name} → {found.new.name}: {counted}")
    table.add_column("what")
    table.add_column("changes", justify="right")
    table.add_column("m²", justify="right")
    for kind, sums in found.comparison.sums.items():
        table.add_row(kind, f"{sums['changes']:,}", f"{sums['area_m2']:,.0f}")
    return table


def _changes(found: _Difference) -> Table:
    changes = found.comparison.changes
    more = (
        f", {MOST_SHOWN} of {len(changes)}; --json tells all" if len(changes) > MOST_SHOWN else ""
    )
    table = Table("what", "before", "after", "m²", "open cases", title=f"Changes{more}")
    for one in changes[:MOST_SHOWN]:
        counted = found.affected(one).get("open_cases")
        table.add_row(
            one.kind.value,
            " ".join(one.before),
            " ".join(one.after),
            f"{one.area_m2:,.0f}",
            "" if counted is None else str(counted),
        )
    return table


def _cases(carried: Sequence[CarriedCase]) -> Table:
    table = Table("case", "as then", "as now", title="Open cases that change cell")
    for case in carried:
        table.add_row(case.number, case.before or "–", case.after or "–")
    return table
