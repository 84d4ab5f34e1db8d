"""`citygrid demo` and `citygrid up`."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from app.city.loading import load_pack
from app.city.yunxi.making import make_yunxi
from app.demo.show import play
from app.demo.stage import Stage, on_stage
from app.services.home import default_home

INVITED: Final = ("dispatcher", "operator", "commander", "handler", "inspector")
"""Roles for one of whose people a login is printed."""
_INTERRUPTED: Final = 130


def demo(
    for_s: Annotated[
        float | None, typer.Option("--for", min=5, help="End after so many seconds.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only the ledger, as JSON.")
    ] = False,
    speed: Annotated[float, typer.Option(min=1, help="Simulated seconds in one second.")] = 120.0,
    per_day: Annotated[int, typer.Option(min=24, help="Incidents of a simulated day.")] = 2400,
    cells: Annotated[int, typer.Option(min=100, max=100_000, help="Size of the city.")] = 2000,
    port: Annotated[
        int | None, typer.Option(help="Port of the map; otherwise 8000 or free.")
    ] = None,
    kafka: Annotated[bool, typer.Option(help="Carry the streams on Apache Kafka.")] = False,
) -> None:
    """Show a city at work: everything started, 云溪区 Yunxi loaded, a day played at the door."""
    home = default_home()
    console = Console(stderr=as_json)
    pack = home / "packs" / f"yunxi-{cells}"
    if not (pack / "city.toml").exists():
        console.print(f"Building 云溪区 Yunxi, {cells} cells …")
        make_yunxi(pack, cells=cells)
    with on_stage(
        home,
        database="citygrid_demo",
        load=partial(load_pack, pack),
        fresh=True,
        port=port or _usual(),
        kafka=kafka,
    ) as stage:
        _invite(stage, console)
        ledger = _played(stage, speed, per_day, for_s, None if as_json else console)
    if as_json:
        print(json.dumps(ledger, ensure_ascii=False))
    if not ledger["balanced"]:
        raise typer.Exit(1)


def up(
    pack: Annotated[Path | None, typer.Option(help="City pack to load first.")] = None,
    port: Annotated[int, typer.Option(help="Port of the web process.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    kafka: Annotated[bool, typer.Option(help="Carry the streams on Apache Kafka.")] = False,
) -> None:
    """Run the whole system on this machine until interrupted; its data stays for the next time."""
    console = Console()
    with on_stage(
        default_home(),
        database="citygrid",
        load=partial(load_pack, pack) if pack else None,
        port=port,
        workers=workers,
        kafka=kafka,
    ) as stage:
        console.print(f"citygrid is running at [bold]{stage.url}[/]; Ctrl-C stops it.")
        _until_interrupted(stage)


def _played(
    stage: Stage, speed: float, per_day: int, for_s: float | None, console: Console | None
) -> dict[str, object]:
    async def run() -> dict[str, object]:
        show = asyncio.ensure_future(
            play(stage, speed=speed, per_day=per_day, for_s=for_s, console=console)
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, show.cancel)
        return await show

    try:
        return asyncio.run(run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(_INTERRUPTED) from None


def _until_interrupted(stage: Stage) -> None:
    try:
        while not signal.sigtimedwait({signal.SIGTERM, signal.SIGINT}, 1.0):
            stage.processes.check()
    except KeyboardInterrupt:
        return


def _invite(stage: Stage, console: Console) -> None:
    console.print(f"\nThe map: [bold]{stage.url}[/]")
    console.print("One-time logins, each good for one browser and 15 minutes:")
    for role in INVITED:
        login = stage.one_time_login(stage.someone(role))
        console.print(f"  {role:11} {login}", soft_wrap=True)


def _usual() -> int | None:
    """Port 8000 where it is free."""
    with socket.socket() as probe:
        return 8000 if probe.connect_ex(("127.0.0.1", 8000)) else None
