"""What machines ask about this process: does it live, can it work, how much did it do."""

from __future__ import annotations

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.database import TRANSIENT, DatabaseAway
from app.http.access import guarded
from app.http.answers import json_answer
from app.http.wiring import wiring_of
from app.policy import Actor


async def healthz(request: Request, actor: Actor) -> Response:
    """200 while this process answers at all."""
    return json_answer({"status": "alive"})


async def readyz(request: Request, actor: Actor) -> Response:
    """200 when requests can be answered: the database answers and a city is loaded; else 503.

    Also when the database takes no changes, which `degraded` then says: reading goes on.
    """
    wiring = wiring_of(request)
    try:
        async with wiring.database.connection() as conn:
            await conn.execute("SELECT 1")
        database = True
    except (DatabaseAway, *TRANSIENT):
        database = False
    city = wiring.city.current
    ready = database and city is not None
    content = {
        "status": "ready" if ready else "not ready",
        "database": database,
        "degraded": wiring.lookout.degraded,
        "city": city.code if city else None,
        "versions": city.versions if city else {},
    }
    return json_answer(content, 200 if ready else 503)


async def state(request: Request, actor: Actor) -> Response:
    """The degraded modes as this process saw them a moment ago, worst first; asks no server."""
    return json_answer({"degraded": wiring_of(request).lookout.degraded})


async def metrics(request: Request, actor: Actor) -> Response:
    """Everything counted here, in the text format of Prometheus.

    Without the database the figures of the inbox are left out; the others are needed most then.
    """
    wiring = wiring_of(request)
    wiring.metrics.see(wiring.intake.waiting, wiring.lookout.degraded)
    try:
        async with wiring.database.connection() as conn:
            await wiring.metrics.count_inbox(conn)
    except (DatabaseAway, *TRANSIENT):
        wiring.metrics.forget_inbox()
    text = wiring.metrics.text()
    return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


ROUTES: Final = [
    Route("/healthz", guarded("probe.read", healthz), methods=["GET"]),
    Route("/readyz", guarded("probe.read", readyz), methods=["GET"]),
    Route("/api/state", guarded("probe.read", state), methods=["GET"]),
    Route("/metrics", guarded("metrics.read", metrics), methods=["GET"]),
]
