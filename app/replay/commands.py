"""`citygrid replay`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import aiohttp
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from app.replay.reading import FIELDS, Columns, Incident, UnreadableFile, read_incidents
from app.replay.sending import DoorClosed, Open311Door, Played, play
from app.screen import screen
from app.terminal import UNUSABLE


def replay(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV or JSON lines, also .gz.")
    ],
    url: Annotated[str, typer.Option(help="The web process.", envvar="CITY_PUBLIC_URL")],
    key: Annotated[str, typer.Option(help="API key of the door.", envvar="CITY_API_KEY")],
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Seconds of the file in one second; without: as fast as taken."
        ),
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help=f"FIELD=COLUMN; fields: {', '.join(FIELDS)}.")
    ] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="Column of an address, the first that is not empty.")
    ] = None,
    time_format: Annotated[str | None, typer.Option(help="strptime format of the times.")] = None,
    timezone: Annotated[str, typer.Option(help="Zone of times that name none.")] = "UTC",
    lanes: Annotated[int, typer.Option(min=1, max=512, help="Categories under way at once.")] = 64,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play a file of reports through the Open311 door, moved in time so that the last is now.

    Categories may be codes or the names the door lists. Sent until acknowledged; playing the same
    file twice makes no second reports. Exit code 1 when the door refused some.
    """
    console = screen(stderr=True)
    columns = Columns(_pairs(column or []), tuple(address or []), time_format, timezone)
    try:
        incidents = read_incidents(file, columns)
        played = asyncio.run(_played(incidents, url, key, speed, lanes, console))
    except (UnreadableFile, DoorClosed) as err:
        raise _unusable(str(err), console) from err
    except (aiohttp.ClientError, TimeoutError) as err:
        raise _unusable(f"no door answers at {url}: {err}", console) from err
    _tell(played, as_json, console)
    if played.refusals:
        raise typer.Exit(1)


async def _played(
    incidents: list[Incident],
    url: str,
    key: str,
    speed: float | None,
    lanes: int,
    console: Console,
) -> Played:
    door = Open311Door(url, key)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        await door.learn_services()
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("reports", total=len(incidents))
            return await play(
                incidents,
                door,
                speed=speed,
                ends_at=datetime.now(UTC),
                lanes=lanes,
                on_answer=lambda _: progress.advance(bar),
            )
    finally:
        await door.close()


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, _, source = text.partition("=")
        pairs[name] = source
    if unknown := sorted(set(pairs) - set(FIELDS)):
        raise typer.BadParameter(f"{unknown[0]!r} is no field; there are {', '.join(FIELDS)}")
    return pairs


def _unusable(sentence: str, console: Console) -> typer.Exit:
    console.print(sentence, style="red", soft_wrap=True)
    return typer.Exit(UNUSABLE)


def _tell(played: Played, as_json: bool, console: Console) -> None:
    told = {
        "sent": len(played.answers),
        "accepted": played.accepted,
        "known": played.known,
        "refused": dict(played.refusals),
    }
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    console.print(
        f"{played.accepted} of {told['sent']} accepted, {played.known} known from an earlier play"
    )
    for problem, count in played.refusals.items():
        console.print(Text.assemble("  ", (str(count), "yellow"), f" refused: {problem}"))
