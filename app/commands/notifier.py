"""`citygrid notifier`."""

from __future__ import annotations

import typer

from app.logs import configure_logs
from app.notifier import Notifier
from app.terminal import run, settings


def notifier() -> None:
    """Run a notifier process: tells every destination what happened. Start two."""
    configure_logs(settings())
    raise typer.Exit(run(Notifier(settings()).run()))
