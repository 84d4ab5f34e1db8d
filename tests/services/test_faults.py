"""Each fault an operator can meet, provoked for real: one sentence that names the way out."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from app.services import restart, running, up
from app.services.errors import (
    DiskFull,
    FolderInUse,
    FolderOutOfReach,
    LockedOut,
    MissingProgram,
    OtherMajorVersion,
    PasswordLost,
    PortTaken,
    ServerDied,
    WrongOwner,
)
from app.services.home import Home
from app.services.postgres_server import PostgresServer
from app.services.process import Process
from app.services.redis_server import RedisServer
from app.services.server import ensure, ensure_room


def test_a_port_held_by_another_process_is_named(private_home: Path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        with pytest.raises(PortTaken, match=f"port {port} .* asked for redis, is taken"):
            up(private_home, database=False, ports={"redis": port})


def test_a_remembered_port_that_was_taken_meanwhile_is_replaced(private_home: Path):
    with running(private_home, database=False) as services:
        before = services.redis_url
    port = Home(private_home).last_port("redis")
    assert port is not None

    with (
        socket.create_server(("127.0.0.1", port)),
        running(private_home, database=False) as services,
    ):
        assert services.redis_url != before


def test_without_postgresql_the_packages_to_install_are_named(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(private_home))
    server = PostgresServer(private_home / "postgres", debian_root=private_home)

    with pytest.raises(MissingProgram, match="apt-get install postgresql-15 postgresql-15-postgis"):
        server.prepare()


def test_without_redis_the_package_to_install_is_named(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(private_home))

    with pytest.raises(MissingProgram, match="apt-get install redis-server"):
        up(private_home, database=False)


def test_a_pid_that_went_to_another_program_is_left_alone(private_home: Path):
    with running(private_home, database=False):
        record = Home(private_home).read("redis")
        assert record is not None
        record.process.signal(signal.SIGKILL)
        assert record.process.wait(10)
        with subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
        ) as bystander:
            stale = Process(bystander.pid, record.process.started, record.process.boot)
            Home(private_home).write("redis", type(record)(stale, record.port))

            restart(private_home, "redis")

            assert bystander.poll() is None
            bystander.kill()


def test_a_disk_without_room_is_told_before_anything_is_started(private_home: Path):
    with pytest.raises(
        DiskFull, match=r"redis needs 1000000000 MB free below .*, there are \d+ MB"
    ):
        ensure_room("redis", private_home, 1_000_000_000)


def test_a_full_disk_is_told(private_home: Path):
    small = private_home / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=711", "tmpfs", str(small)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        with pytest.raises(DiskFull, match="postgres needs 300 MB"):
            up(small, redis=False)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_data_of_another_major_version_is_not_touched(private_home: Path):
    with running(private_home, redis=False):
        pass
    version = private_home / "postgres" / "data" / "PG_VERSION"
    version.write_text("9\n")

    with pytest.raises(OtherMajorVersion, match=r"data of PostgreSQL 9, installed is .*15"):
        up(private_home, redis=False)


def test_a_lost_password_is_told(private_home: Path):
    with running(private_home, redis=False):
        pass
    (private_home / "postgres" / "password").unlink()

    with pytest.raises(PasswordLost, match="move the folder away to start empty"):
        up(private_home, redis=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")
def test_a_folder_of_another_owner_is_told(private_home: Path):
    folder = private_home / "redis"
    folder.mkdir()
    os.chown(folder, 12345, 12345)

    with pytest.raises(WrongOwner, match="belongs to uid 12345, the server runs as redis"):
        up(private_home, database=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another account")
def test_a_folder_the_server_cannot_enter_is_told(private_home: Path):
    closed = private_home / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(FolderOutOfReach, match=r"redis may not use .* \(chmod o\+x\)"):
        up(closed / "home", database=False)


def test_a_home_that_is_a_file_is_told(private_home: Path):
    (private_home / "file").touch()

    with pytest.raises(FolderOutOfReach):
        up(private_home / "file", database=False)


def test_a_server_that_dies_while_starting_says_its_last_words(private_home: Path):
    with running(private_home, redis=False):
        pass
    (private_home / "postgres" / "data" / "postgresql.conf").write_text("no such setting\n")

    with pytest.raises(ServerDied, match=r"ends with: .*postgresql\.conf"):
        up(private_home, redis=False)


def test_a_server_on_our_folder_that_we_do_not_know_is_left_alone(private_home: Path):
    home = Home(private_home)
    with running(private_home, database=False):
        record = Home(private_home).read("redis")
        assert record is not None
        home.forget("redis")

        with pytest.raises(FolderInUse, match=f"pid {record.process.pid}"):
            ensure(home, RedisServer(home.folder("redis")), orphans_s=0.1)

        home.write("redis", record)


def test_two_starters_do_not_meet(private_home: Path):
    with (
        Home(private_home).locked(),
        pytest.raises(LockedOut, match="see who holds it"),
        Home(private_home).locked(patience_s=0.1),
    ):
        raise AssertionError("the second must not get in")


def test_an_initialisation_that_was_cut_short_starts_over(private_home: Path):
    rubbish = private_home / "postgres" / "data.new"
    with running(private_home, redis=False):
        pass
    shutil.rmtree(private_home / "postgres" / "data")
    rubbish.mkdir()
    (rubbish / "PG_VERSION").touch()

    with running(private_home, redis=False) as services, psycopg.connect(services.database_url):
        assert not rubbish.exists()


def test_a_killed_user_leaves_servers_that_the_next_user_finds_whole(private_home: Path):
    program = (
        "import sys, pathlib, psycopg\n"
        "from app.services import running\n"
        "with running(pathlib.Path(sys.argv[1]), redis=False) as services:\n"
        "    with psycopg.connect(services.database_url) as c:\n"
        "        c.execute('CREATE TABLE kept AS SELECT 1 AS n')\n"
        "    print(services.database_url, flush=True)\n"
        "    input()\n"
    )
    command = [sys.executable, "-c", program, str(private_home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        url = user.stdout.readline().decode().strip()
        user.kill()

    with running(private_home, redis=False) as services:
        assert services.database_url == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


def test_the_command_line_tells_a_fault_in_one_line(private_home: Path):
    (private_home / "file").touch()
    command = [sys.executable, "-m", "app.services", "up", "--home", str(private_home / "file")]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("services: ")
    assert len(done.stderr.splitlines()) == 1


def test_passwords_are_random_and_read_by_their_owner_only(private_home: Path):
    with running(private_home):
        files = [private_home / name / "password" for name in ("postgres", "redis")]
        modes = {file.stat().st_mode & 0o777 for file in files}
        words = {file.read_text() for file in files}

    assert modes == {0o600}
    assert len(words) == 2
    assert min(map(len, words)) >= len(secrets.token_urlsafe(24))
