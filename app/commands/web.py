"""`citygrid web`."""

from __future__ import annotations

from app.logs import configure_logs
from app.terminal import settings
from app.web import run_web


def web() -> None:
    """Run the web process: all HTTP doors and the live map."""
    configure_logs(settings())
    run_web(settings())
