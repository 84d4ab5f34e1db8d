"""`citygrid up`: tends what it started, and takes all of it along when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from app.city.yunxi.making import make_yunxi
from app.processes import free_port
from tests.system.conftest import until


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def running(private_home: Path, tmp_path: Path, port: int) -> Iterator[psutil.Process]:
    make_yunxi(tmp_path / "yunxi", cells=100)
    command = ["up", "--pack", str(tmp_path / "yunxi"), "--port", str(port)]
    said = tmp_path / "said"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", *command],
            env={**os.environ, "CITY_HOME": str(private_home)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    # Ready is not enough: until it says so, a process that dies ends the start.
    assert until(lambda: "citygrid is running" in said.read_text(), 120), said.read_text()
    yield psutil.Process(process.pid)
    process.terminate()
    process.wait(60)


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def one_of(process: psutil.Process, name: str) -> psutil.Process:
    [found] = [child for child in process.children() if child.cmdline()[-1] == name]
    return found


def test_whatever_dies_is_started_again_and_nothing_outlives_it(
    running: psutil.Process, port: int
) -> None:
    for name in ("worker", "web"):
        dead = one_of(running, name)
        dead.send_signal(signal.SIGKILL)
        assert until(lambda gone=dead: gone.pid not in {c.pid for c in running.children()})
    assert until(lambda: len(running.children()) == 4)
    assert until(lambda: ready(port), 60)
    children = running.children()

    running.terminate()

    assert until(lambda: not any(works(process) for process in [running, *children]), 60)


def works(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_port_that_is_taken_is_said(running: psutil.Process, port: int) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "app", "up", "--port", str(port)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert second.returncode == 2
    assert f"port {port} is taken" in second.stdout
