"""What the routes of one web process share; made once by `app.web.make_web`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from app.database import Database
from app.engines import EngineCarrier
from app.gateway.door import Door
from app.gateway.tally import Tally
from app.http.city import City, CityWatch
from app.http.intake import Intake
from app.http.sampling import Sampling
from app.http.sta.shelf import Shelf
from app.identity.doorkeeper import Doorkeeper
from app.imaging import Darkroom
from app.metrics import DoorMetrics
from app.modes import Lookout
from app.settings import Settings
from app.whatif.trials import Trials


@dataclass(frozen=True)
class Wiring:
    """The parts of a web process, found by each request as `wiring_of(request)`.

    *evaluations* lets one evaluation be made at a time. *stopping* is set when the process is
    asked to end: streams that never end must then.
    """

    settings: Settings
    database: Database
    doorkeeper: Doorkeeper
    city: CityWatch
    intake: Intake
    samples: Door
    sampling: Sampling
    things: Shelf
    tally: Tally
    carrier: EngineCarrier
    lookout: Lookout
    darkroom: Darkroom
    metrics: DoorMetrics
    evaluations: asyncio.Semaphore
    trials: Trials
    stopping: asyncio.Event

    def current_city(self) -> City:
        """The city; Problem 503 while no city pack was loaded."""
        return self.city.required()


def wiring_of(request: Request) -> Wiring:
    """The wiring of the application that answers *request*."""
    return cast("Wiring", request.app.state.wiring)
