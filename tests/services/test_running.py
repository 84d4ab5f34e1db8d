from pathlib import Path

import psycopg
import pytest
import redis

from app.services import down, found, restart, running, status, up
from app.services.control import State
from app.services.errors import PortTaken
from app.services.home import Home


def states(home: Path) -> dict[str, State]:
    return {one.name: one.state for one in status(home)}


def test_a_database_and_a_redis_answer_while_they_are_used_and_are_gone_after(private_home: Path):
    with running(private_home) as services:
        with psycopg.connect(services.database_url) as connection:
            connection.execute("CREATE EXTENSION postgis")
            row = connection.execute("SELECT ST_AsText(ST_Point(121, 31))").fetchone()
        with redis.Redis.from_url(services.redis_url) as client:
            client.set("k", "v")
            value = client.get("k")

    assert (row, value) == (("POINT(121 31)",), b"v")
    assert set(states(private_home).values()) == {State.STOPPED}


def test_a_second_user_gets_the_same_servers_and_the_last_one_to_leave_stops_them(
    private_home: Path,
):
    with running(private_home) as first:
        with running(private_home) as second:
            assert second == first
        assert states(private_home)["postgres"] is State.RUNNING

    assert states(private_home)["postgres"] is State.STOPPED


def test_servers_brought_up_stay_until_they_are_brought_down(private_home: Path):
    up(private_home, database=False)
    with running(private_home, database=False):
        pass

    assert states(private_home)["redis"] is State.RUNNING
    assert down(private_home) == ["redis"]
    assert down(private_home) == []


def test_a_lease_of_a_dead_process_does_not_keep_the_servers(private_home: Path):
    with running(private_home, database=False):
        (private_home / "leases" / "1.1.another-boot.00").touch()

    assert states(private_home)["redis"] is State.STOPPED
    assert not list((private_home / "leases").iterdir())


def test_a_server_named_by_the_environment_is_taken_and_none_is_started(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CITY_DATABASE_URL", "postgresql://elsewhere/city")
    monkeypatch.setenv("CITY_REDIS_URL", "redis://elsewhere/0")

    with running(private_home) as services:
        assert services.database_url == "postgresql://elsewhere/city"
        assert services.exports()["CITY_REDIS_URL"] == "redis://elsewhere/0"
        assert set(states(private_home).values()) == {State.STOPPED}


def test_found_names_what_runs_and_starts_nothing(private_home: Path):
    before = found(private_home)
    with running(private_home, database=False) as services:
        during = found(private_home)

    assert not before.urls
    assert during == services


def test_a_database_killed_in_the_middle_keeps_what_was_committed_and_its_address(
    private_home: Path,
):
    with running(private_home, redis=False) as services:
        with psycopg.connect(services.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS n")

        restart(private_home, "postgres", crash=True)

        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def test_a_crash_is_told_and_the_next_start_mends_it(private_home: Path):
    with running(private_home, database=False) as services:
        record = Home(private_home).read("redis")
        assert record is not None
        with redis.Redis.from_url(services.redis_url) as client:
            client.shutdown(nosave=True, force=True)
        assert record.process.wait(10)
        assert states(private_home)["redis"] is State.CRASHED

        with running(private_home, database=False) as again:
            assert again == services
            assert states(private_home)["redis"] is State.RUNNING


def test_a_fixed_port_that_differs_from_the_running_one_is_refused(private_home: Path):
    up(private_home, database=False)

    with pytest.raises(PortTaken, match="asked for redis"):
        up(private_home, database=False, ports={"redis": 1})
