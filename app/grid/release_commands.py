"""`citygrid grid draft|approve|activate|releases`: the steps of a release of the grid."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from psycopg import AsyncConnection
from rich.table import Table

from app.city.checking import check_pack
from app.city.faults import BrokenPack, NotAPack
from app.database import Database
from app.grid import releasing
from app.grid.moments import NotAMoment, moment_of
from app.grid.preparing import IndexNotBuilt, prepare
from app.rulebook import read_parts
from app.screen import screen
from app.terminal import ACTOR, AsJson, change, look, refused, run, settings
from dispatch.postgres.clock import now
from grid.errors import GridError
from grid.versions import postgres
from grid.versions.release import Reign, Release

Version = Annotated[int, typer.Argument(help="Number of the version.", min=1)]
By = Annotated[str, typer.Option("--by", help="Who does it, for the audit trail.")]
_INDEX_ALWAYS: Final = 0


def draft(
    pack: Annotated[Path, typer.Argument(help="Folder or zip of a city pack.")],
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    by: By = ACTOR,
    as_json: AsJson = False,
) -> None:
    """Store the areas and cells of a pack as a release; nothing changes for anybody yet."""
    try:
        tiling = check_pack(pack).sound().tiling
        version = change(lambda conn: releasing.draft(conn, tiling, note, by))
    except (NotAPack, BrokenPack, GridError) as err:
        raise refused(str(err)) from err
    said = f"drafted version {version}; next: `citygrid grid diff` with the version in force"
    typer.echo(json.dumps({"version": version}) if as_json else said)


def approve(version: Version, by: By = ACTOR, as_json: AsJson = False) -> None:
    """Answer for a release that was compared with the grid in force."""
    try:
        release = change(lambda conn: releasing.approve(conn, version, by))
    except GridError as err:
        raise refused(str(err)) from err
    said = f"approved version {version}; next: `citygrid grid activate {version} --at TIME`"
    typer.echo(json.dumps(_release(release)) if as_json else said)


def activate(
    version: Version,
    at: Annotated[
        str, typer.Option("--at", help="When, as 2027-01-01T00:00; city time; soon if left out.")
    ] = "",
    by: By = ACTOR,
    as_json: AsJson = False,
) -> None:
    """Order a version to be in force from a moment on; an old one again to go back.

    Its index is built here first; every worker reads it before the moment comes.
    """
    try:
        active_from = _moment(at) if at else None
        run(_prepared(version))
        ordered = change(lambda conn: releasing.activate(conn, version, active_from, by))
    except (GridError, IndexNotBuilt, NotAMoment) as err:
        raise refused(str(err)) from err
    told = {"version": version, "active_from": ordered.isoformat()}
    said = f"version {version} is in force from {ordered.isoformat(timespec='seconds')}"
    typer.echo(json.dumps(told) if as_json else said)


def releases(as_json: AsJson = False) -> None:
    """List what was, is and will be in force, and what is drafted."""
    drafted, reigns, active = look(_listed)
    if as_json:
        told = {
            "active": active,
            "reigns": [_reign(one) for one in reigns],
            "releases": [_release(one) for one in drafted],
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("version", "in force from", "until", title="In force")
    for one in reigns:
        table.add_row(str(one.version), _text(one.active_from), _text(one.active_until))
    screen().print(table)
    table = Table("version", "stage", "drafted by", "compared with", "note", title="Releases")
    for one in drafted:
        base = "" if one.base is None else str(one.base)
        table.add_row(str(one.version), one.stage.value, one.drafted_by, base, one.note)
    screen().print(table)


async def _listed(conn: AsyncConnection) -> tuple[list[Release], list[Reign], int | None]:
    active = await postgres.active_reign(conn, await now(conn))
    return (
        await postgres.list_releases(conn),
        await postgres.list_reigns(conn),
        active.version if active else None,
    )


def _moment(text: str) -> datetime:
    """A time as a person writes it; without an offset it is the city's own."""
    parts, _ = look(read_parts)
    return moment_of(text, parts["city"]["timezone"])


async def _prepared(version: int) -> None:
    database, cache = Database(settings().database_url, 1), settings().home / "cache"
    await asyncio.to_thread(cache.mkdir, parents=True, exist_ok=True)
    try:
        await prepare(database, version, cache, few=_INDEX_ALWAYS)
    finally:
        await database.close()


def _release(release: Release) -> dict[str, Any]:
    told = asdict(release) | {"stage": release.stage.value}
    return told | {
        "drafted_at": release.drafted_at.isoformat(),
        "approved_at": _text(release.approved_at),
    }


def _reign(reign: Reign) -> dict[str, Any]:
    return {
        "version": reign.version,
        "active_from": reign.active_from.isoformat(),
        "active_until": _text(reign.active_until) or None,
    }


def _text(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
