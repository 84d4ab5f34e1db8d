"""What happens on a simulated day: when, where, and what. Deterministic from its seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.replay.reading import Incident

# Reports per hour of the day as a share of the busiest hour: few at night, two peaks.
_RHYTHM: Final = (
    .08, .05, .04, .04, .06, .15, .40, .75, .95, 1.0, .95, .85,
    .60, .65, .85, .95, .95, .90, .80, .65, .50, .35, .22, .12,
)  # fmt: skip
_TOLD_TWICE: Final = 0.12
"""Share of incidents that a second person reports too."""


@dataclass(frozen=True, slots=True)
class Scenery:
    """Where things can happen and what: spots (lon, lat in degrees WGS84) and matter codes."""

    spots: Sequence[tuple[float, float]]
    centre: tuple[float, float]
    categories: Sequence[tuple[str, str]]
    """Code and name."""


def day_of_incidents(
    scenery: Scenery, *, begins_at: datetime, per_day: int, seed: int
) -> Iterator[Incident]:
    """Incidents without end, in order of time, from *begins_at* on.

    The centre is busier than the rim. Some incidents are told by two people, metres apart.
    """
    rng = random.Random(seed)
    weights = [_busyness(spot, scenery.centre) for spot in scenery.spots]
    common = [1.0 / (rank + 8) for rank in range(len(scenery.categories))]
    kinds = rng.sample(list(scenery.categories), len(scenery.categories))
    busiest_per_s = per_day / (sum(_RHYTHM) * 3600)
    moment = begins_at
    while True:
        moment += timedelta(seconds=rng.expovariate(busiest_per_s * _RHYTHM[moment.hour]))
        [spot] = rng.choices(scenery.spots, weights)
        [(code, name)] = rng.choices(kinds, common)
        incident = Incident(
            key=UUID(int=rng.getrandbits(128), version=4),
            name=name,
            category=code,
            happened_at=moment,
            lon=spot[0],
            lat=spot[1],
            description=name,
        )
        yield incident
        if rng.random() < _TOLD_TWICE:
            yield _told_again(incident, rng)


def _told_again(incident: Incident, rng: random.Random) -> Incident:
    return Incident(
        key=UUID(int=rng.getrandbits(128), version=4),
        name=incident.name,
        category=incident.category,
        happened_at=incident.happened_at + timedelta(seconds=rng.uniform(1, 60)),
        lon=(incident.lon or 0) + rng.uniform(-2e-4, 2e-4),
        lat=(incident.lat or 0) + rng.uniform(-2e-4, 2e-4),
        description=incident.description,
    )


def _busyness(spot: tuple[float, float], centre: tuple[float, float]) -> float:
    return math.exp(-math.dist(spot, centre) * 60) + 0.15
