"""`citygrid demo` and `citygrid up`."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.console import Console

from app.city.faults import BrokenPack, NotAPack
from app.city.loading import load_pack
from app.city.yunxi.making import make_yunxi
from app.database import DatabaseAway
from app.demo.show import play
from app.demo.stage import Stage, on_stage
from app.processes import NotReady, ProcessEnded
from app.services import restart, status
from app.services.control import State
from app.services.errors import ServicesError
from app.services.home import default_home
from app.terminal import UNUSABLE

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
        int | None, typer.Option(min=1, max=65535, help="Port of the map; otherwise 8000 or free.")
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
    if port:
        _refuse_taken(port, console)
    with (
        _in_one_line(console),
        on_stage(
            home,
            database="citygrid_demo",
            load=partial(load_pack, pack),
            fresh=True,
            port=port or _usual(),
            kafka=kafka,
        ) as stage,
    ):
        _invite(stage, console)
        ledger = _played(stage, speed, per_day, for_s, None if as_json else console)
    if as_json:
        print(json.dumps(ledger, ensure_ascii=False))
    if not ledger["balanced"]:
        raise typer.Exit(1)


def up(
    pack: Annotated[Path | None, typer.Option(help="City pack to load first.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web process.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    kafka: Annotated[bool, typer.Option(help="Carry the streams on Apache Kafka.")] = False,
) -> None:
    """Run the whole system on this machine until interrupted; its data stays for the next time."""
    console = Console()
    _refuse_taken(port, console)
    with (
        _in_one_line(console),
        on_stage(
            default_home(),
            database="citygrid",
            load=partial(load_pack, pack) if pack else None,
            port=port,
            workers=workers,
            kafka=kafka,
        ) as stage,
    ):
        console.print(f"citygrid is running at [bold]{stage.url}[/]; Ctrl-C stops it.")
        console.print('Other commands find it after: eval "$(python -m app.services env)"')
        _tend(stage, console)


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


def _tend(stage: Stage, console: Console) -> None:
    """Until interrupted, start again what has ended: our processes and the private servers."""
    home = default_home()
    while True:
        time.sleep(1.0)
        for name, code in stage.processes.start_ended():
            console.print(f"{name} had ended with exit code {code}; it was started again")
        for server in status(home):
            if server.state is State.CRASHED:
                console.print(f"{server.name} had crashed; it is started again")
                restart(home, server.name)


@contextmanager
def _in_one_line(console: Console) -> Generator[None]:
    """Say what cannot be done in a sentence, and end like Ctrl-C on SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    except ValidationError as err:
        for fault in err.errors():
            console.print(f"{fault['loc'][0]}: {fault['msg']}", markup=False)
        raise typer.Exit(UNUSABLE) from None
    except (ServicesError, ProcessEnded, NotReady, DatabaseAway, NotAPack, BrokenPack) as err:
        console.print(str(err), markup=False, soft_wrap=True)
        raise typer.Exit(UNUSABLE) from None


def _refuse_taken(port: int, console: Console) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            console.print(f"port {port} is taken by another process: choose one with --port")
            raise typer.Exit(UNUSABLE)


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
