"""All doors at `/sta/v1.1`."""

from __future__ import annotations

from typing import Final

from starlette.routing import Route

from app.http.access import guarded
from app.http.sta.doors import PREFIX, read, service
from app.http.sta.taking import create, observe, observe_many

_SERVICE, _SUBMIT = "catalogue.read", "observation.submit"

# Observations stand before all other addresses: they have an action of their own.
ROUTES: Final = [
    Route(PREFIX, guarded(_SERVICE, service), methods=["GET"]),
    Route(f"{PREFIX}/", guarded(_SERVICE, service), methods=["GET"]),
    Route(f"{PREFIX}/Observations", guarded(_SUBMIT, observe), methods=["POST"]),
    Route(
        f"{PREFIX}/Datastreams({{datastream:path}})/Observations",
        guarded(_SUBMIT, observe),
        methods=["POST"],
    ),
    Route(f"{PREFIX}/CreateObservations", guarded(_SUBMIT, observe_many), methods=["POST"]),
    Route(f"{PREFIX}/{{path:path}}", guarded("observation.read", read), methods=["GET"]),
    Route(f"{PREFIX}/{{path:path}}", guarded("sensor.write", create), methods=["POST"]),
]
