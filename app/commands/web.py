"""`citygrid web`."""

from __future__ import annotations

import sys

import typer

from app.identity.sealing import UnusableKeyFile
from app.logs import configure_logs
from app.terminal import UNUSABLE, settings
from app.web import run_web


def web() -> None:
    """Run the web process: all HTTP doors and the live map."""
    configure_logs(settings())
    try:
        run_web(settings())
    except UnusableKeyFile as err:
        print(err, file=sys.stderr)
        raise typer.Exit(UNUSABLE) from err
