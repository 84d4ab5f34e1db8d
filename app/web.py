"""The web process: all doors in one application, and the server that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from socket import socket

import structlog
import uvicorn
from starlette.applications import Starlette

from app.background import running
from app.database import TRANSIENT, Database, DatabaseAway
from app.engines import EngineCarrier, engine_url
from app.gateway.door import Door
from app.gateway.tally import Tally
from app.http import (
    alarms,
    cases,
    dead,
    duplicates,
    escalations,
    evaluation,
    failures,
    grid,
    live,
    moves,
    observations,
    ogc,
    open311,
    openapi,
    photos,
    probes,
    rating,
    reference,
    reports,
    sensors,
    sessions,
    situation_orders,
    situations,
    tasks,
    unmerging,
    warnings,
    whatif,
)
from app.http import map as dispatch_map
from app.http.city import CityWatch
from app.http.context import RequestContext
from app.http.intake import Intake
from app.http.map_room import map_room
from app.http.once import Once
from app.http.protocol import BoundedProtocol
from app.http.sampling import Sampling
from app.http.sta import routes as sta
from app.http.sta.shelf import Shelf
from app.http.wiring import Wiring
from app.identity.doorkeeper import Doorkeeper
from app.imaging import Darkroom
from app.metrics import DoorMetrics
from app.modes import Lookout
from app.probing import server_probes
from app.settings import Settings
from app.whatif.trials import Trials
from streams.carriers import KafkaCarrier

_log = structlog.get_logger()


def make_web(settings: Settings) -> Starlette:
    """The application; it connects and works only while a server runs its lifespan."""
    wiring = wire(settings)
    app = Starlette(lifespan=_lifespan)
    app.router.redirect_slashes = False
    app.state.wiring = wiring
    app.state.settings = settings
    app.state.identifier = wiring.doorkeeper
    app.state.once = Once(wiring.database)
    # The reports' doors stand first: routes are tried in order, and these are busy.
    for routes in (
        reports.ROUTES,
        rating.ROUTES,
        observations.ROUTES,
        sta.ROUTES,
        open311.ROUTES,
        photos.ROUTES,
        cases.ROUTES,
        moves.ROUTES,
        tasks.ROUTES,
        escalations.ROUTES,
        alarms.ROUTES,
        sensors.ROUTES,
        unmerging.ROUTES,
        duplicates.ROUTES,
        situations.ROUTES,
        situation_orders.ROUTES,
        warnings.ROUTES,
        dead.ROUTES,
        evaluation.ROUTES,
        sessions.ROUTES,
        reference.ROUTES,
        probes.ROUTES,
        live.ROUTES,
        dispatch_map.ROUTES,
        grid.ROUTES,
        ogc.ROUTES,
        whatif.ROUTES,
        openapi.ROUTES,
    ):
        app.router.routes.extend(routes)
    for kind, handler in failures.HANDLERS.items():
        app.add_exception_handler(kind, handler)
    app.add_middleware(RequestContext, metrics=wiring.metrics)
    return app


def wire(settings: Settings) -> Wiring:
    """The parts of a web process, not yet running."""
    database = Database(settings.database_url, settings.database_connections)
    door = Database(settings.database_url, 1)
    kafka = KafkaCarrier(engine_url(settings)) if settings.kafka_url else None
    carrier = EngineCarrier(database, kafka)
    city, metrics = CityWatch(database), DoorMetrics()
    tally = Tally("http", metrics.samples_refused)
    return Wiring(
        settings=settings,
        database=database,
        doorkeeper=Doorkeeper(database, settings),
        city=city,
        intake=Intake(door, waiting=settings.intake_waiting, batch=settings.intake_batch),
        samples=Door(city.required, settings, tally),
        sampling=Sampling(carrier),
        things=Shelf(),
        tally=tally,
        carrier=carrier,
        lookout=Lookout(server_probes(settings, (database, door))),
        darkroom=Darkroom(),
        metrics=metrics,
        evaluations=asyncio.Semaphore(1),
        trials=Trials(settings),
        stopping=asyncio.Event(),
    )


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncGenerator[None]:
    wiring: Wiring = app.state.wiring
    async with AsyncExitStack() as stack:
        stack.push_async_callback(wiring.database.close)
        stack.push_async_callback(wiring.carrier.close)
        stack.push_async_callback(wiring.trials.close)
        stack.push_async_callback(wiring.tally.close, wiring.database)
        try:
            await wiring.database.require_schema()
            await wiring.city.refresh()
        except (DatabaseAway, *TRANSIENT) as err:
            _log.warning("started without the database", error=str(err))
        loops = (
            wiring.intake.run(),
            wiring.sampling.run(),
            wiring.city.run(),
            wiring.tally.run(wiring.database),
            wiring.lookout.run(),
        )
        await stack.enter_async_context(running(*loops))
        app.state.map_room = await stack.enter_async_context(
            map_room(wiring.settings, wiring.stopping, wiring.lookout)
        )
        yield
        wiring.stopping.set()


class WebServer(uvicorn.Server):
    """A server that tells live streams to end before it waits for open requests."""

    def __init__(self, app: Starlette, settings: Settings) -> None:
        self._stopping = app.state.wiring.stopping
        self.ready = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                http=BoundedProtocol,
                ws="none",
                loop="uvloop",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=max(1, int(settings.stop_after.total_seconds())),
                backlog=2048,
            )
        )

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Listen, then say so by `ready`, also when it failed."""
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Wake the streams, then wait as long as the settings say."""
        self._stopping.set()
        await super().shutdown(sockets)


def run_web(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    WebServer(make_web(settings), settings).run()
