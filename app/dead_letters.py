"""`citygrid dead …`: reports nobody could decide, decided again as they are or put right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

import msgspec
import typer
from psycopg import AsyncConnection

from app.http.city import read_city
from app.http.submission import Unfit
from app.righting import Correction, NotDead, Replaced, Righted, put_right
from app.rulebook import NoCity
from app.terminal import AsJson, change, look, refused
from dispatch.postgres.dead import find_dead, list_dead, revive

commands: Final = typer.Typer(no_args_is_help=True, help="Reports that could not be decided.")
Changed = Annotated[
    list[str], typer.Option("--set", metavar="FIELD=VALUE", help="May be given again.")
]


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Print every dead report and what stood in the way."""
    dead = look(list_dead)
    if as_json:
        _print({"dead": [asdict(one) for one in dead]})
        return
    for one in dead:
        print(f"{one.id}\t{one.category}\t{one.received_at:%Y-%m-%d %H:%M}\t{one.reason}")


@commands.command()
def show(report_id: int, as_json: AsJson = False) -> None:
    """Print everything about a dead report, but never who reported it."""
    dead = look(lambda conn: find_dead(conn, report_id))
    if dead is None:
        raise refused(str(NotDead(report_id)))
    if as_json:
        _print(asdict(dead))
        return
    for name, value in asdict(dead).items():
        print(f"{name}\t{'' if value is None else value}")


@commands.command()
def replay(report_id: int, as_json: AsJson = False) -> None:
    """Let a dead report be decided again, once what stood in the way is mended."""
    if not change(lambda conn: revive(conn, report_id), "report.replay", str(report_id)):
        raise refused(f"report {report_id} is not dead, or was put right")
    if as_json:
        _print({"report": report_id, "state": "accepted"})


@commands.command()
def edit(report_id: int, changes: Changed, as_json: AsJson = False) -> None:
    """Submit a dead report again with some fields put right; the dead one stays in the books."""
    correction = _correction(changes)
    try:
        done = change(
            lambda conn: _put_right(conn, report_id, correction), "report.edit", str(report_id)
        )
    except (NotDead, Replaced) as no:
        raise refused(str(no)) from no
    except Unfit as unfit:
        lines = (f"{one.field} {one.problem}: {one.remedy}" for one in unfit.faults)
        raise refused("\n".join(lines)) from unfit
    if as_json:
        _print(asdict(done))
    else:
        print(f"report {report_id} was submitted again as report {done.report}")


def _correction(changes: list[str]) -> Correction:
    fields: dict[str, str] = {}
    for one in changes:
        name, _, value = one.partition("=")
        fields[name] = value
    try:
        return msgspec.convert(fields, Correction, strict=False)
    except msgspec.ValidationError as err:
        known = ", ".join(Correction.__struct_fields__)
        raise refused(f"{err}; --set takes {known}") from err


async def _put_right(conn: AsyncConnection, report_id: int, correction: Correction) -> Righted:
    city = await read_city(conn)
    if city is None:
        raise NoCity
    return await put_right(conn, report_id, correction, city)


def _print(told: Mapping[str, Any]) -> None:
    print(json.dumps(told, default=str, ensure_ascii=False))
