"""`citygrid worker`."""

from __future__ import annotations

import typer

from app.logs import configure_logs
from app.terminal import run, settings
from app.worker import Worker


def worker() -> None:
    """Run a worker process: decides reports, relays, rescues. Start as many as there are cores."""
    configure_logs(settings())
    raise typer.Exit(run(Worker(settings()).run()))
