"""The simulated day."""

from datetime import UTC, datetime, timedelta
from itertools import islice

from app.demo.simulation import Scenery, day_of_incidents

MORNING = datetime(2026, 11, 23, 7, tzinfo=UTC)
SCENERY = Scenery(
    spots=[(113.0 + n / 100, 29.0) for n in range(20)],
    centre=(113.0, 29.0),
    categories=[(f"{n:05d}", f"matter {n}") for n in range(30)],
)


def test_the_same_seed_gives_the_same_day() -> None:
    def day(seed: int) -> list[object]:
        incidents = day_of_incidents(SCENERY, begins_at=MORNING, per_day=1000, seed=seed)
        return list(islice(incidents, 50))

    assert day(1) == day(1)
    assert day(1) != day(2)


def test_a_day_brings_about_as_many_as_asked_for() -> None:
    incidents = day_of_incidents(SCENERY, begins_at=MORNING, per_day=2000, seed=3)
    end = MORNING + timedelta(days=1)
    count = next(n for n, one in enumerate(incidents) if one.happened_at >= end)

    assert 1900 < count < 2700


def test_nights_are_quiet_and_the_centre_is_busy() -> None:
    incidents = day_of_incidents(SCENERY, begins_at=MORNING, per_day=4000, seed=4)
    some = list(islice(incidents, 4000))

    night = sum(one.happened_at.hour in (1, 2, 3) for one in some)
    noon = sum(one.happened_at.hour in (9, 10, 11) for one in some)
    assert night * 5 < noon
    centre = sum(one.lon is not None and one.lon < 113.05 for one in some)
    assert centre > len(some) / 3
