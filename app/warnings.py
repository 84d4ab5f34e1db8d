"""`citygrid warning …`: what the city warns of, which makes cases more severe by its rules."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Final

import typer
from psycopg import AsyncConnection
from rich.table import Table

from app.screen import screen
from app.terminal import ACTOR, AsJson, change, look, refused
from dispatch.context import CityWarning, unfit
from dispatch.postgres.clock import now
from dispatch.postgres.warnings import coming_warnings, lift_warning, set_warning
from grid.postgres import load_hierarchy, version_in_force

commands: Final = typer.Typer(no_args_is_help=True, help="What the city warns of, and where.")


_MOST_HOURS: Final = 1_000_000.0


class _Unfit(Exception):
    """A warning that cannot be set, and why."""


@commands.command("set")
def set_one(
    kind: Annotated[str, typer.Argument(help="As the rules of severity name it: rainstorm …")],
    area: Annotated[str, typer.Argument(help="Code of an area; everything within is meant.")],
    hours: Annotated[float, typer.Option(help="For how long, from now on.")] = 24.0,
    note: Annotated[str, typer.Option(help="For those who read the list.")] = "",
    as_json: AsJson = False,
) -> None:
    """Warn of something in an area, from now on."""
    if not abs(hours) <= _MOST_HOURS:  # NaN too
        raise refused(f"--hours: {hours:g} is no number of hours from now")

    async def act(conn: AsyncConnection) -> CityWarning:
        moment = await now(conn)
        until = moment + timedelta(hours=hours)
        if wrong := unfit(kind, moment, until, moment):
            raise _Unfit(f"{wrong[0]}: {wrong[1]} ({wrong[2]})")
        version = await version_in_force(conn)
        areas = await load_hierarchy(conn, version[0]) if version else ()
        if not any(one.code == area for one in areas):
            raise _Unfit(f"area: there is no area {area!r} in the grid in force")
        return await set_warning(
            conn, kind=kind, area=area, since=moment, until=until, note=note[:500], by=ACTOR
        )

    try:
        made = change(act, "warning.set", f"{kind} {area}")
    except _Unfit as err:
        raise refused(str(err)) from err
    print(_json(made) if as_json else f"warning {made.id}: {kind} in {area} until {made.until}")


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """The warnings in force and those to come."""

    async def act(conn: AsyncConnection) -> list[CityWarning]:
        return await coming_warnings(conn, await now(conn))

    found = look(act)
    if as_json:
        print(f"[{', '.join(map(_json, found))}]")
        return
    table = Table("id", "kind", "area", "since", "until", "set by", "note")
    for one in found:
        times = (f"{one.since:%Y-%m-%d %H:%MZ}", f"{one.until:%Y-%m-%d %H:%MZ}")
        table.add_row(str(one.id), one.kind, one.area, *times, one.set_by, one.note)
    screen().print(table)


@commands.command("lift")
def lift(warning_id: int, as_json: AsJson = False) -> None:
    """End a warning now; exit code 1 when there is none or it is over."""

    async def act(conn: AsyncConnection) -> CityWarning | None:
        return await lift_warning(conn, warning_id, at=await now(conn), by=ACTOR)

    lifted = change(act, "warning.lift", str(warning_id))
    if lifted is None:
        raise refused(f"there is no warning {warning_id} that is not over")
    print(_json(lifted) if as_json else f"warning {lifted.id} is lifted")


def _json(warning: CityWarning) -> str:
    return json.dumps(asdict(warning), ensure_ascii=False, default=str)
