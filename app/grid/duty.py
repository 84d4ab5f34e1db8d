"""`citygrid grid duty`: who is on duty for a cell, now or at another moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from psycopg import AsyncConnection
from rich.table import Table

from app.grid.moments import NotAMoment, moment_of
from app.grid.rostering import NoDutyGrids, read_roster
from app.rulebook import read_parts
from app.screen import screen
from app.terminal import AsJson, look, refused
from dispatch.postgres.clock import now
from grid.errors import GridError
from grid.patrol.carrying import Break
from grid.patrol.roster import Turn, Watch
from grid.postgres import get_cell_area
from grid.versions.postgres import active_version

_PEOPLE: Final = """
    SELECT login, name_zh, name_en
      FROM person
     WHERE login = ANY(%(logins)s)
"""

_Names = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Answer:
    """How the duty grids of a cell are watched; *names* of people by login, both languages."""

    cell: str
    at: datetime
    zone: ZoneInfo
    grid_version: int
    watches: tuple[Watch, ...]
    breaks: tuple[Break, ...]
    names: _Names

    def as_dict(self) -> dict[str, Any]:
        return {
            "cell": self.cell,
            "at": self.at.astimezone(self.zone).isoformat(),
            "grid_version": self.grid_version,
            "duty_grids": [self._watch(one) for one in self.watches],
            "broken": [one.as_dict() for one in self.breaks],
        }

    def _watch(self, watch: Watch) -> dict[str, Any]:
        return {
            "code": watch.duty_grid.code,
            "kind": watch.duty_grid.kind,
            "name": watch.duty_grid.name.as_dict(),
            "on_duty": [self._turn(turn) for turn in watch.on_duty],
            "next": [self._turn(turn) for turn in watch.following],
        }

    def _turn(self, turn: Turn) -> dict[str, Any]:
        zh, en = self.names.get(turn.person, (turn.person, turn.person))
        return {
            "person": turn.person,
            "name": {"zh": zh, "en": en},
            "since": turn.stretch.since.astimezone(self.zone).isoformat(),
            "until": turn.stretch.until.astimezone(self.zone).isoformat(),
            "row": turn.shift.row,
        }


def duty(
    cell: Annotated[str, typer.Argument(help="Code of the cell.")],
    at: Annotated[
        str, typer.Option("--at", help="When, as 2027-01-01T08:30; city time; now if left out.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print who is on duty for a cell, and who comes next."""
    try:
        found = look(lambda conn: _read(conn, cell, at))
    except (GridError, NotAMoment, NoDutyGrids) as err:
        raise refused(str(err)) from err
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        _show(found)


async def _read(conn: AsyncConnection, cell: str, at: str) -> _Answer:
    parts, _ = await read_parts(conn)
    timezone = parts["city"]["timezone"]
    moment = moment_of(at, timezone) if at else await now(conn)
    version = await active_version(conn, moment)
    await get_cell_area(conn, version, cell)
    read = await read_roster(conn, version, moment)
    watches = read.roster(timezone).on_duty(cell, moment)
    here = {watch.duty_grid.code for watch in watches}
    breaks = tuple(one for one in read.carried.breaks if one.duty_grid in here)
    logins = {turn.person for watch in watches for turn in (*watch.on_duty, *watch.following)}
    names = await _names(conn, logins)
    return _Answer(cell, moment, ZoneInfo(timezone), version, watches, breaks, names)


async def _names(conn: AsyncConnection, logins: Iterable[str]) -> _Names:
    found = await conn.execute(_PEOPLE, {"logins": sorted(logins)})
    return {login: (zh, en) for login, zh, en in await found.fetchall()}


def _show(found: _Answer) -> None:
    when = f"{found.at.astimezone(found.zone):%Y-%m-%d %H:%M} ({found.zone.key})"
    if not found.watches:
        typer.echo(f"no duty grid holds the cell {found.cell}: nobody patrols it")
        return
    table = Table(
        "duty grid", "kind", "", "on duty", "until", "next", title=f"{found.cell}, {when}"
    )
    for watch in found.as_dict()["duty_grids"]:
        table.add_row(
            watch["code"],
            watch["kind"],
            f"{watch['name']['zh']} {watch['name']['en']}",
            "\n".join(map(_named, watch["on_duty"])) or "nobody",
            "\n".join(turn["until"][11:16] for turn in watch["on_duty"]),
            "\n".join(f"{_named(turn)} {turn['since'][:16]}" for turn in watch["next"]),
        )
    screen().print(table)
    for one in found.breaks:
        cells = " ".join(one.cells)
        typer.echo(f"duty grid {one.duty_grid} is {one.reason} since the grid changed: {cells}")


def _named(turn: Mapping[str, Any]) -> str:
    return f"{turn['person']} {turn['name']['zh']} {turn['name']['en']}"
