"""`citygrid up`: takes all that it started along when it ends."""

from __future__ import annotations

import os
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
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *command],
        env={**os.environ, "CITY_HOME": str(private_home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert until(lambda: ready(port), 120)
    yield psutil.Process(process.pid)
    process.terminate()
    process.wait(60)


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def test_nothing_outlives_it(running: psutil.Process) -> None:
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
