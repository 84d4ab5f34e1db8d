"""`citygrid mqtt`."""

from __future__ import annotations

import sys

import typer

from app.gateway.mapping import BadMap
from app.gateway.process import Gateway
from app.logs import configure_logs
from app.terminal import UNUSABLE, run, settings


def mqtt() -> None:
    """Run an MQTT process: takes samples from a broker into the log. One for each client id."""
    configure_logs(settings())
    if settings().mqtt_url is None:
        print("set CITY_MQTT_URL first, see docs/mqtt.md", file=sys.stderr)
        raise typer.Exit(UNUSABLE)
    try:
        raise typer.Exit(run(Gateway(settings()).run()))
    except BadMap as err:
        print(err, file=sys.stderr)
        raise typer.Exit(UNUSABLE) from err
