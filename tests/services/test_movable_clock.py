"""A private server starts with what its home names; here with a clock that can be moved."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from app.services import restart, running
from tests.chaos.faults.time import movable_clock


def ahead(url: str) -> timedelta:
    """How far the server's clock is ahead of ours, to the minute."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return timedelta(minutes=round((row[0] - datetime.now(UTC)) / timedelta(minutes=1)))


def test_the_clock_of_a_running_postgresql_is_moved_and_stays_so_over_a_crash(private_home: Path):
    with movable_clock(private_home) as clock, running(private_home, redis=False) as services:
        url = services.database_url
        seen = [ahead(url)]
        for move in (timedelta(hours=2), timedelta(days=-5)):
            clock.move(move)
            seen.append(ahead(url))
        restart(private_home, "postgres", crash=True)
        seen.append(ahead(url))
        clock.set_right()

        assert [*seen, ahead(url)] == [
            timedelta(0),
            timedelta(hours=2),
            timedelta(days=-5),
            timedelta(days=-5),
            timedelta(0),
        ]
